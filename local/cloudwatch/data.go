package cloudwatch

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/local/cloudwatch/metric"
	"sluice/local/wire"
)

// Limits of PutMetricData. Source: AWS.md C.2.
const (
	maxMetrics = 1000
	maxValues  = 150
	oldest     = 14 * 24 * time.Hour
	newest     = 2 * time.Hour
)

// listPage is the size of a page of ListMetrics.
const listPage = 500

func (s *Service) handleMetrics(svc *wire.Service) {
	wire.Handle(svc, "PutMetricData", func(in *putMetricDataIn) []wire.Access {
		return []wire.Access{{Action: "cloudwatch:PutMetricData", Resource: "*", Conditions: map[string][]string{"cloudwatch:namespace": {in.Namespace}}}}
	}, func(_ *wire.Call, in *putMetricDataIn) (*struct{}, error) { return &struct{}{}, s.putMetricData(in) })
	wire.Handle(svc, "GetMetricData", func(*getMetricDataIn) []wire.Access { return may("GetMetricData") },
		func(_ *wire.Call, in *getMetricDataIn) (*getMetricDataOut, error) { return s.getMetricData(in) })
	wire.Handle(svc, "GetMetricStatistics", func(*statisticsIn) []wire.Access { return may("GetMetricStatistics") },
		func(_ *wire.Call, in *statisticsIn) (*statisticsOut, error) { return s.getMetricStatistics(in) })
	wire.Handle(svc, "ListMetrics", func(*listMetricsIn) []wire.Access { return may("ListMetrics") },
		func(_ *wire.Call, in *listMetricsIn) (*listMetricsOut, error) { return s.listMetrics(in) })
}

type putMetricDataIn struct {
	Namespace        string        `json:"Namespace"`
	MetricData       []metricDatum `json:"MetricData"`
	EntityMetricData []struct{}    `json:"EntityMetricData"`
}

type metricDatum struct {
	MetricName        string        `json:"MetricName"`
	Dimensions        []dimension   `json:"Dimensions"`
	Timestamp         *wire.Time    `json:"Timestamp"`
	Value             *float64      `json:"Value"`
	StatisticValues   *statisticSet `json:"StatisticValues"`
	Values            []float64     `json:"Values"`
	Counts            []float64     `json:"Counts"`
	Unit              string        `json:"Unit"`
	StorageResolution int           `json:"StorageResolution"`
}

type statisticSet struct {
	SampleCount float64 `json:"SampleCount"`
	Sum         float64 `json:"Sum"`
	Minimum     float64 `json:"Minimum"`
	Maximum     float64 `json:"Maximum"`
}

func (s *Service) putMetricData(in *putMetricDataIn) error {
	switch {
	case len(in.EntityMetricData) > 0:
		return notHere("PutMetricData", "EntityMetricData")
	case in.Namespace == "":
		return missingParameter("Namespace")
	case strings.HasPrefix(in.Namespace, "AWS/"):
		return badValue("The value AWS/ for parameter Namespace is invalid.")
	case len(in.Namespace) > 255 || in.Namespace[0] == ':':
		return badValue("The parameter Namespace must be 1 to 255 characters long and not start with a colon.")
	case len(in.MetricData) == 0:
		return missingParameter("MetricData")
	case len(in.MetricData) > maxMetrics:
		return badValue("The collection MetricData must not have a size greater than %d.", maxMetrics)
	}
	now := s.world.Now()
	for i := range in.MetricData {
		if err := in.MetricData[i].check(fmt.Sprintf("MetricData.member.%d", i+1), now); err != nil {
			return err // nothing is stored unless all is well
		}
	}
	for _, d := range in.MetricData {
		x := metric.Sample{Unit: d.Unit, At: now, Values: d.Values, Counts: d.Counts}
		if d.Timestamp != nil {
			x.At = d.Timestamp.Time
		}
		if d.Value != nil {
			x.Values = []float64{*d.Value}
		}
		if v := d.StatisticValues; v != nil {
			x.Set = &metric.Set{Count: v.SampleCount, Sum: v.Sum, Min: v.Minimum, Max: v.Maximum}
		}
		s.Metrics.Record(metric.Metric{Namespace: in.Namespace, Name: d.MetricName, Dims: dims(d.Dimensions)}, now, x)
	}
	return nil
}

