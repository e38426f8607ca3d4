package main

import (
	"fmt"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awsfunctions"
	"sluice/shared/awsletters"
	"sluice/shared/redriving"
)

// redrive gives dead letters back.
type redrive struct {
	Queue string   `arg:"" help:"The queue, the output EventDeadLetters of Sluice's stack."`
	JSON  jsonFlag `name:"json" help:"Print one JSON object."`
}

// Help is the text of sluice redrive --help.
func (redrive) Help() string {
	return "What a function has failed three times, and what could not be delivered to it, lies in a dead-letter queue, and an alarm tells of it. Put the cause right first; then this gives every event back to its function. Events may come twice, so it can be repeated. S3 events lie in the queue DataDeadLetters, which SQS itself gives back: aws sqs start-message-move-task."
}

// redriven is what became of the letters.
type redriven struct {
	Letters []redriving.Returned `json:"letters"`
}

func (r *redrive) Run(c *call) error {
	cfg, err := c.account.config(c)
	if err != nil {
		return err
	}
	back, err := (&redriving.Redriving{Letters: awsletters.Open(cfg), Functions: awsfunctions.Open(cfg)}).Redrive(c.ctx, r.Queue)
	if err != nil {
		return fmt.Errorf("after %d letters: %w", len(back), err)
	}
	if c.json {
		return c.emit("redrive", redriven{back})
	}
	n, fields := 0, []ui.Field{}
	for _, l := range back {
		if l.Function != "" {
			n++
			continue
		}
		fields = append(fields, ui.Field{Name: "left " + l.Letter, Value: l.Why})
	}
	c.print.Report(ui.Report{Mark: ui.Done, Title: fmt.Sprintf("%d events are with their functions again", n), Fields: fields})
	return nil
}
