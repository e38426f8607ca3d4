// Package metric is the memory of local CloudWatch: datapoints by metric, unit
// and minute, when each may be read, and what its statistics are.
//
// It decides visibility (see Publication), aggregation over periods, and
// percentiles. It knows no alarm, no expression and no wire format, and keeps
// everything for ever: retention is not modelled, so a rollout's history is there
// however long it lasted. Times come in as arguments. Its caller is local/cloudwatch.
package metric

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Metric names one metric. The zero value of Dims is no dimensions.
type Metric struct {
	Namespace string
	Name      string
	Dims      map[string]string
}

// Key is the metric as one string; equal metrics have equal keys.
func (m Metric) Key() string {
	var few [4]string // most have no more, and this runs for every sample
	names, size := few[:0], len(m.Namespace)+1+len(m.Name)
	for k, v := range m.Dims {
		names, size = append(names, k), size+len(k)+len(v)+2
	}
	slices.Sort(names)
	var b strings.Builder
	b.Grow(size)
	b.WriteString(m.Namespace)
	b.WriteByte(0)
	b.WriteString(m.Name)
	for _, k := range names {
		b.WriteByte(0)
		b.WriteString(k)
		b.WriteByte(1)
		b.WriteString(m.Dims[k])
	}
	return b.String()
}

// Point is one number of one period.
type Point struct {
	At    time.Time // start of the period
	Value float64
}

// Store keeps the datapoints. Make it with NewStore.
type Store struct {
	// Publication is asked when a minute's first observation comes in.
	Publication Publication
	seed        uint64
	metrics     map[string]*record
}

type record struct {
	Metric
	units  map[string]*series
	newest int64 // the latest minute
}

// series is the minutes of one metric in one unit, by number since 1970.
type series struct {
	key     string
	first   int64 // the earliest minute
	minutes map[int64]*minute
}

type minute struct {
	fate  fate
	carry float64
	parts []part // ordered by time of publication
}

// part is what of a minute becomes visible at one time.
type part struct {
	at time.Time
	Distribution
}

// NewStore returns an empty store whose delays follow seed.
func NewStore(seed uint64, p Publication) *Store {
	return &Store{Publication: p, seed: seed, metrics: map[string]*record{}}
}

// Sample is observations of one minute: values with counts, or a statistic set.
type Sample struct {
	Unit   string // "None" where there is none
	At     time.Time
	Values []float64
	Counts []float64 // as long as Values, or empty for once each
	Set    *Set      // instead of Values
}

// Set is a statistic set: observations of which only these figures are known.
type Set struct{ Count, Sum, Min, Max float64 }

// Record keeps s, which came in at now.
func (s *Store) Record(m Metric, now time.Time, x Sample) {
	key := m.Key()
	r := s.metrics[key]
	if r == nil {
		r = &record{Metric: Metric{m.Namespace, m.Name, maps.Clone(m.Dims)}, units: map[string]*series{}}
		s.metrics[key] = r
	}
	unit := cmp.Or(x.Unit, "None")
	se := r.units[unit]
	if se == nil {
		se = &series{key: key + "\x02" + unit, minutes: map[int64]*minute{}}
		r.units[unit] = se
	}
	n := x.At.Unix() / 60
	r.newest = max(r.newest, n)
	mi := se.minutes[n]
	if len(se.minutes) == 0 || n < se.first {
		se.first = n
	}
	if mi == nil {
		mi = &minute{fate: s.Publication.fate(s.seed, se.key, n)}
		se.minutes[n] = mi
	}
	base := time.Unix((n+1)*60, 0).UTC()
	if now.After(base) { // came in after its minute had ended
		base = now
	}
	if x.Set != nil {
		mi.part(base.Add(mi.fate.delay)).AddSet(x.Set.Count, x.Set.Sum, x.Set.Min, x.Set.Max)
		return
	}
	for i, v := range x.Values {
		count := 1.0
		if i < len(x.Counts) {
			count = x.Counts[i]
		}
		first, later := mi.fate.split(count, &mi.carry)
		if first > 0 {
			mi.part(base.Add(mi.fate.delay)).Add(v, first)
		}
		if later > 0 {
			mi.part(base.Add(mi.fate.second)).Add(v, later)
		}
	}
}