func (d *metricDatum) check(at string, now time.Time) error {
	if d.MetricName == "" {
		return missingParameter(at + ".MetricName")
	}
	if len(d.MetricName) > 255 {
		return badValue("The parameter %s.MetricName must be shorter than 256 characters.", at)
	}
	if err := checkDimensions(d.Dimensions); err != nil {
		return err
	}
	if err := checkUnit(d.Unit); err != nil {
		return err
	}
	if d.StorageResolution != 0 && d.StorageResolution != 1 && d.StorageResolution != 60 {
		return badValue("The parameter %s.StorageResolution must be 1 or 60.", at)
	}
	if t := d.Timestamp; t != nil && (t.Before(now.Add(-oldest)) || t.After(now.Add(newest))) {
		return badValue("The parameter %s.Timestamp must specify a time within the past two weeks and no more than two hours in the future.", at)
	}
	return d.checkValues(at)
}

func (d *metricDatum) checkValues(at string) error {
	given := 0
	for _, has := range []bool{d.Value != nil, d.StatisticValues != nil, len(d.Values) > 0} {
		if has {
			given++
		}
	}
	if given == 0 {
		return missingParameter(at + ".Value")
	}
	if given > 1 {
		return badCombination("The parameters %s.Value, %[1]s.Values and %[1]s.StatisticValues are mutually exclusive and you have specified more than one.", at)
	}
	if len(d.Values) > maxValues {
		return badValue("The collection %s.Values must not have a size greater than %d.", at, maxValues)
	}
	if len(d.Counts) > 0 && len(d.Counts) != len(d.Values) {
		return badValue("The collections %s.Values and %[1]s.Counts must have the same size.", at)
	}
	all := slices.Concat(d.Values, d.Counts)
	if d.Value != nil {
		all = append(all, *d.Value)
	}
	if v := d.StatisticValues; v != nil {
		all = append(all, v.SampleCount, v.Sum, v.Minimum, v.Maximum)
	}
	for _, v := range all {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return badValue("The value %v for parameter %s.Value is invalid.", v, at)
		}
	}
	for _, c := range d.Counts {
		if c < 0 {
			return badValue("The value %v for parameter %s.Counts is invalid.", c, at)
		}
	}
	return nil
}

type listMetricsIn struct {
	Namespace             string      `json:"Namespace"`
	MetricName            string      `json:"MetricName"`
	Dimensions            []dimension `json:"Dimensions"`
	NextToken             string      `json:"NextToken"`
	RecentlyActive        string      `json:"RecentlyActive"`
	IncludeLinkedAccounts bool        `json:"IncludeLinkedAccounts"`
}

type listMetricsOut struct {
	Metrics   []metricName `json:"Metrics"`
	NextToken string       `json:"NextToken,omitempty"`
}

func (s *Service) listMetrics(in *listMetricsIn) (*listMetricsOut, error) {
	if in.RecentlyActive != "" {
		return nil, notHere("ListMetrics", "RecentlyActive")
	}
	if in.IncludeLinkedAccounts {
		return nil, notHere("ListMetrics", "IncludeLinkedAccounts")
	}
	var all []metricName
	for _, m := range s.Metrics.Metrics(s.world.Now()) {
		if in.matches(m) {
			all = append(all, metricName{m.Namespace, m.Name, dimensionList(m.Dims)})
		}
	}
	from := 0
	if in.NextToken != "" {
		n, err := strconv.Atoi(in.NextToken)
		if err != nil || n < 0 || n > len(all) {
			return nil, badValue("The value %s for parameter NextToken is invalid.", in.NextToken)
		}
		from = n
	}
	to := min(from+listPage, len(all))
	out := &listMetricsOut{Metrics: all[from:to]}
	if to < len(all) {
		out.NextToken = strconv.Itoa(to)
	}
	return out, nil
}

func (in *listMetricsIn) matches(m metric.Metric) bool {
	if in.Namespace != "" && in.Namespace != m.Namespace || in.MetricName != "" && in.MetricName != m.Name {
		return false
	}
	for _, d := range in.Dimensions {
		if v, ok := m.Dims[d.Name]; !ok || d.Value != "" && d.Value != v {
			return false
		}
	}
	return true
}
