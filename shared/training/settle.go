package training

import (
	"context"
	"math"

	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/spec"
)

// Settled is the answer of settle-demand. A wake-up has Settled false: look again.
type Settled struct {
	Settled bool `json:"settled"`
	Seconds int  `json:"seconds"` // to wait before looking again, at least 1
}

// SettleDemand is the handler of settle-demand: has the burst ended? Called with a
// token it waits for the demand to be hurried.
func (t *Training) SettleDemand(ctx context.Context, s Step) (Settled, error) {
	var a Settled
	look := func() (any, bool, error) {
		var err error
		a, err = t.settled(ctx, s)
		return a, a.Settled, err
	}
	if s.Token == "" {
		_, _, err := look()
		return a, err
	}
	return a, t.Room.Await(ctx, s.Run, s.Token, s.Now, []event.Resource{event.DemandOf(s.Model)}, look)
}

func (t *Training) settled(ctx context.Context, s Step) (Settled, error) {
	open, _, err := t.Table.OpenGeneration(ctx, s.Model)
	if err != nil {
		return Settled{}, err
	}
	if open != s.Generation {
		return Settled{Settled: true}, nil // closed by an earlier try of this run
	}
	sp, err := t.Table.Spec(ctx, s.Model)
	if err != nil {
		return Settled{}, err
	}
	chunks, err := t.Table.Chunks(ctx, s.Model, s.Generation)
	if err != nil {
		return Settled{}, err
	}
	settled, wait := demand.Settle(patience(sp), chunks, s.Now)
	limits := limitsOf(sp)
	if settled && (limits.Cooldown > 0 || limits.MaxPerDay > 0) {
		runs, err := t.Table.Runs(ctx, s.Model)
		if err != nil {
			return Settled{}, err
		}
		var why string
		wait, why = limits.Rest(chunks, past(runs), s.Now)
		settled = wait <= 0
		edge.Note(ctx, "rests", why)
	}
	objects, bytes := demand.Total(chunks)
	edge.Note(ctx, "chunks", len(chunks))
	edge.Note(ctx, "objects", objects)
	edge.Note(ctx, "bytes", bytes)
	return Settled{Settled: settled, Seconds: max(1, int(math.Ceil(wait.Seconds())))}, nil
}

func patience(s spec.Spec) []demand.Patience {
	all := make([]demand.Patience, len(s.Triggers.Data))
	for i, d := range s.Triggers.Data {
		all[i] = demand.Patience{Quiet: d.Quiet.Std(), MaxWait: d.MaxWait.Std(), MinObjects: d.MinObjects, MinBytes: int64(d.MinBytes), Marker: d.Marker != ""}
	}
	return all
}

func limitsOf(s spec.Spec) demand.Limits {
	return demand.Limits{Cooldown: s.Triggers.Cooldown.Std(), MaxPerDay: s.Triggers.MaxPerDay, Strikes: s.Triggers.Strikes}
}
