package cloudwatch

import (
	"maps"
	"slices"
	"strings"

	"sluice/local/cloudwatch/evaluation"
	"sluice/local/wire"
)

type nothing struct{}

type alarmNamesIn struct {
	AlarmNames []string `json:"AlarmNames"`
}

type setAlarmStateIn struct {
	AlarmName       string `json:"AlarmName"`
	StateValue      string `json:"StateValue"`
	StateReason     string `json:"StateReason"`
	StateReasonData string `json:"StateReasonData"`
}

type tagIn struct {
	ResourceARN string   `json:"ResourceARN"`
	Tags        []tag    `json:"Tags"`
	TagKeys     []string `json:"TagKeys"`
}

type tagsOut struct {
	Tags []tag `json:"Tags"`
}

func (s *Service) handleAlarms(svc *wire.Service) {
	wire.Handle(svc, "PutMetricAlarm", func(in *putMetricAlarmIn) []wire.Access { return mayAlarms("PutMetricAlarm", in.AlarmName) },
		func(_ *wire.Call, in *putMetricAlarmIn) (*nothing, error) { return &nothing{}, s.putMetricAlarm(in) })
	wire.Handle(svc, "PutCompositeAlarm", func(in *putCompositeAlarmIn) []wire.Access { return mayAlarms("PutCompositeAlarm", in.AlarmName) },
		func(_ *wire.Call, in *putCompositeAlarmIn) (*nothing, error) {
			return &nothing{}, s.putCompositeAlarm(in)
		})
	wire.Handle(svc, "DescribeAlarms", func(in *describeAlarmsIn) []wire.Access {
		if slices.Contains(in.AlarmTypes, compositeAlarms) {
			return may("DescribeAlarms")
		}
		return mayAlarms("DescribeAlarms", "*")
	}, func(_ *wire.Call, in *describeAlarmsIn) (*describeAlarmsOut, error) { return s.describeAlarms(in) })
	wire.Handle(svc, "DescribeAlarmsForMetric", func(*alarmsForMetricIn) []wire.Access { return may("DescribeAlarmsForMetric") },
		func(_ *wire.Call, in *alarmsForMetricIn) (*alarmsForMetricOut, error) {
			return s.describeAlarmsForMetric(in)
		})
	wire.Handle(svc, "DescribeAlarmHistory", func(in *historyIn) []wire.Access {
		if in.AlarmName == "" {
			return mayAlarms("DescribeAlarmHistory", "*")
		}
		return mayAlarms("DescribeAlarmHistory", in.AlarmName)
	}, func(_ *wire.Call, in *historyIn) (*historyOut, error) { return s.describeAlarmHistory(in) })
	wire.Handle(svc, "DeleteAlarms", func(in *alarmNamesIn) []wire.Access { return mayAlarms("DeleteAlarms", in.AlarmNames...) },
		func(_ *wire.Call, in *alarmNamesIn) (*nothing, error) {
			return &nothing{}, s.deleteAlarms(in.AlarmNames)
		})
	wire.Handle(svc, "SetAlarmState", func(in *setAlarmStateIn) []wire.Access { return mayAlarms("SetAlarmState", in.AlarmName) },
		func(_ *wire.Call, in *setAlarmStateIn) (*nothing, error) { return &nothing{}, s.setAlarmState(in) })
	for name, on := range map[string]bool{"EnableAlarmActions": true, "DisableAlarmActions": false} {
		wire.Handle(svc, name, func(in *alarmNamesIn) []wire.Access { return mayAlarms(name, in.AlarmNames...) },
			func(_ *wire.Call, in *alarmNamesIn) (*nothing, error) {
				s.enable(in.AlarmNames, on)
				return &nothing{}, nil
			})
	}
	for _, name := range []string{"TagResource", "UntagResource"} {
		wire.Handle(svc, name, func(in *tagIn) []wire.Access {
			return []wire.Access{{Action: "cloudwatch:" + name, Resource: in.ResourceARN}}
		}, func(_ *wire.Call, in *tagIn) (*nothing, error) { return &nothing{}, s.tag(in) })
	}
	wire.Handle(svc, "ListTagsForResource", func(in *tagIn) []wire.Access {
		return []wire.Access{{Action: "cloudwatch:ListTagsForResource", Resource: in.ResourceARN}}
	}, func(_ *wire.Call, in *tagIn) (*tagsOut, error) { return s.listTags(in) })
}

