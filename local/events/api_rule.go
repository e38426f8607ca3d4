package events

import (
	"strings"

	"sluice/local/events/pattern"
	"sluice/local/wire"
)

// maxRules and maxTargets are the default quotas: rules of a bus, targets of a rule.
const (
	maxRules   = 300
	maxTargets = 5
)

func (s *Service) registerRules(svc *wire.Service) {
	wire.Handle(svc, "PutRule", func(in *Rule) []wire.Access {
		need := onRule("PutRule", in.EventBusName, in.Name)
		need[0].Conditions = sourceCondition(in.EventPattern)
		if in.RoleArn != "" {
			need = append(need, passRole(in.RoleArn))
		}
		return need
	}, s.putRule)
	wire.Handle(svc, "DescribeRule", func(in *ruleInput) []wire.Access { return onRule("DescribeRule", in.EventBusName, in.Name) }, s.describeRule)
	wire.Handle(svc, "DeleteRule", func(in *ruleInput) []wire.Access { return onRule("DeleteRule", in.EventBusName, in.Name) }, s.deleteRule)
	wire.Handle(svc, "EnableRule", func(in *ruleInput) []wire.Access { return onRule("EnableRule", in.EventBusName, in.Name) }, s.enableRule)
	wire.Handle(svc, "DisableRule", func(in *ruleInput) []wire.Access { return onRule("DisableRule", in.EventBusName, in.Name) }, s.disableRule)
	wire.Handle(svc, "ListRules", func(in *listRulesInput) []wire.Access {
		return onRule("ListRules", in.EventBusName, "*")
	}, s.listRules)
}

func onRule(action, bus, name string) []wire.Access {
	return []wire.Access{{Action: "events:" + action, Resource: RuleARN(bus, name)}}
}

func passRole(role string) wire.Access {
	return wire.Access{Action: "iam:PassRole", Resource: role, Conditions: map[string][]string{"iam:PassedToService": {"events.amazonaws.com"}}}
}

// sourceCondition is what policies may say of the sources a rule listens to.
func sourceCondition(text string) map[string][]string {
	var p struct {
		Source []any `json:"source"`
	}
	if !unmarshal(text, &p) || p.Source == nil {
		return nil
	}
	c := map[string][]string{}
	for _, v := range p.Source {
		if name, ok := v.(string); ok {
			c["events:source"] = append(c["events:source"], name)
		}
	}
	return c
}

// Rule is a rule to be put. State "" means ENABLED; EventBusName "" the default bus.
type Rule struct {
	Name               string
	EventBusName       string
	EventPattern       string
	ScheduleExpression string
	State              string
	Description        string
	RoleArn            string
}

type ruleARNOutput struct{ RuleArn string }

func (s *Service) putRule(_ *wire.Call, in *Rule) (*ruleARNOutput, error) {
	arn, err := s.PutRule(*in)
	if err != nil {
		return nil, err
	}
	return &ruleARNOutput{arn}, nil
}

// PutRule makes or changes a rule; its targets stay. It answers the rule's ARN.
// Errors: ValidationException, InvalidEventPatternException,
// ResourceNotFoundException, LimitExceededException.
func (s *Service) PutRule(in Rule) (string, error) {
	b, err := s.bus(in.EventBusName)
	if err != nil {
		return "", err
	}
	if !ruleNames.MatchString(in.Name) {
		return "", validation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", in.Name)
	}
	next := rule{bus: b, name: in.Name, description: in.Description, state: in.State, role: in.RoleArn}
	switch in.State {
	case "":
		next.state = "ENABLED"
	case "ENABLED", "DISABLED":
	default:
		return "", refused("PutRule with State " + in.State)
	}
	if in.EventPattern == "" && in.ScheduleExpression == "" {
		return "", validation("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	if in.EventPattern != "" {
		if next.pattern, err = compile(in.EventPattern); err != nil {
			return "", err
		}
	}
	if in.ScheduleExpression != "" {
		if b.name != "default" {
			return "", validation("ScheduleExpression is supported only on the default event bus.")
		}
		if next.schedule, err = parseSchedule(in.ScheduleExpression); err != nil {
			return "", err
		}
	}
	r := b.rules[in.Name]
	if r == nil {
		if len(b.rules) >= maxRules {
			return "", tooMany()
		}
		r = &rule{}
		b.rules[in.Name] = r
	}
	next.targets, next.timer = r.targets, r.timer
	*r = next
	s.arm(r)
	return r.arn(), nil
}

func tooMany() error {
	return wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
}

// compile is pattern.Compile with the errors of the API.
func compile(text string) (*pattern.Pattern, error) {
	if len(text) > 4096 {
		return nil, validation("1 validation error detected: Value at 'eventPattern' failed to satisfy constraint: Member must have length less than or equal to 4096")
	}
	p, err := pattern.Compile(text)
	if err != nil {
		return nil, wire.Errorf("InvalidEventPatternException", "%v", err)
	}
	return p, nil
}

type ruleInput struct {
	Name, EventBusName string
	Force              bool
}

type ruleOutput struct {
	Name, Arn, State, EventBusName string
	EventPattern                   string `json:",omitempty"`
	ScheduleExpression             string `json:",omitempty"`
	Description                    string `json:",omitempty"`
	RoleArn                        string `json:",omitempty"`
	CreatedBy                      string `json:",omitempty"`
}

func (r *rule) show() ruleOutput {
	out := ruleOutput{Name: r.name, Arn: r.arn(), State: r.state, EventBusName: r.bus.name, Description: r.description, RoleArn: r.role}
	if r.pattern != nil {
		out.EventPattern = r.pattern.String()
	}
	if r.schedule != nil {
		out.ScheduleExpression = r.schedule.text
	}
	return out
}

func (s *Service) describeRule(_ *wire.Call, in *ruleInput) (*ruleOutput, error) {
	r, err := s.rule(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	out := r.show()
	out.CreatedBy = wire.Account
	return &out, nil
}

// deleteRule of a rule that is not there succeeds; one with targets is kept.
func (s *Service) deleteRule(_ *wire.Call, in *ruleInput) (*none, error) {
	b, err := s.bus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	if r := b.rules[in.Name]; r != nil {
		if len(r.targets) > 0 {
			return nil, validation("Rule can't be deleted since it has targets.")
		}
		r.timer.Stop()
		delete(b.rules, in.Name)
	}
	return &none{}, nil
}

func (s *Service) enableRule(_ *wire.Call, in *ruleInput) (*none, error) {
	return s.setState(in, "ENABLED")
}

func (s *Service) disableRule(_ *wire.Call, in *ruleInput) (*none, error) {
	return s.setState(in, "DISABLED")
}

func (s *Service) setState(in *ruleInput, state string) (*none, error) {
	r, err := s.rule(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	if r.state != state {
		r.state = state
		s.arm(r)
	}
	return &none{}, nil
}

type listRulesInput struct {
	NamePrefix, EventBusName, NextToken string
	Limit                               *int
}

type listRulesOutput struct {
	Rules     []ruleOutput
	NextToken string `json:",omitempty"`
}

func (s *Service) listRules(_ *wire.Call, in *listRulesInput) (*listRulesOutput, error) {
	b, err := s.bus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	var rules []*rule
	for _, r := range b.sorted() {
		if strings.HasPrefix(r.name, in.NamePrefix) {
			rules = append(rules, r)
		}
	}
	rules, next, err := page(rules, func(r *rule) string { return r.name }, in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &listRulesOutput{Rules: []ruleOutput{}, NextToken: next}
	for _, r := range rules {
		out.Rules = append(out.Rules, r.show())
	}
	return out, nil
}
