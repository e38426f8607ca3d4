package dynamodb

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

type call = wire.Call

// named is the TableName member.
type named struct{ TableName string }

func (n *named) table() string { return n.TableName }

func required(member string) *wire.Error {
	return invalid("The parameter '%s' is required but was not present in the request", member)
}

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

func checkTableName(name string) error {
	switch name = tableName(name); {
	case name == "":
		return required("TableName")
	case len(name) < 3 || len(name) > 255:
		return invalid("TableName must be at least 3 characters long and at most 255 characters long")
	case !namePattern.MatchString(name):
		return invalid("1 validation error detected: Value '%s' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", name)
	}
	return nil
}

// oneOf refuses a value that the API does not know. "" is a member that was not given.
func oneOf(member, value string, allowed ...string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return invalid("1 validation error detected: Value '%s' at '%s%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
		value, strings.ToLower(member[:1]), member[1:], strings.Join(allowed, ", "))
}

func checkCapacityMember(value string) error {
	return oneOf("ReturnConsumedCapacity", value, "INDEXES", "TOTAL", "NONE")
}

// legacy are the parameters that expressions have replaced. Local AWS has none.
type legacy struct {
	AttributesToGet     json.RawMessage
	AttributeUpdates    json.RawMessage
	ConditionalOperator json.RawMessage
	Expected            json.RawMessage
	KeyConditions       json.RawMessage
	QueryFilter         json.RawMessage
	ScanFilter          json.RawMessage
}

func (l *legacy) refuse() error {
	for _, m := range []struct {
		name  string
		given json.RawMessage
	}{
		{"AttributesToGet", l.AttributesToGet}, {"AttributeUpdates", l.AttributeUpdates}, {"ConditionalOperator", l.ConditionalOperator},
		{"Expected", l.Expected}, {"KeyConditions", l.KeyConditions}, {"QueryFilter", l.QueryFilter}, {"ScanFilter", l.ScanFilter},
	} {
		if len(m.given) > 0 && string(m.given) != "null" {
			return notImplemented("the parameter " + m.name + " (use expressions)")
		}
	}
	return nil
}

func notImplemented(what string) *wire.Error {
	return &wire.Error{Code: "NotImplemented", Message: "local DynamoDB does not implement " + what, Status: 501}
}

// placeholders are the names and values of expressions.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues Item
}

// expression is one expression parameter, as far as it was given.
type expression struct {
	use  expr.Use
	text *string
}

// resolve checks names and values against the expressions that were given.
func (p *placeholders) resolve(expressions ...expression) (*expr.Placeholders, error) {
	any, values := false, false
	var uses []string
	for _, e := range expressions {
		any = any || e.text != nil
		if e.use != expr.ProjectionExpression {
			values = values || e.text != nil
			uses = append(uses, string(e.use))
		}
	}
	if p.ExpressionAttributeNames != nil && !any {
		return nil, invalid("ExpressionAttributeNames can only be specified when using expressions")
	}
	if p.ExpressionAttributeValues != nil && !values {
		verb := " is null"
		if len(uses) > 1 {
			verb = " are null"
		}
		return nil, invalid("ExpressionAttributeValues can only be specified when using expressions: %s%s", strings.Join(uses, " and "), verb)
	}
	return expr.NewPlaceholders(p.ExpressionAttributeNames, p.ExpressionAttributeValues)
}

// scalarOnly refuses expressions that look inside key attributes.
func (t *table) scalarOnly(mentions ...func(name string) (at, inside bool)) error {
	for _, m := range mentions {
		for _, name := range t.key.names() {
			if _, inside := m(name); inside {
				return invalid("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: %s", name)
			}
		}
		for _, ix := range t.indexes {
			for _, name := range ix.key.names() {
				if _, inside := m(name); inside {
					return invalid("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: %s", name)
				}
			}
		}
	}
	return nil
}
