package autoscaling

import (
	"cmp"
	"slices"

	"sluice/local/wire"
)

// action is a scheduled action. It is kept, and never acts.
type action struct {
	hanging
	appointment
}

// appointment is what of a scheduled action its caller decides.
type appointment struct {
	Schedule             string      `json:"Schedule,omitempty"`
	Timezone             string      `json:"Timezone,omitempty"`
	StartTime            *wire.Time  `json:"StartTime,omitempty"`
	EndTime              *wire.Time  `json:"EndTime,omitempty"`
	ScalableTargetAction *capacities `json:"ScalableTargetAction,omitempty"`
}

type capacities struct {
	MinCapacity *int `json:"MinCapacity,omitempty"`
	MaxCapacity *int `json:"MaxCapacity,omitempty"`
}

type putActionIn struct {
	key
	appointment
	ScheduledActionName string `json:"ScheduledActionName"`
}

type deleteActionIn struct {
	key
	ScheduledActionName string `json:"ScheduledActionName"`
}

type describeActionsIn struct {
	key
	pageIn
	ScheduledActionNames []string `json:"ScheduledActionNames"`
}

type describeActionsOut struct {
	ScheduledActions []scheduledAction `json:"ScheduledActions"`
	NextToken        string            `json:"NextToken,omitempty"`
}

type scheduledAction struct {
	key
	appointment
	ScheduledActionARN  string     `json:"ScheduledActionARN"`
	ScheduledActionName string     `json:"ScheduledActionName"`
	CreationTime        *wire.Time `json:"CreationTime"`
}

func (s *Service) handleActions(svc *wire.Service) {
	wire.Handle(svc, "PutScheduledAction", may[putActionIn]("PutScheduledAction"), s.putAction)
	wire.Handle(svc, "DescribeScheduledActions", mayList[describeActionsIn]("DescribeScheduledActions"), s.describeActions)
	wire.Handle(svc, "DeleteScheduledAction", may[deleteActionIn]("DeleteScheduledAction"), s.deleteAction)
}

// putAction makes an action, or changes what is given of one that exists. Start and
// end are the exception: not given, they are deleted. Source: the API reference.
func (s *Service) putAction(_ *wire.Call, in *putActionIn) (*empty, error) {
	t, err := s.target(in.key)
	if err != nil {
		return nil, err
	}
	if err := checkName("scheduledActionName", in.ScheduledActionName); err != nil {
		return nil, err
	}
	next := in.appointment
	a, known := called(t.actions, in.ScheduledActionName)
	if known {
		next.Schedule, next.Timezone = cmp.Or(next.Schedule, a.Schedule), cmp.Or(next.Timezone, a.Timezone)
		next.ScalableTargetAction = cmp.Or(next.ScalableTargetAction, a.ScalableTargetAction)
	}
	if next.Schedule == "" || next.ScalableTargetAction == nil {
		return nil, invalid("Schedule and ScalableTargetAction are required to create a scheduled action.")
	}
	if !known {
		a = &action{hanging: s.hang(in.key, "scheduledAction", "scheduledActionName", in.ScheduledActionName)}
		t.actions = append(t.actions, a)
	}
	a.appointment = next
	return &empty{}, nil
}

func (s *Service) describeActions(_ *wire.Call, in *describeActionsIn) (*describeActionsOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	out := &describeActionsOut{ScheduledActions: []scheduledAction{}}
	for _, t := range s.targets {
		for _, a := range t.actions {
			if in.matches(t.key) && (len(in.ScheduledActionNames) == 0 || slices.Contains(in.ScheduledActionNames, a.name)) {
				out.ScheduledActions = append(out.ScheduledActions, scheduledAction{t.key, a.appointment, a.arn, a.name, wire.At(a.created)})
			}
		}
	}
	var err error
	out.ScheduledActions, out.NextToken, err = cut(out.ScheduledActions, in.pageIn, 50)
	return out, err
}

func (s *Service) deleteAction(_ *wire.Call, in *deleteActionIn) (*empty, error) {
	t, err := s.target(in.key)
	if err != nil {
		return nil, err
	}
	a, known := called(t.actions, in.ScheduledActionName)
	if !known {
		return nil, notFound("No scheduled action found for service namespace: %s, resource ID: %s, scalable dimension: %s, scheduled action name: %s", in.ServiceNamespace, in.ResourceID, in.ScalableDimension, in.ScheduledActionName)
	}
	t.actions = slices.DeleteFunc(t.actions, func(o *action) bool { return o == a })
	return &empty{}, nil
}
