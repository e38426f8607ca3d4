package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/shared/demand"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/training"
)

// Facts is what came of a rehearsal, read from where it is recorded.
type Facts struct {
	Runs     []training.Run   // oldest first
	Rollouts []rollout.Record // oldest first
	History  map[string][]rollout.Entry
	Endpoint string                    // in one line
	Shares   map[string]int            // by variant, whole percent
	Exposed  map[string]rollout.Served // by variant: what it really served
	Dead     int                       // messages in the dead-letter queues
	Subjects []string                  // of reports
	Pending  []demand.Chunk
	Leases   []string // that are still held
	Commands map[string][]rollout.Command
	Events   []string       // detail types of Sluice's own, in the order of sending
	Scaled   map[string]int // the most instances that autoscaling may give, by variant
	Waste    []string       // configs and models of ours that nothing uses
	Captured map[string]int // files of captures, by variant
	// Capturing says whether the endpoint captures its requests.
	Capturing bool
	Longest   int // history events of the longest execution of the rollout machine
}

// Facts reads what came of the rehearsal. The caller holds the world.
func (st *Stage) Facts(ctx context.Context) (Facts, error) {
	f := Facts{Shares: map[string]int{}, Exposed: map[string]rollout.Served{}, Captured: map[string]int{}, History: map[string][]rollout.Entry{}, Commands: map[string][]rollout.Command{}}
	model := st.Scenario.sp.Model
	var err error
	if f.Runs, err = st.runsOf(ctx, model); err != nil {
		return f, err
	}
	if f.Rollouts, err = st.Table.Rollouts(ctx, model, 1000); err != nil {
		return f, err
	}
	slices.Reverse(f.Rollouts)
	for _, r := range f.Rollouts {
		if f.History[r.ID], err = st.Table.History(ctx, r.ID); err != nil {
			return f, err
		}
		if f.Commands[r.ID], err = st.Table.Commands(ctx, r.ID); err != nil {
			return f, err
		}
	}
	if _, f.Pending, err = st.Table.Demand(ctx, model); err != nil {
		return f, err
	}
	for _, name := range []string{"DataDeadLetters", "EventDeadLetters"} {
		r, _ := st.Stack.Resource(name)
		n := st.AWS.SQS.Len(r.Attributes["Arn"])
		f.Dead += n.Visible + n.InFlight
	}
	for _, m := range st.AWS.SNS.Messages(st.Output("Reports")) {
		f.Subjects = append(f.Subjects, m.Subject)
	}
	st.serving(&f)
	for _, it := range st.AWS.Table.Items(st.Output("Table")) {
		if pk := text(it["pk"]); strings.HasPrefix(pk, "LEASE#") {
			f.Leases = append(f.Leases, pk)
		}
	}
	return f, st.left(ctx, &f)
}

// serving reads the endpoint, and what its variants have really served.
func (st *Stage) serving(f *Facts) {
	name := st.Scenario.sp.Endpoint.Name
	e, err := st.AWS.SageMaker.Hosting.Describe(name)
	if err != nil {
		f.Endpoint = rollout.Endpoint{}.String()
		return
	}
	var seen rollout.Endpoint
	seen.Name, seen.Status, seen.Config = e.EndpointName, e.EndpointStatus, e.EndpointConfigName
	for _, v := range e.ProductionVariants {
		seen.Variants = append(seen.Variants, rollout.Variant{Name: v.VariantName, Weight: v.CurrentWeight, WantedWeight: v.DesiredWeight, Count: v.CurrentInstanceCount})
	}
	for _, v := range e.ShadowProductionVariants {
		seen.Shadows = append(seen.Shadows, rollout.Variant{Name: v.VariantName, Count: v.CurrentInstanceCount})
	}
	for _, v := range seen.Variants {
		f.Shares[v.Name] = seen.Share(v.Name)
	}
	f.Endpoint = seen.String()
	st.captured(e, f)
	for _, c := range st.AWS.SageMaker.Hosting.Served(name, st.began, st.AWS.World.Now()) {
		s := f.Exposed[c.Variant]
		s.Requests += int64(c.Requests)
		s.Bad += int64(c.Bad())
		f.Exposed[c.Variant] = s
	}
}

