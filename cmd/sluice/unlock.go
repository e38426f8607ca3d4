package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/event"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/waiting"
)

// unlock frees the endpoint that a halted rollout has kept to itself.
type unlock struct {
	Model string   `arg:"" help:"The model whose endpoint to free."`
	Yes   bool     `short:"y" help:"Do not ask."`
	JSON  jsonFlag `name:"json" help:"Print one JSON object."`
}

// Help is the text of sluice unlock --help.
func (unlock) Help() string {
	return "A rollout halts when neither side is known to be safe, and keeps its endpoint so that nothing changes it. Look at the endpoint, bring it to where it should be, and unlock it: the next rollout starts at once, from whatever the endpoint serves then."
}

// unlocked is the kind of the line that unlock adds to a rollout's history.
const unlocked = "unlock"

// lock is a halted rollout's hold on its endpoint.
type lock struct {
	Model    string   `json:"model"`
	Endpoint string   `json:"endpoint"`
	Rollout  string   `json:"rollout"`
	Waiting  []string `json:"waiting"` // rollouts that it keeps waiting
	Freed    bool     `json:"freed"`

	record rollout.Record
}

func (u *unlock) Run(c *call) error {
	t, cfg, err := c.open()
	if err != nil {
		return err
	}
	l, err := u.find(c, t)
	if err != nil {
		return err
	}
	if l.Rollout == "" {
		if c.json {
			return c.emit("unlock", l)
		}
		c.print.Report(ui.Report{Mark: ui.Done, Title: fmt.Sprintf("endpoint %s is free already", l.Endpoint)})
		return nil
	}
	if !u.Yes && c.json {
		return &failure{code: exitUsage, text: "--json cannot ask", fix: "give --yes too"}
	}
	if !u.Yes {
		if err := u.ask(c, l); err != nil {
			return err
		}
	}
	if err := u.free(c, t, cfg, l); err != nil {
		return err
	}
	l.Freed = true
	if c.json {
		return c.emit("unlock", l)
	}
	r := ui.Report{Mark: ui.Done, Title: fmt.Sprintf("endpoint %s is free", l.Endpoint)}
	if len(l.Waiting) > 0 {
		r.Fields = []ui.Field{{Name: "woken", Value: strings.Join(l.Waiting, ", ")}}
	}
	c.print.Report(r)
	return nil
}

// free lets the next rollout have the endpoint. The record first: once the lease is
// gone nothing would lead here again.
func (u *unlock) free(c *call, t *awstable.Table, cfg aws.Config, l lock) error {
	by, err := c.caller(cfg)
	if err != nil {
		return err
	}
	now := c.now()
	l.record.UnlockedAt = now
	if _, err := t.PutRollout(c.ctx, l.record); err != nil {
		return err
	}
	room := waiting.NewRoom(t, awsmachines.Open(cfg, ""))
	if err := leasing.NewDesk(t, room).Free(c.ctx, leasing.ForEndpoint(l.Endpoint), l.Rollout); err != nil {
		return err
	}
	return t.AddHistory(c.ctx, rollout.Entry{Rollout: l.Rollout, At: now, Kind: unlocked, Text: fmt.Sprintf("%s freed endpoint %s", by, l.Endpoint)})
}

// find looks for the halted rollout that holds the endpoint. Rollout is "" if
// nobody does. Errors: the answer no while a rollout that is not halted has it.
func (u *unlock) find(c *call, t *awstable.Table) (lock, error) {
	l := lock{Model: u.Model, Waiting: []string{}}
	a, ok, err := t.Applied(c.ctx, u.Model)
	if err != nil {
		return l, err
	}
	if !ok {
		return l, noModel(u.Model)
	}
	l.Endpoint = a.Spec.Endpoint.Name
	name := leasing.ForEndpoint(l.Endpoint)
	lease, err := t.Lease(c.ctx, name)
	if err != nil {
		return l, err
	}
	if lease.Owner == "" {
		return u.forgotten(c, t, l)
	}
	r, ok, err := t.Rollout(c.ctx, lease.Owner)
	if err != nil {
		return l, err
	}
	if !ok || r.State != rollout.Halted {
		state := "has begun"
		if ok {
			state = standing(r).sentence
		}
		return l, no("it frees the endpoint by itself when it is over, and at "+at(lease.Expires)+" if it has died", "endpoint %s belongs to rollout %s, which %s", l.Endpoint, lease.Owner, state)
	}
	l.Rollout, l.record = r.ID, r
	waiters, err := t.WaitersFor(c.ctx, event.LeaseOn(name))
	for _, w := range waiters {
		l.Waiting = append(l.Waiting, w.Owner)
	}
	return l, err
}

// forgotten looks for a halted rollout that does not hold its endpoint, and was never
// unlocked: it waits for that to be tried again.
func (u *unlock) forgotten(c *call, t *awstable.Table, l lock) (lock, error) {
	records, err := t.Rollouts(c.ctx, u.Model, rollout.Recent)
	for _, r := range records {
		if r.State == rollout.Halted && r.UnlockedAt.IsZero() {
			l.Rollout, l.record = r.ID, r
			break
		}
	}
	return l, err
}

// ask shows what unlocking means and waits for a yes.
func (u *unlock) ask(c *call, l lock) error {
	c.print.Note(fmt.Sprintf("rollout %s halted %s: %s", l.Rollout, ago(c.now(), l.record.EndedAt), l.record.Reason))
	c.print.Note(fmt.Sprintf("once endpoint %s is free, the next rollout takes what it serves now as its baseline", l.Endpoint))
	if n := len(l.Waiting); n > 0 {
		c.print.Note(fmt.Sprintf("%s for it: %s", map[bool]string{true: "one rollout waits", false: fmt.Sprintf("%d rollouts wait", n)}[n == 1], strings.Join(l.Waiting, ", ")))
	}
	// No Note: the answer goes on the same line.
	fmt.Fprintf(c.err, "free endpoint %s? [y/N] ", l.Endpoint)
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if !strings.HasSuffix(line, "\n") { // no answer: the question's line is still open
		fmt.Fprintln(c.err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	case "":
		if err != nil {
			return &failure{code: exitUsage, text: "nobody answered; nothing was freed", fix: "give --yes where there is nobody to ask"}
		}
	}
	c.print.Note("nothing was freed")
	return answer(exitNo)
}
