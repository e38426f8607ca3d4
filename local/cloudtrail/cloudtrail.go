// Package cloudtrail is the event history of AWS CloudTrail on a laptop, for changes of
// SageMaker endpoints: who made them, when and how. It is shown the calls of the
// account as they are answered, and answers LookupEvents some minutes later.
//
// Assumed, as AWS does not document it for SageMaker: the resources of an event are
// the endpoint's name and ARN, and the config's name. Not modelled: calls that only
// read, which the real history also has, calls that AWS makes itself, such as those of
// autoscaling, refusals of throttled calls, and the limit of two lookups a second.
package cloudtrail

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Service is the event history of one account.
type Service struct {
	// Delay is how long after a call its event can be looked up. AWS speaks of
	// about five minutes on average, and promises none. Change it at any time.
	Delay time.Duration

	w      *sim.World
	caller func(accessKey string) string
	events []event // oldest first
}

// New returns an empty history. caller is the ARN of who has an access key.
func New(w *sim.World, caller func(accessKey string) string) *Service {
	return &Service{Delay: 5 * time.Minute, w: w, caller: caller}
}

// kept is for how long events can be looked up. Source: LookupEvents.
const kept = 90 * 24 * time.Hour

// changes are the calls that are written down.
var changes = []string{"CreateEndpoint", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "DeleteEndpoint"}

// event is one call.
type event struct {
	at        time.Time
	id, name  string
	accessKey string
	user      string
	resources []resource
	text      string
}

// resource is a resource that an event names.
type resource struct {
	Name string `json:"ResourceName"`
	Type string `json:"ResourceType"`
}

// Observe is shown a call that was answered. It keeps those that are changes of
// endpoints, and of these also the ones that were refused.
func (s *Service) Observe(r wire.Record) {
	if r.Service != "sagemaker" || !slices.Contains(changes, r.Operation) || !arrived(r.Effect) {
		return
	}
	parameters, err := parameters(r.Input)
	if err != nil {
		return // its input was no JSON object, and no call of SageMaker's is that
	}
	e := event{at: s.w.Now(), id: s.w.UUID("cloudtrail/event"), name: r.Operation, accessKey: r.AccessKey}
	who := identify(s.caller(r.AccessKey), r.AccessKey)
	e.user = who.name()
	for member, kind := range map[string]string{"endpointName": "AWS::SageMaker::Endpoint", "endpointConfigName": "AWS::SageMaker::EndpointConfig"} {
		if name, _ := parameters[member].(string); name != "" {
			e.resources = append(e.resources, resource{name, kind})
			if member == "endpointName" {
				e.resources = append(e.resources, resource{"arn:aws:sagemaker:" + wire.Region + ":" + wire.Account + ":endpoint/" + strings.ToLower(name), kind})
			}
		}
	}
	slices.SortFunc(e.resources, func(a, b resource) int { return strings.Compare(a.Type+a.Name, b.Type+b.Name) })
	text, err := json.Marshal(who.entry(e, r, parameters))
	if err != nil {
		return
	}
	e.text = string(text)
	s.events = append(s.events, e)
}

// arrived reports whether a call reached the service.
func arrived(f wire.Effect) bool {
	return f == wire.NoFault || f == wire.LostAnswer || f == wire.CrashAfter
}

// parameters are a call's input as events show it: its members begin in lower case.
// Source: SageMaker developer guide, "Understand SageMaker AI log file entries".
func parameters(input any) (map[string]any, error) {
	raw, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	lowered, ok := lower(members).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("an input without members")
	}
	return lowered, nil
}

// lower renames members, and leaves out what was not given.
func lower(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			if member = lower(member); member != nil && name != "" {
				out[strings.ToLower(name[:1])+name[1:]] = member
			}
		}
		return out
	case []any:
		for i := range v {
			v[i] = lower(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	}
	return v
}
