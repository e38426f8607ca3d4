package expr

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden is one case of testdata/moto.json, which testdata/generate.py writes.
type golden struct {
	Use        string
	Expression string
	Names      map[string]string
	Values     Item
	Got        json.RawMessage
}

// run is what this package makes of the case: true, false, an item, or an error.
func (g *golden) run(item Item) (any, error) {
	if len(g.Names) == 0 {
		g.Names = nil // the SDK leaves empty maps out
	}
	if len(g.Values) == 0 {
		g.Values = nil
	}
	given, err := NewPlaceholders(g.Names, g.Values)
	if err != nil {
		return nil, err
	}
	switch g.Use {
	case "condition":
		c, err := ParseCondition(ConditionExpression, g.Expression, given)
		if err != nil {
			return nil, err
		}
		return c.Holds(item), nil
	case "projection":
		p, err := ParseProjection(g.Expression, given)
		if err != nil {
			return nil, err
		}
		return p.Apply(item), nil
	case "update":
		u, err := ParseUpdate(g.Expression, given)
		if err != nil {
			return nil, err
		}
		return u.Apply(item)
	}
	terms, err := ParseKeyCondition(g.Expression, given)
	if err != nil {
		return nil, err
	}
	for _, t := range terms {
		c := comparison{op: t.Op, left: path{{t.Name, -1}}, right: literal{t.Values[0]}}
		var holds condition = c
		switch t.Op {
		case "BETWEEN":
			holds = between{c.left, c.right, literal{t.Values[1]}}
		case "begins_with":
			holds = call{t.Op, []operand{c.left, c.right}}
		}
		if !holds.holds(item) {
			return false, nil
		}
	}
	return true, nil
}

func TestAgreesWithMoto(t *testing.T) {
	text, err := os.ReadFile("testdata/moto.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Item  Item
		Cases []golden
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	differences := map[string]bool{}
	for _, g := range file.Cases {
		var moto any
		if err := json.Unmarshal(g.Got, &moto); err != nil {
			t.Fatal(err)
		}
		motoFailed := false
		if m, ok := moto.(map[string]any); ok {
			_, motoFailed = m["error"].(string)
		}
		got, err := g.run(file.Item)
		same := (err != nil) == motoFailed
		if same && err == nil {
			text, _ := json.Marshal(got)
			var ours any
			_ = json.Unmarshal(text, &ours)
			same = cmp.Equal(moto, ours)
		}
		name := g.Use + ": " + g.Expression
		if same {
			continue
		}
		differences[name] = true
		if tolerated(name) == "" {
			text, _ := json.Marshal(got)
			t.Errorf("%s\n ours: %s %v\n moto: %s", name, text, err, g.Got)
		}
	}
	for _, d := range toleratedDifferences {
		used := false
		for name := range differences {
			used = used || d.pattern.MatchString(name)
		}
		if !used {
			t.Errorf("the tolerated difference %q no longer occurs: take it out", d.pattern)
		}
	}
	t.Logf("%d cases, %d tolerated differences", len(file.Cases), len(differences))
}
