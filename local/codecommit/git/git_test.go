package git

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var by = Signature{"mary", "mary@example.com", time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}

// A history of random edits reads back, at each commit, as the files that a plain map
// would hold, and any two commits differ in what those maps differ in.
func TestHistoriesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New()
		names := rapid.SampledFrom([]string{"a", "b", "dir/a", "dir/b", "dir/deep/a", "other/x"})
		ids, states, now := []string{""}, []map[string]string{{}}, map[string]string{}
		var parents []string
		for range rapid.IntRange(1, 6).Draw(t, "commits") {
			edits := map[string]Edit{}
			for range rapid.IntRange(0, 4).Draw(t, "edits") {
				name, content := names.Draw(t, "name"), rapid.SampledFrom([]string{"1", "2", "-"}).Draw(t, "content")
				edits[name] = Edit{Content: []byte(content), Delete: content == "-"}
			}
			id, err := r.Write(parents, edits, by, "m")
			if err != nil {
				t.Fatal(err)
			}
			now = maps.Clone(now)
			for name, e := range edits {
				if now[name] = string(e.Content); e.Delete {
					delete(now, name)
				}
			}
			parents = []string{id}
			ids, states = append(ids, id), append(states, now)
			files, err := r.Files(id)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for name, f := range files {
				got[name] = string(f.Content)
			}
			if diff := cmp.Diff(now, got); diff != "" {
				t.Fatalf("files of %s (-want +got):\n%s", id, diff)
			}
		}
		i, j := rapid.IntRange(0, len(ids)-1).Draw(t, "before"), rapid.IntRange(1, len(ids)-1).Draw(t, "after")
		changes, err := r.Compare(ids[i], ids[j])
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, c := range changes {
			got = append(got, fmt.Sprint(c.Kind, " ", c.Path()))
		}
		if want := differ(states[i], states[j]); !slices.Equal(got, want) {
			t.Fatalf("compared %q, want %q", got, want)
		}
	})
}

// differ lists what differs between two maps, by name.
func differ(before, after map[string]string) []string {
	all := maps.Clone(before)
	maps.Copy(all, after)
	out := []string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		old, was := before[name]
		content, is := after[name]
		switch {
		case !was:
			out = append(out, "A "+name)
		case !is:
			out = append(out, "D "+name)
		case old != content:
			out = append(out, "M "+name)
		}
	}
	return out
}

func TestAFileIsNoFolder(t *testing.T) {
	r := New()
	first, err := r.Write(nil, map[string]Edit{"a/b": {Content: []byte("1")}}, by, "m")
	if err != nil {
		t.Fatal(err)
	}
	for _, edits := range []map[string]Edit{{"a": {Content: []byte("1")}}, {"a/b/c": {Content: []byte("1")}}} {
		if _, err := r.Write([]string{first}, edits, by, "m"); !errors.Is(err, ErrConflict) {
			t.Errorf("%v: %v, want a conflict", edits, err)
		}
	}
	if _, err := r.Write([]string{"0123456789012345678901234567890123456789"}, nil, by, "m"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a parent that is not there: %v", err)
	}
}
