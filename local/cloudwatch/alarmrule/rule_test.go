package alarmrule

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var states = map[string]string{"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA", "long name": "ALARM"}

func TestHolds(t *testing.T) {
	tests := []struct {
		rule string
		want bool
	}{
		{`TRUE`, true}, {`FALSE`, false}, {`NOT FALSE`, true},
		{`ALARM("a")`, true}, {`ALARM(a)`, true}, {`ALARM(b)`, false}, {`OK("b")`, true}, {`INSUFFICIENT_DATA(c)`, true},
		{`ALARM(long name)`, true}, {`ALARM("long name")`, true}, {`ALARM(unknown)`, false},
		{`ALARM(a) AND ALARM(b)`, false}, {`ALARM(a) OR ALARM(b)`, true},
		{`ALARM(b) AND ALARM(b) OR ALARM(a)`, true}, {`ALARM(b) AND (ALARM(b) OR ALARM(a))`, false},
		{`NOT ALARM(a) OR TRUE`, true}, {`NOT (ALARM(a) OR TRUE)`, false}, {"ALARM(a)\n  AND NOT NOT OK(b)", true},
	}
	for _, tt := range tests {
		r, err := Parse(tt.rule)
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		if got := r.Holds(func(a string) string { return states[a] }); got != tt.want {
			t.Errorf("%s is %v", tt.rule, got)
		}
	}
}

func TestChildren(t *testing.T) {
	r, err := Parse(`ALARM("a") OR (OK(b) AND NOT ALARM(a)) OR ALARM("arn:aws:cloudwatch:us-east-1:111122223333:alarm:c")`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "arn:aws:cloudwatch:us-east-1:111122223333:alarm:c"}, r.Children()); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	for rule, want := range map[string]string{
		``:                       "ends too early",
		`ALARM`:                  "needs the name",
		`ALARM()`:                "name of an alarm is missing",
		`ALARM("a"`:              "closing parenthesis",
		`ALARM("a) OR TRUE`:      "unexpected \"\\\"\"",
		`ALARM(a) ALARM(b)`:      "after the end",
		`alarm(a)`:               "expected ALARM",
		`ALARM(a) AND`:           "ends too early",
		`(TRUE`:                  "closing parenthesis",
		strings.Repeat("(", 300): "nested too deeply",
		strings.Repeat("TRUE OR ", 2000) + "TRUE": "at most 10240",
	} {
		if _, err := Parse(rule); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %q", rule, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`ALARM("a") AND NOT (OK(b) OR TRUE)`, `INSUFFICIENT_DATA("x\"y")`, `((`, `NOT NOT FALSE`, `ALARM( a b )`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		asked := map[string]bool{}
		for _, state := range []string{"OK", "ALARM", "INSUFFICIENT_DATA"} {
			r.Holds(func(a string) string { asked[a] = true; return state })
		}
		for _, c := range r.Children() {
			delete(asked, c)
		}
		if len(asked) > 0 {
			t.Errorf("%q asks about %v, which are not its children", s, asked)
		}
	})
}
