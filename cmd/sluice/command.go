package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awstable"
	"sluice/shared/rollout"
)

// verb is a command to a rollout: what all of them have in common. Which one it is, is
// the name of the subcommand.
type verb struct {
	Rollout string        `arg:"" help:"The rollout, such as churn-v42; or a model, for its rollout under way, or else its latest."`
	Why     string        `placeholder:"TEXT" help:"Why, for the history."`
	Wait    time.Duration `default:"30s" placeholder:"30s" help:"How long to wait for the answer."`
	NoWait  bool          `help:"Do not wait for the answer."`
	JSON    jsonFlag      `name:"json" help:"Print one JSON object."`
}

// promotion is the command promote.
type promotion struct {
	verb
	Full bool `help:"Skip all bakes, approvals and pauses that are left."`
}

// approval is the commands approve and reject.
type approval struct {
	verb
	Gate string `placeholder:"ID" help:"The approval, if not the one that is open now: no other is answered by mistake."`
}

// Help is the text of sluice pause --help and of the others.
func (verb) Help() string {
	return `Writes the command into Sluice's table, from where the rollout takes it at once, and waits for its answer. What cannot be done now is refused before anything is written. Who may write to the table may command; the history keeps who it was, as AWS knows you, and why.

The exit code is 0 if the rollout obeys, 1 if the command is refused, and 6 if it is written but not answered yet.`
}

func (o *verb) Run(c *call, k *kong.Context) error {
	return o.send(c, rollout.Command{Verb: rollout.Verb(k.Selected().Name)})
}

// Run sends promote.
func (o *promotion) Run(c *call, k *kong.Context) error {
	return o.send(c, rollout.Command{Verb: rollout.Verb(k.Selected().Name), Full: o.Full})
}

// Run sends approve and reject.
func (o *approval) Run(c *call, k *kong.Context) error {
	return o.send(c, rollout.Command{Verb: rollout.Verb(k.Selected().Name), Gate: o.Gate})
}

// send writes the command and waits for its answer, unless it is refused already.
func (o *verb) send(c *call, cmd rollout.Command) error {
	t, cfg, err := c.open()
	if err != nil {
		return err
	}
	r, err := findRollout(c, t, o.Rollout, underWayOrLatest)
	if err != nil {
		return err
	}
	cmd.Rollout, cmd.Why, cmd.At = r.ID, o.Why, c.now().Truncate(time.Millisecond)
	if refusal, err := refused(c, t, r, cmd); err != nil || refusal != "" {
		return cmp.Or(err, no("sluice status "+r.Model+" shows where it stands", "%s", people(refusal)))
	}
	if cmd.By, err = c.caller(cfg); err != nil {
		return err
	}
	cmd.ID = commandID(cmd)
	if err := t.AddCommand(c.ctx, cmd); err != nil {
		return err
	}
	if !o.NoWait {
		if cmd, err = o.await(c, t, cmd); err != nil {
			return err
		}
	}
	return o.show(c, r, cmd)
}

// commandID names a command within its rollout, so that names sort by time, and no two
// commands have the same, whoever gives them.
func commandID(cmd rollout.Command) string {
	rest := sha256.Sum256(fmt.Appendf(nil, "%s %t %s %s", cmd.By, cmd.Full, cmd.Gate, cmd.Why))
	return fmt.Sprintf("%s-%s-%s", cmd.At.UTC().Format("20060102T150405.000Z"), cmd.Verb, hex.EncodeToString(rest[:3]))
}

// refused says why the rollout, as it stands, would not obey; "" if it would. The
// rollout decides by itself when the command reaches it.
func refused(c *call, t *awstable.Table, r rollout.Record, cmd rollout.Command) (string, error) {
	answer, accepted := r.Obey(cmd) // r is a copy
	if !accepted {
		return answer, nil
	}
	if !r.State.Final() {
		return "", nil
	}
	others, err := t.Rollouts(c.ctx, r.Model, rollout.Recent)
	return r.InTheWay(cmd.Verb, others), err
}

// await waits for the answer, and gives up after a while.
func (o *verb) await(c *call, t *awstable.Table, cmd rollout.Command) (rollout.Command, error) {
	for end := c.now().Add(o.Wait); ; {
		read, ok, err := t.Command(c.ctx, cmd.Rollout, cmd.ID)
		if err != nil {
			return cmd, err
		}
		if ok && !read.HandledAt.IsZero() {
			return read, nil
		}
		if !c.now().Before(end) {
			return cmd, nil
		}
		if err := c.pause(time.Second); err != nil {
			c.print.Note("the command is written: the rollout obeys it all the same")
			return cmd, err
		}
	}
}

// show prints what became of the command.
func (o *verb) show(c *call, r rollout.Record, cmd rollout.Command) error {
	what := fmt.Sprintf("%s of rollout %s", cmd.Verb, cmd.Rollout)
	code := exitOK
	switch {
	case cmd.HandledAt.IsZero() && !o.NoWait:
		code = exitUnanswered
	case !cmd.HandledAt.IsZero() && !cmd.Accepted:
		return no("sluice status "+r.Model+" shows where it stands", "%s was refused: %s", what, people(cmd.Answer))
	}
	if c.json {
		if err := c.emit("command", commandJSON(cmd)); err != nil {
			return err
		}
		return exit(code)
	}
	report := ui.Report{Mark: ui.Done, Title: what + " accepted", Fields: []ui.Field{{Name: "answer", Value: people(cmd.Answer)}}}
	if cmd.HandledAt.IsZero() {
		report = ui.Report{Mark: ui.Wait, Title: what + " is written, and not answered yet"}
	}
	report.Fields = append(report.Fields, ui.Field{Name: "next", Value: afterwards(r, cmd)})
	c.print.Report(report)
	return exit(code)
}

// exit ends the command with this code when all has been said.
func exit(code int) error {
	if code == exitOK {
		return nil
	}
	return answer(code)
}

// afterwards is what to do when a command is given.
func afterwards(r rollout.Record, cmd rollout.Command) string {
	switch {
	case cmd.HandledAt.IsZero():
		return "sluice why " + r.ID + " shows the answer once it is there"
	case cmd.Starts != "":
		return "sluice why " + cmd.Starts + " shows how far that is"
	case cmd.Verb == rollout.PauseIt:
		return "sluice resume " + r.ID + " lets it go on, sluice abort " + r.ID + " takes it back"
	}
	return "sluice status " + r.Model + " --watch follows it"
}
