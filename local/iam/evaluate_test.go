package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/local/wire"
)

const table = "arn:aws:dynamodb:us-east-1:111122223333:table/t"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func policy(t testing.TB, statements string) []Named {
	t.Helper()
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[`+statements+`]}`), Identity)
	if err != nil {
		t.Fatal(err)
	}
	return []Named{{Name: "p", Policy: p}}
}

func TestEvaluate(t *testing.T) {
	allow := func(rest string) string { return `{"Effect":"Allow",` + rest + `}` }
	deny := func(rest string) string { return `{"Effect":"Deny",` + rest + `}` }
	tests := []struct {
		name, statements, action, resource string
		want                               bool
	}{
		{"exact", allow(`"Action":"dynamodb:GetItem","Resource":"` + table + `"`), "dynamodb:GetItem", table, true},
		{"other action", allow(`"Action":"dynamodb:GetItem","Resource":"*"`), "dynamodb:PutItem", table, false},
		{"other resource", allow(`"Action":"dynamodb:*","Resource":"` + table + `"`), "dynamodb:PutItem", table + "2", false},
		{"action knows no case", allow(`"Action":"DynamoDB:getitem","Resource":"*"`), "dynamodb:GetItem", table, true},
		{"resource knows case", allow(`"Action":"*","Resource":"` + strings.ToUpper(table[:3]) + table[3:] + `"`), "", "", false},
		{"star", allow(`"Action":"dynamodb:*Item","Resource":"*"`), "dynamodb:GetItem", table, true},
		{"question mark", allow(`"Action":"dynamodb:?etItem","Resource":"*"`), "dynamodb:GetItem", table, true},
		{"star stays in its part", allow(`"Action":"*","Resource":"arn:aws:dynamodb:*:table/t"`), "dynamodb:GetItem", table, false},
		{"short arn is completed", allow(`"Action":"*","Resource":"arn:aws:dynamodb"`), "dynamodb:GetItem", table, true},
		{"arn never matches the resource *", allow(`"Action":"*","Resource":"arn:aws:*:*:*:*"`), "sagemaker:ListModels", "*", false},
		{"only * matches the resource *", allow(`"Action":"*","Resource":"*"`), "sagemaker:ListModels", "*", true},
		{"not action", allow(`"NotAction":"iam:*","Resource":"*"`), "s3:GetObject", "*", true},
		{"not action excluded", allow(`"NotAction":["iam:*"],"Resource":"*"`), "iam:GetRole", "*", false},
		{"not resource", allow(`"Action":"*","NotResource":"` + table + `"`), "dynamodb:GetItem", table, false},
		{"deny wins", allow(`"Action":"*","Resource":"*"`) + "," + deny(`"Action":"dynamodb:Delete*","Resource":"*"`), "dynamodb:DeleteItem", table, false},
		{"deny of something else", allow(`"Action":"*","Resource":"*"`) + "," + deny(`"Action":"dynamodb:Delete*","Resource":"*"`), "dynamodb:GetItem", table, true},
		{"last part may have colons", allow(`"Action":"*","Resource":"arn:aws:logs:*:*:log-group:/aws/*"`), "logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/x:*", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.action == "" {
				if _, err := Parse([]byte(`{"Statement":`+tt.statements+`}`), Identity); err == nil {
					t.Error("ARN:… was taken for an ARN")
				}
				return
			}
			if got := Evaluate(policy(t, tt.statements), wire.Access{Action: tt.action, Resource: tt.resource}); got.Allowed != tt.want {
				t.Errorf("allowed is %v, want %v", got.Allowed, tt.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		condition string
		keys      map[string][]string
		want      bool
	}{
		{`"StringEquals":{"k":"a"}`, map[string][]string{"K": {"a"}}, true},
		{`"StringEquals":{"k":["b","a"]}`, map[string][]string{"k": {"a"}}, true},
		{`"StringEquals":{"k":"a"}`, nil, false},
		{`"StringEquals":{"k":"A"}`, map[string][]string{"k": {"a"}}, false},
		{`"StringEqualsIgnoreCase":{"k":"A"}`, map[string][]string{"k": {"a"}}, true},
		{`"StringEqualsIfExists":{"k":"a"}`, nil, true},
		{`"StringEqualsIfExists":{"k":"a"}`, map[string][]string{"k": {"b"}}, false},
		{`"StringNotEquals":{"k":["a","b"]}`, map[string][]string{"k": {"c"}}, true},
		{`"StringNotEquals":{"k":["a","b"]}`, map[string][]string{"k": {"b"}}, false},
		{`"StringNotEquals":{"k":"a"}`, nil, true},
		{`"StringLike":{"k":"a*c"}`, map[string][]string{"k": {"abbc"}}, true},
		{`"StringNotLike":{"k":"a*c"}`, map[string][]string{"k": {"abbc"}}, false},
		{`"ArnEquals":{"aws:SourceArn":"arn:aws:events:*:*:rule/x"}`, map[string][]string{"aws:SourceArn": {"arn:aws:events:us-east-1:1:rule/x"}}, true},
		{`"ArnLike":{"aws:SourceArn":"arn:aws:events:*:*:rule/x"}`, map[string][]string{"aws:SourceArn": {"arn:aws:events:us-east-1:1:rule/xy"}}, false},
		{`"ArnNotEquals":{"aws:SourceArn":"arn:aws:events:*:*:rule/x"}`, map[string][]string{"aws:SourceArn": {"arn:aws:events:us-east-1:1:rule/xy"}}, true},
		{`"Bool":{"aws:SecureTransport":false}`, map[string][]string{"aws:SecureTransport": {"true"}}, false},
		{`"Bool":{"aws:SecureTransport":"true"}`, map[string][]string{"aws:SecureTransport": {"true"}}, true},
		{`"NumericLessThanEquals":{"n":10}`, map[string][]string{"n": {"10"}}, true},
		{`"NumericGreaterThan":{"n":"10"}`, map[string][]string{"n": {"10"}}, false},
		{`"NumericEquals":{"n":"10"}`, map[string][]string{"n": {"ten"}}, false},
		{`"NumericNotEquals":{"n":"10"}`, map[string][]string{"n": {"9"}}, true},
		{`"Null":{"k":"true"}`, nil, true},
		{`"Null":{"k":"false"}`, nil, false},
		{`"Null":{"k":"false"}`, map[string][]string{"k": {"x"}}, true},
		{`"ForAllValues:StringEquals":{"k":["a","b"]}`, map[string][]string{"k": {"a", "b"}}, true},
		{`"ForAllValues:StringEquals":{"k":["a","b"]}`, map[string][]string{"k": {"a", "c"}}, false},
		{`"ForAllValues:StringEquals":{"k":"a"}`, nil, true},
		{`"ForAnyValue:StringEquals":{"k":"a"}`, map[string][]string{"k": {"x", "a"}}, true},
		{`"ForAnyValue:StringEquals":{"k":"a"}`, nil, false},
		{`"ForAnyValue:StringNotEquals":{"k":"a"}`, map[string][]string{"k": {"a", "x"}}, true},
		{`"ForAllValues:StringLikeIfExists":{"k":"a*"}`, map[string][]string{"k": {"ab"}}, true},
		{`"StringEquals":{"k":"a"},"Bool":{"b":"true"}`, map[string][]string{"k": {"a"}, "b": {"false"}}, false},
		{`"StringEquals":{"k":"a","l":"b"}`, map[string][]string{"k": {"a"}, "l": {"b"}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.condition+fmt.Sprint(tt.keys), func(t *testing.T) {
			p := policy(t, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+tt.condition+`}}`)
			if got := Evaluate(p, wire.Access{Action: "a:B", Resource: "*", Conditions: tt.keys}).Allowed; got != tt.want {
				t.Errorf("allowed is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		doc  string
		kind Kind
		want string
	}{
		{`{}`, Identity, "Statement is missing"},
		{`{"Statement":[]}`, Identity, "empty"},
		{`{"Version":"2020-01-01","Statement":[]}`, Identity, "Version"},
		{`{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`, Identity, "Effect"},
		{`{"Statement":{"Effect":"Allow","Resource":"*"}}`, Identity, "Action"},
		{`{"Statement":{"Effect":"Allow","Action":"*"}}`, Identity, "Resource"},
		{`{"Statement":{"Effect":"Allow","Action":"GetItem","Resource":"*"}}`, Identity, "service:Action"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"table"}}`, Identity, "ARN"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}`, Identity, "Principal"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Resource, "Principal is missing"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotPrincipal":"*"}}`, Resource, "NotPrincipal"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Principal":"*","Resource":"*"}}`, Trust, "must not have a Resource"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Resources":"*"}}`, Identity, "Resources"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"a":"b"}}}}`, Identity, "DateLessThan is not implemented"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NullIfExists":{"a":"true"}}}}`, Identity, "Null takes neither"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"yes"}}}}`, Identity, "neither true nor false"},
		{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}}`, Identity, "${aws:username}"},
		{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"${b}"}}}}`, Identity, "${b}"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if _, err := Parse([]byte(tt.doc), tt.kind); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestResourcePolicy(t *testing.T) {
	p, err := Parse([]byte(`{"Statement":[
		{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:us-east-1:1:rule/x"}}},
		{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sqs:ReceiveMessage","Resource":"*"}]}`), Resource)
	must(t, err)
	rule := map[string][]string{"aws:SourceArn": {"arn:aws:events:us-east-1:1:rule/x"}}
	tests := []struct {
		name   string
		caller Principal
		need   wire.Access
		want   bool
	}{
		{"the rule", Principal{"Service", "events.amazonaws.com"}, wire.Access{Action: "sqs:SendMessage", Resource: "q", Conditions: rule}, true},
		{"another rule", Principal{"Service", "events.amazonaws.com"}, wire.Access{Action: "sqs:SendMessage", Resource: "q"}, false},
		{"another service", Principal{"Service", "s3.amazonaws.com"}, wire.Access{Action: "sqs:SendMessage", Resource: "q", Conditions: rule}, false},
		{"the account", Principal{"AWS", "arn:aws:iam::111122223333:role/r"}, wire.Access{Action: "sqs:ReceiveMessage", Resource: "q"}, true},
		{"another account", Principal{"AWS", "arn:aws:iam::999999999999:role/r"}, wire.Access{Action: "sqs:ReceiveMessage", Resource: "q"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := EvaluateResource(p, []Principal{tt.caller}, tt.need).Allowed; got != tt.want {
				t.Errorf("allowed is %v, want %v", got, tt.want)
			}
		})
	}
}

