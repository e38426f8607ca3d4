package expr

import (
	"testing"
)

var fuzzItem = Item{"a": Map(Item{"b": List(Int(1), String("x")), "c": Set(NS, Int(1), Int(2))}), "n": Int(7), "s": String("text")}

// fuzz feeds texts to one parser, with all placeholders of the tests given.
func fuzz(f *testing.F, use func(text string, given *Placeholders), seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		given, err := NewPlaceholders(testNames, testValues)
		if err != nil {
			panic(err)
		}
		use(text, given)
	})
}

func FuzzCondition(f *testing.F) {
	fuzz(f, func(text string, given *Placeholders) {
		if c, err := ParseCondition(ConditionExpression, text, given); err == nil {
			c.Holds(fuzzItem)
			c.Holds(nil)
		}
	}, "a.b[0] = :n AND NOT (size(s) IN (:n, n) OR s BETWEEN :s AND :s)", "((", "a.b[", "contains(#a, :s)", "attribute_type(a,:s)<>:n")
}

func FuzzKeyCondition(f *testing.F) {
	fuzz(f, func(text string, given *Placeholders) {
		if terms, err := ParseKeyCondition(text, given); err == nil && (len(terms) == 0 || len(terms) > 2 || len(terms[0].Values) == 0) {
			panic(text)
		}
	}, "a = :s AND begins_with(b, :s)", ":s = a", "a BETWEEN :n AND :m")
}

func FuzzProjection(f *testing.F) {
	fuzz(f, func(text string, given *Placeholders) {
		if p, err := ParseProjection(text, given); err == nil {
			p.Apply(fuzzItem)
		}
	}, "a.b[1], #a.c, n", "a[", ",")
}

func FuzzUpdate(f *testing.F) {
	fuzz(f, func(text string, given *Placeholders) {
		u, err := ParseUpdate(text, given)
		if err != nil {
			return
		}
		if after, err := u.Apply(fuzzItem); err == nil {
			u.Touched(after)
		}
		u.Targets()
	}, "SET a.b[0] = if_not_exists(n, :n) + :n, z = list_append(:l, a.b) REMOVE s ADD n :n DELETE a.c :ss", "SET a = (((", "REMOVE a[9]")
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-1.50", "1e125", "1E-130", ".5", "+3.", "00120.0300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseNumber(s)
		if err != nil {
			return
		}
		if again, err := ParseNumber(n.String()); err != nil || again != n {
			t.Errorf("%q became %q, which reads as %v (%v)", s, n, again, err)
		}
	})
}
