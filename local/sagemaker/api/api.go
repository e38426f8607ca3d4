// Package api holds what all parts of local SageMaker say in the same way: ARNs,
// rules for names, refusals, and lists in pages. It decides nothing about
// endpoints, pipelines or models; hosting, registry and pipelines call it.
package api

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"sluice/local/wire"
)

// ARN is the ARN of a SageMaker resource, such as ARN("endpoint", "churn").
// SageMaker writes names in ARNs in lower case.
func ARN(kind, name string) string {
	return "arn:aws:sagemaker:" + wire.Region + ":" + wire.Account + ":" + kind + "/" + strings.ToLower(name)
}

// Key is the form in which names are compared: SageMaker ignores case. It takes a
// bare name or an ARN of this kind.
func Key(kind, nameOrARN string) string {
	return strings.TrimPrefix(strings.ToLower(nameOrARN), ARN(kind, ""))
}

// Invalid is a ValidationException, SageMaker's answer to almost everything it
// does not like. Source: AWS.md B.1.
func Invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("ValidationException", format, args...)
}

// NotImplemented is the answer to a member that local AWS would have to ignore.
func NotImplemented(format string, args ...any) *wire.Error {
	return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement " + fmt.Sprintf(format, args...), Status: 501}
}

// Constraint is the ValidationException for one member that breaks a rule.
func Constraint(value any, member, rule string) *wire.Error {
	return Invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

// Missing is the ValidationException for a required member that is absent.
func Missing(member string) *wire.Error {
	return Constraint("null", member, "Member must not be null")
}

// name is SageMaker's pattern for most names; Go's RE2 reads it as AWS writes it.
var name = regexp.MustCompile(`^[a-zA-Z0-9](-*[a-zA-Z0-9])*$`)

// CheckName applies SageMaker's rule for names: letters, digits and hyphens, at
// most longest characters, no hyphen at the ends.
func CheckName(member, value string, longest int) error {
	if value == "" {
		return Missing(member)
	}
	if len(value) > longest {
		return Constraint(value, member, fmt.Sprintf("Member must have length less than or equal to %d", longest))
	}
	if !name.MatchString(value) {
		return Constraint(value, member, fmt.Sprintf("Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,%d}", longest-1))
	}
	return nil
}

// CheckLength applies limits on a text's length, in characters.
func CheckLength(member, value string, least, most int) error {
	n := utf8.RuneCountInString(value)
	if n < least {
		return Constraint(value, member, fmt.Sprintf("Member must have length greater than or equal to %d", least))
	}
	if n > most {
		return Constraint(value, member, fmt.Sprintf("Member must have length less than or equal to %d", most))
	}
	return nil
}

// CheckRange applies limits on a number; nil is fine.
func CheckRange(member string, value *int, least, most int) error {
	if value == nil {
		return nil
	}
	if *value < least {
		return Constraint(*value, member, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	}
	if *value > most {
		return Constraint(*value, member, fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
	return nil
}

// CheckOneOf applies an enumeration; an empty value is fine.
func CheckOneOf(member, value string, allowed ...string) error {
	if value == "" {
		return nil
	}
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return Constraint(value, member, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
}

// First returns the first error of a list of checks.
func First(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// Tag is one tag of a resource.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// CheckTags applies the limits on tags: at most 50, keys once.
func CheckTags(tags []Tag) error {
	if len(tags) > 50 {
		return Constraint(len(tags), "tags", "Member must have length less than or equal to 50")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if err := CheckLength("tags.member.key", t.Key, 1, 128); err != nil {
			return err
		}
		if seen[t.Key] {
			return Invalid("Duplicate tag key %q", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

// TagMap is tags as events carry them.
func TagMap(tags []Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
