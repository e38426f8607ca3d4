package main

import (
	"sluice/cmd/sluice/ui"
	"sluice/shared/rollout"
)

// why explains a rollout.
type why struct {
	Rollout string   `arg:"" help:"The rollout, such as churn-v42; or a model, for its latest rollout."`
	All     bool     `help:"Show every look, and how the endpoint stood at each reading."`
	JSON    jsonFlag `name:"json" help:"Print one JSON object with every number."`
}

// Help is the text of sluice why --help.
func (why) Help() string {
	return "It says what was planned, what was done, what the endpoint answered, and what the judge saw. Of the looks it shows the first, the turning points, the one with the most evidence, and the last."
}

func (w *why) Run(c *call) error {
	t, _, err := c.open()
	if err != nil {
		return err
	}
	r, err := findRollout(c, t, w.Rollout, latest)
	if err != nil {
		return err
	}
	entries, err := t.History(c.ctx, r.ID)
	if err != nil {
		return err
	}
	judged, err := looks(entries)
	if err != nil {
		return err
	}
	facts := explanation(r, entries, judged, c.now())
	if c.json {
		return w.emit(c, r, entries, facts)
	}
	known := standing(r)
	c.print.Report(ui.Report{Mark: known.mark, Title: "rollout " + r.ID + " " + known.sentence, Fields: facts})
	for _, line := range timeline(r, entries, judged, w.All) {
		c.print.Row(line)
	}
	return nil
}

func (w *why) emit(c *call, r rollout.Record, entries []rollout.Entry, facts []ui.Field) error {
	history := make([]jsonEntry, len(entries))
	for i, e := range entries {
		history[i] = entryJSON(e)
	}
	explained := map[string]string{}
	for _, f := range facts {
		explained[f.Name] = f.Value
	}
	return c.emit("why", struct {
		Rollout     jsonRollout       `json:"rollout"`
		Explanation map[string]string `json:"explanation"`
		History     []jsonEntry       `json:"history"`
	}{rolloutJSON(r), explained, history})
}
