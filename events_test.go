package sluice_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	cf "sluice/local/cloudformation"

	"sluice/local/events/pattern"
)

// samples are the events in events/, by file.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, name := range files {
		if all[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) == 0 {
		t.Error("events/ has no samples; people invoke functions with them")
	}
	return all
}

func TestSampleEventsParse(t *testing.T) {
	all := samples(t)
	for _, name := range keys(all) {
		var event map[string]json.RawMessage
		d := json.NewDecoder(bytes.NewReader(all[name]))
		if err := d.Decode(&event); err != nil {
			t.Errorf("%s is no JSON object: %v", name, err)
		} else if d.More() {
			t.Errorf("%s has something behind its JSON object", name)
		}
	}
}

// A rule without a sample is a rule that nobody has seen match.
func TestEveryRuleHasASampleEvent(t *testing.T) {
	all := samples(t)
	for _, r := range resources[cf.RuleSpec](t) {
		if r.EventPattern == nil {
			continue // a schedule
		}
		p, err := pattern.Compile(string(r.EventPattern))
		if err != nil {
			t.Errorf("template.yaml: the pattern of %s: %v", r.LogicalID, err)
			continue
		}
		found := false
		for _, name := range keys(all) {
			e, err := pattern.Take(all[name])
			found = found || err == nil && p.Match(e)
		}
		if !found {
			t.Errorf("events/ has no sample that rule %s matches: %s", r.LogicalID, r.EventPattern)
		}
	}
}