// drawn is a random statement over few actions, resources and keys.
func drawn(rt *rapid.T, effect, label string) Statement {
	st := Statement{Effect: effect}
	actions := rapid.SliceOfN(rapid.SampledFrom([]string{"*", "a:*", "a:Get*", "a:GetX", "b:?ut", "b:Put"}), 1, 3).Draw(rt, label+"actions")
	resources := rapid.SliceOfN(rapid.SampledFrom([]string{"*", "arn:aws:a:::x*", "arn:aws:a:::x1", "arn:aws:b"}), 1, 2).Draw(rt, label+"resources")
	if rapid.Bool().Draw(rt, label+"not") {
		st.NotActions, st.Resources = actions, resources
	} else {
		st.Actions, st.Resources = actions, resources
	}
	if rapid.Bool().Draw(rt, label+"if") {
		st.Conditions = []Condition{{Operator: "StringEquals", Key: "k", Values: []string{"v"}, IfExists: rapid.Bool().Draw(rt, label+"exists")}}
	}
	return st
}

func need(rt *rapid.T) wire.Access {
	n := wire.Access{
		Action:   rapid.SampledFrom([]string{"a:GetX", "a:GetY", "b:Put", "c:D"}).Draw(rt, "action"),
		Resource: rapid.SampledFrom([]string{"arn:aws:a:::x1", "arn:aws:a:::x2", "arn:aws:b:r:1:y", "*"}).Draw(rt, "resource"),
	}
	if rapid.Bool().Draw(rt, "key") {
		n.Conditions = map[string][]string{"K": {rapid.SampledFrom([]string{"v", "w"}).Draw(rt, "value")}}
	}
	return n
}

