package autoscaling

import (
	"encoding/json"
	"math"
	"time"
)

// tracking is what is read of a TargetTrackingScalingPolicyConfiguration.
type tracking struct {
	TargetValue    *float64    `json:"TargetValue"`
	Predefined     *predefined `json:"PredefinedMetricSpecification"`
	Customized     *customized `json:"CustomizedMetricSpecification"`
	InCooldown     *int        `json:"ScaleInCooldown"`
	OutCooldown    *int        `json:"ScaleOutCooldown"`
	DisableScaleIn bool        `json:"DisableScaleIn"`
}

type predefined struct {
	MetricType    string `json:"PredefinedMetricType"`
	ResourceLabel string `json:"ResourceLabel"`
}

type customized struct {
	MetricName string `json:"MetricName"`
	Namespace  string `json:"Namespace"`
	Statistic  string `json:"Statistic"`
	Dimensions []struct {
		Name  string `json:"Name"`
		Value string `json:"Value"`
	} `json:"Dimensions"`
	Metrics []json.RawMessage `json:"Metrics"` // metric math
}

// The predefined metrics of variants with instances. Only the first is recorded here.
const (
	invocations        = "SageMakerVariantInvocationsPerInstance"
	concurrentRequests = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
)

// cooldown is what the API reference gives SageMaker variants when the caller gives none.
const cooldown = 300 * time.Second

// readTracking reads a configuration, or refuses it.
func readTracking(raw json.RawMessage) (*tracking, error) {
	const at = "targetTrackingScalingPolicyConfiguration."
	t := &tracking{}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, invalid("TargetTrackingScalingPolicyConfiguration cannot be read: %v", err)
	}
	switch {
	case t.TargetValue == nil:
		return nil, missing(at + "targetValue")
	case *t.TargetValue <= 0:
		return nil, invalid("TargetValue %v makes no sense for a metric that counts requests.", *t.TargetValue)
	case (t.Predefined == nil) == (t.Customized == nil):
		return nil, invalid("You must specify either a predefined or a customized metric specification.")
	case t.Predefined != nil && t.Predefined.MetricType != invocations && t.Predefined.MetricType != concurrentRequests:
		return nil, invalid("Predefined metric type %q does not fit scalable dimension %s.", t.Predefined.MetricType, dimension)
	case t.Predefined != nil && t.Predefined.ResourceLabel != "":
		return nil, invalid("ResourceLabel does not go with predefined metric type %s.", t.Predefined.MetricType)
	case t.Customized != nil && len(t.Customized.Metrics) == 0 && (t.Customized.MetricName == "" || t.Customized.Namespace == "" || t.Customized.Statistic == ""):
		return nil, invalid("CustomizedMetricSpecification needs MetricName, Namespace and Statistic, or Metrics.")
	}
	for member, seconds := range map[string]*int{"scaleInCooldown": t.InCooldown, "scaleOutCooldown": t.OutCooldown} {
		if seconds != nil && *seconds < 0 {
			return nil, constraint(*seconds, at+member, "Member must have value greater than or equal to 0")
		}
	}
	return t, nil
}

// same reports whether two policies track the same predefined metric. Either may be nil.
func (t *tracking) same(other *tracking) bool {
	return t != nil && other != nil && t.Predefined != nil && other.Predefined != nil && *t.Predefined == *other.Predefined
}

// metric is the metric that is tracked for a target; not ok if it is none that is
// recorded here.
func (t *tracking) metric(of *target) (m Metric, ok bool) {
	if t.Predefined != nil {
		return Metric{
			Namespace: "AWS/SageMaker", Name: "InvocationsPerInstance", Statistic: "Sum",
			Dims: map[string]string{"EndpointName": of.endpoint, "VariantName": of.variant},
		}, t.Predefined.MetricType == invocations
	}
	m = Metric{Namespace: t.Customized.Namespace, Name: t.Customized.MetricName, Statistic: t.Customized.Statistic, Dims: map[string]string{}}
	for _, d := range t.Customized.Dimensions {
		m.Dims[d.Name] = d.Value
	}
	return m, len(t.Customized.Metrics) == 0
}

// opinion is what one policy says: so many instances, because there is too much or too
// little for those there are.
type opinion struct {
	out, in bool
	count   int
}

// read makes an opinion of the published minutes of a metric (A1, A2).
func (t *tracking) read(points []Point, instances int, k Knobs) opinion {
	if len(points) == 0 {
		return opinion{}
	}
	target, newest := *t.TargetValue, points[len(points)-1].Value
	v := opinion{count: int(math.Ceil(float64(instances) * newest / target))}
	v.out = all(points, k.OutMinutes, func(value float64) bool { return value > target })
	v.in = all(points, k.InMinutes, func(value float64) bool { return value < k.InShare*target })
	return v
}

// all reports whether the newest n points are minutes in a row, and all hold. Missing
// minutes are no low ones. Source: "how target tracking works" of the user guide.
func all(points []Point, n int, holds func(float64) bool) bool {
	if len(points) < n {
		return false
	}
	last := points[len(points)-n:]
	for i, p := range last {
		if !holds(p.Value) || !p.Minute.Equal(last[0].Minute.Add(time.Duration(i)*time.Minute)) {
			return false
		}
	}
	return true
}

// seconds are a cooldown.
func seconds(given *int) time.Duration {
	if given == nil {
		return cooldown
	}
	return time.Duration(*given) * time.Second
}
