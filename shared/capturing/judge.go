package capturing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sluice/shared/capture"
	"sluice/shared/drift"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// lateness is how long after the end of a window its files may come. What comes later
// is no part of it any more.
const lateness = 10 * time.Minute

// window is one window's pieces.
type window struct {
	from time.Time
	keys []string
}

// judge compares what is over of the champion's captures. variants are those whose
// captures have just come. If another call does the same at the moment, it is left to it.
func (c *Capturing) judge(ctx context.Context, s spec.Spec, variants []string, now time.Time) error {
	variant, err := c.champion(ctx, s.Model, variants)
	if err != nil || variant == "" {
		return err
	}
	st, err := c.Table.DriftState(ctx, s.Model, variant)
	if err != nil {
		return err
	}
	if st.Basis != basis(s) {
		st = State{Model: s.Model, Variant: variant, Basis: basis(s), Rev: st.Rev}
	}
	open, err := c.over(ctx, s, st, now)
	if err != nil || len(open) == 0 {
		return err
	}
	reference, st, err := c.reference(ctx, s, st, open, now)
	if err == nil && reference != nil {
		err = c.compare(ctx, s, st, reference, open, now)
	}
	if fault.Is(err, fault.Conflict) {
		edge.Note(ctx, "conflict", err.Error())
		return nil
	}
	return err
}

// compare compares windows with the reference, small ones together with the next.
func (c *Capturing) compare(ctx context.Context, s spec.Spec, st State, reference *drift.Sketch, open []window, now time.Time) error {
	together := drift.New()
	for _, w := range open {
		if w.from.Before(st.Judged) {
			continue // the reference was learned from it
		}
		if err := c.merge(ctx, together, w); err != nil {
			return err
		}
		if together.Rows() < int64(s.Drift.MinRows) {
			continue
		}
		st.Judged = w.from.Add(s.Drift.Window.Std())
		var err error
		if st, err = c.tell(ctx, s, st, drift.Compare(reference, together, rules(*s.Drift)), now); err != nil {
			return err
		}
		together = drift.New()
	}
	return nil
}

// champion is the variant that is compared: the champion, as the model's rollouts tell
// it. Before the first of them it is the variant that captures come of, if that is one;
// "" is nobody, while it is not known.
func (c *Capturing) champion(ctx context.Context, model string, variants []string) (string, error) {
	rollouts, err := c.Table.Rollouts(ctx, model, rollout.Recent)
	if err != nil {
		return "", err
	}
	champion, _, ok := rollout.Champion(rollouts)
	halted := func(r rollout.Record) bool { return r.State == rollout.Halted }
	switch {
	case ok:
		return champion.Variant, nil
	case len(variants) == 1 && !slices.ContainsFunc(rollouts, halted):
		return variants[0], nil
	}
	edge.Note(ctx, "champion", "not known")
	return "", nil
}

// over lists the windows that are over and not done with, from old to new.
func (c *Capturing) over(ctx context.Context, s spec.Spec, st State, now time.Time) ([]window, error) {
	under := folder(s, st.Variant)
	after := under
	if !st.Judged.IsZero() {
		after += st.Judged.Format(clock)
	}
	keys, err := c.Store.List(ctx, under, after)
	if err != nil {
		return nil, err
	}
	var all []window
	for _, key := range keys {
		name, _, _ := strings.Cut(strings.TrimPrefix(key, under), "/")
		from, err := time.Parse(clock, name)
		if err != nil || now.Before(from.Add(s.Drift.Window.Std()).Add(lateness)) {
			continue
		}
		if n := len(all); n == 0 || !all[n-1].from.Equal(from) {
			all = append(all, window{from: from})
		}
		last := &all[len(all)-1]
		last.keys = append(last.keys, key)
	}
	return all, nil
}

// merge adds a window's pieces to a sketch.
func (c *Capturing) merge(ctx context.Context, into *drift.Sketch, w window) error {
	for _, key := range w.keys {
		piece, err := c.read(ctx, key)
		if err != nil {
			return err
		}
		into.Merge(piece)
	}
	return nil
}

func (c *Capturing) read(ctx context.Context, key string) (*drift.Sketch, error) {
	body, err := c.Store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, fault.NotReady.Errorf("reading %s: %w", key, err)
	}
	s, err := drift.Decode(content)
	if err != nil {
		return nil, fault.Internal.Errorf("%s: %w", key, err)
	}
	return s, nil
}

// reference is what the variant is compared with, nil while it is still learned.
func (c *Capturing) reference(ctx context.Context, s spec.Spec, st State, open []window, now time.Time) (*drift.Sketch, State, error) {
	if s.Drift.Reference != "" {
		return c.given(ctx, s, st)
	}
	if st.Reference != "" {
		known, err := c.read(ctx, st.Reference)
		return known, st, err
	}
	return c.learn(ctx, s, st, open, now)
}

