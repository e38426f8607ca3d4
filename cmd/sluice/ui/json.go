package ui

import (
	"encoding/json"
	"io"
	"math"
	"time"
)

// lines is the Printer for programs: JSON lines. Text is passed on as it is.
type lines struct {
	out, err io.Writer
	failed   error
}

// NewJSON prints for programs: one object a line.
func NewJSON(out, err io.Writer) Printer { return &lines{out: out, err: err} }

func (l *lines) Close() error { return l.failed }

func (l *lines) EndLive() {}

func (l *lines) write(to io.Writer, value any) {
	if l.failed != nil {
		return
	}
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	l.failed = encoder.Encode(value)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

type jsonRow struct {
	Type           string    `json:"type"` // row
	Time           time.Time `json:"time"`
	ElapsedSeconds int64     `json:"elapsedSeconds"`
	Event          string    `json:"event"` // the mark's word
	Subject        string    `json:"subject"`
	Text           string    `json:"text"`
}

func (l *lines) Row(r Row) {
	l.write(l.out, jsonRow{"row", r.Time.UTC(), seconds(r.Elapsed), r.Mark.Word, r.Subject, r.Text})
}

type jsonShare struct {
	Name   string `json:"name"`
	Weight int    `json:"weight"`
}

type jsonLook struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"`
	Text  string    `json:"text"`
}

type jsonStep struct {
	Event string  `json:"event"`
	Text  string  `json:"text"`
	Note  string  `json:"note,omitempty"`
	Done  float64 `json:"done"` // 0 to 1
}

func stepsJSON(steps []Step) (all []jsonStep) {
	for _, s := range steps {
		all = append(all, jsonStep{s.Mark.Word, s.Text, s.Note, finite(s.Done)})
	}
	return all
}

type jsonLive struct {
	Type           string     `json:"type"` // live
	Time           time.Time  `json:"time"`
	ElapsedSeconds int64      `json:"elapsedSeconds"`
	Event          string     `json:"event"`
	Subject        string     `json:"subject"`
	Step           string     `json:"step,omitempty"`
	Steps          []jsonStep `json:"steps,omitempty"`
	Baseline       jsonShare  `json:"baseline"`
	Candidate      jsonShare  `json:"candidate"`
	Evidence       float64    `json:"evidence"`
	EvidenceLimit  float64    `json:"evidenceLimit"`
	Look           *jsonLook  `json:"look,omitempty"` // the last one
}

func (l *lines) Live(v Live) {
	line := jsonLive{
		Type: "live", Time: v.Time.UTC(), ElapsedSeconds: seconds(v.Elapsed), Event: v.Mark.Word, Subject: v.Subject, Step: v.Step, Steps: stepsJSON(v.Steps),
		Baseline: jsonShare(v.Baseline), Candidate: jsonShare(v.Candidate),
		Evidence: finite(v.Evidence.Wealth), EvidenceLimit: finite(v.Evidence.Limit),
	}
	if n := len(v.Looks); n > 0 {
		last := v.Looks[n-1]
		line.Look = &jsonLook{last.Time.UTC(), last.Mark.Word, last.Text}
	}
	l.write(l.out, line)
}

// finite keeps numbers within JSON: evidence may grow without end.
func finite(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return math.Min(f, math.MaxFloat64)
}

// Table prints an object for each row, with the columns' names as keys.
func (l *lines) Table(t Table) {
	for i := range t.Rows {
		row := map[string]string{"type": "record"}
		for j, column := range t.Columns {
			row[column.Name] = ""
			if j < len(t.Rows[i]) {
				row[column.Name] = t.Rows[i][j]
			}
		}
		l.write(l.out, row)
	}
}

type jsonField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (l *lines) Report(r Report) {
	fields := make([]jsonField, len(r.Fields))
	for i, f := range r.Fields {
		fields[i] = jsonField(f)
	}
	l.write(l.out, struct {
		Type   string      `json:"type"` // report
		Event  string      `json:"event"`
		Title  string      `json:"title"`
		Fields []jsonField `json:"fields"`
		Steps  []jsonStep  `json:"steps,omitempty"`
		Text   []string    `json:"text,omitempty"`
	}{"report", r.Mark.Word, r.Title, fields, stepsJSON(r.Steps), r.Text})
}

func (l *lines) Problem(p Problem) {
	_, kind := p.kind()
	l.write(l.err, struct {
		Type  string `json:"type"` // error or warning
		Where string `json:"where,omitempty"`
		Text  string `json:"text"`
		Fix   string `json:"fix,omitempty"`
	}{kind, p.Where, p.Text, p.Fix})
}

func (l *lines) Note(words string) {
	l.write(l.err, struct {
		Type string `json:"type"` // note
		Text string `json:"text"`
	}{"note", words})
}
