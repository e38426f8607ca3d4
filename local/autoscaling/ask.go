package autoscaling

import (
	"encoding/json"
	"slices"
	"time"
)

// Tracking is a variant kept at so many invocations a minute for each of its instances.
type Tracking struct {
	Least, Most             int           // instances
	Invocations             float64       // a minute, for each instance
	InCooldown, OutCooldown time.Duration // 0 is none
}

// Track registers a variant and gives it the policy "invocations", as its owner had
// done before the story begins. It fails where the API refuses.
func (s *Service) Track(endpoint, variant string, t Tracking) error {
	k := of(endpoint, variant)
	if _, err := s.register(nil, &registerIn{key: k, MinCapacity: &t.Least, MaxCapacity: &t.Most}); err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]any{
		"TargetValue": t.Invocations, "PredefinedMetricSpecification": map[string]string{"PredefinedMetricType": invocations},
		"ScaleInCooldown": int(t.InCooldown.Seconds()), "ScaleOutCooldown": int(t.OutCooldown.Seconds()),
	})
	if err != nil {
		return err
	}
	_, err = s.putPolicy(nil, &putPolicyIn{key: k, PolicyName: "invocations", PolicyType: targetTracking, configurations: configurations{TargetTracking: raw}})
	return err
}

// Scaled are the variants of an endpoint that are scalable targets, in order of
// registration.
func (s *Service) Scaled(endpoint string) []string {
	var out []string
	for _, t := range s.targets {
		if t.endpoint == endpoint {
			out = append(out, t.variant)
		}
	}
	return out
}

// Deregister ends the scaling of all variants of an endpoint, as its deletion does.
func (s *Service) Deregister(endpoint string) {
	s.targets = slices.DeleteFunc(s.targets, func(t *target) bool { return t.endpoint == endpoint })
}
