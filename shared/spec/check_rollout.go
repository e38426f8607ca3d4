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

	maxFalseRollback    = Percent(0.20)
	maxErrorsTolerance  = Percent(0.50)
	maxRelative         = Percent(5)
	minLatencyTolerance = Percent(0.01)
)

func (r *report) rollout(rollout *Rollout) {
	r.strategy(rollout)
	r.alarms(rollout.Alarms)
	r.judge(rollout)
}

func (r *report) strategy(rollout *Rollout) {
	chosen := rollout.Strategy
	fill(&chosen, DefaultStrategy)
	for _, strategy := range enums[reflect.TypeFor[Strategy]()] {
		block := join("rollout", strategy)
		if _, written := r.at[block]; written && strategy != string(chosen) && !r.bad["rollout.strategy"] {
			r.add(block, "is not read: the strategy is "+string(chosen), "leave it out, or write strategy: "+strategy)
		}
	}
	r.weight("rollout.canary.weight", rollout.Canary.Weight, 99, "100 would be no canary: write strategy: blueGreen")
	r.weight("rollout.linear.step", rollout.Linear.Step, 50, "a larger step is a canary: write strategy: canary")
	r.bake("rollout.canary.bake", rollout.Canary.Bake)
	r.bake("rollout.linear.bake", rollout.Linear.Bake)
	r.bake("rollout.blueGreen.bake", rollout.BlueGreen.Bake)
	r.bake("rollout.finalBake", rollout.FinalBake)
	if r.usable("rollout.blueGreen.bake", "rollout.finalBake") && rollout.BlueGreen.Bake != rollout.FinalBake {
		r.add("rollout.finalBake", fmt.Sprintf("%s contradicts blueGreen.bake (%s), which is the bake at 100 too", rollout.FinalBake, rollout.BlueGreen.Bake), "keep one")
	}
	for field := range r.bad {
		if strings.HasPrefix(field, "rollout.") && !strings.HasPrefix(field, "rollout.judge") {
			return // a length made of wrong parts would be a second complaint about one mistake
		}
	}
	full := Spec{Rollout: *rollout}.Normalised().Rollout
	if length := full.Length(); length > maxRollout {
		r.add("rollout", fmt.Sprintf("its bakes take %s", length), "a rollout takes at most "+maxRollout.String()+": shorten them")
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
	switch r.Strategy {
	case StrategyCanary:
		return r.Canary.Bake + r.FinalBake
	case StrategyLinear:
		steps := (100+r.Linear.Step-1)/r.Linear.Step - 1
		return Duration(steps)*r.Linear.Bake + r.FinalBake
	}
	return r.FinalBake
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
