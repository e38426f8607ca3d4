package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awsfault"
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/intake"
	"sluice/shared/waiting"
)

// train asks for training now.
type train struct {
	Model string   `arg:"" help:"The model to train."`
	Why   string   `placeholder:"TEXT" help:"Why, for the run's causes."`
	Stack string   `placeholder:"NAME" default:"sluice" env:"SLUICE_STACK" help:"Sluice's stack, ${default} if not said."`
	JSON  jsonFlag `name:"json" help:"Print one JSON object."`
}

// Help is the text of sluice train --help.
func (train) Help() string {
	return "The next training run begins as soon as the one in progress is over, with all that is new. It does not wait for quiet, minObjects, minBytes, marker, cooldown or maxPerDay, and training that strikes have stopped goes on if its package meets the gate. Without a new object there is a report and no run."
}

func (t *train) Run(c *call) error {
	table, cfg, err := c.open()
	if err != nil {
		return err
	}
	return ask(c, table, cfg, t.Stack, t.Model, t.Why)
}

// ask has a model trained for the person who calls.
func ask(c *call, table *awstable.Table, cfg aws.Config, stack, model, why string) error {
	if _, ok, err := table.Applied(c.ctx, model); err != nil || !ok {
		if err == nil {
			err = noModel(model)
		}
		return err
	}
	me, err := sts.NewFromConfig(cfg).GetCallerIdentity(c.ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return awsfault.Errorf(err, "asking AWS who you are")
	}
	who := path.Base(aws.ToString(me.Arn))
	if why != "" {
		who += ": " + why
	}
	machines := awsmachines.Open(cfg, trainingMachine(aws.ToString(me.Arn), cfg.Region, stack))
	asked, err := intake.New(table, nil, machines, nil, waiting.NewRoom(table, machines)).Ask(c.ctx, model, who, c.now())
	if err != nil {
		return err
	}
	if c.json {
		return c.emit("train", struct {
			Model string `json:"model"`
			intake.Asked
		}{model, asked})
	}
	c.print.Report(ui.Report{Mark: ui.Train, Title: fmt.Sprintf("run %d of %s has been asked for", asked.Generation, model), Fields: []ui.Field{{Name: "cause", Value: who}}})
	return nil
}

// trainingMachine is the ARN of a stack's training machine, in the account and
// partition of a caller. template.yaml names the machine.
func trainingMachine(caller, region, stack string) string {
	parts := append(strings.Split(caller, ":"), "", "", "", "", "")
	return fmt.Sprintf("arn:%s:states:%s:%s:stateMachine:%s-training", parts[1], region, parts[4], stack)
}
