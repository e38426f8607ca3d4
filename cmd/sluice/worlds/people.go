package worlds

import (
	"fmt"
	"strings"
	"time"

	"sluice/local/wire"
	engine "sluice/shared/rollout"
)

// packages is where the ARNs of model packages begin.
const packages = "arn:aws:sagemaker:" + wire.Region + ":" + wire.Account + ":model-package"

// drawRollout draws the rollout block of a spec: every strategy, and what may stand
// beside it.
func drawRollout(d dice) string {
	bake := func() string { return fmt.Sprintf("%dm", d.between(3, 8)) }
	canary := func() string {
		return fmt.Sprintf("canary: {weight: %d, bake: %s}, finalBake: %s", pick(d, 1, 5, 10, 20, 50), bake(), bake())
	}
	var text string
	switch d.IntN(8) {
	case 0:
		text = fmt.Sprintf("strategy: blueGreen, blueGreen: {bake: %s}", bake())
	case 1, 2:
		text = fmt.Sprintf("strategy: linear, linear: {step: %d, bake: %s}, finalBake: %s", pick(d, 20, 25, 34, 50), bake(), bake())
	case 3:
		text = fmt.Sprintf("strategy: shadow, shadow: {sampling: %d, bake: %s, then: canary}, %s", pick(d, 5, 50, 100), bake(), canary())
	case 4:
		text = "strategy: steps, steps: [" + drawSteps(d, bake) + "], finalBake: " + bake()
	default:
		text = "strategy: canary, " + canary()
	}
	if d.often(30) {
		text += ", capacity: full"
	} else if d.often(50) {
		text += fmt.Sprintf(", headroom: %d%%", pick(d, 1, 10, 100))
	}
	if d.often(35) {
		text += ", standby: " + pick(d, "10m", "30m", "3h")
	}
	if d.often(25) {
		text += ", queue: replace"
	}
	if d.often(15) {
		text += fmt.Sprintf(`, windows: [{from: "0%d:00", to: "1%d:30", zone: %s}]`, d.between(6, 9), d.between(0, 4), pick(d, "UTC", "Europe/Berlin", "Pacific/Auckland"))
	}
	return text
}

// drawSteps draws a list of steps: perhaps a shadow, then rising weights with
// approvals and pauses between them.
func drawSteps(d dice, bake func() string) string {
	var steps []string
	if d.often(40) {
		steps = append(steps, fmt.Sprintf("{shadow: {sampling: %d, bake: %s}}", pick(d, 10, 100), bake()))
	}
	for weight := d.between(1, 30); weight < 100; weight += d.between(20, 60) {
		steps = append(steps, fmt.Sprintf("{weight: %d, bake: %s}", weight, bake()))
		switch d.IntN(5) {
		case 0:
			steps = append(steps, fmt.Sprintf("{approve: {expires: %dm, onTimeout: %s}}", d.between(5, 40), pick(d, "rollBack", "promote")))
		case 1:
			steps = append(steps, fmt.Sprintf("{pause: {for: %dm}}", d.between(1, 30)))
		}
	}
	return strings.Join(steps, ", ")
}

// command is what a person asks of the model's latest rollout, or of the one that is
// under way. Who pauses resumes, most of the time.
func command(d dice, at time.Duration) act {
	verb := pick(d, engine.Verbs()...)
	full, latest, resumes := d.often(40), d.often(30), d.minutes(1, 90)
	if d.often(5) {
		resumes = 8 * 24 * time.Hour // forgotten
	}
	n := d.IntN(1 << 30)
	return act{at: at, text: fmt.Sprintf("a person says %s", verb), do: func(p *play) error {
		say := func(id string, v engine.Verb) error {
			return p.st.Table.AddCommand(p.ctx, engine.Command{Rollout: id, ID: fmt.Sprintf("%d-%s", n, v), Verb: v, Full: full && v == engine.Promote, By: "a person", At: p.world().Now()})
		}
		all, err := p.st.Table.Rollouts(p.ctx, model, 10)
		if err != nil || len(all) == 0 {
			return err
		}
		r := all[0]
		for _, other := range all {
			if !latest && !other.State.Final() {
				r = other
			}
		}
		if verb == engine.PauseIt {
			p.world().After(resumes, "simulate: resume", func() { p.fail(say(r.ID, engine.Resume)) })
		}
		return say(r.ID, verb)
	}}
}

// reject takes back the approval of a package that may be anywhere by then.
func reject(d dice, at time.Duration) act {
	version := d.between(1, 4)
	return act{at: at, text: fmt.Sprintf("version %d is rejected in the registry", version), do: func(p *play) error {
		arn := fmt.Sprintf("%s/%s/%d", packages, model, version)
		if _, _, _, ok := p.aws().SageMaker.Registry.Package(arn); !ok {
			return nil // not there yet
		}
		return p.aws().SageMaker.Registry.Approve(arn, "Rejected", "drawn to be rejected")
	}}
}
