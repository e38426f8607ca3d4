package shifting

import (
	"context"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/rollout"
)

type attic interface {
	// ConfigUsed is an endpoint that has the config, or is being updated to it; ""
	// if there is none. since is when the config was made: no endpoint that has not
	// changed since then can have it.
	ConfigUsed(ctx context.Context, config string, since time.Time) (endpoint string, err error)
	// ModelUsed is a config that names the model; "" if there is none.
	ModelUsed(ctx context.Context, model string) (config string, err error)
	// ConfigOurs reports whether a rollout made the config. Errors: NotFound.
	ConfigOurs(ctx context.Context, config string) (bool, error)
	// ModelOurs reports whether a rollout made the model. Errors: NotFound.
	ModelOurs(ctx context.Context, model string) (bool, error)
	// DeleteConfig removes a config. That there is none is no error.
	DeleteConfig(ctx context.Context, config string) error
	// DeleteModel removes a model. That there is none is no error.
	DeleteModel(ctx context.Context, model string) error
}

// trail says who has changed an endpoint.
type trail interface {
	// Changes is who changed the endpoint since then, in words; "" if nothing is
	// known, for the trail is some minutes late.
	Changes(ctx context.Context, endpoint string, since time.Time) (string, error)
}

// Cleaned is the answer of clean-up: what was removed.
type Cleaned struct {
	Configs []string `json:"configs"`
	Models  []string `json:"models"`
}

// CleanUp is the handler of clean-up: it removes the configs and models that Sluice
// made and that nothing uses any more. SageMaker lets one delete a config in use
// (AWS.md B.6), so what the endpoint has, and what any other has, is read first. It
// runs while the rollout has the lease: no other rollout of the endpoint can begin
// to use what it removes.
func (s *Shifting) CleanUp(ctx context.Context, in Step) (Cleaned, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Cleaned{}, err
	}
	var c Cleaned
	for _, config := range r.Configs() {
		removed, err := s.cleanConfig(ctx, r, config)
		if err != nil {
			return c, err
		}
		if removed {
			c.Configs = append(c.Configs, config)
		}
	}
	for _, model := range []string{r.Candidate.Model, r.Baseline.Model} {
		removed, err := s.cleanModel(ctx, model)
		if err != nil {
			return c, err
		}
		if removed {
			c.Models = append(c.Models, model)
		}
	}
	edge.Note(ctx, "removed", len(c.Configs)+len(c.Models))
	if len(c.Configs)+len(c.Models) == 0 {
		return c, nil
	}
	return c, s.note(ctx, in, "clean", "", "removed what nothing uses: %s", strings.Join(append(c.Configs, c.Models...), ", "))
}

// cleanConfig removes a config of ours that no endpoint has.
func (s *Shifting) cleanConfig(ctx context.Context, r rollout.Record, name string) (bool, error) {
	ours, err := s.Attic.ConfigOurs(ctx, name)
	if fault.Is(err, fault.NotFound) || err == nil && !ours {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c, err := s.Endpoints.Config(ctx, name)
	if err != nil {
		return false, err
	}
	e, err := s.describe(ctx, r.Endpoint)
	if err != nil || e.Config == name || e.PendingConfig == name {
		return false, err
	}
	user, err := s.Attic.ConfigUsed(ctx, name, c.Created)
	if err != nil || user != "" {
		return false, err
	}
	return true, s.Attic.DeleteConfig(ctx, name)
}

// cleanModel removes a model of ours that no config names.
func (s *Shifting) cleanModel(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	ours, err := s.Attic.ModelOurs(ctx, name)
	if fault.Is(err, fault.NotFound) || err == nil && !ours {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	user, err := s.Attic.ModelUsed(ctx, name)
	if err != nil || user != "" {
		return false, err
	}
	return true, s.Attic.DeleteModel(ctx, name)
}