// Check says which expectations did not come true. The caller holds the world.
func (st *Stage) Check(ctx context.Context) ([]string, error) {
	f, err := st.Facts(ctx)
	if err != nil {
		return nil, err
	}
	c := checker{facts: f, began: st.began}
	x := st.Scenario.Expect
	if x.Runs != nil {
		c.check(len(f.Runs) == *x.Runs, "%d training runs, %d expected", len(f.Runs), *x.Runs)
	}
	c.runs(x.Trained)
	c.trained(x.Objects)
	c.rollouts(x.Rollouts)
	if x.Variant != "" {
		c.check(f.Shares[x.Variant] == 100 && len(f.Shares) == 1, "endpoint is %s; %s expected to be alone on it", f.Endpoint, x.Variant)
	}
	if x.DeadLetters != nil {
		c.check(f.Dead == *x.DeadLetters, "%d dead letters, %d expected", f.Dead, *x.DeadLetters)
	}
	for _, want := range x.Reports {
		c.check(slices.ContainsFunc(f.Subjects, func(s string) bool { return strings.Contains(s, want) }), "no report %q among %q", want, f.Subjects)
	}
	if x.Pending != nil {
		n, _ := demand.Total(f.Pending)
		c.check(n == *x.Pending, "%d objects are pending, %d expected", n, *x.Pending)
	}
	for _, r := range f.Rollouts {
		c.recorded(r)
	}
	c.controlled(x)
	c.captured(x.Captured)
	c.only(x)
	for _, check := range []func(context.Context, Expect) ([]string, error){st.checkCode, st.checkOthers} {
		misses, err := check(ctx, x)
		if err != nil {
			return nil, err
		}
		c.misses = append(c.misses, misses...)
	}
	c.misses = append(c.misses, st.checkDeployed(x)...)
	if x.NoLeases {
		c.check(len(f.Leases) == 0, "leases are still held: %s", strings.Join(f.Leases, ", "))
	}
	return c.misses, nil
}

// only checks that people were told of nothing but what was expected, once each.
func (c *checker) only(x Expect) {
	if !x.OnlyReports {
		return
	}
	for _, s := range c.facts.Subjects {
		c.check(slices.ContainsFunc(x.Reports, func(want string) bool { return strings.Contains(s, want) }), "report %q was not expected", s)
	}
	c.check(len(c.facts.Subjects) == len(x.Reports), "%d reports, %d expected: %q", len(c.facts.Subjects), len(x.Reports), c.facts.Subjects)
}

type checker struct {
	facts  Facts
	began  time.Time
	misses []string
}

func (c *checker) check(ok bool, format string, args ...any) {
	if !ok {
		c.misses = append(c.misses, fmt.Sprintf(format, args...))
	}
}

func (c *checker) runs(want []ExpectRun) {
	for i, x := range want {
		if i >= len(c.facts.Runs) {
			c.check(false, "run %d never was", i+1)
			return
		}
		r := c.facts.Runs[i]
		c.check(x.State == "" || string(r.State) == x.State, "run %d is %s (%s), %s expected", i+1, r.State, r.Reason, x.State)
		c.check(x.Objects == nil || r.Summary.Objects == *x.Objects, "run %d has %d objects in its manifest", i+1, r.Summary.Objects)
		c.check(strings.Contains(r.Causes, x.Causes), "run %d was caused by %q; %q expected to be part of it", i+1, r.Causes, x.Causes)
		c.check(x.Class == "" || string(r.Class) == x.Class, "run %d failed as %q, %q expected", i+1, r.Class, x.Class)
		c.check(x.Approval == "" || r.Approval == x.Approval, "the package of run %d is %s, %s expected", i+1, r.Approval, x.Approval)
		c.check(len(r.Tried) == x.Tried, "run %d was tried %d times before, %d expected", i+1, len(r.Tried), x.Tried)
		c.check(strings.Contains(strings.Join(r.Log, "\n"), x.Log), "run %d reports the lines %q; %q expected among them", i+1, r.Log, x.Log)
		after := r.ClosedAt.Sub(c.began)
		c.check(after >= x.AtLeast.Std() && (x.Within == 0 || after <= x.Within.Std()), "run %d began after %s, between %s and %s expected", i+1, after, x.AtLeast, x.Within)
		c.check(strings.Contains(r.Reason, x.Reason), "run %d ended because %q; %q expected to be part of it", i+1, r.Reason, x.Reason)
	}
}

