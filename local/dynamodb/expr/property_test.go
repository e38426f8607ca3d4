package expr

import (
	"cmp"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var digits = rapid.StringMatching(`-?[0-9]{1,18}(\.[0-9]{1,18})?`)

func rat(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

// Numbers agree with exact fractions in value, order, sum and size of text.
func TestNumbersAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, u := digits.Draw(t, "a"), digits.Draw(t, "b")
		a, b := must(s), must(u)
		if rat(a.String()).Cmp(rat(s)) != 0 {
			t.Fatalf("%s became %s", s, a)
		}
		if got, want := cmp.Compare(a.Compare(b), 0), rat(s).Cmp(rat(u)); got != want {
			t.Fatalf("%s against %s: %d, want %d", s, u, got, want)
		}
		if got, want := strings.Compare(a.order(), b.order()), rat(s).Cmp(rat(u)); got != want {
			t.Fatalf("order of %s against %s: %d, want %d", s, u, got, want)
		}
		sum, err := a.Add(b)
		if err != nil || rat(sum.String()).Cmp(new(big.Rat).Add(rat(s), rat(u))) != 0 {
			t.Fatalf("%s + %s = %s, %v", s, u, sum, err)
		}
	})
}

// truth is a random condition over attributes p, q and r, each present or not, as text
// and as the truth that it should come to.
func truth(t *rapid.T, item Item, depth int) (string, bool) {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		name := rapid.SampledFrom([]string{"p", "q", "r"}).Draw(t, "name")
		v, ok := item[name]
		switch rapid.IntRange(0, 4).Draw(t, "term") {
		case 0:
			return "attribute_exists(" + name + ")", ok
		case 1:
			return name + " = :n", ok && v.Num == must("1")
		case 2:
			return name + " <> :n", !ok || v.Num != must("1")
		case 3:
			return name + " BETWEEN :n AND :m", ok && v.Num != must("3")
		}
		return "attribute_not_exists(" + name + ")", !ok
	}
	left, l := truth(t, item, depth-1)
	switch rapid.IntRange(0, 2).Draw(t, "join") {
	case 0:
		return "NOT (" + left + ")", !l
	case 1:
		right, r := truth(t, item, depth-1)
		return "(" + left + ") and (" + right + ")", l && r
	}
	right, r := truth(t, item, depth-1)
	return "(" + left + ") OR (" + right + ")", l || r
}

func TestConditionsAgreeWithLogic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := Item{}
		for _, name := range []string{"p", "q", "r"} {
			if n := rapid.Int64Range(0, 3).Draw(t, name); n > 0 {
				item[name] = Int(n)
			}
		}
		text, want := truth(t, item, 4)
		given, _ := NewPlaceholders(nil, testValues)
		c, err := ParseCondition(FilterExpression, text, given)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := c.Holds(item); got != want {
			t.Fatalf("%s of %v is %v, want %v", text, item, got, want)
		}
	})
}

// An update leaves alone what it does not name, and the item that it was given.
func TestUpdatesTouchOnlyWhatTheyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := Item{"a": Map(Item{"b": List(Int(1), Int(2), Int(3)), "c": Int(4)}), "n": Int(5), "set": Set(SS, String("x"), String("y"))}
		before := string(Map(item).appendJSON(nil))
		text := rapid.SampledFrom([]string{"SET a.b[1] = :n", "REMOVE a.b[0]", "SET a.z = n", "REMOVE a.c", "SET a.b[9] = :n, a.c = :s"}).Draw(t, "text")
		given, _ := NewPlaceholders(nil, testValues)
		u, err := ParseUpdate(text, given)
		if err != nil {
			t.Fatal(err)
		}
		after, err := u.Apply(item)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(Map(item).appendJSON(nil)); got != before {
			t.Fatalf("%s changed the item before it:\n%s\n%s", text, before, got)
		}
		if !after["n"].Equal(item["n"]) || !after["set"].Equal(item["set"]) || after["a"].Equal(item["a"]) {
			t.Fatalf("%s left %s", text, Map(after).appendJSON(nil))
		}
	})
}

func TestNumbersPrintAsDynamoDBDoes(t *testing.T) {
	for in, want := range map[string]string{
		"1.50": "1.5", "1e3": "1000", "-0": "0", "0.0012E-2": "0.000012", "+7": "7", "100": "100", "123.456e1": "1234.56",
	} {
		if got := must(in).String(); got != want {
			t.Errorf("%s prints as %s, want %s", in, got, want)
		}
	}
}
