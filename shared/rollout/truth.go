package rollout

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Endpoint is what SageMaker says of an endpoint now.
type Endpoint struct {
	Name          string
	Status        string // InService, Updating, ...; see AWS.md B.6
	Config        string // in force; the old one while an update is under way
	PendingConfig string // of an update under way
	Variants      []Variant
	FailureReason string
	Modified      time.Time
}

// Variant is one production variant of an endpoint.
type Variant struct {
	Name         string
	Weight       float64 // SageMaker's relative weight, in force
	WantedWeight float64 // and asked for
	Count        int     // instances, in force
	WantedCount  int     // and asked for
}

// Share is the share of requests that the variant gets now, in whole percent.
// A variant that is not there gets none.
func (e Endpoint) Share(variant string) int {
	var sum, mine float64
	for _, v := range e.Variants {
		sum += v.Weight
		if v.Name == variant {
			mine = v.Weight
		}
	}
	if sum <= 0 {
		return 0
	}
	return int(math.Round(100 * mine / sum))
}

// settled reports whether no variant's weight is still moving.
func (e Endpoint) settled() bool {
	return !slices.ContainsFunc(e.Variants, func(v Variant) bool { return v.Weight != v.WantedWeight })
}

// Has reports whether the endpoint has the variant.
func (e Endpoint) Has(variant string) bool {
	return slices.ContainsFunc(e.Variants, func(v Variant) bool { return v.Name == variant })
}

// Target is what a rollout wants an endpoint to be.
type Target struct {
	Config string `json:"config"`
	// Variant gets Weight percent of the requests. It need not be there for 0.
	Variant string `json:"variant"`
	Weight  int    `json:"weight"`
}

// Outcome is what became of a change that was asked for.
type Outcome string

// The outcomes. Only Reached lets a rollout go on.
const (
	Reached         Outcome = "reached"         // the endpoint is what was wanted
	Moving          Outcome = "moving"          // still on its way
	Maintained      Outcome = "maintained"      // AWS works on it (SystemUpdating); nothing can be done meanwhile
	RolledBackByAWS Outcome = "rolledBackByAWS" // InService again, as it was before the change
	Mixed           Outcome = "mixed"           // UpdateRollbackFailed: instances of both configs serve
	Foreign         Outcome = "foreign"         // somebody else has changed it
	Broken          Outcome = "broken"          // Failed, OutOfService or being deleted
)

// Truth is an outcome with its reason in words.
type Truth struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"`
}

// Classify says what became of the change to want. ours are the configs of this
// rollout, the one from before it included: an endpoint with any other config was
// changed by somebody else.
//
// SageMaker undoes a failed update silently and then says InService, so InService
// alone means nothing.
func Classify(want Target, ours []string, e Endpoint) Truth {
	known := func(config string) bool { return slices.Contains(ours, config) }
	say := func(o Outcome, format string, args ...any) Truth {
		reason := fmt.Sprintf(format, args...)
		if e.FailureReason != "" {
			reason += ": " + e.FailureReason
		}
		return Truth{Outcome: o, Reason: reason}
	}
	switch e.Status {
	case "Creating", "Updating", "RollingBack":
		if e.PendingConfig != "" && !known(e.PendingConfig) {
			return say(Foreign, "endpoint %s is being updated to %s, which is not of this rollout", e.Name, e.PendingConfig)
		}
		return say(Moving, "endpoint %s is %s", e.Name, e.Status)
	case "SystemUpdating":
		return say(Maintained, "AWS is maintaining endpoint %s", e.Name)
	case "UpdateRollbackFailed":
		if !known(e.Config) {
			return say(Foreign, "endpoint %s is %s with config %s, which is not of this rollout", e.Name, e.Status, e.Config)
		}
		return say(Mixed, "endpoint %s could neither be updated nor rolled back by AWS", e.Name)
	case "InService":
	default:
		return say(Broken, "endpoint %s is %s", e.Name, e.Status)
	}
	switch {
	case !known(e.Config):
		return say(Foreign, "endpoint %s has config %s, which is not of this rollout", e.Name, e.Config)
	case e.Config != want.Config:
		return say(RolledBackByAWS, "endpoint %s is InService with config %s instead of %s: AWS undid the update", e.Name, e.Config, want.Config)
	case !e.settled():
		return say(Moving, "weights of endpoint %s are moving", e.Name)
	case e.Share(want.Variant) != want.Weight:
		return say(RolledBackByAWS, "variant %s of endpoint %s has %d %% instead of %d %%: AWS undid the change of weight", want.Variant, e.Name, e.Share(want.Variant), want.Weight)
	}
	return say(Reached, "endpoint %s has config %s and variant %s has %d %%", e.Name, e.Config, want.Variant, want.Weight)
}

// Act is what to ask of an endpoint next.
type Act string

// The acts.
const (
	Nothing      Act = "nothing"      // the target is reached
	Wait         Act = "wait"         // it moves or is maintained; look again later
	SetWeights   Act = "setWeights"   // UpdateEndpointWeightsAndCapacities
	UpdateTo     Act = "updateTo"     // UpdateEndpoint to the target's config
	LeaveItAlone Act = "leaveItAlone" // foreign or broken: changing it could do harm
)

// Next says what to ask of the endpoint to bring it to want.
//
// A change of weight takes seconds and a change of config minutes. So before the
// config changes away from a variant that must get nothing, the weight goes first:
// urgent is the variant whose weight must be 0 before anything else, "" for none.
func Next(want Target, urgent string, ours []string, e Endpoint) (Act, Truth) {
	t := Classify(want, ours, e)
	switch t.Outcome {
	case Reached:
		return Nothing, t
	case Moving, Maintained:
		return Wait, t
	case Foreign, Broken:
		return LeaveItAlone, t
	case Mixed:
		return UpdateTo, t
	}
	if urgent != "" && e.Has(urgent) && len(e.Variants) > 1 && e.Share(urgent) != 0 {
		return SetWeights, t
	}
	if e.Config != want.Config {
		return UpdateTo, t
	}
	return SetWeights, t
}

// String is the endpoint in one line, for the record.
func (e Endpoint) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, config %s", e.Status, e.Config)
	for _, v := range e.Variants {
		fmt.Fprintf(&b, ", %s %d %% on %d", v.Name, e.Share(v.Name), v.Count)
	}
	return b.String()
}
