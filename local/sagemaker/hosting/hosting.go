// Package hosting is SageMaker real-time inference: endpoints with their updates,
// weights and deployment guardrails, the requests they serve, and InvokeEndpoint. It keeps the truth that
// SageMaker's answers are about: an update may be rolled back in silence, be left
// mixed, or take for ever, when the rehearsal says so (see Hosting.NextUpdate).
//
// It does not judge traffic, store metrics or deliver events: those leave through
// the functions in Outside. Package sagemaker wires it.
package hosting

import (
	"net/http"
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Outside is what hosting needs of the rest of local AWS. Emit is required; the
// others may be nil.
type Outside struct {
	// Emit sends one event to EventBridge. detail is marshalled as JSON.
	Emit func(source, detailType string, resources []string, detail any)
	// Record takes one minute of one metric; a value was seen as often as its count says.
	Record func(namespace, name string, dims map[string]string, minute time.Time, values, counts []float64)
	// Capture writes an object to S3 as a role. Without it nothing is captured.
	Capture func(roleARN, bucket, key string, body []byte) error
	// AlarmState is the state of a CloudWatch alarm: OK, ALARM or INSUFFICIENT_DATA.
	// Without it no alarm ever rings.
	AlarmState func(name string) string
	// Permit asks IAM about calls that are no RPC. nil permits all.
	Permit func(c *wire.Call, need ...wire.Access) error
	// Scaled are the variants of an endpoint that Application Auto Scaling scales.
	Scaled func(endpoint string) (variants []string)
	// Deregister ends the scaling of all variants of an endpoint, for this caller. It
	// does nothing, and fails, if the caller may not.
	Deregister func(c *wire.Call, endpoint string) error
}

// Knobs are times and habits of SageMaker that no document promises. Change them
// at any time; they are read when something begins.
type Knobs struct {
	FleetMin, FleetMax     time.Duration // to provision instances
	WeightsMin, WeightsMax time.Duration // to change weights
	CleanupMin, CleanupMax time.Duration // to take instances away: after an update, a roll back, a deletion
	AlarmPoll              time.Duration // between looks of a guardrail at its alarms
	// Repeats is how many events a status change sends; SageMaker "may send multiple".
	Repeats int
	// SilentRollback leaves FailureReason empty when alarms roll an update back.
	SilentRollback bool
}

func knobs() Knobs {
	return Knobs{
		FleetMin: 4 * time.Minute, FleetMax: 8 * time.Minute,
		WeightsMin: 30 * time.Second, WeightsMax: 90 * time.Second,
		CleanupMin: time.Minute, CleanupMax: 2 * time.Minute,
		AlarmPoll: time.Minute, Repeats: 1,
	}
}

// Hosting holds endpoints.
type Hosting struct {
	Knobs

	w         *sim.World
	out       Outside
	catalog   *catalog.Catalog
	endpoints api.Shelf[*endpoint]
	truths    map[string]*truths
	arrivals  map[string]traffic.Traffic // set before the endpoint is there
	payloads  map[string]capture.Payload // of the endpoints for which any was set
	tags      map[string][]api.Tag       // by ARN
}

// New returns hosting without any endpoint.
func New(w *sim.World, c *catalog.Catalog, out Outside) *Hosting {
	return &Hosting{Knobs: knobs(), w: w, catalog: c, out: out, truths: map[string]*truths{}, arrivals: map[string]traffic.Traffic{}, payloads: map[string]capture.Payload{}, tags: map[string][]api.Tag{}}
}

// Register adds the operations to svc, and InvokeEndpoint as its plain HTTP.
func (h *Hosting) Register(svc *wire.Service) {
	h.registerEndpoints(svc)
	h.registerUpdates(svc)
	svc.HTTP = func(c *wire.Call, w http.ResponseWriter) bool {
		h.invoke(c, w)
		return true
	}
}

// Tags are the tags of a resource, and whether hosting has that resource.
func (h *Hosting) Tags(arn string) ([]api.Tag, bool) {
	t, ok := h.tags[arn]
	return t, ok
}

// SetTags replaces the tags of a resource that hosting has.
func (h *Hosting) SetTags(arn string, tags []api.Tag) { h.tags[arn] = tags }

// takes draws a duration for one endpoint.
func (h *Hosting) takes(endpoint string, least, most time.Duration) time.Duration {
	if most <= least {
		return least
	}
	return least + time.Duration(h.w.Rand("sagemaker/durations/"+endpoint).Int64N(int64(most-least))).Round(time.Second)
}

type empty struct{}

// one is the access to a single resource.
func one(action, arn string) []wire.Access {
	return []wire.Access{{Action: "sagemaker:" + action, Resource: arn}}
}
