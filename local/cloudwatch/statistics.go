package cloudwatch

import (
	"errors"
	"time"

	"sluice/local/cloudwatch/metric"
	"sluice/local/wire"
)

// maxStatistics bounds the datapoints of GetMetricStatistics.
const maxStatistics = 1440

type statisticsIn struct {
	Namespace          string      `json:"Namespace"`
	MetricName         string      `json:"MetricName"`
	Dimensions         []dimension `json:"Dimensions"`
	StartTime          *wire.Time  `json:"StartTime"`
	EndTime            *wire.Time  `json:"EndTime"`
	Period             int         `json:"Period"`
	Statistics         []string    `json:"Statistics"`
	ExtendedStatistics []string    `json:"ExtendedStatistics"`
	Unit               string      `json:"Unit"`
}

type statisticsOut struct {
	Label      string      `json:"Label"`
	Datapoints []datapoint `json:"Datapoints"`
}

type datapoint struct {
	Timestamp          *wire.Time         `json:"Timestamp"`
	SampleCount        *float64           `json:"SampleCount"`
	Average            *float64           `json:"Average"`
	Sum                *float64           `json:"Sum"`
	Minimum            *float64           `json:"Minimum"`
	Maximum            *float64           `json:"Maximum"`
	Unit               string             `json:"Unit"`
	ExtendedStatistics map[string]float64 `json:"ExtendedStatistics,omitempty"`
}

// getMetricStatistics answers the datapoints oldest first; AWS promises no order.
// Data recorded in several units comes as one datapoint for each unit.
func (s *Service) getMetricStatistics(in *statisticsIn) (*statisticsOut, error) {
	stats, err := in.check()
	if err != nil {
		return nil, err
	}
	m := metric.Metric{Namespace: in.Namespace, Name: in.MetricName, Dims: dims(in.Dimensions)}
	out := &statisticsOut{Label: in.MetricName, Datapoints: []datapoint{}}
	for _, unit := range s.Metrics.Units(m) {
		if in.Unit != "" && in.Unit != unit {
			continue
		}
		times, ds := s.Metrics.Distributions(m, metric.Window{
			From: in.StartTime.Truncate(time.Minute), To: in.EndTime.Time,
			Period: time.Duration(in.Period) * time.Second, Unit: unit, AsOf: s.world.Now(),
		})
		for i, d := range ds {
			p := datapoint{Timestamp: wire.At(times[i]), Unit: unit}
			for _, st := range stats {
				if v, ok := st.Of(d); ok {
					p.set(st.Name, v)
				}
			}
			out.Datapoints = append(out.Datapoints, p)
		}
	}
	return out, nil
}

func (p *datapoint) set(stat string, v float64) {
	switch stat {
	case "SampleCount":
		p.SampleCount = &v
	case "Average":
		p.Average = &v
	case "Sum":
		p.Sum = &v
	case "Minimum":
		p.Minimum = &v
	case "Maximum":
		p.Maximum = &v
	default:
		if p.ExtendedStatistics == nil {
			p.ExtendedStatistics = map[string]float64{}
		}
		p.ExtendedStatistics[stat] = v
	}
}

func (in *statisticsIn) check() ([]metric.Statistic, error) {
	switch {
	case in.Namespace == "":
		return nil, missingParameter("Namespace")
	case in.MetricName == "":
		return nil, missingParameter("MetricName")
	case in.StartTime == nil:
		return nil, missingParameter("StartTime")
	case in.EndTime == nil:
		return nil, missingParameter("EndTime")
	case len(in.Statistics) == 0 && len(in.ExtendedStatistics) == 0:
		return nil, missingParameter("Statistics")
	case len(in.Statistics) > 0 && len(in.ExtendedStatistics) > 0:
		return nil, badCombination("The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.")
	case !in.StartTime.Before(in.EndTime.Time):
		return nil, badCombination("The parameter StartTime must be less than the parameter EndTime.")
	}
	if err := checkPeriod(in.Period); err != nil {
		return nil, err
	}
	if err := checkUnit(in.Unit); err != nil {
		return nil, err
	}
	if n := int(in.EndTime.Sub(in.StartTime.Truncate(time.Minute)) / (time.Duration(in.Period) * time.Second)); n > maxStatistics {
		return nil, badCombination("You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, maxStatistics)
	}
	var out []metric.Statistic
	for _, name := range append(in.Statistics, in.ExtendedStatistics...) {
		st, err := statistic("GetMetricStatistics", name)
		if err != nil {
			return nil, err
		}
		if st.Basic() != (len(in.Statistics) > 0) {
			return nil, badValue("The value %s for parameter Statistics is invalid.", name)
		}
		out = append(out, st)
	}
	return out, nil
}

// statistic reads a statistic, telling one that is no statistic at all from one
// that is missing here.
func statistic(operation, name string) (metric.Statistic, error) {
	st, err := metric.ParseStatistic(name)
	var missing *metric.UnsupportedStatistic
	if errors.As(err, &missing) {
		return st, notHere(operation, "the statistic "+name)
	}
	if err != nil {
		return st, badValue("The value %s for parameter Stat is invalid.", name)
	}
	return st, nil
}

// checkPeriod holds a period, in seconds, against the rules for metrics of one
// minute's resolution. The high-resolution periods exist in AWS and not here.
func checkPeriod(seconds int) error {
	switch seconds {
	case 1, 5, 10, 20, 30:
		return &wire.Error{Code: "NotImplemented", Message: "local AWS keeps metrics by the minute and does not implement high-resolution periods", Status: 501}
	}
	if seconds < 60 || seconds%60 != 0 {
		return badValue("The parameter Period must be a multiple of 60.")
	}
	return nil
}
