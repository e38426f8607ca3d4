package spec

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCircle(t *testing.T) {
	after := map[string][]string{
		"alone": nil, "dependent": {"alone", "stranger"}, // nobody has a spec of stranger
		"itself": {"alone", "itself"},
		"a":      {"b"}, "b": {"dependent", "a"},
		"x": {"z"}, "y": {"x"}, "z": {"alone", "y"},
		"outside": {"x"}, // trains after a circle, and is not on it
	}
	want := map[string]string{
		"alone": "", "dependent": "", "stranger": "", "outside": "", "itself": "itself, then itself",
		"a": "a, then b, then a", "b": "b, then a, then b", "x": "x, then y, then z, then x", "z": "z, then x, then y, then z",
	}
	for model, way := range want {
		got, err := Circle(model, func(m string) ([]string, error) { return after[m], nil })
		if got != way || err != nil {
			t.Errorf("%s: %q, %v, not %q", model, got, err, way)
		}
	}
	if _, err := Circle("a", func(string) ([]string, error) { return nil, errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an error: %v", err)
	}
}

// A way is told exactly if there is one, and each step of it is one.
func TestCircleIsOne(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		after := map[string][]string{}
		const models = 6
		reach := [models][models]bool{}
		name := func(i int) string { return fmt.Sprint(i) }
		for i := range models {
			for j := range models {
				if rapid.IntRange(0, 4).Draw(r, "edge") == 0 {
					after[name(i)] = append(after[name(i)], name(j))
					reach[i][j] = true
				}
			}
		}
		for k := range models {
			for i := range models {
				for j := range models {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		for i := range models {
			way, err := Circle(name(i), func(m string) ([]string, error) { return after[m], nil })
			if err != nil || (way != "") != reach[i][i] {
				r.Fatalf("%v from %d: %q, %v", after, i, way, err)
			}
			if way == "" {
				continue
			}
			steps := strings.Split(way, ", then ")
			if steps[0] != name(i) || steps[len(steps)-1] != name(i) || len(steps) < 2 {
				r.Fatalf("%q does not come round to %d", way, i)
			}
			for n, m := range steps[1:] {
				if !strings.Contains(strings.Join(after[m], " "), steps[n]) {
					r.Fatalf("in %q, %s does not train after %s: %v", way, m, steps[n], after)
				}
			}
		}
	})
}
