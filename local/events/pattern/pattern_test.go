package pattern

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vector is one pattern with events, or with the error it is refused with. The
// patterns follow the rules of the EventBridge user guide; the answers are those
// of an independent implementation, AWS's own event-ruler 1.8.1.
type vector struct {
	Name, Pattern, Error string
	Accepted             bool
	Events               []struct {
		Event string
		Match bool
	}
}

// tolerated are the vectors where we differ on purpose.
var tolerated = map[string]string{
	"number beyond the range":                   docsRange,
	"numeric below":                             docsRange,
	"numeric above":                             docsRange,
	"wrong: numeric out of range":               docsRange,
	"wrong: anything-but number out of range":   docsRange,
	"wrong: anything-but list of null":          twice,
	"wrong: anything-but empty suffix list":     twice,
	"wrong: anything-but prefix list of number": twice,
}

const (
	docsRange = "the user guide limits numbers to -5e9..5e9; event-ruler has dropped the limit"
	twice     = "event-ruler says the place of this error twice over"
)

func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			same := v.check(t)
			if why, ok := tolerated[v.Name]; ok == same {
				t.Errorf("agrees: %v, but tolerated for %q", same, why)
			}
		})
	}
}

// check reports whether we agree, and logs where not.
func (v vector) check(t *testing.T) bool {
	t.Helper()
	p, err := Compile(v.Pattern)
	got := ""
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "Event pattern is not valid. Reason: ")
	}
	if diff := cmp.Diff(v.Error, got); diff != "" {
		t.Log("pattern ", v.Pattern, diff)
		return false
	}
	same := true
	for _, e := range v.Events {
		match, err := p.MatchJSON([]byte(e.Event))
		if err != nil || match != e.Match {
			t.Logf("pattern %s, event %s: got %v (%v), want %v", v.Pattern, e.Event, match, err, e.Match)
			same = false
		}
	}
	return same
}
