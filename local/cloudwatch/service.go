// Package cloudwatch is Amazon CloudWatch on a laptop: metrics that appear a while
// after they were recorded, and alarms that look at what has appeared.
//
// It decides what GetMetricData answers and when an alarm changes its state; the
// subpackages hold the metric store, metric math, alarm rules and the evaluation of
// datapoints. What a state change leads to is injected: an event for EventBridge,
// and a message for each action. Other services record metrics through Record.
//
// Not modelled: high-resolution metrics, metric streams, anomaly detection, Metrics
// Insights, alarm mute rules, action suppressors, cross-account data, retention.
package cloudwatch

import (
	"time"

	"sluice/local/cloudwatch/metric"
	"sluice/local/sim"
	"sluice/local/wire"
)

// DefaultEvaluateAt is how long after a whole minute alarms are evaluated. AWS
// spreads alarms over the minute; here one event evaluates all.
const DefaultEvaluateAt = 20 * time.Second

// Service is the metrics and alarms of one account.
type Service struct {
	// Metrics is the store; its Publication holds the knobs of late and revised data.
	Metrics *metric.Store
	// EvaluateAt is how long after each whole minute alarms are evaluated.
	EvaluateAt time.Duration

	world  *sim.World
	emit   func(source, detailType string, resources []string, detail any)
	act    func(actionARN string, message []byte)
	alarms map[string]*alarm
	past   []historyItem // of all alarms, oldest first
	ticker *sim.Timer
}

// New returns a CloudWatch without metrics or alarms. emit sends an event to the
// default event bus; act performs one alarm action, such as publishing message to
// an SNS topic or invoking a Lambda function with it. Either may be nil.
func New(w *sim.World, emit func(source, detailType string, resources []string, detail any), act func(actionARN string, message []byte)) *Service {
	if emit == nil {
		emit = func(string, string, []string, any) {}
	}
	if act == nil {
		act = func(string, []byte) {}
	}
	return &Service{
		Metrics: metric.NewStore(w.Seed(), metric.DefaultPublication()), EvaluateAt: DefaultEvaluateAt,
		world: w, emit: emit, act: act, alarms: map[string]*alarm{},
	}
}

// Wire is the service with all its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{
		Prefix: "cloudwatch", Signing: "monitoring", Target: "GraniteServiceVersion20100801",
		Version: "2010-08-01", XMLNS: "http://monitoring.amazonaws.com/doc/2010-08-01/",
		QueryCodes: map[string]string{}, // its errors have those codes, and their shape as a member
	}
	s.handleMetrics(svc)
	s.handleAlarms(svc)
	return svc
}

// Record keeps observations of another service: values[i] was seen counts[i]
// times, once if counts is empty, in the minute of at. They can be read once they
// are published. The unit is the one that AWS documents for the metric.
func (s *Service) Record(namespace, name string, dims map[string]string, at time.Time, values, counts []float64) {
	m := metric.Metric{Namespace: namespace, Name: name, Dims: dims}
	s.Metrics.Record(m, s.world.Now(), metric.Sample{Unit: unitOf(namespace, name), At: at, Values: values, Counts: counts})
}

// Series reads a metric as GetMetricData would now: the periods that start in
// [from, to), oldest first. stat is as in the API, such as "Sum" or "p99"; period
// is a multiple of a minute.
func (s *Service) Series(namespace, name string, dims map[string]string, stat string, period time.Duration, from, to time.Time) ([]metric.Point, error) {
	return s.read(namespace, name, dims, stat, metric.Window{From: from, To: to, Period: period, AsOf: s.world.Now()})
}

// Truth is Series with everything that was recorded, published or not.
func (s *Service) Truth(namespace, name string, dims map[string]string, stat string, period time.Duration, from, to time.Time) ([]metric.Point, error) {
	return s.read(namespace, name, dims, stat, metric.Window{From: from, To: to, Period: period})
}

func (s *Service) read(namespace, name string, dims map[string]string, stat string, w metric.Window) ([]metric.Point, error) {
	st, err := metric.ParseStatistic(stat)
	if err != nil {
		return nil, err
	}
	w.From = w.From.Truncate(time.Minute)
	return s.Metrics.Read(metric.Metric{Namespace: namespace, Name: name, Dims: dims}, st, w), nil
}
