package worlds

import (
	_ "embed"
	"fmt"
	"testing/fstest"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/local/faults"
	"sluice/shared/spec"
)

// What every world has in common.
const (
	model     = "churn"
	endpoint  = "churn-prod"
	variant   = model + "-v1" // of the first champion
	drift     = "churn-drift-psi"
	ringing   = "churn-5xx" // the alarm of rollouts
	features  = "acme-features"
	labels    = "acme-labels"
	longest   = 30 * 24 * time.Hour // of virtual time, after which a world is said not to come to rest
	busyHours = 4 * time.Hour       // in which things happen from outside
)

//go:embed pipeline.json
var pipelineJSON []byte

// Case is one world, drawn from a seed: who serves whom, what happens from outside,
// and what goes wrong.
type Case struct {
	Seed   uint64
	About  string // in one line
	Acts   []act
	Faults faults.List

	scenario *stage.Scenario
	spec     spec.Spec
	knobs    knobs
}

// Draw draws the case of a seed.
func Draw(seed uint64) (*Case, error) {
	d := newDice(seed, ofWorld)
	text, about := drawSpec(d)
	files := fstest.MapFS{
		"sim/sluice.yaml":          {Data: []byte(text)},
		"sim/pipeline.json":        {Data: pipelineJSON},
		"sim/scenarios/world.yaml": {Data: []byte("name: world\ndo: [{at: 0s}]\n")},
	}
	s, err := stage.Load(files, "sim/scenarios/world.yaml")
	if err != nil {
		return nil, fmt.Errorf("drawing the world of seed %d: %w", seed, err)
	}
	sp, err := spec.Parse("sluice.yaml", []byte(text))
	if err != nil {
		return nil, fmt.Errorf("drawing the spec of seed %d: %w", seed, err)
	}
	c := &Case{Seed: seed, scenario: s, spec: *sp}
	s.Seed, s.Limit, s.History = seed, spec.Duration(longest), spec.Duration(d.minutes(30, 120))
	s.Traffic = stage.Traffic{RPM: pick(d, 0.0, 4, 40, 40, 120, 120, 300, 600), Pattern: pick(d, "steady", "steady", "diurnal", "bursty")}
	s.Champion = good(d)
	s.Models = drawModels(d)
	s.Alarms = drawAlarms(d)
	c.knobs = drawKnobs(d)
	c.Acts = drawActs(d)
	c.Faults = drawFaults(newDice(seed, ofFaults))
	c.About = fmt.Sprintf("%s, %v requests a minute, %d models, %d acts", about, s.Traffic.RPM, len(s.Models), len(c.Acts))
	return c, nil
}

// drawSpec draws a sluice.yaml.
func drawSpec(d dice) (text, about string) {
	rollout := drawRollout(d)
	about = rollout
	if d.often(70) {
		rollout += ", alarms: [" + ringing + "]"
	}
	judge := fmt.Sprintf("falseRollback: 1%%, errors: {tolerance: %s}, noTraffic: %s", pick(d, "0.1%", "0.5%", "1%"), pick(d, "promote", "rollBack", "promote", "rollBack", "hold"))
	if d.often(40) {
		judge += ", latency: {percentile: p90, tolerance: 20%}"
	}
	approve := pick(d, "automatic", "automatic", "automatic", "manual")
	data := fmt.Sprintf("    - {bucket: %s, prefix: churn/, suffix: .parquet, quiet: %dm, maxWait: %dm}\n", features, d.between(2, 10), d.between(15, 60))
	if d.often(40) {
		data += fmt.Sprintf("    - {bucket: %s, prefix: labels/, quiet: %dm, maxWait: %dm}\n", labels, d.between(1, 20), d.between(20, 90))
	} else {
		data += fmt.Sprintf("    - {bucket: %s, prefix: never/}\n", labels)
	}
	text = `model: ` + model + `
pipeline: {name: churn-training, parameters: {Manifest: "${manifest}", Causes: "${causes}"}}
triggers:
  data:
` + data + `  drift: [{alarm: "churn-drift-*"}]
package:
  group: churn
  gate: [{metric: binary_classification_metrics.auc.value, min: 0.80, maxDrop: 0.02}]
  approve: ` + approve + `
endpoint: {name: ` + endpoint + `, instanceType: ml.m5.large, instanceCount: ` + fmt.Sprint(pick(d, 1, 2, 3, 4, 8)) + `}
rollout: {` + rollout + `, judge: {` + judge + `}}
`
	return text, about + ", " + approve
}

// good is a model as good as its champion.
func good(d dice) stage.Model {
	m := stage.Model{AUC: 0.84 + float64(d.IntN(20))/1000, Errors: 0.001}
	m.P50, m.P90 = 20, 45
	return m
}

// drawModels draws what the pipeline's executions yield.
func drawModels(d dice) []stage.Model {
	var all []stage.Model
	for range d.between(1, 6) {
		m := good(d)
		switch d.IntN(10) {
		case 0:
			m.Errors = spec.Percent(float64(d.between(3, 30)) / 100)
		case 1:
			m.P50, m.P90 = 60, 140
		case 2:
			m.Turns = []stage.Turn{{AtWeight: pick(d, 20, 50, 100), After: spec.Duration(d.minutes(0, 6)), Errors: spec.Percent(float64(d.between(3, 40)) / 100)}}
		case 3:
			m.AUC = 0.70
		case 4:
			m.Fail = &stage.Failure{Step: "Train", Reason: "AlgorithmError: drawn to fail"}
		}
		all = append(all, m)
	}
	return all
}

func drawAlarms(d dice) []stage.Alarm {
	rollout := stage.Alarm{Name: ringing, Metric: "Invocation5XXErrors", Stat: "Average", Threshold: pick(d, 0.02, 0.1), Periods: d.between(1, 3)}
	if d.often(50) {
		rollout.Variant = fmt.Sprintf("%s-v%d", model, d.between(2, 3))
	}
	return []stage.Alarm{rollout, {Name: drift, Metric: "PSI", Stat: "Average", Threshold: 0.2, Periods: 1}}
}
