package hosting

import (
	"fmt"
	"time"

	"sluice/local/sagemaker/api"
)

// Ending is how a change of an endpoint ends.
type Ending int

// The endings. For a creation everything but Succeeds means Failed. A change of
// weights or capacities succeeds or rolls back.
const (
	Succeeds      Ending = iota
	RollsBack            // an update: InService with the old configuration, never any other status; weights and capacities: RollingBack, then the previous values
	RollbackFails        // an update: UpdateRollbackFailed, requests served by both configurations
)

// Fate is what will happen to one change. Reason becomes FailureReason, and may be
// empty: SageMaker does not always give one. Takes replaces the time that
// provisioning, or the change of weights or capacities, would have taken; 0 leaves it.
type Fate struct {
	Ending Ending
	Reason string
	Takes  time.Duration
}

// Truths are the fates of an endpoint's coming changes, next first. Each is used
// once; a change without a fate succeeds. Of UpdateEndpointWeightsAndCapacities a call
// that names any weight takes one of Weights; one that changes instances only, as
// scaling does, one of Capacities.
type Truths struct {
	Creates    []Fate
	Updates    []Fate
	Weights    []Fate
	Capacities []Fate
}

type truths = Truths

// Truths are the knobs of one endpoint, which need not exist yet. Change them freely.
func (h *Hosting) Truths(endpoint string) *Truths {
	key := api.Key("endpoint", endpoint)
	if h.truths[key] == nil {
		h.truths[key] = &truths{}
	}
	return h.truths[key]
}

// NextCreate decides the creation of the endpoint.
func (h *Hosting) NextCreate(endpoint string, f Fate) {
	t := h.Truths(endpoint)
	t.Creates = append(t.Creates, f)
}

// NextUpdate decides the next UpdateEndpoint that has no fate yet.
func (h *Hosting) NextUpdate(endpoint string, f Fate) {
	t := h.Truths(endpoint)
	t.Updates = append(t.Updates, f)
}

// NextWeights decides the next change of weights that has no fate yet.
func (h *Hosting) NextWeights(endpoint string, f Fate) {
	t := h.Truths(endpoint)
	t.Weights = append(t.Weights, f)
}

// NextCapacity decides the next change of nothing but instances that has no fate yet,
// whether a caller asks for it or scaling.
func (h *Hosting) NextCapacity(endpoint string, f Fate) {
	t := h.Truths(endpoint)
	t.Capacities = append(t.Capacities, f)
}

func (*Truths) take(from *[]Fate) Fate {
	if len(*from) == 0 {
		return Fate{}
	}
	f := (*from)[0]
	*from = (*from)[1:]
	return f
}

func (f Fate) within(h *Hosting, e *endpoint, least, most time.Duration) time.Duration {
	if f.Takes > 0 {
		return f.Takes
	}
	return h.takes(e.name, least, most)
}

// Maintain makes AWS maintain the endpoint (SystemUpdating) from at for d, or from
// the first minute after at when it is InService.
func (h *Hosting) Maintain(endpoint string, at time.Time, d time.Duration) {
	h.w.Background(at.Sub(h.w.Now()), "sagemaker: maintenance of "+endpoint, func() {
		e, err := h.findEndpoint(endpoint)
		if err != nil {
			return // deleted meanwhile
		}
		if e.status != inService {
			h.Maintain(endpoint, h.w.Now().Add(time.Minute), d)
			return
		}
		h.become(e, systemUpdating)
		h.w.After(d, "sagemaker: maintenance of "+endpoint+" over", func() { h.become(e, inService) })
	})
}

// ForeignUpdate is somebody else's UpdateEndpoint.
func (h *Hosting) ForeignUpdate(endpoint, config string) error {
	_, err := h.updateEndpoint(nil, &updateEndpointIn{EndpointName: endpoint, EndpointConfigName: config})
	return err
}

// ForeignWeights is somebody else's change of weights. weights has pairs of a
// variant's name and its weight.
func (h *Hosting) ForeignWeights(endpoint string, weights ...any) error {
	in := &weightsIn{EndpointName: endpoint}
	for i := 0; i+1 < len(weights); i += 2 {
		name, ok := weights[i].(string)
		w, isWeight := weights[i+1].(float64)
		if !ok || !isWeight {
			return fmt.Errorf("weights of %s: want pairs of a variant's name and a float64", endpoint)
		}
		in.Desired = append(in.Desired, desiredWeight{VariantName: name, DesiredWeight: &w})
	}
	_, err := h.changeWeights(nil, in)
	return err
}
