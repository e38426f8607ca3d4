package partial

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFailures(t *testing.T) {
	tests := []struct {
		answer string
		failed map[string]bool
		ok     bool
	}{
		{``, nil, true},
		{`null`, nil, true},
		{`{}`, map[string]bool{}, true},
		{`{"batchItemFailures":[]}`, map[string]bool{}, true},
		{`{"batchItemFailures":null}`, map[string]bool{}, true},
		{`{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}`, map[string]bool{"a": true, "b": true}, true},
		{`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"z"}]}`, nil, false},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, nil, false},
		{`{"batchItemFailures":[{"itemIdentifier":null}]}`, nil, false},
		{`{"batchItemFailures":[{"id":"a"}]}`, nil, false},
		{`{"batchItemFailures":"a"}`, nil, false},
		{`[]`, nil, false},
		{`oops`, nil, false},
	}
	for _, tt := range tests {
		failed, ok := Failures([]byte(tt.answer), []string{"a", "b", "c"})
		if diff := cmp.Diff(tt.failed, failed); diff != "" || ok != tt.ok {
			t.Errorf("%s: ok %v, want %v; failed (-want +got):\n%s", tt.answer, ok, tt.ok, diff)
		}
	}
}

func FuzzFailures(f *testing.F) {
	f.Add([]byte(`{"batchItemFailures":[{"itemIdentifier":"a"}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		failed, ok := Failures(answer, []string{"a", "b"})
		for id := range failed {
			if !ok || id != "a" && id != "b" {
				t.Fatalf("%q failed, ok %v", id, ok)
			}
		}
	})
}
