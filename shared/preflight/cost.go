package preflight

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Cost is what a rollout costs in instances, above what the endpoint costs without
// one. Amounts are instance-time: two instances for 30m are 1h.
type Cost struct {
	Steps   spec.Duration `json:"steps"`            // of all steps together
	Standby spec.Duration `json:"standby,omitzero"` // on top, after promotion
	// Native is what SageMaker's own blue/green guardrail takes for the same steps:
	// both fleets whole, from the first to the last.
	Native spec.Duration `json:"native"`
	// Unlike says why SageMaker's guardrail cannot do these steps itself; none if it
	// can.
	Unlike []string `json:"unlike,omitempty"`
	// Updates are the rollout's changes of config, and NativeUpdate SageMaker's one. How
	// long they take is not known beforehand, so they are in none of the sums above.
	Updates      []Update `json:"updates,omitempty"`
	NativeUpdate int      `json:"nativeUpdate,omitzero"`
	// Sum is the steps' sum in words.
	Sum   string  `json:"sum"`
	Price float64 `json:"price,omitempty"` // of an instance-hour, dollars; 0 if it is not known
}

// Update is a change of config: SageMaker brings a whole new fleet up beside the old
// one. Extra is the instances above the baseline's own meanwhile.
// Source: UpdateEndpoint.
type Update struct {
	To    string `json:"to"` // what the new config has: "both sides", "the candidate alone"
	Extra int    `json:"extra"`
}

// Line is one step's part of the cost.
type Line struct {
	Extra  spec.Duration `json:"extra"`          // instance-time above the baseline's own
	Native spec.Duration `json:"native"`         // the same, if both fleets are whole
	Sum    string        `json:"sum,omitempty"`  // how Extra comes about; "" if it lasts no time
	Most   spec.Duration `json:"most,omitempty"` // Extra if an approval takes as long as it may
}

// Hours is instance-time in hours.
func Hours(d spec.Duration) string {
	return strconv.FormatFloat(math.Round(d.Std().Hours()*100)/100, 'f', -1, 64)
}

// Amount is instance-time in hours and smaller units, however long: 33h20m.
func Amount(d spec.Duration) string {
	hours := d / spec.Duration(time.Hour)
	rest := d - hours*spec.Duration(time.Hour)
	switch {
	case hours == 0:
		return rest.String()
	case rest == 0:
		return fmt.Sprintf("%dh", hours)
	}
	return fmt.Sprintf("%dh%s", hours, rest)
}

// Dollars is what instance-time costs. ok is false if the price is not known.
func (c Cost) Dollars(d spec.Duration) (dollars float64, ok bool) {
	return d.Std().Hours() * c.Price, c.Price > 0
}

// cost adds the steps up, and gives each its line.
func (c *check) cost(steps []Step) Cost {
	own := c.record.Baseline.Count
	var total Cost
	if c.record.First || !c.known() {
		return total // with no baseline, what the endpoint costs from now on is not the rollout's
	}
	var parts []string
	for i := range steps {
		s := &steps[i]
		extra := s.Candidate + s.Baseline - own
		s.Cost = Line{Extra: s.Lasts * spec.Duration(extra), Most: s.Most * spec.Duration(extra)}
		if s.Lasts > 0 {
			s.Cost.Sum = fmt.Sprintf("(%d + %d - %d) x %s = %s", s.Candidate, s.Baseline, own, s.Lasts, Amount(s.Cost.Extra))
		}
		if s.Kind == Standby {
			total.Standby = s.Cost.Extra
			continue
		}
		s.Cost.Native = s.Lasts * spec.Duration(c.record.Candidate.Count)
		total.Steps += s.Cost.Extra
		total.Native += s.Cost.Native
		if s.Lasts > 0 {
			parts = append(parts, Amount(s.Cost.Extra))
		}
	}
	total.Sum = sum(parts, total.Steps)
	if c.Spec.Endpoint.Price > 0 && !c.mixed() {
		total.Price = c.Spec.Endpoint.Price
	}
	total.Unlike, total.Updates, total.NativeUpdate = c.unlike(), c.updates(steps), c.record.Candidate.Count
	return total
}