func statements(rt *rapid.T, label string) []Statement {
	var out []Statement
	for i := range rapid.IntRange(0, 5).Draw(rt, label) {
		out = append(out, drawn(rt, rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(rt, "effect"), fmt.Sprint(label, i)))
	}
	return out
}

func one(st ...Statement) []Named { return []Named{{Name: "p", Policy: &Policy{Statements: st}}} }

func TestDenyWins(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all, n := statements(rt, "statements"), need(rt)
		deny := drawn(rt, "Deny", "deny")
		at := rapid.IntRange(0, len(all)).Draw(rt, "at")
		if Evaluate(one(slices.Insert(slices.Clone(all), at, deny)...), n).Allowed && Evaluate(one(deny), n).Denied {
			rt.Fatal("a deny that speaks of the request did not win")
		}
	})
}

func TestAnotherAllowNeverRemovesAccess(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all, n := statements(rt, "statements"), need(rt)
		allow := drawn(rt, "Allow", "allow")
		if Evaluate(one(all...), n).Allowed && !Evaluate(one(append(all, allow)...), n).Allowed {
			rt.Fatal("an allow removed access")
		}
	})
}

func TestOrderOfStatementsIsNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all, n := statements(rt, "statements"), need(rt)
		mixed := rapid.Permutation(all).Draw(rt, "mixed")
		a, b := Evaluate(one(all...), n), Evaluate(one(mixed...), n)
		if a.Allowed != b.Allowed || a.Denied != b.Denied {
			rt.Fatal("another order of the statements decided otherwise")
		}
	})
}

