package export

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Variant is one side of a rollout.
type Variant string

// The variants.
const (
	Baseline  Variant = "baseline"
	Candidate Variant = "candidate"
)

// Minute is what a variant did in one minute. The zero Minute is one without requests.
type Minute struct {
	Requests int64
	Failed   int64   // at most Requests
	Latency  float64 // milliseconds, at the percentile that was exported; 0 for none
}

// Record is both variants by the minute.
type Record struct {
	Start    time.Time // of the first minute, UTC
	Variants map[Variant][]Minute
	Notes    []string // what a reader should know about the files
}

// metric is what a result is about.
type metric int

const (
	unknown metric = iota
	invocations
	errors5xx
	errors4xx
	modelErrors
	latency
)

// names are what a result may be called: the id of the documented query, or the
// metric's own name. Compared in small letters and without underscores.
var names = map[string]metric{
	"invocations": invocations,
	"errors5xx":   errors5xx, "invocation5xxerrors": errors5xx,
	"errors4xx": errors4xx, "invocation4xxerrors": errors4xx,
	"modelerrors": modelErrors, "invocationmodelerrors": modelErrors,
	"latency": latency, "modellatency": latency,
}

// Names is how results are told apart, for people.
const Names = "invocations, errors5xx, errors4xx, modelErrors and latency, with baseline_ or candidate_ before it where a file has both"

const (
	maxMinutes = 455 * 24 * 60 // as long as CloudWatch keeps anything
	coarse     = 5 * time.Minute
)

// side is one file and the variant that it is about where it does not say.
type side struct {
	file File
	of   Variant
}

// Assemble lays out the minutes of a baseline's file and, unless it is nil, of a
// candidate's. Errors: *Error.
func Assemble(baseline File, candidate *File) (Record, error) {
	sides := []side{{baseline, Baseline}}
	if candidate != nil {
		sides = append(sides, side{*candidate, Candidate})
	}
	found := map[Variant]map[metric]Result{Baseline: {}, Candidate: {}}
	r := Record{Variants: map[Variant][]Minute{}}
	for _, s := range sides {
		if err := r.sort(s, found); err != nil {
			return Record{}, err
		}
	}
	first, last := span(found)
	if last.Sub(first) >= maxMinutes*time.Minute {
		return Record{}, &Error{baseline.Name, 0, fmt.Sprintf("the points are from %s to %s", first.Format(time.DateOnly), last.Format(time.DateOnly)), "CloudWatch keeps no points that long: look for a wrong timestamp"}
	}
	r.Start = first
	for _, s := range []struct {
		of   Variant
		file string
	}{{Baseline, baseline.Name}, {Candidate, sides[len(sides)-1].file.Name}} {
		if s.of == Candidate && candidate == nil && len(found[Candidate]) == 0 {
			continue
		}
		if err := r.lay(s.of, s.file, found[s.of], int(last.Sub(first)/time.Minute)+1); err != nil {
			return Record{}, err
		}
	}
	return r, nil
}

// sort finds out what each result of a file is about.
func (r *Record) sort(s side, found map[Variant]map[metric]Result) error {
	var strangers []string
	known := false
	for _, result := range s.file.Results {
		of, m := meaning(result)
		if of == "" {
			of = s.of
		}
		if m == unknown {
			strangers = append(strangers, fmt.Sprintf("%s (%s)", result.ID, result.Label))
			continue
		}
		known = true
		if before, twice := found[of][m]; twice {
			return &Error{s.file.Name, result.Line, fmt.Sprintf("results %s and %s are the same metric of the %s", before.ID, result.ID, of), "leave one out, or name the other variant's with its prefix"}
		}
		found[of][m] = result
	}
	switch {
	case !known && len(strangers) == 0:
		return &Error{s.file.Name, 0, "has no results", "check the dimensions: CloudWatch answers an endpoint that it does not know with nothing"}
	case !known:
		return &Error{s.file.Name, 0, "has no result that is known, but " + strings.Join(strangers, ", "), "give the queries the ids " + Names}
	case len(strangers) > 0:
		r.note("%s: not used: %s", s.file.Name, strings.Join(strangers, ", "))
	}
	if s.file.Incomplete {
		r.note("%s is incomplete: CloudWatch had more to tell (NextToken, or PartialData); export without --max-items, or append the next pages", s.file.Name)
	}
	for _, m := range s.file.Messages {
		r.note("%s: CloudWatch remarked: %s", s.file.Name, m)
	}
	return nil
}

