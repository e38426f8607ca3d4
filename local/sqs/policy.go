package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sluice/local/wire"
)

// Principal is who sends a message past the API: an AWS service, acting for one
// resource. The zero Principal is the account itself, which needs no policy.
type Principal struct {
	Service   string // such as events.amazonaws.com
	SourceARN string // such as the ARN of a rule
}

// policy is a queue policy, as far as it speaks of services.
type policy struct {
	Statement oneOrMore[statement] `json:"Statement"`
}

type statement struct {
	Effect       string                                  `json:"Effect"`
	Principal    principals                              `json:"Principal"`
	Action       oneOrMore[string]                       `json:"Action"`
	Resource     oneOrMore[string]                       `json:"Resource"`
	NotPrincipal json.RawMessage                         `json:"NotPrincipal"`
	NotAction    json.RawMessage                         `json:"NotAction"`
	NotResource  json.RawMessage                         `json:"NotResource"`
	Condition    map[string]map[string]oneOrMore[string] `json:"Condition"`
}

// oneOrMore is a member that may be one value or several.
type oneOrMore[T any] []T

// UnmarshalJSON reads one value or an array of them.
func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = oneOrMore[T]{one}
	return nil
}

// principals is "*" or lists by kind.
type principals struct {
	all      bool
	services []string
}

// UnmarshalJSON reads "*" or an object of AWS, Service and Federated.
func (p *principals) UnmarshalJSON(b []byte) error {
	if string(b) == `"*"` {
		p.all = true
		return nil
	}
	var by map[string]oneOrMore[string]
	if err := json.Unmarshal(b, &by); err != nil {
		return err
	}
	p.services = by["Service"]
	for _, id := range by["AWS"] {
		p.all = p.all || id == "*"
	}
	return nil
}

func parsePolicy(text string) (*policy, error) {
	p := &policy{}
	if err := json.Unmarshal([]byte(text), p); err != nil {
		return nil, err
	}
	if len(p.Statement) == 0 {
		return nil, errors.New("a policy needs a statement")
	}
	for _, st := range p.Statement {
		if st.Effect != "Allow" && st.Effect != "Deny" {
			return nil, fmt.Errorf("effect %q is neither Allow nor Deny", st.Effect)
		}
		if st.NotPrincipal != nil || st.NotAction != nil || st.NotResource != nil {
			return nil, errors.New("local AWS does not implement NotPrincipal, NotAction and NotResource in queue policies")
		}
		for op := range st.Condition {
			if conditionOperators[op] == nil {
				return nil, fmt.Errorf("local AWS does not implement the condition operator %s in queue policies", op)
			}
		}
	}
	return p, nil
}

// conditionOperators are those that queue policies for services use.
var conditionOperators = map[string]func(have, want string) bool{
	"ArnEquals":            wildcard, // ArnEquals and ArnLike are the same, says the IAM reference
	"ArnLike":              wildcard,
	"StringEquals":         func(have, want string) bool { return have == want },
	"StringLike":           wildcard,
	"StringEqualsIfExists": func(have, want string) bool { return have == "" || have == want },
}

// maySend decides whether from may send to q. A service needs an Allow in the
// queue's policy and no Deny; identity policies do not speak for it.
func (q *queue) maySend(from Principal) error {
	if from.Service == "" {
		return nil
	}
	allowed, denied := false, false
	if q.policy != nil {
		for _, st := range q.policy.Statement {
			if st.covers(q.arn, from) {
				allowed = allowed || st.Effect == "Allow"
				denied = denied || st.Effect == "Deny"
			}
		}
	}
	if allowed && !denied {
		return nil
	}
	return &wire.Error{Code: "AccessDenied", Status: 403, Message: fmt.Sprintf(
		"%s acting for %s is not authorized to perform: sqs:SendMessage on resource: %s because no queue policy allows it", from.Service, from.SourceARN, q.arn)}
}

func (st statement) covers(arn string, from Principal) bool {
	who := st.Principal.all
	for _, s := range st.Principal.services {
		who = who || s == from.Service || s == "*"
	}
	does, to := false, false
	for _, a := range st.Action {
		does = does || wildcard("sqs:sendmessage", strings.ToLower(a))
	}
	for _, r := range st.Resource {
		to = to || wildcard(arn, r)
	}
	if !who || !does || !to {
		return false
	}
	have := map[string]string{
		"aws:sourcearn": from.SourceARN, "aws:sourceaccount": wire.Account,
		"aws:principalservicename": from.Service, "aws:principalisawsservice": "true",
	}
	for op, keys := range st.Condition {
		for key, wants := range keys {
			any := false
			for _, want := range wants {
				any = any || conditionOperators[op](have[strings.ToLower(key)], want)
			}
			if !any {
				return false
			}
		}
	}
	return true
}

// wildcard matches IAM's * and ?.
func wildcard(s, pattern string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			for i := 0; i <= len(s); i++ {
				if wildcard(s[i:], pattern[1:]) {
					return true
				}
			}
			return false
		case s == "" || pattern[0] != '?' && pattern[0] != s[0]:
			return false
		}
		s, pattern = s[1:], pattern[1:]
	}
	return s == ""
}
