package spec

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

const (
	// minBake lets the judge look once: metrics come up to two minutes late
	// (AWS.md G.6: not documented, so this is ours), and a minute must be over.
	minBake = Duration(3 * time.Minute)
	// maxRollout bounds the history of the rollout's execution.
	maxRollout = Duration(14 * 24 * time.Hour)

	// minStandby is a few looks of a person who may want to undo.
	minStandby = Duration(10 * time.Minute)

	minHeadroom         = Percent(0.01)
	maxHeadroom         = Percent(3)
	maxFalseRollback    = Percent(0.20)
	maxErrorsTolerance  = Percent(0.50)
	maxRelative         = Percent(5)
	minLatencyTolerance = Percent(0.01)
)

func (r *report) rollout(rollout *Rollout) {
	r.unread(rollout)
	r.strategy(rollout)
	r.steps(rollout)
	r.capacity(rollout)
	r.windows(rollout.Windows)
	r.alarms(rollout.Alarms)
	r.length(rollout)
	r.judge(rollout)
}

// unread reports blocks of strategies that are not the one chosen.
func (r *report) unread(rollout *Rollout) {
	if r.bad["rollout.strategy"] || r.bad["rollout.shadow"] || r.bad["rollout.shadow.then"] {
		return
	}
	chosen := Rollout{Strategy: rollout.Strategy, Shadow: rollout.Shadow}
	chosen.fill()
	is := string(chosen.Strategy)
	if chosen.Strategy == StrategyShadow {
		is += ", then " + string(chosen.Moves())
	}
	for _, strategy := range enums[reflect.TypeFor[Strategy]()] {
		block := join("rollout", strategy)
		if r.written(block) && strategy != string(chosen.Strategy) && strategy != string(chosen.Moves()) {
			instead := "strategy: "
			if chosen.Strategy == StrategyShadow && contains(moving, strategy) {
				instead = "then: "
			}
			r.add(block, "is not read: the strategy is "+is, "leave it out, or write "+instead+strategy)
		}
	}
}

func (r *report) strategy(rollout *Rollout) {
	r.weight("rollout.canary.weight", rollout.Canary.Weight, 99, "100 would be no canary: write strategy: blueGreen")
	r.weight("rollout.linear.step", rollout.Linear.Step, 50, "a larger step is a canary: write strategy: canary")
	r.weight("rollout.shadow.sampling", rollout.Shadow.Sampling, 100, "")
	r.bake("rollout.canary.bake", rollout.Canary.Bake)
	r.bake("rollout.linear.bake", rollout.Linear.Bake)
	r.bake("rollout.blueGreen.bake", rollout.BlueGreen.Bake)
	r.bake("rollout.shadow.bake", rollout.Shadow.Bake)
	r.bake("rollout.finalBake", rollout.FinalBake)
	if r.usable("rollout.blueGreen.bake", "rollout.finalBake") && rollout.BlueGreen.Bake != rollout.FinalBake {
		r.add("rollout.finalBake", fmt.Sprintf("%s contradicts blueGreen.bake (%s), which is the bake at 100 too", rollout.FinalBake, rollout.BlueGreen.Bake), "keep one")
	}
}

func (r *report) capacity(rollout *Rollout) {
	const headroom, standby = "rollout.headroom", "rollout.standby"
	r.share(headroom, rollout.Headroom, minHeadroom, maxHeadroom)
	if r.usable(headroom) && rollout.Capacity == CapacityFull {
		r.add(headroom, "is not read: the capacity is full", "leave it out, or write capacity: follow")
	}
	if rollout.Standby != 0 {
		r.within(standby, rollout.Standby, minStandby, maxRollout, ", or leave it out for none")
	}
}

// length reports a rollout that would outlive its execution.
func (r *report) length(rollout *Rollout) {
	for field := range r.bad {
		if strings.HasPrefix(field, "rollout.") && !strings.HasPrefix(field, "rollout.judge") {
			return // a length made of wrong parts would be a second complaint about one mistake
		}
	}
	full := Spec{Rollout: *rollout}.Normalised().Rollout
	what := "bakes"
	if full.Longest() > full.Length() {
		what = "bakes, approvals, pauses and standby"
	}
	if longest := full.Longest(); longest > maxRollout {
		r.add("rollout", fmt.Sprintf("its %s take %s", what, longest), "a rollout takes at most "+maxRollout.String()+": shorten them")
	}
}

// within checks a wait; or ends the sentence that says what to write instead.
func (r *report) within(field string, wait, least, most Duration, or string) {
	fix := fmt.Sprintf("write %s to %s%s", least, most, or)
	if r.usable(field) && wait < least {
		r.add(field, wait.String()+" is too short", fix)
	} else if r.usable(field) && wait > most {
		r.add(field, wait.String()+" is too long", fix)
	}
}

