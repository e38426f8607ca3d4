package events

import (
	"encoding/json"
	"slices"
	"strings"

	"sluice/local/wire"
)

func unmarshal(text string, into any) bool { return json.Unmarshal([]byte(text), into) == nil }

func (s *Service) registerTargets(svc *wire.Service) {
	wire.Handle(svc, "PutTargets", func(in *putTargetsInput) []wire.Access {
		need := onRule("PutTargets", in.EventBusName, in.Rule)
		for _, t := range in.Targets {
			if need[0].Conditions == nil {
				need[0].Conditions = map[string][]string{}
			}
			need[0].Conditions["events:TargetArn"] = append(need[0].Conditions["events:TargetArn"], t.Arn)
			if t.RoleArn != "" {
				need = append(need, passRole(t.RoleArn))
			}
		}
		return need
	}, s.putTargets)
	wire.Handle(svc, "RemoveTargets", func(in *removeTargetsInput) []wire.Access {
		return onRule("RemoveTargets", in.EventBusName, in.Rule)
	}, s.removeTargets)
	wire.Handle(svc, "ListTargetsByRule", func(in *listTargetsInput) []wire.Access {
		return onRule("ListTargetsByRule", in.EventBusName, in.Rule)
	}, s.listTargets)
	wire.Handle(svc, "ListRuleNamesByTarget", func(in *listNamesInput) []wire.Access {
		return onRule("ListRuleNamesByTarget", in.EventBusName, "*")
	}, s.listRuleNames)
}

type putTargetsInput struct {
	Rule, EventBusName string
	Targets            []Target
}

type failedTarget struct{ TargetId, ErrorCode, ErrorMessage string }

type targetsOutput struct {
	FailedEntryCount int
	FailedEntries    []failedTarget
}

// putTargets changes nothing unless all targets are valid.
func (s *Service) putTargets(_ *wire.Call, in *putTargetsInput) (*targetsOutput, error) {
	r, err := s.rule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 || len(in.Targets) > 100 {
		return nil, validation("1 validation error detected: Value at 'targets' failed to satisfy constraint: Member must have length between 1 and 100")
	}
	targets := slices.Clone(r.targets)
	for _, t := range in.Targets {
		if name := t.unsupported(); name != "" {
			return nil, refused("PutTargets with " + name)
		}
		if err := t.check(); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(targets, func(x Target) bool { return x.Id == t.Id }); i >= 0 {
			targets[i] = t
			continue
		}
		if len(targets) == maxTargets {
			return nil, tooMany()
		}
		targets = append(targets, t)
	}
	r.targets = targets
	return &targetsOutput{FailedEntries: []failedTarget{}}, nil
}

// PutTargets adds targets to a rule, or replaces those of the same id. Errors:
// those of the API call.
func (s *Service) PutTargets(bus, rule string, targets ...Target) error {
	_, err := s.putTargets(nil, &putTargetsInput{Rule: rule, EventBusName: bus, Targets: targets})
	return err
}

type removeTargetsInput struct {
	Rule, EventBusName string
	Ids                []string
	Force              bool
}

func (s *Service) removeTargets(_ *wire.Call, in *removeTargetsInput) (*targetsOutput, error) {
	r, err := s.rule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	if len(in.Ids) == 0 {
		return nil, validation("1 validation error detected: Value '[]' at 'ids' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	out := &targetsOutput{FailedEntries: []failedTarget{}}
	for _, id := range in.Ids {
		i := slices.IndexFunc(r.targets, func(t Target) bool { return t.Id == id })
		if i < 0 {
			out.FailedEntries = append(out.FailedEntries, failedTarget{id, "ResourceNotFoundException", "Rule " + r.name + " does not have target " + id + "."})
			continue
		}
		r.targets = slices.Delete(slices.Clone(r.targets), i, i+1)
	}
	out.FailedEntryCount = len(out.FailedEntries)
	return out, nil
}

type listTargetsInput struct {
	Rule, EventBusName, NextToken string
	Limit                         *int
}

type listTargetsOutput struct {
	Targets   []Target
	NextToken string `json:",omitempty"`
}

func (s *Service) listTargets(_ *wire.Call, in *listTargetsInput) (*listTargetsOutput, error) {
	r, err := s.rule(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	targets := slices.Clone(r.targets)
	slices.SortFunc(targets, func(a, b Target) int { return strings.Compare(a.Id, b.Id) })
	targets, next, err := page(targets, func(t Target) string { return t.Id }, in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	if targets == nil {
		targets = []Target{}
	}
	return &listTargetsOutput{targets, next}, nil
}

type listNamesInput struct {
	TargetArn, EventBusName, NextToken string
	Limit                              *int
}

type listNamesOutput struct {
	RuleNames []string
	NextToken string `json:",omitempty"`
}

func (s *Service) listRuleNames(_ *wire.Call, in *listNamesInput) (*listNamesOutput, error) {
	b, err := s.bus(in.EventBusName)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, r := range b.sorted() {
		if slices.ContainsFunc(r.targets, func(t Target) bool { return t.Arn == in.TargetArn }) {
			names = append(names, r.name)
		}
	}
	names, next, err := page(names, func(n string) string { return n }, in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &listNamesOutput{append([]string{}, names...), next}, nil
}
