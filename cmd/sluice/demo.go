package main

import (
	"fmt"
	"time"

	"sluice/cmd/sluice/stage"
)

// demo shows the main job with the compiled functions.
type demo struct {
	JSON     jsonFlag `name:"json" help:"One JSON object a line."`
	Scenario string   `help:"Another scenario to play." default:"examples/churn/scenarios/demo.yaml" type:"existingfile"`
	Binaries string   `help:"Where the compiled functions are kept." default:"build/local" type:"path"`
}

// Help is the text of sluice demo --help.
func (demo) Help() string {
	return `Run in a checkout of the repository. It compiles the Lambda functions for this machine, starts AWS on a loopback port, deploys template.yaml, applies examples/churn/sluice.yaml and plays a day: 10,000 objects become one training run, a good model is promoted, a bad one is taken back.

The exit code is 0 only if everything happened as it should.`
}

func (d demo) Run(c *call) error {
	began := c.now()
	c.print.Note("compiling the Lambda functions (the first time takes a minute or two)")
	n, err := stage.Build(c.ctx, ".", d.Binaries)
	if err != nil {
		return no("run make demo in a checkout of the repository, with Go 1.26", "%v", err)
	}
	built := c.now()
	c.print.Note(fmt.Sprintf("%d functions compiled in %s; deploying template.yaml to AWS on this machine", n, built.Sub(began).Round(100*time.Millisecond)))
	s, err := load(d.Scenario)
	if err != nil {
		return c.problems(err)
	}
	ok, err := stage.Demo(c.ctx, s, d.Binaries, c.print)
	if err != nil {
		return err
	}
	c.print.Note(fmt.Sprintf("played in %s", c.now().Sub(built).Round(100*time.Millisecond)))
	if !ok {
		return answer(exitNo)
	}
	return nil
}
