package awstable

import (
	"context"
	"fmt"

	"sluice/shared/rollout"
)

func rolloutKey(id string) key { return key{"ROLLOUT#" + id, "ROLLOUT"} }

// sortable is a layout of times whose text sorts as the times do.
const sortable = "2006-01-02T15:04:05.000Z"

// Rollout fills shifting's table.
func (t *Table) Rollout(ctx context.Context, id string) (r rollout.Record, ok bool, err error) {
	ok, err = t.get(ctx, rolloutKey(id), &r)
	return r, ok, err
}

// PutRollout fills shifting's table.
func (t *Table) PutRollout(ctx context.Context, r rollout.Record) (rollout.Record, error) {
	c := condition{expression: "attribute_not_exists(pk)"}
	if r.Rev > 0 {
		c = condition{expression: "rev = :rev", values: item{":rev": num(int64(r.Rev))}}
	} else if err := t.put(ctx, modelKey(r.Model, "ROLLOUT#"+r.StartedAt.UTC().Format(sortable)+"#"+r.ID), struct {
		ID string `json:"id"`
	}{r.ID}, condition{}); err != nil { // the list first: a name without a rollout is passed over
		return r, err
	}
	r.Rev++
	return r, t.put(ctx, rolloutKey(r.ID), r, c)
}

// AddHistory fills shifting's table. An entry that is written again, by a step that
// ran twice, replaces itself.
func (t *Table) AddHistory(ctx context.Context, e rollout.Entry) error {
	k := key{"ROLLOUT#" + e.Rollout, fmt.Sprintf("HISTORY#%s#%s", e.At.UTC().Format(sortable), e.Kind)}
	if e.Key != "" {
		k.SK += "#" + e.Key
	}
	return t.put(ctx, k, e, condition{})
}

// History lists a rollout's entries from old to new.
func (t *Table) History(ctx context.Context, id string) ([]rollout.Entry, error) {
	return query[rollout.Entry](ctx, t, "ROLLOUT#"+id, "HISTORY#", page{})
}

// Rollouts lists a model's latest rollouts, newest first, at most limit.
func (t *Table) Rollouts(ctx context.Context, model string, limit int) ([]rollout.Record, error) {
	names, err := query[struct {
		ID string `json:"id"`
	}](ctx, t, modelKey(model, "").PK, "ROLLOUT#", page{newestFirst: true, limit: int32(limit)})
	if err != nil {
		return nil, err
	}
	var all []rollout.Record
	for _, n := range names {
		r, ok, err := t.Rollout(ctx, n.ID)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, r)
		}
	}
	return all, nil
}