// updates are the changes of config on the way to promotion, in order.
func (c *check) updates(steps []Step) []Update {
	own, beside := c.record.Baseline.Count, 0 // beside: the candidate's, in the config before
	var all []Update
	for _, kind := range []rollout.Kind{rollout.Mirror, rollout.Weigh} {
		i := slices.IndexFunc(steps, func(s Step) bool { return s.Kind == kind })
		if i < 0 {
			continue
		}
		to := "both sides"
		if kind == rollout.Mirror {
			to = "the baseline and its shadow"
		}
		all = append(all, Update{To: to, Extra: beside + own + steps[i].Candidate})
		beside = steps[i].Candidate
	}
	last := steps[len(steps)-1]
	return append(all, Update{To: "the candidate alone", Extra: last.Baseline + 2*last.Candidate - own})
}

// PerMinute is the instance-minutes above the baseline's own for each minute that
// every update takes.
func (c Cost) PerMinute() int {
	n := 0
	for _, u := range c.Updates {
		n += u.Extra
	}
	return n
}

// Even is how long an update may take before the rollout costs more than SageMaker's
// own; ok is false if it does not cost less in the first place, or always does.
func (c Cost) Even() (d time.Duration, ok bool) {
	more, less := c.PerMinute()-c.NativeUpdate, c.Native-c.Steps
	if more <= 0 || less <= 0 {
		return 0, false
	}
	return less.Std() / time.Duration(more), true
}

// sum is an addition in words. Equal parts that follow each other are written as one.
func sum(parts []string, total spec.Duration) string {
	var said []string
	for i := 0; i < len(parts); {
		n := i + 1
		for n < len(parts) && parts[n] == parts[i] {
			n++
		}
		if n-i > 1 {
			said = append(said, fmt.Sprintf("%d x %s", n-i, parts[i]))
		} else {
			said = append(said, parts[i])
		}
		i = n
	}
	if len(said) == 0 {
		return Amount(total)
	}
	return fmt.Sprintf("%s = %s = %s instance-hours", strings.Join(said, " + "), Amount(total), Hours(total))
}

// mixed reports whether the sides run on instances of different types, and so of
// different prices.
func (c *check) mixed() bool { return len(c.types()) > 1 }

// types are the types of instances that both sides run on, each once.
func (c *check) types() []string {
	types := []string{c.Spec.Endpoint.InstanceType}
	for _, v := range c.Config.Variants {
		types = append(types, v.InstanceType)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// price says why there are no dollars.
func (c *check) price(cost Cost) {
	switch {
	case cost.Price > 0 || c.record.First || !c.known():
	case c.Spec.Endpoint.Price > 0:
		c.add(Note, "cost.mixed", "cost", "", "dollars are not shown: endpoint.price is of one type of instance, and the two sides run on two")
	default:
		c.add(Note, "cost.price", "cost", "", "dollars are not shown: set endpoint.price to what one %s costs you an hour; prices differ by region and contract, and `aws pricing get-products --service-code AmazonSageMaker` lists them", c.Spec.Endpoint.InstanceType)
	}
}

// unlike says why SageMaker's blue/green guardrail cannot do the steps itself. Source:
// AWS.md B.4.
func (c *check) unlike() []string {
	var why []string
	say := func(when bool, text string) {
		if when && !slices.Contains(why, text) {
			why = append(why, text)
		}
	}
	var weights []int
	last := len(c.record.Plan.Steps) - 1
	var whole time.Duration
	for i, s := range c.record.Plan.Steps {
		whole += s.Bake
		say(s.Kind == rollout.Mirror, "it has no shadow in its steps")
		say(s.Kind == rollout.Ask || s.Kind == rollout.Rest, "it cannot wait for a person")
		say(s.Bake > time.Hour && i < last, "it waits 1h at most in a step")
		say(s.Bake > time.Hour && i == last, "it bakes 1h at most at the end")
		if s.Kind == rollout.Weigh {
			weights = append(weights, s.Weight)
		}
	}
	say(whole > 8*time.Hour, "it takes 8h at most")
	say(!regular(weights), "its steps are everything at once, one canary of at most 50 %, or equal steps of 10 to 50 %")
	say(slices.ContainsFunc(c.types(), inferentia1), "it moves Inf1 instances all at once, without a bake")
	for _, side := range c.sides() {
		say(marketplace(side.containers), "it moves containers of AWS Marketplace all at once, without a bake")
	}
	return why
}

// regular reports whether weights are of SageMaker's three shapes.
func regular(weights []int) bool {
	switch {
	case len(weights) == 1:
		return true
	case len(weights) == 2 && weights[0] <= 50:
		return true
	}
	step := weights[0]
	for i, w := range weights {
		if w != min(step*(i+1), 100) {
			return false
		}
	}
	return step >= 10 && step <= 50
}
