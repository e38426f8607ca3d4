package alarm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/alarm"
)

// composite is a composite alarm of alarms that can ring, of mute, which never can,
// and of gone, which does not exist.
func composite(rule string) alarm.Alarm {
	can := metric("AWS/SageMaker", "Average", errors5, over, 0.1)
	a := alarm.Alarm{Name: "all", State: "OK", Rule: rule}
	for _, name := range []string{"one", "two", "three words"} {
		child := can
		child.Name = name
		a.Children = append(a.Children, child)
	}
	mute := metric("AWS/SageMaker", "Average", errors5, over, 1)
	mute.Name = "mute"
	a.Children = append(a.Children, mute, alarm.Alarm{Name: "gone"})
	return a
}

func TestRule(t *testing.T) {
	tests := []struct {
		rule  string
		names []string
		want  alarm.Chance
	}{
		{`ALARM(one)`, []string{"one"}, alarm.Usual},
		{`ALARM("mute")`, []string{"mute"}, alarm.Never},
		{`ALARM(gone)`, []string{"gone"}, alarm.Never},
		{`ALARM(not-read)`, []string{"not-read"}, alarm.Usual},
		{`ALARM(mute) OR ALARM(one)`, []string{"mute", "one"}, alarm.Usual},
		{`ALARM(mute) AND ALARM(one)`, []string{"mute", "one"}, alarm.Never},
		{`ALARM(mute) AND ALARM(one) OR ALARM(two)`, []string{"mute", "one", "two"}, alarm.Usual},
		{`ALARM(mute) AND (ALARM(one) OR ALARM(two))`, []string{"mute", "one", "two"}, alarm.Never},
		{`NOT ALARM(mute)`, []string{"mute"}, alarm.Usual},
		{`ALARM(one) AND NOT ALARM(three words)`, []string{"one", "three words"}, alarm.Usual},
		{`NOT (ALARM(mute) OR TRUE)`, []string{"mute"}, alarm.Never},
		{`NOT (ALARM(mute) AND FALSE)`, []string{"mute"}, alarm.Usual},
		{`OK(mute) OR INSUFFICIENT_DATA(mute)`, []string{"mute"}, alarm.Usual},
		{`FALSE`, nil, alarm.Never},
		{`TRUE`, nil, alarm.Usual},
		{`ALARM("arn:aws:cloudwatch:us-east-1:111122223333:alarm:mute")`, []string{"mute"}, alarm.Never},
		{`ALARM("a \"quoted\" name")`, []string{`a "quoted" name`}, alarm.Usual},
		{`ALARM(one) OR ALARM("one")`, []string{"one"}, alarm.Usual},
		{`AT_LEAST(2, ALARM, (one, mute, gone))`, []string{"one", "mute", "gone"}, alarm.Never},
		{`AT_LEAST(2, ALARM, ("one", "mute", "three words"))`, []string{"one", "mute", "three words"}, alarm.Usual},
		{`AT_LEAST(67%, ALARM, (one, two, mute))`, []string{"one", "two", "mute"}, alarm.Never},
		{`AT_LEAST("66%", ALARM, (one, two, mute))`, []string{"one", "two", "mute"}, alarm.Usual},
		{`AT_LEAST(3, NOT OK, (one, two, mute))`, []string{"one", "two", "mute"}, alarm.Usual},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			r, err := alarm.ParseRule(tt.rule)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.names, r.Names()); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			if got := composite(tt.rule).Chance(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRuleErrors(t *testing.T) {
	tests := []struct{ rule, want string }{
		{``, `unexpected ""`},
		{`ALARM`, `expected ( instead of ""`},
		{`ALARM(`, "a closing parenthesis is missing"},
		{`ALARM()`, "the name of an alarm is missing"},
		{`ALARM(a, b)`, "ALARM takes one alarm, not 2"},
		{`ALARM(a) ALARM(b)`, "unexpected ALARM after the end"},
		{`(ALARM(a)`, `expected ) instead of ""`},
		{`RINGING(a)`, `unexpected "RINGING"`},
		{`ALARM(a) AND`, `unexpected ""`},
		{`ALARM("a`, "unexpected"},
		{`AT_LEAST(some, ALARM, (a))`, `AT_LEAST takes a number, not "some"`},
		{`AT_LEAST(1 ALARM (a))`, `expected , instead of "ALARM"`},
		{strings.Repeat("NOT ", 300) + "TRUE", "nested too deeply"},
		{strings.Repeat("x", 20000), "at most 10240 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.rule[:min(len(tt.rule), 30)], func(t *testing.T) {
			if _, err := alarm.ParseRule(tt.rule); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if got := composite(tt.rule).Chance(); tt.rule != "" && got != alarm.Unknown {
				t.Errorf("a rule that cannot be read: %s", got)
			}
		})
	}
}

func TestComposites(t *testing.T) {
	place := alarm.Place{Endpoint: "churn-prod", Baseline: "AllTraffic", Candidate: "churn-v2"}
	a := composite(`ALARM(one) OR ALARM(inner)`)
	seen := query(`SELECT AVG(Invocation5XXErrors) FROM SCHEMA("AWS/SageMaker", EndpointName, VariantName) WHERE EndpointName = 'churn-prod'`, over, 0.1)
	seen.Name = "seen"
	if got, _ := a.View(place); got != alarm.SeesBaseline {
		t.Errorf("of the baseline's alarms: %s", got)
	}
	a.Children = append(a.Children, alarm.Alarm{Name: "inner", State: "OK", Rule: "ALARM(seen)", Children: []alarm.Alarm{seen, a.Children[0]}})
	if got, _ := a.View(place); got != alarm.SeesAll {
		t.Errorf("with one below that sees all: %s", got)
	}
	var leaves []string
	for _, leaf := range a.Leaves() {
		leaves = append(leaves, leaf.Name)
	}
	if diff := cmp.Diff([]string{"one", "two", "three words", "mute", "gone", "seen"}, leaves); diff != "" {
		t.Errorf("leaves (-want +got):\n%s", diff)
	}
	if got, why := (alarm.Alarm{Name: "all", State: "OK", Rule: "ALARM(gone)", Children: []alarm.Alarm{{Name: "gone"}}}).View(place); got != alarm.SeesNothing || why != "it does not exist" {
		t.Errorf("of one that does not exist: %s, %s", got, why)
	}
}

// Whatever a rule is, reading it ends, and what it names is named once.
func FuzzParseRule(f *testing.F) {
	for _, rule := range []string{`ALARM("a") AND NOT (OK(b) OR TRUE)`, `AT_LEAST(50%, NOT OK, (a, "b c"))`, `((`, `ALARM("\"")`} {
		f.Add(rule)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		r, err := alarm.ParseRule(rule)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, name := range r.Names() {
			if name == "" || seen[name] {
				t.Errorf("%q names %q, again or without a name", rule, name)
			}
			seen[name] = true
		}
		if got := (alarm.Alarm{Name: "a", State: "OK", Rule: rule}).Chance(); rule != "" && got == alarm.Unknown {
			t.Errorf("%q can be read, and its chance is unknown", rule)
		}
	})
}
