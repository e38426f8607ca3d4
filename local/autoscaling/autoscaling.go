// Package autoscaling is Application Auto Scaling on a laptop, for the instance counts
// of SageMaker variants: scalable targets, policies and scheduled actions are kept
// whole, and target tracking scales. What it sees and changes is given by Outside.
//
// Assumed, as AWS documents none of it: A1 three published minutes over the target
// scale out, fifteen under nine tenths of it scale in, as users report; A2 the newest
// of them says how far; A3 nothing scales out in the scale-out cooldown, not even
// further; A4 a cooldown begins when the new count is seen; A5 limits are enforced
// once after RegisterScalableTarget, suspended or not; A6 texts of refusals, and ARNs.
//
// Kept, but never acting: step scaling, scheduled actions, metric math and
// high-resolution metrics. Not modelled: the alarms that target tracking puts into
// CloudWatch, which DescribeAlarms would show; activities; events; prediction; tags.
package autoscaling

import (
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Variant is a production variant of an endpoint that runs on instances.
type Variant struct {
	InService bool // the endpoint is
	Instances int  // the variant has
}

// Metric is a metric in CloudWatch with one of its statistics, such as "Sum".
type Metric struct {
	Namespace, Name string
	Dims            map[string]string
	Statistic       string
}

// Point is one minute of a metric.
type Point struct {
	Minute time.Time // its beginning
	Value  float64
}

// Outside is what Application Auto Scaling needs of the rest of local AWS.
type Outside interface {
	// Variant finds a variant as it is now. Names are as they were given to SageMaker.
	Variant(endpoint, variant string) (Variant, bool)
	// Resize asks for another number of instances, as
	// UpdateEndpointWeightsAndCapacities does. SageMaker may refuse.
	Resize(endpoint, variant string, instances int) error
	// Published is what can be read of a metric by now: the minutes that begin in
	// [from, to), oldest first.
	Published(m Metric, from, to time.Time) []Point
}

// Knobs are habits that no document promises. Change them at any time.
type Knobs struct {
	Lag         time.Duration // a new target stays unseen so long, save by RegisterScalableTarget
	EvaluateAt  time.Duration // after each whole minute
	OutMinutes  int           // over the target, one after the other, before it scales out
	InMinutes   int           // likewise under InShare of the target, before it scales in
	InShare     float64       // 0..1
	MetricDelay time.Duration // metrics whose newest minute is older than this are too old to act on
}

// Service is the scalable targets of one account.
type Service struct {
	Knobs

	w       *sim.World
	out     Outside
	targets []*target // in order of registration
	ticker  *sim.Timer
}

// New returns a service without any target.
func New(w *sim.World, out Outside) *Service {
	return &Service{w: w, out: out, Knobs: Knobs{
		EvaluateAt: 40 * time.Second, OutMinutes: 3, InMinutes: 15, InShare: 0.9, MetricDelay: 10 * time.Minute,
	}}
}

// Wire is the service with all its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "application-autoscaling", Target: "AnyScaleFrontendService"}
	s.handleTargets(svc)
	s.handlePolicies(svc)
	s.handleActions(svc)
	return svc
}

// empty is the answer of operations that have nothing to say.
type empty struct{}
