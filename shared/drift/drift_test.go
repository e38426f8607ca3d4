package drift

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fill adds n rows of one feature drawn by value.
func fill(n int, name string, value func() string) *Sketch {
	s := New()
	for range n {
		s.AddRow(Input)
		s.Add(Input, name, value(), false)
	}
	return s
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// Whatever the order in which pieces are merged, the same bytes come of it, and they
// read back.
func TestMergeKnowsNoOrder(t *testing.T) {
	value := rapid.OneOf(
		rapid.Map(rapid.Float64(), number), rapid.Map(rapid.IntRange(-50, 50), strconv.Itoa), rapid.StringN(0, 3, 200),
		rapid.Map(rapid.IntRange(0, 3000), func(n int) string { return fmt.Sprintf("id%d", n) }), // more than are kept
	)
	rapid.Check(t, func(r *rapid.T) {
		var pieces []*Sketch
		whole := New()
		for range rapid.IntRange(1, 6).Draw(r, "pieces") {
			piece := New()
			for range rapid.IntRange(0, 1200).Draw(r, "rows") {
				side := rapid.SampledFrom([]Side{Input, Answer}).Draw(r, "side")
				name := []string{"age", "prediction"}[side]
				v := value.Draw(r, "value")
				for _, s := range []*Sketch{piece, whole} {
					s.AddRow(side)
					s.Add(side, name, v, false)
				}
			}
			pieces = append(pieces, piece)
		}
		merged := New()
		for _, i := range rapid.Permutation(indices(len(pieces))).Draw(r, "order") {
			back, err := Decode(pieces[i].Encode())
			if err != nil {
				r.Fatal(err)
			}
			merged.Merge(back)
		}
		if !bytes.Equal(merged.Encode(), whole.Encode()) {
			r.Fatal("pieces in another order come to another sketch")
		}
	})
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// shapes are distributions of features, each with how it may change. The change is one
// that people would want to hear of.
var shapes = []struct {
	name    string
	before  func(*rand.Rand) string
	changed func(*rand.Rand) string
}{
	{"a normal one moves by half a deviation", func(r *rand.Rand) string { return number(40 + 10*r.NormFloat64()) }, func(r *rand.Rand) string { return number(45 + 10*r.NormFloat64()) }},
	{"one around zero spreads", func(r *rand.Rand) string { return number(r.NormFloat64()) }, func(r *rand.Rand) string { return number(2 * r.NormFloat64()) }},
	{"long tails change their unit", func(r *rand.Rand) string { return number(math.Exp(8 + 2*r.NormFloat64())) }, func(r *rand.Rand) string { return number(math.Exp(8+2*r.NormFloat64()) / 100) }},
	{"a flag turns up more often", func(r *rand.Rand) string { return pick(r, 0.1, "1", "0") }, func(r *rand.Rand) string { return pick(r, 0.35, "1", "0") }},
	{"a country is new", func(r *rand.Rand) string { return pick(r, 0.6, "DE", "FR") }, func(r *rand.Rand) string { return pick(r, 0.2, "PL", pick(r, 0.6, "DE", "FR")) }},
	{"values are missing", func(r *rand.Rand) string { return number(r.Float64()) }, func(r *rand.Rand) string { return pick(r, 0.2, "", number(r.Float64())) }},
	{"numbers turn into text", func(r *rand.Rand) string { return number(r.Float64()) }, func(r *rand.Rand) string { return pick(r, 0.2, "n/a", number(r.Float64())) }},
	{"one of forty texts takes over", func(r *rand.Rand) string { return fmt.Sprintf("plan%d", r.IntN(40)) }, func(r *rand.Rand) string { return pick(r, 0.4, "plan7", fmt.Sprintf("plan%d", r.IntN(40))) }},
	{"years, a thousandth apart", func(r *rand.Rand) string { return strconv.Itoa(2015 + r.IntN(6)) }, func(r *rand.Rand) string { return strconv.Itoa(2019 + r.IntN(6)) }},
}

func pick(r *rand.Rand, share float64, one, other string) string {
	if r.Float64() < share {
		return one
	}
	return other
}

var usual = Rules{PSI: 0.2, KS: 0.15, MinRows: 200}

// What has not changed stays under its threshold as often as Compare says, what has is
// over it.
func TestChangedIsToldFromUnchanged(t *testing.T) {
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 11))
			draw := func(n int, f func(*rand.Rand) string) *Sketch {
				return fill(n, "x", func() string { return f(r) })
			}
			over := func(trials, n int, f func(*rand.Rand) string) int {
				sum := 0
				for range trials {
					if Compare(draw(n, shape.before), draw(n, f), usual).Score > 1 {
						sum++
					}
				}
				return sum
			}
			if n := over(400, 200, shape.before); n > 4 {
				t.Errorf("unchanged, 200 rows: %d of 400 readings are over the threshold, at most 1 %% was said", n)
			}
			if n := over(100, 1000, shape.before); n > 0 {
				t.Errorf("unchanged, 1,000 rows: %d of 100 readings are over the threshold", n)
			}
			if n := over(20, 2000, shape.changed); n < 20 {
				t.Errorf("changed, 2,000 rows: only %d of 20 readings are over the threshold", n)
			}
		})
	}
}

