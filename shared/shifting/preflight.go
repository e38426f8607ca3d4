package shifting

import (
	"context"
	"time"

	"sluice/shared/fault"
	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Preflight reads what a rollout of a package would meet, and says what it would do
// and what is in its way. It changes nothing, and needs no table: Endpoints, Scaling,
// Alarms and Registry are enough. The record is the rollout as it would begin; what
// keeps it from beginning is in the report. id names the rollout. Errors: those of
// reading that may go away by themselves, and Denied.
func (s *Shifting) Preflight(ctx context.Context, sp spec.Spec, packageARN, id string, undo bool, now time.Time) (preflight.Report, rollout.Record, error) {
	return s.preflight(ctx, preflight.Facts{Now: now, Spec: sp, ID: id, Undo: undo, Package: preflight.Package{ARN: packageARN}})
}

// preflight reads the rest of the facts and judges them.
func (s *Shifting) preflight(ctx context.Context, f preflight.Facts) (preflight.Report, rollout.Record, error) {
	for _, read := range []func(context.Context, *preflight.Facts) error{s.readPackage, s.readEndpoint, s.readAlarms} {
		if err := read(ctx, &f); err != nil {
			return preflight.Report{}, rollout.Record{}, err
		}
	}
	report := preflight.Check(f)
	r, err := preflight.Draft(f)
	if fault.Is(err, fault.Invalid) {
		err = nil // a strategy without steps, which the report refuses
	}
	return report, r, err
}

// lacks takes note of what is not there. Any other error is given back.
func lacks(f *preflight.Facts, err error) error {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		f.Missing = append(f.Missing, err.Error())
		return nil
	}
	return err
}

func (s *Shifting) readPackage(ctx context.Context, f *preflight.Facts) error {
	p, err := s.Registry.Contents(ctx, f.Package.ARN)
	if err != nil {
		return lacks(f, err)
	}
	f.Package = p
	return nil
}

// readEndpoint reads the endpoint and, unless it is being changed, what it serves.
func (s *Shifting) readEndpoint(ctx context.Context, f *preflight.Facts) (err error) {
	if f.Endpoint, err = s.describe(ctx, f.Spec.Endpoint.Name); err != nil || f.Endpoint.Status != "InService" {
		return err
	}
	c, err := s.Endpoints.Config(ctx, f.Endpoint.Config)
	if err != nil {
		return lacks(f, err)
	}
	f.Config = preflight.Config{Async: c.Async, Variants: variants(c.Variants), Shadows: variants(c.Shadows), Captures: c.Captures}
	if len(c.Variants) != 1 {
		return nil
	}
	if f.Scaling, err = s.Scaling.Read(ctx, f.Endpoint.Name, c.Variants[0].Name); err != nil || c.Variants[0].Model == "" {
		return err
	}
	if f.Model, err = s.Endpoints.Model(ctx, c.Variants[0].Model); err != nil {
		return lacks(f, err)
	}
	if f.Model.Package == "" {
		return nil
	}
	champion, err := s.Registry.Contents(ctx, f.Model.Package)
	if fault.Is(err, fault.NotFound) {
		return nil // deleted from the registry, still serving
	}
	if err == nil {
		f.Champion = &champion
	}
	return err
}

func variants(all []ConfigVariant) []preflight.Variant {
	var out []preflight.Variant
	for _, v := range all {
		out = append(out, preflight.Variant{Name: v.Name, Model: v.Model, InstanceType: v.InstanceType, Serverless: v.Serverless, Pooled: v.Pooled})
	}
	return out
}

func (s *Shifting) readAlarms(ctx context.Context, f *preflight.Facts) (err error) {
	f.Alarms, err = s.Alarms.Definitions(ctx, f.Spec.Rollout.Alarms)
	return err
}