func (r *Record) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// meaning is which metric of which variant a result is; an empty variant is that of its
// file. The id decides; a label counts where the id says nothing.
func meaning(r Result) (Variant, metric) {
	id := strings.ToLower(r.ID)
	for _, of := range []Variant{Baseline, Candidate} {
		if rest, ok := strings.CutPrefix(id, string(of)+"_"); ok {
			return of, named(rest)
		}
	}
	if m := named(id); m != unknown {
		return "", m
	}
	// CloudWatch's own labels end with the metric's name.
	words := strings.Fields(strings.ToLower(r.Label))
	if len(words) == 0 {
		return "", unknown
	}
	var of Variant
	if v := Variant(words[0]); v == Baseline || v == Candidate {
		of = v
	}
	return of, named(words[len(words)-1])
}

func named(name string) metric { return names[strings.ReplaceAll(name, "_", "")] }

// span is the first and the last minute of all.
func span(found map[Variant]map[metric]Result) (first, last time.Time) {
	for _, of := range []Variant{Baseline, Candidate} {
		for m := invocations; m <= latency; m++ {
			for _, p := range found[of][m].Points {
				if first.IsZero() || p.At.Before(first) {
					first = p.At
				}
				if p.At.After(last) {
					last = p.At
				}
			}
		}
	}
	return first, last
}

// lay lays out one variant's minutes.
func (r *Record) lay(of Variant, file string, found map[metric]Result, length int) error {
	if found[invocations].ID == "" {
		return &Error{file, 0, fmt.Sprintf("has no invocations of the %s", of), "give the queries the ids " + Names}
	}
	if found[errors5xx].ID == "" && found[modelErrors].ID == "" {
		return &Error{file, 0, fmt.Sprintf("has neither errors5xx nor modelErrors of the %s", of), "without them nothing can be said to have failed"}
	}
	if len(found[invocations].Points) == 0 {
		return &Error{file, found[invocations].Line, fmt.Sprintf("has no point of the %s's invocations", of), "check the dimensions and the times of the query"}
	}
	if found[errors5xx].ID == "" {
		r.note("%s: no errors5xx of the %s: only modelErrors count as failed", file, of)
	}
	if found[modelErrors].ID == "" {
		r.note("%s: no modelErrors of the %s: only errors5xx count as failed", file, of)
	}
	columns := map[metric][]float64{}
	for m := invocations; m <= latency; m++ {
		result, ok := found[m]
		if !ok {
			continue
		}
		column, err := r.column(file, result, length)
		if err != nil {
			return err
		}
		columns[m] = column
	}
	r.Variants[of] = minutes(columns, length)
	return nil
}

// column is a result by the minute; NaN where it has no point.
func (r *Record) column(file string, result Result, length int) ([]float64, error) {
	column := make([]float64, length)
	for i := range column {
		column[i] = math.NaN()
	}
	at := make([]time.Time, 0, len(result.Points))
	for _, p := range result.Points {
		column[int(p.At.Sub(r.Start)/time.Minute)] = p.Value // of two, the later is the revised one
		at = append(at, p.At)
	}
	slices.SortFunc(at, time.Time.Compare)
	at = slices.Compact(at)
	least := time.Duration(math.MaxInt64)
	for i := 1; i < len(at); i++ {
		least = min(least, at[i].Sub(at[i-1]))
	}
	if len(at) >= 3 && least >= coarse {
		return nil, &Error{file, result.Line, fmt.Sprintf("the points of %s are %s apart", result.ID, least), "export with a period of 60, within the 15 days for which CloudWatch keeps minutes"}
	}
	return column, nil
}

// minutes puts a variant's columns together as awsmetrics does: a minute that lacks
// requests or one of its error counts is taken for one without requests.
func minutes(columns map[metric][]float64, length int) []Minute {
	of := func(m metric, i int) float64 {
		if columns[m] == nil {
			return 0
		}
		return columns[m][i]
	}
	all := make([]Minute, length)
	for i := range all {
		n, e5, e4, model := of(invocations, i), of(errors5xx, i), of(errors4xx, i), of(modelErrors, i)
		if math.IsNaN(n) || math.IsNaN(e5) || math.IsNaN(model) {
			continue
		}
		if math.IsNaN(e4) {
			e4 = 0
		}
		// Model errors include answers of class 4XX, the caller's fault, and overlap
		// with 5XX: the two are not added up.
		failed := max(e5, model-e4, 0)
		all[i] = Minute{Requests: int64(math.Round(n)), Failed: min(int64(math.Round(failed)), int64(math.Round(n)))}
		if ms := of(latency, i) / 1000; ms > 0 {
			all[i].Latency = ms
		}
	}
	return all
}
