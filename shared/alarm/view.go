package alarm

import "fmt"

// Place is the endpoint of a rollout with the variants of both sides.
type Place struct {
	Endpoint  string
	Config    string // in force before the rollout
	Baseline  string // "" if there is none
	Candidate string
}

// View is whose requests an alarm sees.
type View string

// The views, the best one first.
const (
	SeesCandidate View = "candidate" // the candidate's, apart from others
	SeesAll       View = "all"       // the candidate's among others
	SeesUnknown   View = "unknown"   // cannot be told
	SeesBaseline  View = "baseline"  // the baseline's alone
	SeesNothing   View = "nothing"   // nobody's: there is no such metric here
)

var views = []View{SeesCandidate, SeesAll, SeesUnknown, SeesBaseline, SeesNothing}

// The dimensions of an endpoint's metrics. Source: AWS.md B.4, C.1.
const (
	byEndpoint  = "EndpointName"
	byVariant   = "VariantName"
	byConfig    = "EndpointConfigName"
	byComponent = "InferenceComponentName"
)

// View is the best view that the alarm, or one that it is made of, has of the place,
// and why it has no better one.
func (a Alarm) View(p Place) (View, string) {
	if a.Composite() {
		return best(a.Leaves(), func(leaf Alarm) (View, string) {
			if leaf.State == "" {
				return SeesNothing, "it does not exist"
			}
			return leaf.View(p)
		})
	}
	if q, ok := readQuery(a.Expression); ok {
		return q.view(p)
	}
	return best(a.Series, func(s Series) (View, string) { return s.view(p) })
}

// best is the best view of several, or that nothing can be told.
func best[T any](of []T, view func(T) (View, string)) (View, string) {
	found, why := SeesUnknown, "it is made of no metric that is known here"
	for i, x := range of {
		if v, because := view(x); i == 0 || rank(v) < rank(found) {
			found, why = v, because
		}
	}
	return found, why
}

func rank(v View) int {
	for i, known := range views {
		if v == known {
			return i
		}
	}
	return len(views)
}

// view is View of one metric, whose dimensions must all be given.
func (s Series) view(p Place) (View, string) {
	d := s.Dimensions
	switch {
	case !s.OfEndpoints():
		return SeesUnknown, fmt.Sprintf("what %s of %s measures is not known here", s.Metric, s.Namespace)
	case d[byComponent] != "":
		return SeesNothing, fmt.Sprintf("it watches inference component %s, and this endpoint has variants", d[byComponent])
	case d[byEndpoint] == "" || d[byVariant] == "":
		return SeesNothing, "SageMaker has no metric with these dimensions: every one has EndpointName and VariantName"
	case d[byEndpoint] != p.Endpoint:
		return SeesNothing, fmt.Sprintf("it watches endpoint %s", d[byEndpoint])
	case d[byConfig] == "" && len(d) > 2 || len(d) > 3:
		return SeesNothing, "SageMaker has no metric with these dimensions: there are EndpointName, VariantName and EndpointConfigName"
	}
	return p.sees(d)
}

// sees is the view of metrics of one variant.
func (p Place) sees(d map[string]string) (View, string) {
	switch d[byVariant] {
	case p.Candidate:
		return SeesCandidate, ""
	case p.Baseline:
		if c := d[byConfig]; c != "" && c != p.Config {
			return SeesNothing, fmt.Sprintf("it watches config %s, which is not in force", c)
		}
		return SeesBaseline, fmt.Sprintf("it watches variant %s, which is the baseline", p.Baseline)
	}
	return SeesNothing, fmt.Sprintf("it watches variant %s, which the endpoint does not have", d[byVariant])
}

// view is View of a query, which takes in what its filter lets through.
func (q query) view(p Place) (View, string) {
	d := q.series.Dimensions
	switch {
	case !q.series.OfEndpoints() || d[byComponent] != "":
		return q.series.view(p)
	case d[byEndpoint] != "" && d[byEndpoint] != p.Endpoint:
		return SeesNothing, fmt.Sprintf("it watches endpoint %s", d[byEndpoint])
	case d[byVariant] != "":
		return p.sees(d)
	case d[byConfig] != "":
		return SeesBaseline, fmt.Sprintf("it watches config %s, which a rollout leaves", d[byConfig])
	case q.by(byVariant) && (d[byEndpoint] != "" || q.by(byEndpoint)):
		return SeesCandidate, ""
	case d[byEndpoint] == "" && !q.by(byEndpoint):
		return SeesAll, "it sees all endpoints together"
	}
	return SeesAll, "it sees all variants of the endpoint together"
}
