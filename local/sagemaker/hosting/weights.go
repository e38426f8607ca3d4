package hosting

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/catalog"
	"sluice/local/wire"
)

type weightsIn struct {
	EndpointName string          `json:"EndpointName"`
	Desired      []desiredWeight `json:"DesiredWeightsAndCapacities"`
}

type desiredWeight struct {
	VariantName            string   `json:"VariantName"`
	DesiredWeight          *float64 `json:"DesiredWeight"`
	DesiredInstanceCount   *int     `json:"DesiredInstanceCount"`
	ServerlessUpdateConfig any      `json:"ServerlessUpdateConfig"`
}

func (h *Hosting) registerUpdates(svc *wire.Service) {
	wire.Handle(svc, "UpdateEndpointWeightsAndCapacities", func(in *weightsIn) []wire.Access {
		return one("UpdateEndpointWeightsAndCapacities", api.ARN("endpoint", in.EndpointName))
	}, h.changeWeights)
}

// Resize asks for another number of instances of a variant, as scaling does: with
// UpdateEndpointWeightsAndCapacities and all that follows from it.
func (h *Hosting) Resize(endpoint, variant string, instances int) error {
	_, err := h.changeWeights(nil, &weightsIn{EndpointName: endpoint, Desired: []desiredWeight{{VariantName: variant, DesiredInstanceCount: &instances}}})
	return err
}

// changeWeights is asynchronous: the endpoint is Updating with the new desired
// values, then InService with current values equal to them, or, if it is so fated,
// RollingBack and InService with the previous ones. Source: AWS.md B.5.
func (h *Hosting) changeWeights(_ *wire.Call, in *weightsIn) (*endpointARN, error) {
	if in.EndpointName == "" {
		return nil, api.Missing("endpointName")
	}
	if len(in.Desired) == 0 {
		return nil, api.Constraint("[]", "desiredWeightsAndCapacities", "Member must have length greater than or equal to 1")
	}
	e, err := h.findEndpoint(in.EndpointName)
	if err != nil {
		return nil, err
	}
	if err := e.busy(); err != nil {
		return nil, err
	}
	if e.status != inService {
		return nil, api.Invalid("Cannot update endpoint \"%s\" with status \"%s\".", e.arn, e.status)
	}
	if err := e.checkWeights(in.Desired); err != nil {
		return nil, err
	}
	fate, takes := h.foresee(e, in.Desired)
	type before struct {
		desired float64
		wanted  int
	}
	previous := map[*variant]before{}
	for _, d := range in.Desired {
		v := e.fleet.variant(d.VariantName)
		previous[v] = before{v.desired, v.wanted}
		v.desired = catalog.ValueOr(d.DesiredWeight, v.desired)
		v.wanted = catalog.ValueOr(d.DesiredInstanceCount, v.wanted)
		v.status = []VariantStatus{{Status: "Updating", StartTime: wire.At(h.w.Now())}}
	}
	e.reason = ""
	h.become(e, updating)
	if fate.Ending == Succeeds {
		h.w.After(takes, "sagemaker: weights of "+e.name, func() { h.settleWeights(e, "") })
		return &endpointARN{e.arn}, nil
	}
	h.w.After(takes/2, "sagemaker: weights of "+e.name+" roll back", func() {
		for v, b := range previous { // each variant for itself: the order does not show
			v.desired, v.wanted = b.desired, b.wanted
		}
		h.become(e, rollingBack)
		h.w.After(max(takes/2, time.Second), "sagemaker: weights of "+e.name+" rolled back", func() {
			h.settleWeights(e, fate.Reason)
		})
	})
	return &endpointARN{e.arn}, nil
}

// foresee says how a change will end, and how long it takes: instances that come take
// as long as those of a new fleet, instances that go as long as its end, and weights
// alone the least. SageMaker documents none of these (AWS.md B.5).
func (h *Hosting) foresee(e *endpoint, desired []desiredWeight) (Fate, time.Duration) {
	truths := h.Truths(e.name)
	fates, least, most := &truths.Capacities, h.WeightsMin, h.WeightsMax
	for _, d := range desired {
		if d.DesiredWeight != nil {
			fates = &truths.Weights
		}
		switch have := e.fleet.variant(d.VariantName).count; {
		case d.DesiredInstanceCount == nil:
		case *d.DesiredInstanceCount > have:
			least, most = h.FleetMin, h.FleetMax
		case *d.DesiredInstanceCount < have:
			least, most = h.CleanupMin, h.CleanupMax
		}
	}
	fate := truths.take(fates)
	return fate, fate.within(h, e, least, most)
}

// settleWeights makes the desired values current.
func (h *Hosting) settleWeights(e *endpoint, reason string) {
	h.account(e) // requests until now went by the old weights
	for _, v := range e.fleet.variants {
		v.weight, v.count, v.status = v.desired, v.wanted, nil
	}
	e.reason = reason
	h.become(e, inService)
}

func (f *fleet) variant(name string) *variant {
	for _, v := range f.variants {
		if v.spec.VariantName == name {
			return v
		}
	}
	return nil
}

// checkWeights refuses what SageMaker refuses, and what nobody knows its answer to.
func (e *endpoint) checkWeights(desired []desiredWeight) error {
	const at = "desiredWeightsAndCapacities.member."
	named, capacities := map[string]float64{}, 0
	for _, d := range desired {
		if err := api.First(api.CheckName(at+"variantName", d.VariantName, 63), api.CheckRange(at+"desiredInstanceCount", d.DesiredInstanceCount, 0, 1<<31-1)); err != nil {
			return err
		}
		if _, twice := named[d.VariantName]; twice {
			return api.Invalid("The variant name \"%s\" was non-unique within the request.", d.VariantName)
		}
		v := e.fleet.variant(d.VariantName)
		switch {
		case d.DesiredWeight != nil && *d.DesiredWeight < 0:
			return api.Constraint(*d.DesiredWeight, at+"desiredWeight", "Member must have value greater than or equal to 0")
		case d.ServerlessUpdateConfig != nil:
			return api.NotImplemented("ServerlessUpdateConfig")
		case d.DesiredInstanceCount != nil && *d.DesiredInstanceCount == 0:
			return api.NotImplemented("DesiredInstanceCount 0; omit it to leave the count as it is")
		case v == nil && e.fleet.shadow(d.VariantName):
			return api.NotImplemented("UpdateEndpointWeightsAndCapacities of the shadow variant %q: SageMaker's answer is not known", d.VariantName)
		case v == nil:
			return api.Invalid("The variant name(s) \"%s\" is/are not present within endpoint configuration \"%s\".", d.VariantName, e.configName)
		}
		named[d.VariantName] = catalog.ValueOr(d.DesiredWeight, v.desired)
		if d.DesiredInstanceCount != nil {
			capacities++
		}
	}
	if capacities > 1 {
		return api.NotImplemented("UpdateEndpointWeightsAndCapacities with the capacity of more than one variant")
	}
	sum := 0.0
	for _, v := range e.fleet.variants {
		w, ok := named[v.spec.VariantName]
		if !ok {
			w = v.desired
		}
		sum += w
	}
	if sum == 0 {
		return api.NotImplemented("weights that are all 0: SageMaker's answer is not known")
	}
	return nil
}

func (f *fleet) shadow(name string) bool {
	for _, v := range f.shadows {
		if v.spec.VariantName == name {
			return true
		}
	}
	return false
}