// The distances between sketches are those between the values themselves, but for what
// the scale does not tell apart.
func TestDistancesAreCloseToExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for name, draw := range map[string][2]func() float64{
		"normal":  {func() float64 { return 40 + 10*r.NormFloat64() }, func() float64 { return 43 + 12*r.NormFloat64() }},
		"zero":    {func() float64 { return r.NormFloat64() }, func() float64 { return 0.3 + r.NormFloat64() }},
		"tails":   {func() float64 { return math.Exp(3 * r.NormFloat64()) }, func() float64 { return math.Exp(0.5 + 3*r.NormFloat64()) }},
		"uniform": {func() float64 { return r.Float64() * 100 }, func() float64 { return 10 + r.Float64()*90 }},
	} {
		a, b := make([]float64, 20000), make([]float64, 5000)
		sa := fill(len(a), "x", fromList(a, draw[0]))
		sb := fill(len(b), "x", fromList(b, draw[1]))
		got := Compare(sa, sb, usual).Features[0]
		slices.Sort(a)
		slices.Sort(b)
		noise := math.Sqrt(1/float64(len(a)) + 1/float64(len(b)))
		if want := exactKS(a, b) - meanKS*noise; math.Abs(got.KS-want) > 0.005 {
			t.Errorf("%s: KS %.4f, of the values %.4f", name, got.KS, want)
		}
		if want := exactPSI(a, b) - 9*noise*noise; math.Abs(got.PSI-want) > 0.02*want+0.002 {
			t.Errorf("%s: PSI %.4f, of the values %.4f", name, got.PSI, want)
		}
	}
}

func fromList(into []float64, draw func() float64) func() string {
	i := -1
	return func() string {
		i++
		into[i] = draw()
		return number(into[i])
	}
}

func exactKS(a, b []float64) (most float64) {
	for _, list := range [][]float64{a, b} {
		for _, x := range list {
			most = max(most, math.Abs(upTo(a, x)-upTo(b, x)))
		}
	}
	return most
}

// upTo is the share of a sorted list that is not above x.
func upTo(list []float64, x float64) float64 {
	n, _ := slices.BinarySearchFunc(list, x, func(e, x float64) int {
		if e <= x {
			return -1
		}
		return 1
	})
	return float64(n) / float64(len(list))
}

func exactPSI(a, b []float64) (sum float64) {
	last, under := 0.0, 0.0
	for k := 1; k <= 10; k++ {
		p, q := 1.0, 1.0
		if k < 10 {
			cut := a[len(a)*k/10-1]
			p, q = upTo(a, cut), upTo(b, cut)
		}
		sum += (q - under - (p - last)) * math.Log((q-under)/(p-last))
		last, under = p, q
	}
	return sum
}

