package rollout

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Endpoint is what SageMaker says of an endpoint now. The zero Status is of an
// endpoint that does not exist.
type Endpoint struct {
	Name          string
	Status        string // InService, Updating, ...; see AWS.md B.6
	Config        string // in force; the old one while an update is under way
	PendingConfig string // of an update under way
	Variants      []Variant
	Shadows       []Variant // shadow variants
	FailureReason string
	Modified      time.Time
}

// Variant is one variant of an endpoint.
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

// Has reports whether the endpoint has the production variant.
func (e Endpoint) Has(variant string) bool {
	return slices.ContainsFunc(e.Variants, func(v Variant) bool { return v.Name == variant })
}

// Instances is how many instances a production variant has; 0 if it is not there.
func (e Endpoint) Instances(variant string) int {
	for _, v := range e.Variants {
		if v.Name == variant {
			return v.Count
		}
	}
	return 0
}

// Outcome is what became of a change that was asked for.
type Outcome string

// The outcomes. Only Reached lets a rollout go on.
const (
	Reached         Outcome = "reached"         // the endpoint is what was wanted
	Moving          Outcome = "moving"          // still on its way
	Maintained      Outcome = "maintained"      // AWS works on it (SystemUpdating); nothing can be done meanwhile
	Settled         Outcome = "settled"         // one change of several is done; ask for the next
	OnStandby       Outcome = "standby"         // promoted, with the baseline kept warm
	Held            Outcome = "held"            // nothing was asked for: the weight may not rise now
	Stopped         Outcome = "stopped"         // a command wants the rollout back
	RolledBackByAWS Outcome = "rolledBackByAWS" // InService again, as it was before the change
	Mixed           Outcome = "mixed"           // UpdateRollbackFailed: instances of both configs serve
	Foreign         Outcome = "foreign"         // somebody else has changed it
	Broken          Outcome = "broken"          // Failed, OutOfService, being deleted or gone
)

// Truth is an outcome with its reason in words.
type Truth struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"`
}

// Classify says what became of the change to want. ours are the configs of this
// rollout, the one from before it included: an endpoint with any other config was
// changed by somebody else, and so was one whose weights nobody of ours asked for.
//
// SageMaker undoes a failed update silently and then says InService, so InService
// alone means nothing.
func Classify(want Target, ours []string, e Endpoint) Truth {
	say := func(o Outcome, format string, args ...any) Truth {
		reason := fmt.Sprintf(format, args...)
		if e.FailureReason != "" {
			reason += ": " + e.FailureReason
		}
		return Truth{Outcome: o, Reason: reason}
	}
	known := func(config string) bool { return slices.Contains(ours, config) }
	if want.First || want.Gone {
		if o, reason := classifyFirst(want, known, e); o != "" {
			return say(o, "%s", reason)
		}
	}
	switch e.Status {
	case "":
		return say(Broken, "endpoint %s does not exist any more", e.Name)
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
	}
	return classifyWeights(want, e, say)
}

// classifyWeights is Classify of an endpoint in service with the config wanted.
func classifyWeights(want Target, e Endpoint, say func(Outcome, string, ...any) Truth) Truth {
	share := e.Share(want.Variant)
	if share != want.Weight && want.Strict && !slices.Contains(want.Was, share) {
		return say(Foreign, "variant %s of endpoint %s has %d %% instead of %d %%, which nobody of this rollout asked for", want.Variant, e.Name, share, want.Weight)
	}
	for _, n := range want.Needs {
		if count := e.Instances(n.Variant); e.Has(n.Variant) && n.short(count) {
			return say(RolledBackByAWS, "variant %s of endpoint %s has %d instances, and needs %d: AWS undid the change, or it was not asked for yet", n.Variant, e.Name, count, n.want(count))
		}
	}
	if share != want.Weight {
		return say(RolledBackByAWS, "variant %s of endpoint %s has %d %% instead of %d %%: AWS undid the change of weight", want.Variant, e.Name, share, want.Weight)
	}
	return say(Reached, "endpoint %s has config %s and variant %s has %d %%", e.Name, e.Config, want.Variant, want.Weight)
}

// classifyFirst is Classify of what only an endpoint can come to that this rollout
// makes, or takes away again. "" leaves it to the rest of Classify.
func classifyFirst(want Target, known func(string) bool, e Endpoint) (Outcome, string) {
	switch {
	case e.Status == "" && want.Gone:
		return Reached, fmt.Sprintf("endpoint %s does not exist, as before", e.Name)
	case e.Status == "":
		return RolledBackByAWS, fmt.Sprintf("endpoint %s does not exist", e.Name)
	case !known(e.Config) && e.Config != "":
		return Foreign, fmt.Sprintf("endpoint %s has config %s, which is not of this rollout", e.Name, e.Config)
	case e.Status == "Deleting":
		return Moving, fmt.Sprintf("endpoint %s is being deleted", e.Name)
	case e.Status == "Failed":
		return RolledBackByAWS, fmt.Sprintf("endpoint %s is Failed: AWS could not create it", e.Name)
	case want.Gone && (e.Status == "InService" || e.Status == "OutOfService"):
		return RolledBackByAWS, fmt.Sprintf("endpoint %s is still there", e.Name)
	}
	return "", ""
}

// String is the endpoint in one line, for the record.
func (e Endpoint) String() string {
	if e.Status == "" {
		return "no endpoint"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, config %s", e.Status, e.Config)
	for _, v := range e.Variants {
		fmt.Fprintf(&b, ", %s %d %% on %d", v.Name, e.Share(v.Name), v.Count)
	}
	for _, v := range e.Shadows {
		fmt.Fprintf(&b, ", shadow %s on %d", v.Name, v.Count)
	}
	return b.String()
}
