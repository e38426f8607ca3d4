package main

import (
	"cmp"
	"fmt"

	"sluice/shared/training"
)

// retryTraining asks for training on what the last run failed on.
type retryTraining struct {
	Model string   `arg:"" help:"The model whose last training run failed."`
	Why   string   `placeholder:"TEXT" help:"Why it will go better, for the run's causes."`
	Stack string   `placeholder:"NAME" default:"sluice" env:"SLUICE_STACK" help:"Sluice's stack, ${default} if not said."`
	JSON  jsonFlag `name:"json" help:"Print one JSON object."`
}

// Help is the text of sluice retry-training --help.
func (retryTraining) Help() string {
	return "The objects of a run that failed are pending already. This asks for the run that answers for them, and for what has come since, as sluice train does."
}

func (r *retryTraining) Run(c *call) error {
	table, cfg, err := c.open()
	if err != nil {
		return err
	}
	runs, err := table.Runs(c.ctx, r.Model)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return no("sluice train asks for the first one", "model %s has no training run to retry", r.Model)
	}
	last := runs[0]
	if last.State != training.Failed && last.State != training.Stopped {
		return no("sluice train asks for another one", "run %d of %s is %s: there is nothing to retry", last.Generation, r.Model, last.State)
	}
	why := fmt.Sprintf("retries run %d", last.Generation)
	return ask(c, table, cfg, r.Stack, r.Model, cmp.Or(r.Why, "it failed")+" ("+why+")")
}