func (m *minute) part(at time.Time) *Distribution {
	i, found := slices.BinarySearchFunc(m.parts, at, func(p part, at time.Time) int { return p.at.Compare(at) })
	if !found {
		m.parts = slices.Insert(m.parts, i, part{at: at})
	}
	return &m.parts[i].Distribution
}

// Window is what a reader asks for: the periods that start in [From, To), counted
// from From, as published at AsOf. A zero AsOf sees what is not published yet too.
type Window struct {
	From, To time.Time
	Period   time.Duration // a multiple of a minute
	Unit     string        // "" reads every unit
	AsOf     time.Time
}

// Since reports whether the metric of this key has observations of minutes from at on,
// published or not.
func (s *Store) Since(key string, at time.Time) bool {
	r := s.metrics[key]
	return r != nil && 60*r.newest >= at.Unix()
}

// Distributions returns the periods of w that have data, oldest first. They may be
// the store's own, and must not be changed.
func (s *Store) Distributions(m Metric, w Window) ([]time.Time, []*Distribution) {
	r := s.metrics[m.Key()]
	if r == nil || w.Period < time.Minute {
		return nil, nil
	}
	var units []*series
	first := w.To
	for _, unit := range slices.Sorted(maps.Keys(r.units)) {
		if se := r.units[unit]; w.Unit == "" || w.Unit == unit {
			units = append(units, se)
			if at := time.Unix(60*se.first, 0); at.Before(first) {
				first = at
			}
		}
	}
	from := w.From
	if skip := first.Sub(from) / w.Period; skip > 0 { // nothing was recorded so early
		from = from.Add(skip * w.Period)
	}
	var times []time.Time
	var out []*Distribution
	for at := from; at.Before(w.To); at = at.Add(w.Period) {
		var seen union
		for n := at.Unix() / 60; n < at.Add(w.Period).Unix()/60; n++ {
			for _, se := range units {
				se.collect(&seen, n, w.AsOf)
			}
		}
		if seen.Distribution != nil {
			times, out = append(times, at), append(out, seen.Distribution)
		}
	}
	return times, out
}

// union is distributions as one; nil for none. One alone is not copied: most periods
// are a minute of one unit that was published at one time.
type union struct {
	*Distribution
	own bool // made here, so that it may be added to
}

func (u *union) add(d *Distribution) {
	switch {
	case d.Count == 0:
		return
	case u.Distribution == nil:
		u.Distribution = d
		return
	case !u.own:
		first := u.Distribution
		u.Distribution, u.own = &Distribution{}, true
		u.Merge(first)
	}
	u.Merge(d)
}

// collect adds to u what of a minute was published at asOf.
func (se *series) collect(u *union, n int64, asOf time.Time) {
	mi := se.minutes[n]
	if mi == nil {
		return
	}
	for i := range mi.parts {
		if asOf.IsZero() || !mi.parts[i].at.After(asOf) {
			u.add(&mi.parts[i].Distribution)
		}
	}
}

// Read returns the statistic of each period of w that has one, oldest first.
func (s *Store) Read(m Metric, stat Statistic, w Window) []Point {
	times, ds := s.Distributions(m, w)
	out := make([]Point, 0, len(ds))
	for i, d := range ds {
		if v, ok := stat.Of(d); ok {
			out = append(out, Point{times[i], v})
		}
	}
	return out
}

// Units are the units in which m was recorded, sorted.
func (s *Store) Units(m Metric) []string {
	if r := s.metrics[m.Key()]; r != nil {
		return slices.Sorted(maps.Keys(r.units))
	}
	return nil
}

// Metrics lists every metric that has published something at asOf, sorted by
// key. A zero asOf lists all.
func (s *Store) Metrics(asOf time.Time) []Metric {
	var out []Metric
	for _, k := range slices.Sorted(maps.Keys(s.metrics)) {
		if r := s.metrics[k]; asOf.IsZero() || r.published(asOf) {
			out = append(out, r.Metric)
		}
	}
	return out
}

func (r *record) published(asOf time.Time) bool {
	for _, se := range r.units {
		for _, mi := range se.minutes {
			if len(mi.parts) > 0 && !mi.parts[0].at.After(asOf) {
				return true
			}
		}
	}
	return false
}