func (s *Service) deleteAlarms(names []string) error {
	if len(names) > 100 {
		return invalid("The collection AlarmNames must not have a size greater than 100.")
	}
	// AWS deletes nothing if one name is unknown.
	for _, n := range names {
		if s.alarms[n] == nil {
			return unknownAlarm(n)
		}
	}
	for _, n := range names {
		if a := s.alarms[n]; a != nil { // a name may come twice
			s.remember(a, "ConfigurationUpdate", "Alarm \""+n+"\" deleted", map[string]any{"version": "1.0", "type": "Delete"})
			delete(s.alarms, n)
		}
	}
	return nil
}

func unknownAlarm(name string) error {
	return &wire.Error{Code: "ResourceNotFound", Message: "Unknown alarm: " + name, Status: 404}
}

// setAlarmState forces a state until the next evaluation finds another; a
// composite alarm keeps it until one of its children changes.
func (s *Service) setAlarmState(in *setAlarmStateIn) error {
	a := s.alarms[in.AlarmName]
	if a == nil {
		return unknownAlarm(in.AlarmName)
	}
	if !slices.Contains([]string{evaluation.OK, evaluation.Alarm, evaluation.Insufficient}, in.StateValue) {
		return invalid("The value %q for parameter StateValue is invalid.", in.StateValue)
	}
	if len(in.StateReason) > 1023 || len(in.StateReasonData) > 4000 {
		return invalid("StateReason has at most 1023 characters, StateReasonData 4000.")
	}
	to := evaluation.Result{State: in.StateValue, Reason: in.StateReason, ReasonData: in.StateReasonData}
	if to.State == a.state.State {
		a.state, a.updated = to, s.world.Now()
		return nil
	}
	s.transition(a, to)
	return nil
}

// enable switches actions. Names of no alarm are passed over, as in AWS.
func (s *Service) enable(names []string, on bool) {
	for _, n := range names {
		if a := s.alarms[n]; a != nil {
			a.enabled = on
		}
	}
}

func (s *Service) tag(in *tagIn) error {
	a, err := s.byARN(in.ResourceARN)
	if err != nil {
		return err
	}
	for _, t := range in.Tags {
		if t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256 {
			return badValue("A tag has a key of 1 to 128 characters and a value of at most 256.")
		}
	}
	for _, t := range in.Tags {
		a.tags[t.Key] = t.Value
	}
	for _, k := range in.TagKeys {
		delete(a.tags, k)
	}
	return nil
}

func (s *Service) listTags(in *tagIn) (*tagsOut, error) {
	a, err := s.byARN(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &tagsOut{[]tag{}}
	for _, k := range slices.Sorted(maps.Keys(a.tags)) {
		out.Tags = append(out.Tags, tag{k, a.tags[k]})
	}
	return out, nil
}

func (s *Service) byARN(arn string) (*alarm, error) {
	name, ok := strings.CutPrefix(arn, alarmPrefix)
	if a := s.alarms[name]; ok && a != nil {
		return a, nil
	}
	return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "Unknown resource: " + arn, Status: 404}
}

// State is the state of an alarm: "OK", "ALARM" or "INSUFFICIENT_DATA", "" if there
// is no such alarm.
func (s *Service) State(name string) string {
	if a := s.alarms[name]; a != nil {
		return a.state.State
	}
	return ""
}

// Alarms lists the names of all alarms, sorted.
func (s *Service) Alarms() []string { return slices.Sorted(maps.Keys(s.alarms)) }
