package shifting

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Planned is the answer of plan-rollout.
type Planned struct {
	Go      bool   `json:"go"`      // false: refused, and nothing was changed
	Reason  string `json:"reason"`  // why it was refused
	Seconds int    `json:"seconds"` // from look to look
}

func notPlanned(id string) error {
	return fault.NotFound.Errorf("rollout %s was never planned", id)
}

// PlanRollout is the handler of plan-rollout. It looks at everything that could
// stop the rollout before anything is changed, with the code of `sluice plan`, and
// writes down the steps. Errors: NotReady while the endpoint is busy.
func (s *Shifting) PlanRollout(ctx context.Context, in Step) (Planned, error) {
	r, ok, err := s.Table.Rollout(ctx, in.Rollout)
	if err != nil {
		return Planned{}, err
	}
	switch {
	case !ok:
		return Planned{}, notPlanned(in.Rollout)
	case !r.EndedAt.IsZero():
		// An old name, used again: what was true then is no plan for now.
		return Planned{Reason: fmt.Sprintf("rollout %s ended as %s on %s", r.ID, r.State, r.EndedAt.Format(time.DateOnly)), Seconds: 1}, nil
	}
	report, draft, err := s.foresee(ctx, in, r)
	if err != nil {
		return Planned{}, err
	}
	if r.State == rollout.Waiting { // else planned by an earlier try, and only its history may be missing
		if err := adopt(&r, report, draft); err != nil {
			return Planned{}, err
		}
		if r, err = s.Table.PutRollout(ctx, r); err != nil {
			return Planned{}, err
		}
	}
	findings, err := json.Marshal(report)
	if err != nil {
		return Planned{}, fmt.Errorf("writing a plan: %w", err)
	}
	a := Planned{Go: r.State != rollout.Refused, Reason: r.Reason, Seconds: max(1, int(r.Plan.Look/time.Second))}
	edge.Note(ctx, "refusal", a.Reason)
	edge.Note(ctx, "warnings", len(report.Of(preflight.Warn)))
	if !a.Go {
		return a, s.note(ctx, in, "plan", string(findings), "refused: %s", a.Reason)
	}
	return a, s.announce(ctx, in, r, "plan", string(findings), rollout.StartedEvent, sentence(r))
}

// foresee is the preflight of a rollout that has its endpoint's lease.
func (s *Shifting) foresee(ctx context.Context, in Step, r rollout.Record) (preflight.Report, rollout.Record, error) {
	sp, err := s.Table.Spec(ctx, r.Model)
	if fault.Is(err, fault.NotFound) {
		return preflight.Report{Findings: []preflight.Finding{{Level: preflight.Refuse, Code: "spec", Subject: "model " + r.Model, Text: err.Error()}}}, r, nil
	}
	if err != nil {
		return preflight.Report{}, r, err
	}
	f := preflight.Facts{Now: in.Now, Spec: sp, ID: r.ID, Undo: r.Undo, Undoes: r.Undoes, Package: preflight.Package{ARN: r.Package}}
	if on := leasing.ForEndpoint(sp.Endpoint.Name); in.Lease != on {
		f.Elsewhere = in.Lease
	}
	return s.preflight(ctx, f)
}

// adopt fills the record in as it is drafted, or with why there can be no rollout.
// Errors: NotReady if there can be one later.
func adopt(r *rollout.Record, report preflight.Report, draft rollout.Record) error {
	refusal := report.Says(preflight.Refuse)
	if wait := report.Says(preflight.Wait); refusal == "" && wait != "" {
		return fault.NotReady.Errorf("%s", wait)
	}
	r.Endpoint, r.Spec, r.Rules, r.First, r.Scaling = draft.Endpoint, draft.Spec, draft.Rules, draft.First, draft.Scaling
	r.Baseline, r.Candidate, r.BothConfig, r.ShadowConfig = draft.Baseline, draft.Candidate, draft.BothConfig, draft.ShadowConfig
	r.Plan, r.Steps = draft.Plan, draft.Steps
	r.State, r.Reason = rollout.Preparing, ""
	if refusal != "" {
		r.State, r.Reason = rollout.Refused, refusal
	}
	return nil
}

// sentence is the plan in words.
func sentence(r rollout.Record) string {
	if r.First {
		return fmt.Sprintf("%s is the first model of endpoint %s, on %d instances: nothing to compare it with", r.Candidate.Variant, r.Endpoint, r.Candidate.Count)
	}
	var steps []string
	for _, st := range r.Plan.Steps {
		steps = append(steps, st.String())
	}
	text := fmt.Sprintf("%s on endpoint %s: %s, looking every %s; baseline %s", r.Candidate.Variant, r.Endpoint, strings.Join(steps, ", then "), spec.Duration(r.Plan.Look), r.Baseline.Variant)
	if r.Plan.Standby > 0 {
		text += fmt.Sprintf(", kept warm for %s after promotion", spec.Duration(r.Plan.Standby))
	}
	return text
}
