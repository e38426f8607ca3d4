package rollout

// Target is what a rollout wants an endpoint to be.
type Target struct {
	Config string
	// Variant gets Weight percent of the requests, and Other the rest. Variant need
	// not be there for 0.
	Variant string
	Weight  int
	Other   string
	// Needs bound the instances of variants.
	Needs []Need
	// Strict takes any share of Variant that is neither Weight nor one of Was for
	// somebody else's doing.
	Strict bool
	Was    []int
	// First is an endpoint that this rollout creates; Gone is that it be deleted
	// again.
	First, Gone bool
}

// Need bounds the instances of a variant; 0 is no bound.
type Need struct {
	Variant string
	AtLeast int
	AtMost  int
}

func (n Need) short(count int) bool {
	return count < n.AtLeast || n.AtMost > 0 && count > n.AtMost
}

// want is the nearest count that is within bounds.
func (n Need) want(count int) int {
	if count < n.AtLeast {
		return n.AtLeast
	}
	if n.AtMost > 0 {
		return min(count, n.AtMost)
	}
	return count
}

// Act is what to ask of an endpoint next.
type Act string

// The acts.
const (
	Nothing      Act = "nothing"      // the target is reached
	Wait         Act = "wait"         // it moves or is maintained; look again later
	SetWeights   Act = "setWeights"   // UpdateEndpointWeightsAndCapacities, weights
	SetCount     Act = "setCount"     // UpdateEndpointWeightsAndCapacities, instances of one variant
	UpdateTo     Act = "updateTo"     // UpdateEndpoint to the target's config
	Create       Act = "create"       // CreateEndpoint with the target's config
	Delete       Act = "delete"       // DeleteEndpoint
	LeaveItAlone Act = "leaveItAlone" // foreign or broken: changing it could do harm
)

// Changes reports whether the act changes the endpoint.
func (a Act) Changes() bool {
	switch a {
	case SetWeights, SetCount, UpdateTo, Create, Delete:
		return true
	}
	return false
}

// Move is an act with what it needs.
type Move struct {
	Act    Act
	Weight int // SetWeights: of the target's variant; the other one gets the rest
	// Variant gets Count instances, by SetCount.
	Variant string
	Count   int
}

// Next says what to ask of the endpoint to bring it to want: one change at a time,
// for an endpoint takes no second one while it makes the first.
//
// A change of weight takes seconds, of capacity or config minutes. So before
// anything else the weight goes from a variant that must get nothing: urgent is its
// name, "" for none. It goes at once as far as the other side can carry it, which
// then grows for the rest.
func Next(want Target, urgent string, ours []string, e Endpoint) (Move, Truth) {
	t := Classify(want, ours, e)
	switch t.Outcome {
	case Reached:
		return Move{Act: Nothing}, t
	case Moving, Maintained:
		return Move{Act: Wait}, t
	case Foreign, Broken:
		return Move{Act: LeaveItAlone}, t
	case Mixed:
		return Move{Act: UpdateTo}, t
	}
	switch {
	case want.Gone || e.Status == "Failed":
		return Move{Act: Delete}, t
	case e.Status == "":
		return Move{Act: Create}, t
	}
	if urgent != "" && e.Has(urgent) && e.Has(want.Variant) && e.Share(urgent) != 0 {
		carried := 100
		for _, n := range want.Needs {
			if n.Variant == want.Variant {
				carried = Carries(e.Instances(n.Variant), n.AtLeast)
			}
		}
		if e.Share(want.Variant) < carried {
			return Move{Act: SetWeights, Weight: carried}, t
		}
	}
	for _, n := range want.Needs {
		if count := e.Instances(n.Variant); e.Has(n.Variant) && n.short(count) {
			return Move{Act: SetCount, Variant: n.Variant, Count: n.want(count)}, t
		}
	}
	if e.Config != want.Config {
		return Move{Act: UpdateTo}, t
	}
	return Move{Act: SetWeights, Weight: want.Weight}, t
}

// CameTrue reports whether the change that was asked for last can be seen on the
// endpoint, which must have settled.
func CameTrue(asked Move, want Target, e Endpoint) bool {
	switch asked.Act {
	case SetWeights:
		return e.Share(want.Variant) == asked.Weight
	case SetCount:
		return e.Instances(asked.Variant) == asked.Count
	case UpdateTo:
		return e.Config == want.Config
	case Delete:
		return e.Status == ""
	}
	return false
}
