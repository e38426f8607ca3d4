package autoscaling

import (
	"cmp"
	"slices"
	"time"

	"sluice/local/wire"
)

// serviceRole is the role that scales when the caller names none.
const serviceRole = "arn:aws:iam::" + wire.Account + ":role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"

// target is a scalable target: one variant with its limits and all that hangs on it.
type target struct {
	key
	endpoint, variant string
	created           time.Time
	least, most       int
	role              string
	suspended         suspension
	policies          []*policy // in order of creation, as actions are
	actions           []*action

	limits bool    // are to be enforced: A5
	asked  *resize // until it is seen how it ended
	// The last of its own changes that came to an end: cooldowns begin there.
	scaledOut, scaledIn time.Time
}

// suspension is a SuspendedState.
type suspension struct {
	In        bool `json:"DynamicScalingInSuspended"`
	Out       bool `json:"DynamicScalingOutSuspended"`
	Scheduled bool `json:"ScheduledScalingSuspended"`
}

type registerIn struct {
	key
	MinCapacity    *int `json:"MinCapacity"`
	MaxCapacity    *int `json:"MaxCapacity"`
	SuspendedState *struct {
		In        *bool `json:"DynamicScalingInSuspended"`
		Out       *bool `json:"DynamicScalingOutSuspended"`
		Scheduled *bool `json:"ScheduledScalingSuspended"`
	} `json:"SuspendedState"`
	RoleARN string            `json:"RoleARN"`
	Tags    map[string]string `json:"Tags"`
}

type registerOut struct {
	ScalableTargetARN string `json:"ScalableTargetARN"`
}

type describeTargetsIn struct {
	ServiceNamespace  string   `json:"ServiceNamespace"`
	ResourceIDs       []string `json:"ResourceIds"`
	ScalableDimension string   `json:"ScalableDimension"`
	pageIn
}

type describeTargetsOut struct {
	ScalableTargets []scalableTarget `json:"ScalableTargets"`
	NextToken       string           `json:"NextToken,omitempty"`
}

type scalableTarget struct {
	key
	ScalableTargetARN string     `json:"ScalableTargetARN"`
	MinCapacity       int        `json:"MinCapacity"`
	MaxCapacity       int        `json:"MaxCapacity"`
	RoleARN           string     `json:"RoleARN"`
	CreationTime      *wire.Time `json:"CreationTime"`
	SuspendedState    suspension `json:"SuspendedState"`
}

func (s *Service) handleTargets(svc *wire.Service) {
	wire.Handle(svc, "RegisterScalableTarget", func(in *registerIn) []wire.Access {
		need := []wire.Access{in.access("RegisterScalableTarget")}
		if in.RoleARN != "" {
			need = append(need, wire.Access{Action: "iam:PassRole", Resource: in.RoleARN,
				Conditions: map[string][]string{"iam:PassedToService": {"application-autoscaling.amazonaws.com"}}})
		}
		return need
	}, s.register)
	wire.Handle(svc, "DeregisterScalableTarget", may[key]("DeregisterScalableTarget"), s.deregister)
	wire.Handle(svc, "DescribeScalableTargets", mayList[describeTargetsIn]("DescribeScalableTargets"), s.describeTargets)
}

// register makes a target, or changes what is given of one that exists. Source: the
// API reference; what is refused has the codes of the API model.
func (s *Service) register(_ *wire.Call, in *registerIn) (*registerOut, error) {
	endpoint, variant, err := in.names()
	if err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 {
		return nil, notImplemented("RegisterScalableTarget with Tags")
	}
	v, ok := s.out.Variant(endpoint, variant)
	if !ok {
		return nil, invalid("Variant %s of endpoint %s does not exist, or does not run on instances: its endpoint must have been created.", variant, endpoint)
	}
	t, known := find(s.targets, in.key)
	if !known {
		if in.MinCapacity == nil || in.MaxCapacity == nil {
			return nil, invalid("MinCapacity and MaxCapacity are required to register a new scalable target.")
		}
		t = &target{key: in.key, endpoint: endpoint, variant: variant, created: s.w.Now(), role: serviceRole}
	}
	next := *t
	if err := in.apply(&next); err != nil {
		return nil, err
	}
	next.limits = t.limits || v.InService // the capacity of what is not active is left alone
	*t = next
	if !known {
		s.targets = append(s.targets, t)
		s.tick()
	}
	return &registerOut{t.arn()}, nil
}

// apply changes t to what is given.
func (in *registerIn) apply(t *target) error {
	set(&t.least, in.MinCapacity)
	set(&t.most, in.MaxCapacity)
	t.role = cmp.Or(in.RoleARN, t.role)
	if to := in.SuspendedState; to != nil {
		set(&t.suspended.In, to.In)
		set(&t.suspended.Out, to.Out)
		set(&t.suspended.Scheduled, to.Scheduled)
	}
	switch {
	case t.least < 0:
		return constraint(t.least, "minCapacity", "Member must have value greater than or equal to 0")
	case t.most < t.least:
		return invalid("Maximum capacity cannot be less than minimum capacity. Minimum capacity is %d and maximum capacity is %d.", t.least, t.most)
	case t.most == 0:
		return notImplemented("scaling to no instance at all: MaxCapacity 0")
	}
	return nil
}

func set[T any](member, given *T) {
	if given != nil {
		*member = *given
	}
}

// deregister takes a target away, with its policies and scheduled actions.
func (s *Service) deregister(_ *wire.Call, in *key) (*empty, error) {
	t, err := s.target(*in)
	if err != nil {
		return nil, err
	}
	s.targets = slices.DeleteFunc(s.targets, func(o *target) bool { return o == t })
	return &empty{}, nil
}

func (s *Service) describeTargets(_ *wire.Call, in *describeTargetsIn) (*describeTargetsOut, error) {
	ids := in.ResourceIDs
	if len(ids) == 0 {
		ids = []string{""}
	}
	for _, id := range ids {
		if err := (key{in.ServiceNamespace, id, in.ScalableDimension}).check(); err != nil {
			return nil, err
		}
	}
	out := &describeTargetsOut{ScalableTargets: []scalableTarget{}}
	for _, t := range s.seen() {
		if len(in.ResourceIDs) == 0 || slices.Contains(in.ResourceIDs, t.ResourceID) {
			out.ScalableTargets = append(out.ScalableTargets, scalableTarget{t.key, t.arn(), t.least, t.most, t.role, wire.At(t.created), t.suspended})
		}
	}
	var err error
	out.ScalableTargets, out.NextToken, err = cut(out.ScalableTargets, in.pageIn, 50)
	return out, err
}

// seen are the targets that calls find: see Knobs.Lag. Source: RegisterScalableTarget
// in the API reference, on eventual consistency.
func (s *Service) seen() []*target {
	return slices.DeleteFunc(slices.Clone(s.targets), func(t *target) bool { return s.w.Now().Before(t.created.Add(s.Lag)) })
}

func find(among []*target, k key) (*target, bool) {
	for _, t := range among {
		if t.key == k {
			return t, true
		}
	}
	return nil, false
}

// target finds what must be there.
func (s *Service) target(k key) (*target, error) {
	if _, _, err := k.names(); err != nil {
		return nil, err
	}
	if t, ok := find(s.seen(), k); ok {
		return t, nil
	}
	return nil, notFound("No scalable target registered for service namespace: %s, resource ID: %s, scalable dimension: %s", k.ServiceNamespace, k.ResourceID, k.ScalableDimension)
}
