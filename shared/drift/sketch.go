// Package drift compares what an endpoint is asked now with what it was asked before,
// feature by feature: sketches of rows that can be added up in any order, the population
// stability index (PSI) and the Kolmogorov-Smirnov distance (KS) between two sketches,
// and a reading that says which features have moved, and how far for their thresholds.
//
// A feature has no type: its numbers are kept in a DDSketch, its texts are counted, and
// what is not there is counted too. All three take part in a comparison. It knows no
// files, windows or alarms; capturing does.
package drift

import (
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// The bounds of a sketch, which keep it small whatever the rows hold.
const (
	accuracy    = 0.001 // relative: numbers closer than twice this may count as the same
	smallest    = 1e-9  // numbers nearer to zero count as zero
	largest     = 1e15  // numbers beyond count as it
	maxFeatures = 500
	maxTexts    = 1000 // different texts of a feature that are counted each by itself
	maxText     = 64   // bytes of a text that are kept
)

// Side says whether a feature is asked or answered.
type Side int

// The sides.
const (
	Input Side = iota
	Answer
)

// Sketch is what is known of many rows.
type Sketch struct {
	rows     [2]int64 // by side
	features map[string]*feature
	// Dropped counts values of features over the 500th.
	Dropped int64
}

// feature is what is known of one column.
type feature struct {
	side    Side
	numbers *ddsketch.DDSketch
	texts   map[string]int64
	last    string // of as many texts as can be kept, the one to give way
	other   int64  // texts that are not counted each by itself
}

// New returns the sketch of no rows.
func New() *Sketch { return &Sketch{features: map[string]*feature{}} }

// scale is how numbers are told apart. All sketches have the same.
var scale = func() mapping.IndexMapping {
	m, err := mapping.NewLogarithmicMapping(accuracy)
	if err != nil {
		panic(err) // the accuracy is a constant
	}
	return m
}()

func newFeature(side Side) *feature {
	return &feature{side: side, numbers: ddsketch.NewDDSketchFromStoreProvider(scale, store.BufferedPaginatedStoreConstructor), texts: map[string]int64{}}
}

// AddRow counts a row; its values are added by Add.
func (s *Sketch) AddRow(side Side) { s.rows[side]++ }

// Add adds a feature's value of the row that was counted last; "" is one that is not
// there. as says to take it for text, whatever it looks like.
func (s *Sketch) Add(side Side, name, value string, asText bool) {
	if value == "" {
		return
	}
	f := s.feature(side, name)
	if f == nil {
		s.Dropped++
		return
	}
	if n, err := strconv.ParseFloat(value, 64); err == nil && !asText && !math.IsNaN(n) && !math.IsInf(n, 0) {
		f.number(n, 1)
		return
	}
	f.text(short(value), 1)
}

// feature is the feature of this name; nil if there are too many already.
func (s *Sketch) feature(side Side, name string) *feature {
	f := s.features[name]
	if f == nil && len(s.features) < maxFeatures {
		f = newFeature(side)
		s.features[name] = f
	}
	return f
}

func (f *feature) number(n float64, count int64) {
	if math.Abs(n) < smallest {
		n = 0
	}
	n = max(-largest, min(largest, n))
	if err := f.numbers.AddWithCount(n, float64(count)); err != nil {
		panic(err) // the scale holds all numbers up to the largest
	}
}

// text counts a text. Of more than can be kept those whose hash is least are: whatever
// comes in which order, what is kept has been counted from its first time on, so that
// sketches add up to the same in any order.
func (f *feature) text(text string, count int64) {
	if _, kept := f.texts[text]; kept {
		f.texts[text] += count
		return
	}
	if len(f.texts) < maxTexts {
		f.texts[text] = count
		if len(f.texts) == maxTexts {
			f.last = slices.MaxFunc(slices.Collect(maps.Keys(f.texts)), byHash)
		}
		return
	}
	if byHash(text, f.last) > 0 {
		f.other += count
		return
	}
	f.other += f.texts[f.last]
	delete(f.texts, f.last)
	f.text(text, count)
}

func byHash(a, b string) int {
	switch x, y := hash(a), hash(b); {
	case x < y || x == y && a < b:
		return -1
	case x > y || a > b:
		return 1
	}
	return 0
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // it never fails
	return h.Sum64()
}

// short is a text that is not too long: one that is ends in its hash.
func short(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText - 17
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "#" + strconv.FormatUint(hash(text), 16)
}

// Rows is how many rows were counted, of the side that has more: an endpoint may
// capture only one.
func (s *Sketch) Rows() int64 { return max(s.rows[Input], s.rows[Answer]) }

// Merge adds another sketch. Whatever the order in which sketches are merged, the
// result is the same, as long as there are not more features than a sketch holds.
func (s *Sketch) Merge(o *Sketch) {
	for side, n := range o.rows {
		s.rows[side] += n
	}
	s.Dropped += o.Dropped
	for _, name := range slices.Sorted(maps.Keys(o.features)) {
		of := o.features[name]
		f := s.feature(of.side, name)
		if f == nil {
			s.Dropped += of.count()
			continue
		}
		if err := f.numbers.MergeWith(of.numbers); err != nil {
			panic(err) // both have the one scale
		}
		f.other += of.other
		for text, n := range of.texts {
			f.text(text, n)
		}
	}
}

// count is how many values a feature has.
func (f *feature) count() int64 {
	n := int64(f.numbers.GetCount()) + f.other
	for _, c := range f.texts {
		n += c
	}
	return n
}
