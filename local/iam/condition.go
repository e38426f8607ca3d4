package iam

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Condition is one test of one condition key.
type Condition struct {
	Operator string // without set prefix and IfExists, such as StringLike
	Set      string // ForAllValues, ForAnyValue or ""
	IfExists bool
	Key      string // lower case: condition keys know no case
	Values   []string
}

// operators maps an operator to the test of one value against one of the policy.
// A negated operator holds when the test of its positive form fails for every
// value of the policy.
var operators = map[string]struct {
	match   func(pattern, value string) bool
	negated bool
}{
	"StringEquals":              {match: func(p, v string) bool { return p == v }},
	"StringNotEquals":           {match: func(p, v string) bool { return p == v }, negated: true},
	"StringEqualsIgnoreCase":    {match: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {match: strings.EqualFold, negated: true},
	"StringLike":                {match: Match},
	"StringNotLike":             {match: Match, negated: true},
	"ArnEquals":                 {match: MatchARN}, // AWS: ArnEquals and ArnLike behave identically
	"ArnLike":                   {match: MatchARN},
	"ArnNotEquals":              {match: MatchARN, negated: true},
	"ArnNotLike":                {match: MatchARN, negated: true},
	"Bool":                      {match: strings.EqualFold},
	"NumericEquals":             {match: numeric(func(p, v float64) bool { return v == p })},
	"NumericNotEquals":          {match: numeric(func(p, v float64) bool { return v == p }), negated: true},
	"NumericLessThan":           {match: numeric(func(p, v float64) bool { return v < p })},
	"NumericLessThanEquals":     {match: numeric(func(p, v float64) bool { return v <= p })},
	"NumericGreaterThan":        {match: numeric(func(p, v float64) bool { return v > p })},
	"NumericGreaterThanEquals":  {match: numeric(func(p, v float64) bool { return v >= p })},
	"Null":                      {},
}

func numeric(test func(pattern, value float64) bool) func(p, v string) bool {
	return func(p, v string) bool {
		x, err1 := strconv.ParseFloat(p, 64)
		y, err2 := strconv.ParseFloat(v, 64)
		return err1 == nil && err2 == nil && test(x, y)
	}
}

func parseConditions(raw map[string]map[string]texts) ([]Condition, error) {
	var out []Condition
	for _, full := range slices.Sorted(maps.Keys(raw)) {
		c := Condition{Operator: full}
		if set, rest, ok := strings.Cut(full, ":"); ok {
			if set != "ForAllValues" && set != "ForAnyValue" {
				return nil, fmt.Errorf("condition operator %s: %s is no set operator", full, set)
			}
			c.Set, c.Operator = set, rest
		}
		c.Operator, c.IfExists = strings.CutSuffix(c.Operator, "IfExists")
		if _, ok := operators[c.Operator]; !ok {
			return nil, fmt.Errorf("condition operator %s is not implemented locally", full)
		}
		if c.Operator == "Null" && (c.IfExists || c.Set != "") {
			return nil, fmt.Errorf("condition operator %s: Null takes neither IfExists nor a set operator", full)
		}
		for _, key := range slices.Sorted(maps.Keys(raw[full])) {
			c.Key, c.Values = strings.ToLower(key), raw[full][key]
			if err := c.check(); err != nil {
				return nil, fmt.Errorf("condition %s %s: %w", full, key, err)
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func (c Condition) check() error {
	if len(c.Values) == 0 {
		return fmt.Errorf("has no values")
	}
	for _, v := range c.Values {
		switch {
		case c.Operator == "Bool" || c.Operator == "Null":
			if v != "true" && v != "false" {
				return fmt.Errorf("%q is neither true nor false", v)
			}
		case strings.HasPrefix(c.Operator, "Numeric"):
			if _, err := strconv.ParseFloat(v, 64); err != nil {
				return fmt.Errorf("%q is no number", v)
			}
		}
	}
	return nil
}

// holds reports whether the condition holds for a request's condition keys, which
// are given in lower case. A key with no values counts as absent.
func (c Condition) holds(keys map[string][]string) bool {
	values := keys[c.Key]
	op := operators[c.Operator]
	if c.Operator == "Null" {
		return slices.Contains(c.Values, strconv.FormatBool(len(values) == 0))
	}
	if len(values) == 0 {
		return c.Set == "ForAllValues" || c.Set == "" && op.negated || c.IfExists
	}
	one := func(v string) bool {
		return slices.ContainsFunc(c.Values, func(p string) bool { return op.match(p, v) }) != op.negated
	}
	all := func() bool { return !slices.ContainsFunc(values, func(v string) bool { return !one(v) }) }
	switch {
	case c.Set == "ForAllValues", c.Set == "" && op.negated:
		return all()
	default:
		return slices.ContainsFunc(values, one)
	}
}
