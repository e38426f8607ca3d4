package spec

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDataTriggerMatch(t *testing.T) {
	trigger := DataTrigger{Bucket: "acme", Prefix: "churn/", Suffix: ".parquet"}
	tests := []struct {
		bucket, key string
		want        bool
	}{
		{"acme", "churn/2026/a.parquet", true},
		{"acme", "churn/.parquet", true},
		{"acme", "churn/a.csv", false},
		{"acme", "other/churn/a.parquet", false},
		{"Acme", "churn/a.parquet", false},
		{"acme", "Churn/a.parquet", false},
		{"acme", "churn/a.PARQUET", false},
		{"acme", "churn%2Fa.parquet", false},
		{"acme", "", false},
	}
	for _, tt := range tests {
		if got := trigger.Match(tt.bucket, tt.key); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.bucket, tt.key, got)
		}
	}
	if (DataTrigger{Bucket: "b", Prefix: "aba", Suffix: "ab"}).Match("b", "abab") {
		t.Error("prefix and suffix may not share bytes")
	}
	if !(DataTrigger{Bucket: "b"}).Match("b", "anything") {
		t.Error("without prefix and suffix every key belongs")
	}
}

func TestDriftTriggerMatch(t *testing.T) {
	tests := []struct {
		pattern, alarm string
		want           bool
	}{
		{"churn-drift-*", "churn-drift-psi", true},
		{"churn-drift-*", "churn-drift-", true},
		{"churn-drift-*", "churn-drift", false},
		{"churn-drift", "churn-drift", true},
		{"churn-drift", "churn-drift-psi", false},
		{"*-drift-*", "churn-drift-psi", true},
		{"*drift", "drift", true},
		{"a*a", "a", false},
		{"a*b*c", "axxbxxbc", true},
		{"a*b*c", "axxc", false},
		{"a**c", "ac", true},
		{"*ab*ab", "abab", true},
		{"*ab*ab", "aab", false},
		{"churn.*", "churn-x", false},
		{"churn-[a]?", "churn-[a]?", true},
		{"Churn*", "churn", false},
	}
	for _, tt := range tests {
		if got := (DriftTrigger{Alarm: tt.pattern}).Match(tt.alarm); got != tt.want {
			t.Errorf("%q matches %q: %v", tt.pattern, tt.alarm, got)
		}
	}
}

// TestDriftMatchAsGlob compares with the standard library's glob on names without
// the signs that only a glob knows.
func TestDriftMatchAsGlob(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*]{0,8}`).Draw(t, "pattern")
		alarm := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "alarm")
		want, err := path.Match(pattern, alarm)
		if err != nil {
			t.Fatal(err)
		}
		if got := (DriftTrigger{Alarm: pattern}).Match(alarm); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, alarm, got, want)
		}
	})
}

// TestOverlap: Parse refuses two triggers exactly if some key belongs to both.
func TestOverlap(t *testing.T) {
	minimal := string(read(t, "testdata/valid/minimal.yaml"))
	part := rapid.StringMatching(`[ab]{0,2}`)
	rapid.Check(t, func(t *rapid.T) {
		var two []DataTrigger
		var text strings.Builder
		for _, name := range []string{"first", "second"} {
			tr := DataTrigger{Bucket: "abc", Prefix: part.Draw(t, name+" prefix"), Suffix: part.Draw(t, name+" suffix")}
			two = append(two, tr)
			text.WriteString("    - {bucket: abc, prefix: '" + tr.Prefix + "', suffix: '" + tr.Suffix + "'}\n")
		}
		_, err := Parse("f", []byte(minimal+"triggers:\n  data:\n"+text.String()))
		key := common(two[0], two[1])
		both := two[0].Match("abc", key) && two[1].Match("abc", key)
		if (err != nil) != both {
			t.Fatalf("%v: both match %q: %v, Parse: %v", two, key, both, err)
		}
	})
}

func TestFindTriggers(t *testing.T) {
	s, err := Parse("f", read(t, "testdata/valid/edges.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := s.DataTrigger("abc", "churn/x.csv"); !ok || got.Suffix != ".csv" {
		t.Errorf("found %v, %v", got, ok)
	}
	if got, ok := s.DataTrigger("abc", "elsewhere"); ok {
		t.Errorf("found %v", got)
	}
	if got, ok := s.DriftTrigger("psi-drift"); !ok || got.Alarm != "*-drift" {
		t.Errorf("found %v, %v", got, ok)
	}
	if got, ok := s.DriftTrigger("psi"); ok {
		t.Errorf("found %v", got)
	}
}

func TestExpand(t *testing.T) {
	p := Pipeline{Parameters: map[string]string{"A": "${manifest}?n=${manifestCount}&p=$$5", "B": "plain", "C": "$${model}"}}
	got, err := p.Expand(map[string]string{"manifest": "s3://b/${model}", "manifestCount": "3"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": "s3://b/${model}?n=3&p=$5", "B": "plain", "C": "${model}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := p.Expand(nil); err == nil {
		t.Error("a placeholder without a value is an error")
	}
	if _, err := (Pipeline{Parameters: map[string]string{"A": "$"}}).Expand(nil); err == nil {
		t.Error("a $ alone is an error")
	}
}
