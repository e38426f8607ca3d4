package hosting

import (
	"slices"
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/traffic"
)

// namespace of the invocation metrics. Source: AWS.md C.1.
const namespace = "AWS/SageMaker"

// Count is the truth about one variant's minute: what it was sent and what it
// answered, whether or not anybody has seen the metrics.
type Count struct {
	Minute  time.Time // its beginning
	Config  string    // endpoint configuration
	Variant string
	Model   string
	Share   float64 // of the endpoint's requests at the end of the minute
	traffic.Count
}

// row collects a variant's answers of the present minute.
type row struct {
	v       *variant
	config  string
	capture *catalog.DataCapture
	shadow  bool
	share   float64
	answers traffic.Answers
}

// SetTraffic says what requests the endpoint gets from now on. It may come before
// the endpoint.
func (h *Hosting) SetTraffic(endpoint string, t traffic.Traffic) error {
	if err := t.Check(); err != nil {
		return err
	}
	h.arrivals[api.Key("endpoint", endpoint)] = t
	if e, err := h.findEndpoint(endpoint); err == nil {
		h.account(e)
		e.arrivals = traffic.NewArrivals(t, e.dice)
		e.minute = time.Time{}
	}
	return nil
}

// SetBehaviour says how a model answers from now on, whatever its package says.
func (h *Hosting) SetBehaviour(model string, b traffic.Behaviour) error {
	m, err := h.catalog.Model(model)
	if err != nil {
		return err
	}
	for _, e := range h.endpoints.All() {
		h.account(e) // what came until now was answered the old way
	}
	m.Behaviour = b
	return nil
}

// Served is the truth about what users got: every production variant's finished
// minutes from (inclusive) to (exclusive), oldest first. It is empty for an endpoint
// that does not exist.
func (h *Hosting) Served(endpoint string, from, to time.Time) []Count {
	return between(h.history(endpoint).served, from, to)
}

// Mirrored is Served of the shadow variants, whose answers no user ever gets.
func (h *Hosting) Mirrored(endpoint string, from, to time.Time) []Count {
	return between(h.history(endpoint).mirrored, from, to)
}

// history is the finished minutes of an endpoint's variants, oldest first.
type history struct{ served, mirrored []Count }

func (h *Hosting) history(endpoint string) history {
	e, err := h.findEndpoint(endpoint)
	if err != nil {
		return history{}
	}
	h.account(e)
	return e.past
}

func between(counts []Count, from, to time.Time) []Count {
	at := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(counts, t, func(c Count, t time.Time) int { return c.Minute.Compare(t) })
		return i
	}
	return counts[at(from):max(at(from), at(to))]
}

// startTraffic keeps accounts of the endpoint at the end of every minute.
func (h *Hosting) startTraffic(e *endpoint) {
	e.tick = h.w.Background(h.w.UntilMinute(0), "sagemaker: minute of "+e.name, func() {
		h.account(e)
		h.startTraffic(e)
	})
}

// account serves the requests that came since it was last called, by the weights
// that held since then. Call it before anything that changes them.
func (h *Hosting) account(e *endpoint) {
	now := h.w.Now()
	for e.settled.Before(now) {
		minute := floor(e.settled)
		end := minute.Add(time.Minute)
		if end.After(now) {
			end = now
		}
		if !e.minute.Equal(minute) {
			e.minute, e.rate = minute, e.arrivals.Next(minute)
		}
		e.serve(e.rate, end.Sub(e.settled), end)
		e.settled = end
		if end.Equal(minute.Add(time.Minute)) {
			h.capture(e, minute)
			h.flush(e, minute)
		}
	}
}

// serve spreads the requests of the part of a minute that ends now over the fleets'
// variants. rate is how many are expected in a whole minute.
func (e *endpoint) serve(rate float64, part time.Duration, now time.Time) {
	n := traffic.Requests(e.dice, rate*part.Minutes())
	if n == 0 {
		return
	}
	rows, shares := e.routes()
	for i, got := range traffic.Split(e.dice, n, shares) {
		rows[i].share = shares[i]
		e.hand(rows[i], got, rate, now)
	}
	for _, f := range []*fleet{e.fleet, e.green} {
		if f == nil || f.share == 0 || len(f.shadows) == 0 || f.variants[0].weight == 0 {
			continue
		}
		// Shadow and production weights are compared to find the share that is
		// mirrored; AWS does not document the formula (AWS.md B.8).
		r := e.row(f, f.shadows[0], true)
		r.share = f.share * min(1, f.shadows[0].weight/f.variants[0].weight)
		e.hand(r, traffic.Split(e.dice, n, []float64{r.share, 1 - r.share})[0], rate, now)
	}
}

// hand gives a variant n requests, while rate a minute come to the endpoint.
func (e *endpoint) hand(r *row, n int, rate float64, now time.Time) traffic.Answers {
	if n == 0 {
		return traffic.Answers{}
	}
	if r.v.since.IsZero() {
		r.v.since = now
	}
	b := r.v.model.Behaviour.Under(now, r.share, now.Sub(r.v.since)).Loaded(rate*r.share, r.v.count)
	a := traffic.Answer(r.v.dice, n, b)
	r.answers.Add(a)
	return a
}

// routes are the variants that requests can go to, and their shares.
func (e *endpoint) routes() ([]*row, []float64) {
	var rows []*row
	var shares []float64
	for _, f := range []*fleet{e.fleet, e.green} {
		if f == nil || f.share == 0 {
			continue
		}
		sum := 0.0
		for _, v := range f.variants {
			sum += v.weight
		}
		for _, v := range f.variants {
			if v.weight > 0 {
				rows = append(rows, e.row(f, v, false))
				shares = append(shares, f.share*v.weight/sum)
			}
		}
	}
	return rows, shares
}

func (e *endpoint) row(f *fleet, v *variant, shadow bool) *row {
	for _, r := range e.rows {
		if r.v == v {
			return r
		}
	}
	r := &row{v: v, config: f.config.EndpointConfigName, capture: f.config.DataCaptureConfig, shadow: shadow}
	e.rows = append(e.rows, r)
	return r
}

// flush closes a minute: its counts become history and its metrics leave.
func (h *Hosting) flush(e *endpoint, minute time.Time) {
	rows := e.rows
	e.rows = nil
	for i, r := range rows {
		if r.answers.Requests == 0 {
			continue
		}
		c := Count{minute, r.config, r.v.spec.VariantName, r.v.model.Name, r.share, r.answers.Count}
		if r.shadow {
			e.past.mirrored = append(e.past.mirrored, c)
		} else {
			e.past.served = append(e.past.served, c)
		}
		h.record(minute, r.v.dimsConfig, r.answers.Metrics(r.v.count))
		// Both fleets of an update share {EndpointName, VariantName} (AWS.md B.4): the
		// first row of a name records for all.
		if slices.ContainsFunc(rows[:i], func(o *row) bool { return o.v.spec.VariantName == r.v.spec.VariantName && o.answers.Requests > 0 }) {
			continue
		}
		both, instances := traffic.Answers{}, 0
		for _, o := range rows[i:] {
			if o.v.spec.VariantName == r.v.spec.VariantName {
				both.Add(o.answers)
				instances += o.v.count
			}
		}
		h.record(minute, r.v.dims, both.Metrics(instances))
	}
}

func (h *Hosting) record(minute time.Time, dims map[string]string, metrics []traffic.Metric) {
	if h.out.Record == nil {
		return
	}
	for _, m := range metrics {
		h.out.Record(namespace, m.Name, dims, minute, m.Values, m.Counts)
	}
}
