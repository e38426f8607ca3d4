package autoscaling

import (
	"encoding/json"
	"slices"

	"sluice/local/wire"
)

// policy is a scaling policy. Its configuration is kept as it came.
type policy struct {
	hanging
	kind          string
	configuration json.RawMessage
	tracking      *tracking // nil unless it is target tracking
}

// The kinds of policies, which are members PolicyType.
const (
	targetTracking = "TargetTrackingScaling"
	stepScaling    = "StepScaling"
	predictive     = "PredictiveScaling"
)

// configurations are the members of a policy that belong to its kind.
type configurations struct {
	TargetTracking json.RawMessage `json:"TargetTrackingScalingPolicyConfiguration,omitempty"`
	Step           json.RawMessage `json:"StepScalingPolicyConfiguration,omitempty"`
}

type putPolicyIn struct {
	key
	configurations
	PolicyName string          `json:"PolicyName"`
	PolicyType string          `json:"PolicyType"`
	Predictive json.RawMessage `json:"PredictiveScalingPolicyConfiguration"`
}

type putPolicyOut struct {
	PolicyARN string     `json:"PolicyARN"`
	Alarms    []struct{} `json:"Alarms"`
}

type deletePolicyIn struct {
	key
	PolicyName string `json:"PolicyName"`
}

type describePoliciesIn struct {
	key
	pageIn
	PolicyNames []string `json:"PolicyNames"`
}

type describePoliciesOut struct {
	ScalingPolicies []scalingPolicy `json:"ScalingPolicies"`
	NextToken       string          `json:"NextToken,omitempty"`
}

type scalingPolicy struct {
	key
	configurations
	PolicyARN    string     `json:"PolicyARN"`
	PolicyName   string     `json:"PolicyName"`
	PolicyType   string     `json:"PolicyType"`
	CreationTime *wire.Time `json:"CreationTime"`
	Alarms       []struct{} `json:"Alarms"`
}

func (s *Service) handlePolicies(svc *wire.Service) {
	wire.Handle(svc, "PutScalingPolicy", may[putPolicyIn]("PutScalingPolicy"), s.putPolicy)
	wire.Handle(svc, "DescribeScalingPolicies", mayList[describePoliciesIn]("DescribeScalingPolicies"), s.describePolicies)
	wire.Handle(svc, "DeleteScalingPolicy", may[deletePolicyIn]("DeleteScalingPolicy"), s.deletePolicy)
}

// putPolicy makes a policy, or replaces the configuration of one that exists.
func (s *Service) putPolicy(_ *wire.Call, in *putPolicyIn) (*putPolicyOut, error) {
	t, err := s.target(in.key)
	if err != nil {
		return nil, err
	}
	if err := checkName("policyName", in.PolicyName); err != nil {
		return nil, err
	}
	next := policy{kind: in.PolicyType}
	if err := in.configure(&next); err != nil {
		return nil, err
	}
	p, known := called(t.policies, in.PolicyName)
	for _, other := range t.policies {
		if other != p && other.tracking.same(next.tracking) {
			return nil, invalid("Only one TargetTrackingScaling policy for a given metric specification is allowed.")
		}
	}
	if !known {
		p = &policy{hanging: s.hang(in.key, "scalingPolicy", "policyName", in.PolicyName)}
		t.policies = append(t.policies, p)
	}
	next.hanging = p.hanging
	*p = next
	return &putPolicyOut{PolicyARN: p.arn, Alarms: []struct{}{}}, nil
}

// configure gives p the configuration of its kind, and refuses what is none.
func (in *putPolicyIn) configure(p *policy) error {
	var err error
	switch {
	case p.kind == predictive || in.Predictive != nil:
		return notImplemented("PutScalingPolicy of PolicyType %s", predictive)
	case p.kind == targetTracking && in.TargetTracking != nil && in.Step == nil:
		p.configuration = in.TargetTracking
		p.tracking, err = readTracking(in.TargetTracking)
	case p.kind == stepScaling && in.Step != nil && in.TargetTracking == nil:
		p.configuration = in.Step
		err = checkSteps(in.Step)
	default:
		return invalid("PolicyType %q needs the configuration of its kind, and no other: it is %s or %s.", p.kind, targetTracking, stepScaling)
	}
	return err
}

func (s *Service) describePolicies(_ *wire.Call, in *describePoliciesIn) (*describePoliciesOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	out := &describePoliciesOut{ScalingPolicies: []scalingPolicy{}}
	for _, t := range s.targets {
		for _, p := range t.policies {
			if in.matches(t.key) && (len(in.PolicyNames) == 0 || slices.Contains(in.PolicyNames, p.name)) {
				out.ScalingPolicies = append(out.ScalingPolicies, p.shown(t.key))
			}
		}
	}
	var err error
	out.ScalingPolicies, out.NextToken, err = cut(out.ScalingPolicies, in.pageIn, 10)
	return out, err
}

func (p *policy) shown(k key) scalingPolicy {
	out := scalingPolicy{key: k, PolicyARN: p.arn, PolicyName: p.name, PolicyType: p.kind, CreationTime: wire.At(p.created), Alarms: []struct{}{}}
	if p.kind == targetTracking {
		out.TargetTracking = p.configuration
	} else {
		out.Step = p.configuration
	}
	return out
}

func (s *Service) deletePolicy(_ *wire.Call, in *deletePolicyIn) (*empty, error) {
	t, err := s.target(in.key)
	if err != nil {
		return nil, err
	}
	p, known := called(t.policies, in.PolicyName)
	if !known {
		return nil, notFound("No scaling policy found for service namespace: %s, resource ID: %s, scalable dimension: %s, policy name: %s", in.ServiceNamespace, in.ResourceID, in.ScalableDimension, in.PolicyName)
	}
	t.policies = slices.DeleteFunc(t.policies, func(o *policy) bool { return o == p })
	return &empty{}, nil
}

// checkSteps refuses a StepScalingPolicyConfiguration that breaks a rule of the API
// reference. It is not read any further: step scaling never acts here.
func checkSteps(raw json.RawMessage) error {
	const at = "stepScalingPolicyConfiguration."
	var c struct {
		AdjustmentType  string `json:"AdjustmentType"`
		StepAdjustments []struct {
			Lower      *float64 `json:"MetricIntervalLowerBound"`
			Upper      *float64 `json:"MetricIntervalUpperBound"`
			Adjustment *int     `json:"ScalingAdjustment"`
		} `json:"StepAdjustments"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return invalid("StepScalingPolicyConfiguration cannot be read: %v", err)
	}
	switch c.AdjustmentType {
	case "ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity":
	case "":
		return missing(at + "adjustmentType")
	default:
		return constraint(c.AdjustmentType, at+"adjustmentType", "Member must satisfy enum value set: [PercentChangeInCapacity, ChangeInCapacity, ExactCapacity]")
	}
	if len(c.StepAdjustments) == 0 {
		return invalid("At least one step adjustment must be specified.")
	}
	for _, s := range c.StepAdjustments {
		switch {
		case s.Adjustment == nil:
			return missing(at + "stepAdjustments.member.scalingAdjustment")
		case s.Lower == nil && s.Upper == nil:
			return invalid("The upper and lower bound can't be null in the same step adjustment.")
		case s.Lower != nil && s.Upper != nil && *s.Upper <= *s.Lower:
			return invalid("The upper bound of a step adjustment must be greater than its lower bound.")
		}
	}
	return nil
}