// match is the plain definition that Match must agree with.
func match(p, s string) bool {
	switch {
	case p == "":
		return s == ""
	case p[0] == '*':
		return match(p[1:], s) || s != "" && match(p, s[1:])
	case s == "":
		return false
	}
	return (p[0] == '?' || p[0] == s[0]) && match(p[1:], s[1:])
}

func TestMatchIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, s := rapid.StringMatching(`[ab*?]{0,8}`).Draw(rt, "pattern"), rapid.StringMatching(`[ab]{0,8}`).Draw(rt, "text")
		if Match(p, s) != match(p, s) {
			rt.Fatalf("Match(%q, %q) is %v", p, s, Match(p, s))
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(xrayWrite), 0)
	f.Add([]byte(`{"Statement":{"Effect":"Deny","Principal":"*","NotAction":["s3:*"],"NotResource":"*","Condition":{"ForAnyValue:StringLikeIfExists":{"a":[1,true,"x"]}}}}`), 1)
	f.Fuzz(func(t *testing.T, doc []byte, kind int) {
		p, err := Parse(doc, Kind(((kind%3)+3)%3))
		if err != nil {
			return
		}
		if !json.Valid(doc) || len(p.Statements) == 0 {
			t.Fatalf("took %q", doc)
		}
		n := wire.Access{Action: "a:B", Resource: "arn:aws:a:::b", Conditions: map[string][]string{"a": {"1"}}}
		if d := evaluate([]Named{{Policy: p}}, n, []Principal{{"AWS", "x"}}); d.Allowed && d.Denied {
			t.Fatal("allowed and denied")
		}
		again, err := Parse(doc, Kind(((kind%3)+3)%3))
		if err != nil || cmp.Diff(p, again) != "" {
			t.Fatal("the same document is read in two ways")
		}
	})
}
