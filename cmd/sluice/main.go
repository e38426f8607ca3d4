// Command sluice is Sluice in a terminal and in CI: it checks and applies
// sluice.yaml, shows what models, rollouts and training runs do and why, and frees
// the endpoint of a halted rollout.
//
// It decides nothing about models: it reads the table that the functions write, and
// calls the same packages. One file is one subcommand; a new one is a field of cli.
// The clock is read here and passed down.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/alecthomas/kong"

	"sluice/cmd/sluice/ui"
)

// cli is the command line: the flags of every subcommand, then one field each.
type cli struct {
	Account account `embed:""`

	Validate      validate      `cmd:"" group:"spec" help:"Check sluice.yaml files and show every problem."`
	Apply         apply         `cmd:"" group:"spec" help:"Put sluice.yaml files in force."`
	Schema        schema        `cmd:"" group:"spec" help:"Print the JSON schema of sluice.yaml, for editors."`
	Plan          plan          `cmd:"" group:"see" help:"Show what a rollout would do and cost, and what is in its way."`
	Status        status        `cmd:"" group:"see" help:"Show models, their rollouts, demand and training."`
	History       history       `cmd:"" group:"see" help:"List past rollouts and training runs of a model."`
	Why           why           `cmd:"" group:"see" help:"Explain a rollout with its numbers."`
	Pause         verb          `cmd:"" group:"act" help:"Keep a rollout at its weight until it is resumed."`
	Resume        verb          `cmd:"" group:"act" help:"Let a paused rollout go on."`
	Promote       promotion     `cmd:"" group:"act" help:"End a rollout's step now, or its standby."`
	Approve       approval      `cmd:"" group:"act" help:"Give the approval that a rollout waits for."`
	Reject        approval      `cmd:"" group:"act" help:"Refuse the approval: the rollout goes back."`
	Abort         verb          `cmd:"" group:"act" help:"Take a rollout back to the baseline."`
	Undo          verb          `cmd:"" group:"act" help:"Take a promoted rollout back: bring the former champion back."`
	Retry         verb          `cmd:"" group:"act" help:"Roll out once more what did not come through."`
	Unlock        unlock        `cmd:"" group:"act" help:"Free the endpoint of a halted rollout."`
	Redrive       redrive       `cmd:"" group:"act" help:"Give dead letters back to the functions that failed them."`
	Train         train         `cmd:"" group:"act" help:"Train a model now, on what is new."`
	Stop          stopTraining  `cmd:"" group:"act" help:"Stop the training run in progress."`
	RetryTraining retryTraining `cmd:"" group:"act" help:"Train again on what the last run failed on."`
	Rehearse      rehearse      `cmd:"" group:"try" help:"Run scenarios in virtual time, on this machine."`
	Sim           seeds         `cmd:"" group:"try" help:"Play many worlds with faults, and check what Sluice promises."`
	Demo          demo          `cmd:"" group:"try" help:"Play a day of Sluice with its compiled functions."`
	Simulate      simulate      `cmd:"" group:"try" help:"Foretell what the plan of a sluice.yaml would do to an endpoint."`
	Backtest      backtest      `cmd:"" group:"try" help:"Play the plan of a sluice.yaml on what an endpoint really did."`
	Local         laptop        `cmd:"" group:"try" help:"Serve AWS on this machine, for the AWS CLI, boto3 and every SDK."`
	Invoke        invoke        `cmd:"" group:"try" help:"Run one function on one event, as Lambda would."`
	Judge         judgement     `cmd:"" group:"more" help:"Judge rollouts read from standard input."`
	Version       version       `cmd:"" group:"more" help:"Print the version."`
}

var groups = []kong.Group{
	{Key: "spec", Title: "Describe a model:"},
	{Key: "see", Title: "See what happens:"},
	{Key: "act", Title: "Step in:"},
	{Key: "try", Title: "Try it without AWS:"},
	{Key: "more", Title: "More:"},
	{Key: "account", Title: "Where Sluice runs:"},
}

// call is one run of the command, as subcommands see it.
type call struct {
	ctx context.Context
	now func() time.Time
	// pause waits, and ends early with an error when the user has had enough.
	pause   func(time.Duration) error
	in      io.Reader
	out     ui.Stream
	err     ui.Stream
	print   ui.Printer
	json    bool
	account *account
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process, whatever it reads
	c := &call{
		ctx: ctx,
		now: func() time.Time { return time.Now().UTC() },
		pause: func(d time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		},
		in:  os.Stdin,
		out: ui.Stream{Writer: os.Stdout, Screen: ui.Detect(os.Stdout, os.Getenv)},
		err: ui.Stream{Writer: os.Stderr, Screen: ui.Detect(os.Stderr, os.Getenv)},
	}
	os.Exit(run(os.Args[1:], c, os.Exit))
}

// run is the whole command. exit ends the process after --help.
func run(args []string, c *call, exit func(int)) int {
	var root cli
	c.account = &root.Account
	c.print = ui.NewText(c.out, c.err)
	parser, err := kong.New(&root,
		kong.Name("sluice"),
		kong.Description("Sluice trains when data arrives and moves endpoint traffic in judged steps."),
		kong.Bind(c),
		kong.Exit(exit),
		kong.Writers(c.out, c.err),
		kong.ExplicitGroups(groups),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Help(help),
	)
	if err != nil {
		return c.end(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	selected, err := parser.Parse(args)
	if err != nil {
		return c.end(&failure{code: exitUsage, text: err.Error(), fix: "see sluice --help"})
	}
	return c.end(selected.Run())
}

// help is kong's, and below the list of commands what the exit codes say.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	if ctx.Selected() == nil {
		_, err := io.WriteString(ctx.Stdout, "\n"+exitHelp)
		return err
	}
	return nil
}

// jsonFlag is the flag --json of the subcommands that can print for programs.
type jsonFlag bool

// AfterApply makes errors and notes JSON too.
func (j jsonFlag) AfterApply(c *call) error {
	if j {
		c.json, c.print = true, ui.NewJSON(c.out, c.err)
	}
	return nil
}