func TestTooFewRowsAreNotCompared(t *testing.T) {
	many, few := fill(1000, "x", func() string { return "1" }), fill(199, "x", func() string { return "2" })
	for _, r := range []Reading{Compare(many, few, usual), Compare(few, many, usual)} {
		if len(r.Features) > 0 || r.Score != 0 {
			t.Errorf("%+v", r)
		}
	}
	if r := Compare(many, fill(200, "y", func() string { return "1" }), usual); r.Score <= 1 || r.Features[0].Name != "x" {
		t.Errorf("a feature that came no more: %+v", r)
	}
}

// Of more different texts than can be kept, a frequent one may give way. That it is not
// counted by itself any more is no drift.
func TestTextsThatGiveWayHaveNotMoved(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct{ before, after int }{"more texts now": {500, 4000}, "more texts before": {4000, 500}, "many always": {4000, 4000}} {
		for round := range 10 {
			frequent := fmt.Sprintf("%d is frequent", round)
			draw := func(different int) func() string {
				return func() string {
					if r.IntN(10) < 8 {
						return frequent
					}
					return fmt.Sprintf("rare %d", r.IntN(different))
				}
			}
			if got := Compare(fill(4000, "x", draw(c.before)), fill(10_000, "x", draw(c.after)), usual); got.Score > 1 {
				t.Errorf("%s, %s: %v", name, frequent, got)
			}
		}
	}
}

func TestReadingNamesWhatHasMoved(t *testing.T) {
	features := []Feature{{"age", 0.41, 0.3, 2.05}, {"prediction", 0.3, 0, 1.5}, {"a", 0.22, 0, 1.1}, {"b", 0.22, 0, 1.1}, {"c", 0.21, 0, 1.05}, {"d", 0.1, 0, 0.5}}
	hostile := []Feature{{"a\nb", 0.3, 0, 1.5}}
	for want, r := range map[string]Reading{
		"age has moved: PSI 0.41, KS 0.30; prediction has moved: PSI 0.30; a has moved: PSI 0.22; b has moved: PSI 0.22; and 1 more": {Features: features},
		`"a\nb" has moved: PSI 0.30`: {Features: hostile},
		"no feature of 1 has moved":  {Features: features[5:]},
	} {
		if diff := cmp.Diff(want, r.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A sketch is bounded, whatever the rows hold.
func TestBounds(t *testing.T) {
	s := New()
	for i := range 5000 {
		s.AddRow(Input)
		s.Add(Input, "id", strings.Repeat("é", 100)+strconv.Itoa(i), false)
		s.Add(Input, "code", strconv.Itoa(i%7), true)
		s.Add(Input, fmt.Sprintf("f%d", i), "1e300", false)
	}
	if n := len(s.features); n != maxFeatures || s.Dropped != 5000-maxFeatures+2 {
		t.Errorf("%d features, %d values dropped", n, s.Dropped)
	}
	id, code := s.features["id"], s.features["code"]
	if len(id.texts) != maxTexts || id.count() != 5000 || len(code.texts) != 7 || !code.numbers.IsEmpty() {
		t.Errorf("%d texts of %d values, and %d codes", len(id.texts), id.count(), len(code.texts))
	}
	for text := range id.texts {
		if len(text) > maxText {
			t.Errorf("a text of %d bytes", len(text))
		}
	}
}

// FuzzDecode: no bytes make Decode panic, and what it takes is written as it was read.
func FuzzDecode(f *testing.F) {
	s := fill(50, "age", func() string { return "-1.5" })
	s.Merge(fill(5, "country", func() string { return "DE" }))
	f.Add(s.Encode())
	f.Add(New().Encode())
	f.Add([]byte("no sketch"))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		s, err := Decode(encoded)
		if err != nil {
			return
		}
		once := s.Encode()
		back, err := Decode(once)
		if err != nil || !bytes.Equal(back.Encode(), once) {
			t.Fatalf("reads back otherwise: %v", err)
		}
	})
}
