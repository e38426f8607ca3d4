package main

import (
	"fmt"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awspipelines"
	"sluice/shared/training"
)

// stopTraining stops the training run in progress.
type stopTraining struct {
	Model string   `arg:"" help:"The model whose training to stop."`
	JSON  jsonFlag `name:"json" help:"Print one JSON object."`
}

// Help is the text of sluice stop --help.
func (stopTraining) Help() string {
	return "SageMaker stops the pipeline execution at its next chance. The run then ends as failed, and its objects are pending: the next trigger, or sluice train, trains on them."
}

// stopped is what stop did.
type stopped struct {
	Model    string `json:"model"`
	Run      int    `json:"run"`
	Pipeline string `json:"pipeline"`
}

func (s *stopTraining) Run(c *call) error {
	table, cfg, err := c.open()
	if err != nil {
		return err
	}
	runs, err := table.Runs(c.ctx, s.Model)
	if err != nil {
		return err
	}
	if len(runs) == 0 || runs[0].State != training.Launched {
		return no("sluice status shows what it does", "model %s has no training run in progress", s.Model)
	}
	r := runs[0]
	if r.Pipeline == "" {
		return no("try again once it has begun", "run %d of %s has no pipeline execution at the moment: AWS failed it, and it will be tried again", r.Generation, s.Model)
	}
	if err := awspipelines.Open(cfg).Stop(c.ctx, r.Pipeline); err != nil {
		return err
	}
	if c.json {
		return c.emit("stop", stopped{s.Model, r.Generation, r.Pipeline})
	}
	c.print.Report(ui.Report{Mark: ui.Done, Title: fmt.Sprintf("run %d of %s is being stopped", r.Generation, s.Model), Fields: []ui.Field{{Name: "pipeline", Value: r.Pipeline}}})
	return nil
}
