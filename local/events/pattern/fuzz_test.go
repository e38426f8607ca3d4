package pattern

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`{"source":["aws.s3"],"detail":{"a":[{"prefix":"x"},5,null,true]}}`,
		`{"$or":[{"a":[{"exists":false}]},{"b":[{"numeric":[">",0,"<=",5]}]}]}`,
		`{"a":[{"anything-but":{"wildcard":["a*b","\\*"]}}]}`, `{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":[`, `{"a":"\`, "{\"\xff\":[1]}",
	} {
		f.Add(seed, `{"a":[{"b":1},2,"x"],"source":"aws.s3"}`)
	}
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := Compile(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Reason == "" {
				t.Fatalf("%q: an error without a reason: %v", text, err)
			}
			return
		}
		first, err := p.MatchJSON([]byte(event))
		again, err2 := p.MatchJSON([]byte(event))
		if first != again || (err == nil) != (err2 == nil) {
			t.Fatalf("%q on %q: not the same twice", text, event)
		}
	})
}

// TestAnythingButIsTheOpposite holds for a single value that is there.
func TestAnythingButIsTheOpposite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom([]string{"prefix", "suffix", "equals-ignore-case", "wildcard"}).Draw(t, "op")
		operand := rapid.StringMatching(`[abAB]{1,3}`).Draw(t, "operand")
		value := rapid.StringMatching(`[abAB]{0,5}`).Draw(t, "value")
		match := func(pattern string) bool {
			p, err := Compile(pattern)
			if err != nil {
				t.Fatal(err)
			}
			ok, err := p.MatchJSON([]byte(`{"a":"` + value + `"}`))
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		plain := `{"` + op + `":"` + operand + `"}`
		if match(`{"a":[`+plain+`]}`) == match(`{"a":[{"anything-but":`+plain+`}]}`) {
			t.Fatalf("%s and its opposite agree on %q", plain, value)
		}
	})
}

// TestWildcardAgreesWithPrefixAndSuffix checks the star against what it must equal.
func TestWildcardAgreesWithPrefixAndSuffix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.StringMatching(`[ab]{0,3}`).Draw(t, "from")
		to := rapid.StringMatching(`[ab]{0,3}`).Draw(t, "to")
		s := rapid.StringMatching(`[ab]{0,7}`).Draw(t, "s")
		want := len(s) >= len(from)+len(to) && strings.HasPrefix(s, from) && strings.HasSuffix(s, to)
		if got := (wildcard{from, to}).match(value{kind: stringKind, text: s}); got != want {
			t.Fatalf("%s*%s on %q: %v", from, to, s, got)
		}
	})
}

func TestErrorNamesPathAndOperator(t *testing.T) {
	_, err := Compile(`{"detail":{"n":[{"numeric":["<","x"]}]}}`)
	var e *Error
	if !errors.As(err, &e) || e.Path != "detail.n" || e.Operator != "numeric" {
		t.Errorf("%+v", err)
	}
}

func TestTooManyCombinations(t *testing.T) {
	branch := `"$or":[{"a":[1]},{"b":[1]},{"c":[1]},{"d":[1]}]`
	text := `{`
	for _, name := range []string{"p", "q", "r", "s", "t"} {
		text += `"` + name + `":{` + branch + `},`
	}
	if _, err := Compile(strings.TrimSuffix(text, ",") + `}`); err == nil || !strings.Contains(err.Error(), "1000") {
		t.Errorf("1024 combinations: %v", err)
	}
}