func (r *report) bake(field string, bake Duration) {
	if r.usable(field) && bake < minBake {
		r.add(field, bake.String()+" is too short for the judge to look", "metrics come 2m late: write "+minBake.String()+" or more")
	}
}

func (r *report) weight(field string, value, limit int, above string) {
	switch {
	case !r.usable(field):
	case value < 1:
		r.add(field, strconv.Itoa(value)+" percent is no traffic", fmt.Sprintf("write 1 to %d", limit))
	case value > limit:
		fix := fmt.Sprintf("write 1 to %d", limit)
		if value <= 100 {
			fix += "; " + above
		}
		r.add(field, strconv.Itoa(value)+" percent is too much", fix)
	}
}

// Length is how long the bakes of a normalised rollout take together: what a
// rollout takes if nothing holds it and weights move at once.
func (r Rollout) Length() Duration {
	length := r.FinalBake
	if r.Strategy == StrategyShadow {
		length += r.Shadow.Bake
	}
	switch r.Moves() {
	case StrategyCanary:
		length += r.Canary.Bake
	case StrategyLinear:
		steps := (100+r.Linear.Step-1)/r.Linear.Step - 1
		length += Duration(steps) * r.Linear.Bake
	case StrategySteps:
		for _, s := range r.Steps {
			length += s.Bake
			if s.Shadow != nil {
				length += s.Shadow.Bake
			}
		}
	}
	return length
}

// Longest is Length with all that a normalised rollout may wait by its spec: until
// approvals expire and pauses end, and standby. Pauses without an end, windows and
// holds are not in it.
func (r Rollout) Longest() Duration {
	longest := r.Length() + r.Standby
	for _, s := range r.Steps {
		if s.Approve != nil {
			longest += s.Approve.Expires
		}
		if s.Pause != nil {
			longest += s.Pause.For
		}
	}
	return longest
}

func (r *report) alarms(alarms []string) {
	seen := map[string]int{}
	for i, alarm := range alarms {
		field := fmt.Sprintf("rollout.alarms[%d]", i)
		r.alarm(field, alarm)
		if !r.usable(field) {
			continue
		}
		if j, twice := seen[alarm]; twice {
			r.add(field, fmt.Sprintf("is the same as alarms[%d]", j), "keep one")
			continue
		}
		seen[alarm] = i
		if strings.Contains(alarm, "*") {
			r.add(field, quote(alarm)+" is a pattern", "write the names of the alarms in full")
		}
	}
}

func (r *report) judge(rollout *Rollout) {
	const judge = "rollout.judge"
	j := &rollout.Judge
	r.share(judge+".falseRollback", j.FalseRollback, Percent(0.0001), maxFalseRollback)
	r.share(judge+".errors.tolerance", j.Errors.Tolerance, 0, maxErrorsTolerance)
	r.share(judge+".errors.relative", j.Errors.Relative, 0, maxRelative)
	if r.usable(judge+".errors.tolerance", judge+".errors.relative") && j.Errors.Tolerance == 0 && j.Errors.Relative == 0 {
		r.add(judge+".errors.tolerance", "0% and relative 0% leave no tolerance at all", "give one of them room: "+examples["rollout.judge.errors"])
	}
	if j.Latency == nil || r.bad[judge+".latency"] {
		r.blind(rollout, j.Errors.DryRun)
		return
	}
	if field := judge + ".latency.percentile"; r.usable(field) {
		number := percentile.FindStringSubmatch(j.Latency.Percentile)
		if number == nil {
			r.add(field, quote(j.Latency.Percentile)+" is not a percentile", "write it like p90 or p99")
		} else if p, _ := strconv.ParseFloat(number[1], 64); p < 50 {
			r.add(field, j.Latency.Percentile+" is below the median", "write p50 to p99.99")
		}
	}
	r.share(judge+".latency.tolerance", j.Latency.Tolerance, minLatencyTolerance, maxRelative)
	r.blind(rollout, j.Errors.DryRun && j.Latency.DryRun)
}

// blind reports a rollout that nothing could stop.
func (r *report) blind(rollout *Rollout, dry bool) {
	if dry && len(rollout.Alarms) == 0 && !r.bad["rollout.alarms"] {
		r.add("rollout.judge", "every metric is a dry run and there are no alarms: nothing could roll back", "judge one metric, or name alarms")
	}
}

func (r *report) share(field string, value, least, most Percent) {
	switch {
	case !r.usable(field):
	case value < least:
		r.add(field, value.String()+" is too little", fmt.Sprintf("write %q or more", least.String()))
	case value > most:
		r.add(field, value.String()+" is too much", fmt.Sprintf("write %q or less", most.String()))
	}
}
