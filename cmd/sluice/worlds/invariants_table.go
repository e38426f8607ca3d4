package worlds

import (
	"fmt"
	"strconv"
	"strings"
)

// ofWrites are asked when an item of the table was changed.
var ofWrites = []check[write]{
	{"closed-once", "generations of demand are closed one after the other, each once", closedOnce},
	{"closed-stays", "nothing is added to demand that is closed", closedStays},
	{"end-stays", "a rollout or training run that has ended stays as it ended", endStays},
	{"lease-kept", "a lease is given to somebody else only when it was freed or has expired", leaseKept},
	{"served-once", "no object is in two successful manifests at the same version", servedOnce},
	{"true-end", "a rollout that says it was promoted or rolled back has left the endpoint on that side alone", trueEnd},
	{"refused-harmless", "a rollout that is refused has changed nothing", refusedHarmless},
}

func closedOnce(w *watch, x write) string {
	if x.sk != "DEMAND" {
		return ""
	}
	if x.after == nil {
		return "the open generation is deleted"
	}
	if g := int(number(x.after["generation"])); g != w.open && g != w.open+1 {
		return fmt.Sprintf("generation %d is open after %d", g, w.open)
	}
	return ""
}

func closedStays(w *watch, x write) string {
	rest, ok := strings.CutPrefix(x.pk, "DEMAND#"+model+"#")
	if !ok {
		return ""
	}
	if g, err := strconv.Atoi(rest); err != nil || g != w.open {
		return fmt.Sprintf("chunk %s is written to generation %s; %d is open", x.sk, rest, w.open)
	}
	return ""
}

func endStays(_ *watch, x write) string {
	if x.before == nil || x.sk != "ROLLOUT" && !strings.HasPrefix(x.sk, "RUN#") || !happened(x.before["endedAt"]) {
		return ""
	}
	if x.after == nil {
		return x.pk + " " + x.sk + " is deleted"
	}
	if was, is := x.before["state"].Text, x.after["state"].Text; was != is {
		return fmt.Sprintf("%s %s had ended as %s and is %s", x.pk, x.sk, was, is)
	}
	return ""
}

func leaseKept(w *watch, x write) string {
	name, ok := strings.CutPrefix(x.pk, "LEASE#")
	if !ok || x.sk != "LEASE" || x.after == nil {
		return ""
	}
	was := w.leases[name]
	owner := x.after["owner"].Text
	if was.owner == "" || was.owner == owner || was.expires.Before(w.p.world().Now()) {
		return ""
	}
	return fmt.Sprintf("lease %s goes from %s to %s, and has not expired", name, was.owner, owner)
}

func servedOnce(w *watch, x write) string {
	if !strings.HasPrefix(x.sk, "RUN#") || x.after == nil || x.after["state"].Text != "trained" || !happened(x.after["endedAt"]) {
		return ""
	}
	mine := runOf(x.after)
	listed, err := w.manifest(mine.manifest)
	if err != nil {
		return err.Error()
	}
	seen := map[listing]bool{}
	for _, o := range listed {
		if seen[o] {
			return fmt.Sprintf("run %d lists %v twice", mine.generation, o)
		}
		seen[o] = true
	}
	for _, other := range w.runs {
		if other.generation == mine.generation || !other.ended || other.state != "trained" {
			continue
		}
		theirs, err := w.manifest(other.manifest)
		if err != nil {
			return err.Error()
		}
		for _, o := range theirs {
			if seen[o] {
				return fmt.Sprintf("runs %d and %d both list %v", other.generation, mine.generation, o)
			}
		}
	}
	return ""
}

// trueEnd asks the endpoint itself. AWS may be maintaining it by then. Where somebody
// else changes it too, it may have changed since Sluice looked.
func trueEnd(w *watch, x write) string {
	if x.sk != "ROLLOUT" || x.after == nil || w.foreign {
		return ""
	}
	side := ""
	switch x.after["state"].Text {
	case "promoted":
		side = "candidate"
	case "rolledBack":
		side = "baseline"
	case "aborted":
		if side = "baseline"; !w.rollout(strings.TrimPrefix(x.pk, "ROLLOUT#")).changed {
			return ""
		}
	default:
		return ""
	}
	want := x.after[side].Map
	if wrong := w.alone(want["config"].Text, want["variant"].Text); wrong != "" {
		return fmt.Sprintf("%s says %s: %s", x.pk, x.after["state"].Text, wrong)
	}
	return ""
}

// alone says what is wrong with an endpoint that should have this config and variant
// alone.
func (w *watch) alone(config, variant string) string {
	e, err := w.p.aws().SageMaker.Hosting.Describe(endpoint)
	switch {
	case err != nil:
		return err.Error()
	case e.EndpointStatus != "InService" && e.EndpointStatus != "SystemUpdating":
		return fmt.Sprintf("the endpoint is %s", e.EndpointStatus)
	case e.EndpointConfigName != config:
		return fmt.Sprintf("the endpoint has config %s instead of %s", e.EndpointConfigName, config)
	case len(e.ProductionVariants) != 1 || e.ProductionVariants[0].VariantName != variant:
		return fmt.Sprintf("the endpoint has %d variants, the first being %s; %s should be alone", len(e.ProductionVariants), e.ProductionVariants[0].VariantName, variant)
	}
	return ""
}

func refusedHarmless(w *watch, x write) string {
	id, ok := strings.CutPrefix(x.pk, "ROLLOUT#")
	if ok && x.sk == "ROLLOUT" && (x.after["state"].Text == "refused" || x.after["state"].Text == "superseded") && w.rollout(id).changed {
		return id + " is refused and has changed the endpoint"
	}
	return ""
}
