package cloudwatch

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"slices"
	"time"

	"sluice/local/cloudwatch/metricmath"
	"sluice/local/wire"
)

// Limits of GetMetricData. Source: AWS.md C.2.
const (
	maxQueries    = 500
	maxDatapoints = 100800
)

type getMetricDataIn struct {
	MetricDataQueries []metricDataQuery `json:"MetricDataQueries"`
	StartTime         *wire.Time        `json:"StartTime"`
	EndTime           *wire.Time        `json:"EndTime"`
	NextToken         string            `json:"NextToken"`
	ScanBy            string            `json:"ScanBy"`
	MaxDatapoints     int               `json:"MaxDatapoints"`
	LabelOptions      *struct {
		Timezone string `json:"Timezone"`
	} `json:"LabelOptions"`
}

type getMetricDataOut struct {
	MetricDataResults []metricDataResult `json:"MetricDataResults"`
	NextToken         string             `json:"NextToken,omitempty"`
	Messages          []struct{}         `json:"Messages"`
}

type metricDataResult struct {
	ID         string      `json:"Id"`
	Label      string      `json:"Label"`
	Timestamps []wire.Time `json:"Timestamps"`
	Values     []float64   `json:"Values"`
	StatusCode string      `json:"StatusCode"`
}

// pageToken is where the next page begins. Data published between two pages shows
// in neither: all pages are as of the first.
type pageToken struct {
	Series  int       `json:"n"` // series already answered in full
	Skip    int       `json:"s"` // datapoints already answered of the next one
	AsOf    time.Time `json:"t"`
	Request uint64    `json:"r"` // of which request
}

func (s *Service) getMetricData(in *getMetricDataIn) (*getMetricDataOut, error) {
	p, err := in.check()
	if err != nil {
		return nil, err
	}
	at := pageToken{AsOf: s.world.Now(), Request: in.digest()}
	if in.NextToken != "" {
		if at, err = readToken(in.NextToken, at.Request); err != nil {
			return nil, err
		}
	}
	r := s.reading(p, in.StartTime.Truncate(time.Minute), in.EndTime.Time, at.AsOf)
	out := &getMetricDataOut{MetricDataResults: []metricDataResult{}, Messages: []struct{}{}}
	room, number := cmp.Or(in.MaxDatapoints, maxDatapoints), 0
	for i := range p.queries {
		q := &p.queries[i]
		if !q.returned() {
			continue
		}
		all, err := r.series(q.ID)
		if err != nil {
			return nil, err
		}
		for _, series := range all {
			number++
			if number <= at.Series {
				continue
			}
			skip := 0
			if number == at.Series+1 { // the page before may have ended inside it
				skip = min(at.Skip, len(series))
			}
			take := min(len(series)-skip, room)
			room -= take
			if take > 0 || len(series) == 0 {
				out.MetricDataResults = append(out.MetricDataResults, in.result(q, series, skip, take))
			}
			if skip+take < len(series) {
				out.NextToken = pageToken{number - 1, skip + take, at.AsOf, at.Request}.String()
				return out, nil
			}
		}
	}
	return out, nil
}

func (in *getMetricDataIn) result(q *metricDataQuery, series metricmath.Series, skip, take int) metricDataResult {
	if in.ScanBy != "TimestampAscending" {
		series = slices.Clone(series) // expressions may read it still
		slices.Reverse(series)
	}
	label := q.ID
	if q.MetricStat != nil {
		label = q.MetricStat.Metric.MetricName
	}
	r := metricDataResult{ID: q.ID, Label: cmp.Or(q.Label, label), StatusCode: "Complete", Timestamps: []wire.Time{}, Values: []float64{}}
	for _, p := range series[skip : skip+take] {
		r.Timestamps = append(r.Timestamps, wire.Time{Time: p.At})
		r.Values = append(r.Values, p.Value)
	}
	if skip+take < len(series) {
		r.StatusCode = "PartialData"
	}
	return r
}

func (in *getMetricDataIn) check() (*plan, error) {
	switch {
	case len(in.MetricDataQueries) == 0:
		return nil, invalid("The parameter MetricDataQueries is required.")
	case len(in.MetricDataQueries) > maxQueries:
		return nil, invalid("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	case in.StartTime == nil || in.EndTime == nil:
		return nil, invalid("The parameters StartTime and EndTime are required.")
	case !in.StartTime.Before(in.EndTime.Time):
		return nil, invalid("The parameter StartTime must be less than the parameter EndTime.")
	case in.MaxDatapoints < 0 || in.MaxDatapoints > maxDatapoints:
		return nil, invalid("The parameter MaxDatapoints must be between 1 and %d.", maxDatapoints)
	case in.ScanBy != "" && in.ScanBy != "TimestampAscending" && in.ScanBy != "TimestampDescending":
		return nil, invalid("The value %s for parameter ScanBy is invalid.", in.ScanBy)
	}
	p, err := newPlan("GetMetricData", in.MetricDataQueries)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(in.MetricDataQueries, func(q metricDataQuery) bool { return q.returned() }) {
		return nil, invalid("At least one query must have ReturnData set to true.")
	}
	return p, nil
}

// digest tells requests apart, page tokens aside.
func (in *getMetricDataIn) digest() uint64 {
	h := fnv.New64a()
	enc := json.NewEncoder(h)
	// The members are plain data and a hash takes every write.
	_ = enc.Encode([]any{in.MetricDataQueries, in.StartTime, in.EndTime, in.ScanBy})
	return h.Sum64()
}

func (t pageToken) String() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic("cloudwatch: a page token is no JSON: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func readToken(text string, request uint64) (pageToken, error) {
	var t pageToken
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil || t.Request != request || t.Skip < 0 || t.Series < 0 {
		return t, wire.Errorf("InvalidNextToken", "The next token specified is invalid.")
	}
	return t, nil
}
