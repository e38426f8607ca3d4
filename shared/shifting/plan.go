package shifting

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
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
// stop the rollout before anything is changed, and writes down the steps.
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
	if r.State == rollout.Waiting { // else planned by an earlier try
		refusal, err := s.plan(ctx, &r, in.Lease)
		if err != nil {
			return Planned{}, err
		}
		r.State, r.Reason = rollout.Preparing, ""
		if refusal != "" {
			r.State, r.Reason = rollout.Refused, refusal
		}
		if r, err = s.Table.PutRollout(ctx, r); err != nil {
			return Planned{}, err
		}
	}
	a := Planned{Go: r.State != rollout.Refused, Reason: r.Reason, Seconds: max(1, int(r.Plan.Look/time.Second))}
	edge.Note(ctx, "refusal", a.Reason)
	if !a.Go {
		return a, s.note(ctx, in, "plan", "", "refused: %s", a.Reason)
	}
	steps, err := json.Marshal(r.Plan)
	if err != nil {
		return Planned{}, fmt.Errorf("writing a plan: %w", err)
	}
	return a, s.announce(ctx, in, r, "plan", string(steps), rollout.StartedEvent, sentence(r))
}

// plan fills in the record, or says why there can be no rollout.
func (s *Shifting) plan(ctx context.Context, r *rollout.Record, lease string) (refusal string, err error) {
	sp, err := s.Table.Spec(ctx, r.Model)
	if err != nil {
		return refused(err)
	}
	r.Endpoint, r.Spec, r.Rules = sp.Endpoint.Name, sp.Version(), sp.Rollout
	if lease != leased(*r) {
		return fmt.Sprintf("the spec names endpoint %s now, and the lease is on %s; approve the package again", r.Endpoint, lease), nil
	}
	pkg, err := s.Registry.Package(ctx, r.Package)
	if err != nil {
		return refused(err)
	}
	switch {
	case pkg.Group != sp.Package.Group:
		return fmt.Sprintf("%s is not of package group %s", pkg.ARN, sp.Package.Group), nil
	case pkg.Approval != training.Approved:
		return fmt.Sprintf("%s is %s now, not Approved", pkg.ARN, pkg.Approval), nil
	}
	if refusal, err := s.baseline(ctx, r, pkg); refusal != "" || err != nil {
		return refusal, err
	}
	r.Candidate = rollout.Side{
		Variant: r.ID,
		Model:   rollout.ModelName(r.ID),
		Package: pkg.ARN,
		Config:  rollout.ConfigName(r.Endpoint, r.ID, rollout.FinalConfig),
		Count:   max(sp.Endpoint.InstanceCount, r.Baseline.Count),
	}
	if err := s.steps(ctx, r, sp); err != nil {
		return refused(err)
	}
	return s.quiet(ctx, sp)
}

// steps decides the steps, and names the configs that they need.
func (s *Shifting) steps(ctx context.Context, r *rollout.Record, sp spec.Spec) (err error) {
	r.Plan = rollout.FirstPlan()
	if !r.First {
		if r.Plan, err = rollout.MakePlan(sp.Rollout); err != nil {
			return err
		}
		if r.Scaling, err = s.Scaling.Read(ctx, r.Endpoint, r.Baseline.Variant); err != nil {
			return err
		}
		r.Plan = r.Plan.WithCapacity(sp.Rollout, r.Baseline.Count, r.Candidate.Count, r.Scaling != nil)
		r.BothConfig = rollout.ConfigName(r.Endpoint, r.ID, rollout.BothConfig)
		if slices.ContainsFunc(r.Plan.Steps, func(st rollout.Step) bool { return st.Kind == rollout.Mirror }) {
			r.ShadowConfig = rollout.ConfigName(r.Endpoint, r.ID, rollout.ShadowConfig)
		}
	}
	r.Steps = make([]rollout.Progress, len(r.Plan.Steps))
	return nil
}

// baseline fills in the side that serves now, as the endpoint itself tells it.
func (s *Shifting) baseline(ctx context.Context, r *rollout.Record, pkg training.Package) (refusal string, err error) {
	e, err := s.describe(ctx, r.Endpoint)
	if err != nil {
		return "", err
	}
	switch e.Status {
	case "":
		r.First = true
		return "", nil
	case "InService":
	case "Creating", "Updating", "SystemUpdating", "RollingBack":
		return "", fault.NotReady.Errorf("endpoint %s is %s, and nobody of ours is changing it", e.Name, e.Status)
	default:
		return fmt.Sprintf("endpoint %s is %s", e.Name, e.Status), nil
	}
	c, err := s.Endpoints.Config(ctx, e.Config)
	if err != nil {
		return refused(err)
	}
	switch {
	case c.Async:
		return fmt.Sprintf("endpoint %s is asynchronous; its answers cannot be compared request for request", e.Name), nil
	case len(c.Variants) != 1 || len(e.Variants) != 1:
		return fmt.Sprintf("endpoint %s has %d production variants; a rollout needs exactly one to start from", e.Name, len(c.Variants)), nil
	case len(c.Shadows) > 0:
		return fmt.Sprintf("endpoint %s has a shadow variant; SageMaker allows no second production variant beside one", e.Name), nil
	case c.Variants[0].InstanceType == "":
		return fmt.Sprintf("variant %s of endpoint %s is serverless or has an instance pool; weights need instances of one type", c.Variants[0].Name, e.Name), nil
	}
	v := c.Variants[0]
	champion, err := s.Endpoints.PackageOf(ctx, v.Model)
	if err != nil {
		return refused(err)
	}
	r.Baseline = rollout.Side{Variant: v.Name, Config: e.Config, Model: v.Model, Package: champion, Count: max(e.Variants[0].WantedCount, 1)}
	return s.supersedes(ctx, r, pkg)
}

// supersedes refuses to put a package in the place of itself or of a newer one: an
// approval event may come late, after the next version's rollout.
func (s *Shifting) supersedes(ctx context.Context, r *rollout.Record, pkg training.Package) (refusal string, err error) {
	if r.Baseline.Package == "" {
		return "", nil
	}
	if r.Baseline.Package == pkg.ARN {
		return fmt.Sprintf("%s is in production already", pkg.ARN), nil
	}
	if r.Undo {
		return "", nil // an older one is meant
	}
	champion, err := s.Registry.Package(ctx, r.Baseline.Package)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return "", nil // deleted from the registry, still serving
		}
		return "", err
	}
	if champion.Group == pkg.Group && champion.Version > pkg.Version {
		return fmt.Sprintf("version %d of %s is in production, which is newer than version %d", champion.Version, pkg.Group, pkg.Version), nil
	}
	return "", nil
}

// quiet refuses to start while one of the rollout's alarms is missing or ringing:
// it would roll back whatever the candidate does.
func (s *Shifting) quiet(ctx context.Context, sp spec.Spec) (refusal string, err error) {
	states, err := s.Alarms.States(ctx, sp.Rollout.Alarms)
	if err != nil {
		return "", err
	}
	for _, a := range states {
		switch a.State {
		case "":
			return fmt.Sprintf("alarm %s does not exist; create it or take it out of rollout.alarms", a.Name), nil
		case "ALARM":
			return fmt.Sprintf("alarm %s is in ALARM already: %s", a.Name, a.Reason), nil
		}
	}
	return "", nil
}

// refused turns an error that will not go away by itself into a refusal.
func refused(err error) (string, error) {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return err.Error(), nil
	}
	return "", err
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
