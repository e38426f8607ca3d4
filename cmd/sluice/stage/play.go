package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/local/sim"
)

// Play is one rehearsal under way.
type Play struct {
	stage   *Stage
	out     ui.Printer
	err     error
	doubles int  // events of S3 still to be delivered twice
	all     bool // and none is to be left out
	story   story
	moments []*moment
	denied  []string // calls that a role did not permit
	// commands and packages count what the scenario has made, for naming the next.
	commands, packages int
}

// Result is how a rehearsal went.
type Result struct {
	Scenario string
	Misses   []string // expectations that did not come true
	Virtual  time.Duration
}

// Run rehearses a scenario from beginning to end, telling the story to out.
func Run(ctx context.Context, s *Scenario, world *sim.World, hosts Hosts, out ui.Printer) (Result, error) {
	st, err := Set(ctx, s, world, hosts)
	if err != nil {
		return Result{}, err
	}
	defer st.Close()
	p := Begin(ctx, st, out)
	return p.End(ctx)
}

// Begin starts to tell the story of a stage, and puts the scenario's actions into
// its future.
func Begin(ctx context.Context, st *Stage, out ui.Printer) *Play {
	p := &Play{stage: st, out: out}
	st.AWS.World.Do(func() {
		st.AWS.Events.Fate = p.double
		p.watch()
		p.schedule(ctx)
	})
	return p
}

// End runs until nothing is left to happen, or until the scenario's limit, and
// checks what was expected.
func (p *Play) End(ctx context.Context) (Result, error) {
	w := p.stage.AWS.World
	idle := w.RunUntilIdle(p.stage.Scenario.Limit.Std())
	r := Result{Scenario: p.stage.Scenario.Name}
	w.Do(func() {
		p.out.EndLive()
		r.Virtual = w.Now().Sub(p.stage.began)
		if p.err == nil {
			r.Misses, p.err = p.stage.Check(ctx)
		}
		r.Misses = append(r.Misses, p.denied...)
		if !idle {
			r.Misses = append(r.Misses, fmt.Sprintf("it was still going on after %s", p.stage.Scenario.Limit))
		}
	})
	return r, p.err
}

// Err is what went wrong with the rehearsal itself.
func (p *Play) Err() error { return p.err }

// fail keeps the first error of the rehearsal itself.
func (p *Play) fail(err error) { p.err = errors.Join(p.err, err) }

// tell adds a row to the timeline.
func (p *Play) tell(m ui.Mark, subject, format string, args ...any) {
	now := p.stage.AWS.World.Now()
	p.out.Row(ui.Row{Time: now, Elapsed: now.Sub(p.stage.began), Mark: m, Subject: subject, Text: fmt.Sprintf(format, args...)})
}
