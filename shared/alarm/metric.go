package alarm

import (
	"math"
	"slices"
	"strings"
)

// The namespaces of an endpoint's metrics. Source: AWS.md C.1.
const (
	invocation = "AWS/SageMaker"
	instance   = "/aws/sagemaker/Endpoints"
)

// failures are 0 or 1 a request, so that their Average is the share of requests that
// failed and their Sum counts them. Source: AWS.md C.1.
var failures = []string{"Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors"}

// percents are at most 100. Those of processors and GPUs go up to 100 times their
// number, which is not known here. Source: AWS.md C.1.
var percents = []string{"MemoryUtilization", "DiskUtilization"}

// latencies are in microseconds. Source: AWS.md C.1.
var latencies = []string{"ModelLatency", "OverheadLatency", "ModelSetupTime"}

// OfEndpoints reports whether the metric is one of a SageMaker endpoint.
func (s Series) OfEndpoints() bool { return s.Namespace == invocation || s.Namespace == instance }

// Failures reports whether the metric is 1 for a request that failed, and 0 for any
// other.
func (s Series) Failures() bool {
	return s.Namespace == invocation && slices.Contains(failures, s.Metric)
}

// Microseconds reports whether the metric is a time in microseconds.
func (s Series) Microseconds() bool {
	return s.Namespace == invocation && slices.Contains(latencies, s.Metric)
}

// mean reports whether the statistic lies between the least and the largest value of
// the metric, as averages and percentiles do, and sums and counts do not.
func (s Series) mean() bool {
	switch s.Statistic {
	case "Average", "Minimum", "Maximum", "IQM":
		return true
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(s.Statistic, "tm"), "p")
	return rest != s.Statistic && strings.Trim(rest, "0123456789.") == ""
}

// Bounds are the least and the largest value that the series can have. ok is false
// where they are not known.
func (s Series) Bounds() (least, largest float64, ok bool) {
	switch {
	case !s.OfEndpoints():
		return 0, 0, false
	case s.Failures() && s.mean():
		return 0, 1, true
	case s.Namespace == instance && slices.Contains(percents, s.Metric) && s.mean():
		return 0, 100, true
	}
	return 0, math.Inf(1), true // they count, or measure times and parts
}