// learn adds windows to what is learned, until it is enough. Each is kept by itself, so
// that a long time's captures need not be read at once.
func (c *Capturing) learn(ctx context.Context, s spec.Spec, st State, open []window, now time.Time) (*drift.Sketch, State, error) {
	learned, err := drift.New(), error(nil)
	if st.Learned != "" {
		if learned, err = c.read(ctx, st.Learned); err != nil {
			return nil, st, err
		}
	}
	if st.Since.IsZero() {
		st.Since = open[0].from
	}
	until := st.Since.Add(s.Drift.Learn.Std())
	enough := func() bool { return learned.Rows() >= int64(s.Drift.MinRows) }
	for _, w := range open {
		if !w.from.Before(until) && enough() {
			break
		}
		if err := c.merge(ctx, learned, w); err != nil {
			return nil, st, err
		}
		st.Judged = w.from.Add(s.Drift.Window.Std())
		if st.Learned, err = c.put(ctx, st, learned, learnedKey); err != nil {
			return nil, st, err
		}
		if st, err = c.Table.PutDriftState(ctx, st); err != nil {
			return nil, st, err
		}
	}
	if now.Before(until.Add(lateness)) || !enough() {
		edge.Note(ctx, "learning", fmt.Sprintf("%s until %s, %d rows so far", st.Variant, until.Format(time.RFC3339), learned.Rows()))
		return nil, st, nil
	}
	st.Learned, st.Reading = "", fmt.Sprintf("reference learned from %d rows", learned.Rows())
	return c.keep(ctx, st, learned)
}

// given is the reference that the spec names, read again if it has changed.
func (c *Capturing) given(ctx context.Context, s spec.Spec, st State) (*drift.Sketch, State, error) {
	bucket, key := s.Drift.Object()
	body, tag, err := c.Store.Open(ctx, bucket, key)
	if err != nil {
		return nil, st, err
	}
	defer body.Close()
	if st.Reference != "" && st.Tag == tag {
		known, err := c.read(ctx, st.Reference)
		return known, st, err
	}
	rows, a := drift.New(), adder(*s.Drift)
	tally, err := capture.ReadTable(body, key, func(row capture.Row) {
		answers := slices.IndexFunc(row, func(v capture.Value) bool { return answered(v.Name) }) >= 0
		inputs := slices.DeleteFunc(slices.Clone(row), func(v capture.Value) bool { return answered(v.Name) })
		a.add(rows, drift.Input, inputs)
		if answers {
			a.add(rows, drift.Answer, slices.DeleteFunc(row, func(v capture.Value) bool { return !answered(v.Name) }))
		}
	})
	if err != nil {
		return nil, st, fault.Invalid.Errorf("reading the reference %s: %w", s.Drift.Reference, err)
	}
	if tally.Unreadable > 0 {
		edge.Note(ctx, "unreadable", s.Drift.Reference+": "+tally.Why)
	}
	if n := rows.Rows(); n < int64(s.Drift.MinRows) {
		return nil, st, fault.Invalid.Errorf("the reference %s has %d rows; at least %d are compared: give it more, or lower drift.minRows", s.Drift.Reference, n, s.Drift.MinRows)
	}
	st.Tag, st.Reading = tag, fmt.Sprintf("reference read from %s", s.Drift.Reference)
	return c.keep(ctx, st, rows)
}

// answered reports whether a column of a reference is the model's answer.
func answered(name string) bool {
	rest, ok := strings.CutPrefix(name, capture.Prediction)
	return ok && (rest == "" || rest[0] == '.' || rest[0] >= '0' && rest[0] <= '9')
}

// keep stores a reference, and the state that names it.
func (c *Capturing) keep(ctx context.Context, st State, s *drift.Sketch) (*drift.Sketch, State, error) {
	var err error
	if st.Reference, err = c.put(ctx, st, s, referenceKey); err != nil {
		return nil, st, err
	}
	edge.Note(ctx, "reference", st.Reference)
	st, err = c.Table.PutDriftState(ctx, st)
	return s, st, err
}

// put stores a sketch, named by its content, before a state names it.
func (c *Capturing) put(ctx context.Context, st State, s *drift.Sketch, named func(model, name string) string) (string, error) {
	content := s.Encode()
	sum := sha256.Sum256(content)
	key := named(st.Model, hex.EncodeToString(sum[:12]))
	return key, c.Store.Put(ctx, key, content)
}

// maxScores bounds the features that have a metric of their own: the first by name.
const maxScores = 50

// tell publishes a reading and keeps it. It is published first: what is published twice
// is the same, what is kept is not published again. Scores are of now, however late the
// reading is: an alarm does not look back, and CloudWatch takes nothing too old.
func (c *Capturing) tell(ctx context.Context, s spec.Spec, st State, r drift.Reading, now time.Time) (State, error) {
	if len(r.Features) > 0 {
		st.Scores = append(slices.Clone(st.Scores[max(0, len(st.Scores)-remembered+1):]), r.Score)
		scores := make([]Score, len(r.Features))
		for i, f := range r.Features {
			scores[i] = Score{f.Name, f.Score}
		}
		slices.SortFunc(scores, func(a, b Score) int { return strings.Compare(a.Feature, b.Feature) })
		scores = append(scores[:min(len(scores), maxScores)], Score{"", median(st.Scores)})
		if err := c.Metrics.Keep(ctx, ownAlarm(s), about(s)); err != nil {
			return st, err
		}
		if err := c.Metrics.Publish(ctx, s.Model, now, scores); err != nil {
			return st, err
		}
	}
	st.Reading = r.String()
	if r.Score > 1 {
		st.Moved, st.MovedAt = st.Reading, st.Judged
	}
	edge.Note(ctx, "reading", fmt.Sprintf("%s until %s, %d rows: %s", st.Variant, st.Judged.Format(time.RFC3339), r.Rows, st.Reading))
	return c.Table.PutDriftState(ctx, st)
}
