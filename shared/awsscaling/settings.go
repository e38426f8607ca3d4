package awsscaling

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"sluice/shared/fault"
)

// settings are what rollout.Scaling keeps as text. Configurations are whole, under
// the names that the API gives their members.
type settings struct {
	Variant   string     `json:"variant"` // that they were read from
	Suspended suspension `json:"suspended,omitzero"`
	Policies  []policy   `json:"policies,omitempty"` // by name, as actions are
	Actions   []action   `json:"actions,omitempty"`
}

// suspension says which kinds of scaling are suspended.
type suspension struct {
	In        bool `json:"in,omitempty"`
	Out       bool `json:"out,omitempty"`
	Scheduled bool `json:"scheduled,omitempty"`
}

type policy struct {
	Name       string                                          `json:"name"`
	Type       types.PolicyType                                `json:"type"`
	Tracking   *types.TargetTrackingScalingPolicyConfiguration `json:"tracking,omitempty"`
	Step       *types.StepScalingPolicyConfiguration           `json:"step,omitempty"`
	Predictive *types.PredictiveScalingPolicyConfiguration     `json:"predictive,omitempty"`
}

// action is a scheduled action.
type action struct {
	Name     string                      `json:"name"`
	Schedule *string                     `json:"schedule,omitempty"`
	Timezone *string                     `json:"timezone,omitempty"`
	Start    *time.Time                  `json:"start,omitempty"`
	End      *time.Time                  `json:"end,omitempty"`
	Capacity *types.ScalableTargetAction `json:"capacity,omitempty"`
}

// named is what policies and scheduled actions are alike in.
type named interface{ name() string }

func (p policy) name() string { return p.Name }
func (a action) name() string { return a.Name }

func byName[T named](a, b T) int { return strings.Compare(a.name(), b.name()) }

func suspensionOf(s *types.SuspendedState) suspension {
	if s == nil {
		return suspension{}
	}
	return suspension{aws.ToBool(s.DynamicScalingInSuspended), aws.ToBool(s.DynamicScalingOutSuspended), aws.ToBool(s.ScheduledScalingSuspended)}
}

// read reads the text of settings; "" is none at all.
func read(text string) (settings, error) {
	var s settings
	if text == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fault.Invalid.Errorf("reading the settings of an autoscaling: %w", err)
	}
	return s, nil
}

func (s settings) text() (string, error) {
	text, err := brief(s)
	if err != nil {
		return "", fault.Internal.Errorf("writing the settings of an autoscaling: %w", err)
	}
	return text, nil
}

// on are the settings for another variant of the endpoint: policies that track a
// metric of the variant that they were read from track its own. It changes s.
func (s settings) on(t target) settings {
	for _, p := range s.Policies {
		if p.Tracking == nil || p.Tracking.CustomizedMetricSpecification == nil {
			continue // a predefined metric is always of the variant that has the policy
		}
		aim(p.Tracking.CustomizedMetricSpecification.Dimensions, s.Variant, t)
		for _, m := range p.Tracking.CustomizedMetricSpecification.Metrics {
			if m.MetricStat != nil && m.MetricStat.Metric != nil {
				aim(m.MetricStat.Metric.Dimensions, s.Variant, t)
			}
		}
	}
	s.Variant = t.variant
	return s
}

// aim points the dimensions of a metric of one variant at another. The variant of
// another endpoint is another one, whatever its name.
func aim[D types.MetricDimension | types.TargetTrackingMetricDimension](dims []D, from string, to target) {
	for _, d := range dims {
		if d := types.MetricDimension(d); aws.ToString(d.Name) == "EndpointName" && aws.ToString(d.Value) != to.endpoint {
			return
		}
	}
	for i := range dims {
		if d := types.MetricDimension(dims[i]); aws.ToString(d.Name) == "VariantName" && aws.ToString(d.Value) == from {
			d.Value = &to.variant
			dims[i] = D(d)
		}
	}
}

// hold reports whether all of want is there, and if only, nothing else.
func (s settings) hold(want settings, only bool) bool {
	for _, p := range want.Policies {
		if !has(s.Policies, p) {
			return false
		}
	}
	for _, a := range want.Actions {
		if !has(s.Actions, a) {
			return false
		}
	}
	return !only || len(s.Policies) == len(want.Policies) && len(s.Actions) == len(want.Actions)
}

// has reports whether one of all says the same as x.
func has[T any](all []T, x T) bool {
	want, err := brief(x)
	return err == nil && slices.ContainsFunc(all, func(y T) bool {
		got, err := brief(y)
		return err == nil && got == want
	})
}

func called[T named](all []T, name string) bool {
	return slices.ContainsFunc(all, func(x T) bool { return x.name() == name })
}

// brief is v in JSON without what is null or empty: the SDK's structs have members
// for everything, and whether a list is empty or missing means nothing.
func brief(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return "", err
	}
	raw, err = json.Marshal(pruned(tree))
	return string(raw), err
}

// pruned is a JSON value without members that are null or empty.
func pruned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if v[name] = pruned(member); v[name] == nil || v[name] == "" {
				delete(v, name)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = pruned(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	}
	return v
}
