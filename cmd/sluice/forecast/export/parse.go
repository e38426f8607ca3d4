package export

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Parse reads the pages in src. Errors: *Error, with the line.
func Parse(name string, src []byte) (File, error) {
	p := &pages{scanner: newScanner(name, src), file: File{Name: name}, partial: map[string]bool{}}
	if err := p.all(); err != nil {
		return File{}, err
	}
	for _, open := range p.partial {
		p.file.Incomplete = p.file.Incomplete || open
	}
	return p.file, nil
}

// pages reads pages one after another.
type pages struct {
	scanner
	file    File
	any     bool
	partial map[string]bool // by id: what a page leaves open, a later one may close
}

func (p *pages) all() error {
	for {
		t, end, err := p.next()
		switch {
		case err != nil:
			return err
		case end && !p.any:
			return p.wrongAt(0, "is empty", "write the output of aws cloudwatch get-metric-data into it")
		case end:
			return nil
		case t == json.Delim('['):
			return p.wrong("begins with a list", "save what the AWS CLI prints as a whole, without --query")
		case t != json.Delim('{'):
			return p.wrong(fmt.Sprintf("begins with %s, not with an object", described(t)), "save what the AWS CLI prints with --output json")
		}
		if err := p.page(); err != nil {
			return err
		}
	}
}

// page reads one answer of GetMetricData, whose brace is open.
func (p *pages) page() error {
	began, results := p.line(), false
	p.any, p.file.Incomplete = true, false
	err := p.object(func(member string) error {
		switch member {
		case "MetricDataResults":
			results = true
			return p.list(member, p.result)
		case "NextToken":
			t, err := p.value()
			p.file.Incomplete = t != nil && t != ""
			return err
		case "Messages":
			return p.list(member, p.message)
		case "Datapoints":
			return p.wrong("is an answer of get-metric-statistics", "export with aws cloudwatch get-metric-data")
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	if !results {
		return p.wrongAt(began, "has no MetricDataResults", "save what aws cloudwatch get-metric-data prints, without --query")
	}
	return nil
}

// result reads one of MetricDataResults.
func (p *pages) result(t json.Token) error {
	if t != json.Delim('{') {
		return p.wrong(fmt.Sprintf("has %s among MetricDataResults", described(t)), "each must be an object")
	}
	r := Result{Line: p.line()}
	var times []Point
	var values []float64
	status := ""
	err := p.object(func(member string) (err error) {
		switch member {
		case "Id":
			r.ID, err = p.text(member)
		case "Label":
			r.Label, err = p.text(member)
		case "StatusCode":
			status, err = p.text(member)
		case "Timestamps":
			err = p.list(member, func(t json.Token) error {
				at, err := p.moment(t)
				times = append(times, Point{At: at, Line: p.line()})
				return err
			})
		case "Values":
			err = p.list(member, func(t json.Token) error {
				v, err := p.number(t)
				values = append(values, v)
				return err
			})
		case "Messages":
			err = p.list(member, p.message)
		default:
			err = p.skip()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case r.ID == "":
		return p.wrongAt(r.Line, "has a result without Id", "")
	case len(times) != len(values):
		return p.wrongAt(r.Line, fmt.Sprintf("result %s has %d Timestamps and %d Values", r.ID, len(times), len(values)), "export again: one belongs to the other")
	case status == "InternalError" || status == "Forbidden":
		return p.wrongAt(r.Line, fmt.Sprintf("CloudWatch answered %s for result %s", status, r.ID), "export again, with leave to call cloudwatch:GetMetricData")
	}
	p.partial[r.ID] = status == "PartialData"
	for i, v := range values {
		times[i].Value = v
	}
	r.Points = times
	p.add(r)
	return nil
}

// add joins a result with what earlier pages said under its id.
func (p *pages) add(r Result) {
	for i := range p.file.Results {
		if known := &p.file.Results[i]; known.ID == r.ID && known.Label == r.Label {
			known.Points = append(known.Points, r.Points...)
			return
		}
	}
	p.file.Results = append(p.file.Results, r)
}

// message reads one of Messages: {"Code", "Value"}.
func (p *pages) message(t json.Token) error {
	if t != json.Delim('{') {
		return p.wrong(fmt.Sprintf("has %s among Messages", described(t)), "each must be an object")
	}
	var code, value string
	err := p.object(func(member string) (err error) {
		switch member {
		case "Code":
			code, err = p.text(member)
		case "Value":
			value, err = p.text(member)
		default:
			err = p.skip()
		}
		return err
	})
	p.file.Messages = append(p.file.Messages, code+": "+value)
	return err
}

// moment is a timestamp: ISO 8601 with a zone, as version 2 of the AWS CLI prints it, or
// seconds since 1970, as version 1 does.
func (p *pages) moment(t json.Token) (at time.Time, err error) {
	const fix = "save what the AWS CLI prints with --output json"
	switch t := t.(type) {
	case string:
		if at, err = time.Parse(time.RFC3339, t); err != nil {
			if _, err := time.Parse("2006-01-02T15:04:05", t); err == nil {
				return at, p.wrong(fmt.Sprintf("timestamp %q has no zone", t), "write +00:00 or Z behind it if it is UTC")
			}
			return at, p.wrong(fmt.Sprintf("timestamp %.40q is no time in ISO 8601", t), fix)
		}
	case json.Number:
		seconds, err := t.Float64()
		if err != nil || math.Abs(seconds) > 1e11 {
			return at, p.wrong(fmt.Sprintf("timestamp %s is no number of seconds since 1970", t), fix)
		}
		at = time.Unix(int64(seconds), int64(1e9*(seconds-math.Trunc(seconds))))
	default:
		return at, p.wrong(fmt.Sprintf("has %s among Timestamps", described(t)), fix)
	}
	if at = at.UTC(); !at.Equal(at.Truncate(time.Minute)) {
		return at, p.wrong(fmt.Sprintf("timestamp %v is not a whole minute", t), "export with a period of 60")
	}
	return at, nil
}

// number is a value: finite, as JSON's are, and not negative, as counts and latencies
// are.
func (p *pages) number(t json.Token) (float64, error) {
	n, ok := t.(json.Number)
	if !ok {
		return 0, p.wrong(fmt.Sprintf("has %s among Values", described(t)), "each must be a number")
	}
	v, err := n.Float64()
	if err != nil || math.IsInf(v, 0) || v < 0 || v > maxValue {
		return 0, p.wrong(fmt.Sprintf("value %s is no count and no latency", n), "both are 0 to 1e12")
	}
	return v, nil
}

// maxValue is the largest count that the judge takes.
const maxValue = 1e12
