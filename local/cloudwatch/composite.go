package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sluice/local/cloudwatch/alarmrule"
	"sluice/local/cloudwatch/evaluation"
)

type putCompositeAlarmIn struct {
	AlarmName                        string   `json:"AlarmName"`
	AlarmDescription                 string   `json:"AlarmDescription"`
	AlarmRule                        string   `json:"AlarmRule"`
	ActionsEnabled                   *bool    `json:"ActionsEnabled"`
	OKActions                        []string `json:"OKActions"`
	AlarmActions                     []string `json:"AlarmActions"`
	InsufficientDataActions          []string `json:"InsufficientDataActions"`
	Tags                             []tag    `json:"Tags"`
	ActionsSuppressor                string   `json:"ActionsSuppressor"`
	ActionsSuppressorWaitPeriod      int      `json:"ActionsSuppressorWaitPeriod"`
	ActionsSuppressorExtensionPeriod int      `json:"ActionsSuppressorExtensionPeriod"`
}

func (s *Service) putCompositeAlarm(in *putCompositeAlarmIn) error {
	if in.ActionsSuppressor != "" {
		return notHere("PutCompositeAlarm", "ActionsSuppressor")
	}
	rule, err := alarmrule.Parse(in.AlarmRule)
	if err != nil {
		return invalid("AlarmRule is invalid: %v", err)
	}
	for _, ref := range rule.Children() {
		child := s.find(ref)
		if child == nil {
			return invalid("AlarmRule must not contain alarms that do not exist: %s.", ref)
		}
		if s.reaches(child, in.AlarmName) {
			return invalid("AlarmRule must not make alarm %s depend on itself.", in.AlarmName)
		}
	}
	a := &alarm{rule: rule, ruleText: in.AlarmRule}
	actions := map[string][]string{
		evaluation.OK: in.OKActions, evaluation.Alarm: in.AlarmActions, evaluation.Insufficient: in.InsufficientDataActions,
	}
	verb := "created"
	if s.alarms[in.AlarmName] != nil {
		verb = "updated"
	}
	if err := s.put(a, in.AlarmName, in.AlarmDescription, in.ActionsEnabled, actions, in.Tags); err != nil {
		return err
	}
	// The rule is evaluated at once, but after the caller has its answer.
	s.world.After(0, "evaluate composite alarm "+a.name, func() {
		if s.alarms[a.name] == a {
			s.evaluateComposite(a, fmt.Sprintf("%s was %s and its alarm rule evaluates to", a.arn(), verb), nil)
		}
	})
	return nil
}

func (s *Service) find(ref string) *alarm { return s.alarms[strings.TrimPrefix(ref, alarmPrefix)] }

// reaches reports whether a is the alarm of this name, or its rule leads there.
func (s *Service) reaches(a *alarm, name string) bool {
	if a == nil || a.name == name {
		return a != nil
	}
	return a.rule != nil && slices.ContainsFunc(a.rule.Children(), func(ref string) bool { return s.reaches(s.find(ref), name) })
}

// evaluateComposite gives a composite alarm the state of its rule. reason is why it
// looks; child is the alarm that changed, nil after creation. A child that was
// deleted counts as having insufficient data.
func (s *Service) evaluateComposite(a *alarm, reason string, child *alarm) {
	state := evaluation.OK
	if a.rule.Holds(func(ref string) string {
		if c := s.find(ref); c != nil {
			return c.state.State
		}
		return evaluation.Insufficient
	}) {
		state = evaluation.Alarm
	}
	if state == a.state.State {
		return
	}
	triggers := []*alarm{child}
	if child == nil {
		reason += " " + state
		triggers = nil
		for _, ref := range a.rule.Children() {
			if c := s.find(ref); c != nil {
				triggers = append(triggers, c)
			}
		}
	}
	s.transition(a, evaluation.Result{State: state, Reason: reason, ReasonData: triggering(triggers)})
}

func triggering(alarms []*alarm) string {
	type state struct {
		Value     string `json:"value"`
		Timestamp string `json:"timestamp"`
	}
	type trigger struct {
		ARN   string `json:"arn"`
		State state  `json:"state"`
	}
	d := struct {
		Alarms []trigger `json:"triggeringAlarms"`
	}{[]trigger{}}
	for _, a := range alarms {
		d.Alarms = append(d.Alarms, trigger{a.arn(), state{a.state.State, evaluation.Stamp(a.updated)}})
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic("cloudwatch: the names of alarms are no JSON: " + err.Error())
	}
	return string(b)
}
