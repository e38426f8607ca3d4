package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"sluice/cmd/sluice/worlds"
	"sluice/local/faults"
)

// seeds plays Sluice in worlds drawn from seeds, with faults.
type seeds struct {
	JSON       jsonFlag      `name:"json" help:"One JSON object a line."`
	Seeds      int           `default:"300" help:"How many worlds to play." placeholder:"N"`
	From       uint64        `default:"1" help:"The first seed." placeholder:"SEED"`
	Seed       uint64        `help:"Play the world of this seed only." placeholder:"SEED"`
	Faults     *string       `help:"Faults instead of those that the seed draws." placeholder:"TEXT"`
	Workers    int           `default:"2" help:"Worlds at a time." placeholder:"N"`
	TimeBudget time.Duration `help:"Begin no further world after this time." placeholder:"D"`
}

// Help is the text of sluice sim --help.
func (seeds) Help() string {
	return `Each seed is another world: traffic, models that are good, bad or turn bad, bursts of data, alarms, an AWS that undoes what it was asked for. On top come faults, such as

    dynamodb.PutItem "LEASE#*" #3 crash-after
    sagemaker.* p=0.02 throttle; sagemaker.* p=1 @2h+15m unavailable
    events.sagemaker "lambda:on-signal" p=0.1 lose; events.s3 p=0.1 double 90s

What Sluice promises is checked after every step. The first promise that is broken ends the simulation: it is cut to the faults that mattered and shown with the command that plays it again. The exit code is then 1.`
}

// tries bounds how many worlds are played to find out which faults mattered.
const tries = 120

func (s seeds) Run(c *call) error {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // worlds are thrown away whole
	o := worlds.Options{From: s.From, Seeds: s.Seeds, Workers: s.Workers, Budget: s.TimeBudget, Now: c.now}
	if s.Seed != 0 {
		o.From, o.Seeds = s.Seed, 1
	}
	if s.Faults != nil {
		l, err := faults.Parse(*s.Faults)
		if err != nil {
			return &failure{code: exitUsage, text: err.Error(), fix: "see sluice sim --help"}
		}
		o.Faults = &l
	}
	var totals worlds.Totals
	var broken *worlds.Outcome
	noted := c.now()
	err := worlds.Run(c.ctx, o, func(out worlds.Outcome) {
		totals.Add(out)
		if out.Broken != nil {
			broken = &out
		}
		if c.now().Sub(noted) > 5*time.Second {
			noted = c.now()
			c.print.Note(fmt.Sprintf("%d of %d worlds", totals.Worlds, o.Seeds))
		}
		if o.Seeds == 1 {
			c.print.Note("the writes to the table have digest " + out.Digest)
		}
	})
	if err != nil {
		return err
	}
	if broken != nil {
		if s.Faults == nil {
			c.print.Note(fmt.Sprintf("%s is broken by seed %d; looking for the faults that mattered", broken.Broken.Name, broken.Seed))
			shrunk := worlds.Shrink(c.ctx, *broken, tries)
			broken = &shrunk
		}
		worlds.Tell(c.print, *broken)
		return answer(exitNo)
	}
	c.print.Table(totals.Table())
	return nil
}