// trained checks how many objects were trained on, together.
func (c *checker) trained(want *int) {
	n := 0
	for _, r := range c.facts.Runs {
		if r.State == training.Trained {
			n += r.Summary.Objects
		}
	}
	c.check(want == nil || n == *want, "%d objects were trained on", n)
}

func (c *checker) rollouts(want []ExpectRollout) {
	c.check(want == nil || len(c.facts.Rollouts) == len(want), "%d rollouts, %d expected", len(c.facts.Rollouts), len(want))
	for i, x := range want {
		if i >= len(c.facts.Rollouts) {
			return
		}
		r := c.facts.Rollouts[i]
		c.check(x.ID == "" || r.ID == x.ID, "rollout %d is %s, %s expected", i+1, r.ID, x.ID)
		c.check(x.State == "" || string(r.State) == x.State, "%s is %s (%s), %s expected", r.ID, r.State, r.Reason, x.State)
		c.check(x.Weight == nil || r.Weight() == *x.Weight, "%s got to %d %%", r.ID, r.Weight())
		c.check(strings.Contains(r.Reason, x.Reason), "%s ended because %q; %q expected to be part of it", r.ID, r.Reason, x.Reason)
		took := r.EndedAt.Sub(r.StartedAt)
		c.check(x.Within == 0 || took <= x.Within.Std(), "%s took %s, at most %s expected", r.ID, took, x.Within)
		c.check(took >= x.AtLeast.Std(), "%s took %s, at least %s expected", r.ID, took, x.AtLeast)
		bad := c.facts.Exposed[r.Candidate.Variant].Bad
		c.check(x.MaxBad == nil || bad <= *x.MaxBad, "%s gave %d bad answers", r.ID, bad)
		if x.Verified != "" {
			c.check(strings.Contains(lastReading(c.facts.History[r.ID]), x.Verified), "%s was last read as %q; %q expected to be part of it", r.ID, lastReading(c.facts.History[r.ID]), x.Verified)
		}
	}
}

// recorded checks what every rollout owes: an end that was read from the endpoint,
// and a reason with its numbers.
func (c *checker) recorded(r rollout.Record) {
	history := c.facts.History[r.ID]
	switch r.State {
	case rollout.Promoted, rollout.RolledBack, rollout.Aborted:
		want := r.Baseline.Variant + " 100 %"
		if r.State == rollout.Promoted {
			want = r.Candidate.Variant + " 100 %"
		} else if r.First {
			want = "no endpoint"
		}
		reading := lastReading(history)
		untouched := r.State == rollout.Aborted && r.Candidate.Variant == "" // while it waited
		c.check(untouched || strings.HasPrefix(reading, "reached") && strings.Contains(reading, want), "%s is %s and was last read as %q", r.ID, r.State, reading)
	case rollout.Halted, rollout.Refused, rollout.Superseded:
	default:
		c.check(false, "%s never came to an end: it is %s", r.ID, r.State)
	}
	c.check(r.Reason != "", "%s is %s without a reason", r.ID, r.State)
	for _, e := range history {
		if e.Kind != "look" {
			continue
		}
		var l shifting.Look
		err := json.Unmarshal([]byte(e.Data), &l)
		if r.First || r.Began().IsZero() || e.At.Before(r.Began()) {
			continue // nothing to compare
		}
		c.check(err == nil && l.Query.Endpoint == r.Endpoint && l.Query.Until.After(l.Query.From) && len(l.Verdict.Metrics) > 0, "%s has a look without verdict, counts, window or query: %s", r.ID, e.Data)
	}
}

// lastReading is what the endpoint was last read to be.
func lastReading(h []rollout.Entry) string {
	for _, e := range slices.Backward(h) {
		if e.Kind == "reading" {
			return e.Text
		}
	}
	return ""
}
