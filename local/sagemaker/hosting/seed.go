package hosting

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/traffic"
)

// Start is an endpoint that has been InService for a while.
type Start struct {
	Endpoint, Config, Model string
	Package                 string // ARN of the model package of Model
	RoleARN                 string
	Variant                 string
	InstanceType            string
	Instances               int
	Traffic                 traffic.Traffic
	History                 time.Duration
	Capture                 *catalog.DataCapture
}

// Seed makes a model, a configuration and an endpoint that is InService, with
// history, without any event. Nothing of the history is captured.
func (h *Hosting) Seed(s Start) error {
	m, err := h.catalog.AddModel(&catalog.NewModel{ModelName: s.Model, PrimaryContainer: &catalog.Container{ModelPackageName: s.Package}, ExecutionRoleARN: s.RoleARN})
	if err != nil {
		return err
	}
	in := &catalog.NewConfig{EndpointConfigName: s.Config, ProductionVariants: []catalog.Variant{{VariantName: s.Variant, ModelName: s.Model, InstanceType: s.InstanceType, InitialInstanceCount: &s.Instances}},
		DataCaptureConfig: s.Capture}
	if err := h.catalog.CheckConfig(in); err != nil {
		return err
	}
	if _, ok := h.endpoints.Get(api.Key("endpoint", s.Endpoint)); ok {
		return fmt.Errorf("endpoint %s is there already: seed each endpoint once", s.Endpoint)
	}
	if err := api.CheckName("endpointName", s.Endpoint, 63); err != nil {
		return err
	}
	if err := h.SetTraffic(s.Endpoint, s.Traffic); err != nil {
		return err
	}
	c := h.catalog.AddConfig(in)
	e := h.newEndpoint(s.Endpoint, c, nil)
	f, err := h.newFleet(e, c)
	if err != nil {
		return err
	}
	f.provision()
	f.share = 1
	past := h.w.Now().Add(-s.History)
	e.fleet, e.status, e.created, e.modified, c.Created, m.Created = f, inService, past, past, past, past
	h.endpoints.Put(api.Key("endpoint", e.name), e)
	h.tags[e.arn] = nil
	h.startTraffic(e)
	return h.Backfill(s.Endpoint, s.History)
}

// Backfill serves the requests of the last d before now as the endpoint is today,
// and records their metrics. The present minute is left to time itself. Minutes
// that were served already must not be filled again.
func (h *Hosting) Backfill(endpoint string, d time.Duration) error {
	e, err := h.findEndpoint(endpoint)
	if err != nil {
		return err
	}
	if e.fleet == nil || d <= 0 {
		return nil
	}
	h.account(e)
	end := floor(h.w.Now())
	begin := floor(end.Add(-d))
	if first := e.past.served; len(first) > 0 && first[0].Minute.Before(end) {
		end = first[0].Minute
	}
	e.fleet.each(func(v *variant) {
		if v.since.IsZero() || v.since.After(begin) {
			v.since = begin
		}
	})
	// The past has dice of its own: how much of it is wanted changes nothing that
	// is still to come.
	dice := h.w.Rand("sagemaker/history/" + e.name)
	arrivals := traffic.NewArrivals(e.arrivals.Traffic, dice)
	present, later := e.rows, e.past
	e.rows, e.past = nil, history{}
	live := e.borrow(dice)
	for m := begin; m.Before(end); m = m.Add(time.Minute) {
		e.serve(arrivals.Next(m), time.Minute, m)
		h.flush(e, m)
	}
	live()
	e.rows = present
	e.past.served, e.past.mirrored = append(e.past.served, later.served...), append(e.past.mirrored, later.mirrored...)
	return nil
}

// borrow makes the endpoint and its variants roll other dice until the returned
// function is called.
func (e *endpoint) borrow(dice *rand.Rand) (giveBack func()) {
	own, kept := e.dice, map[*variant]*rand.Rand{}
	e.dice = dice
	e.fleet.each(func(v *variant) { kept[v], v.dice = v.dice, dice })
	return func() {
		e.dice = own
		e.fleet.each(func(v *variant) { v.dice = kept[v] })
	}
}
