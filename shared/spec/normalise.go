package spec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"time"
)

// The defaults. Nothing outside this file knows one; the schema repeats them for
// editors and a test holds the two equal.
const (
	DefaultQuiet             = Duration(10 * time.Minute)
	DefaultMaxWaitPerQuiet   = 12 // maxWait is quiet times this: 2h for 10m
	DefaultStrikes           = 3
	DefaultApprove           = Manual
	DefaultInstanceCount     = 1
	DefaultStrategy          = StrategyCanary
	DefaultCanaryWeight      = 10
	DefaultCanaryBake        = Duration(15 * time.Minute)
	DefaultLinearStep        = 10
	DefaultLinearBake        = Duration(10 * time.Minute)
	DefaultBlueGreenBake     = Duration(30 * time.Minute)
	DefaultShadowSampling    = 50
	DefaultShadowBake        = Duration(30 * time.Minute)
	DefaultShadowThen        = StrategyCanary
	DefaultStepBake          = Duration(15 * time.Minute)
	DefaultApproveExpires    = Duration(24 * time.Hour)
	DefaultApproveOnTimeout  = TimeoutRollBack
	DefaultCapacity          = CapacityFollow
	DefaultHeadroom          = Percent(0.25) // of capacity follow; full has none
	DefaultQueue             = QueueLatest
	DefaultZone              = "UTC"
	DefaultFalseRollback     = Percent(0.01)
	DefaultErrorsTolerance   = Percent(0.001)
	DefaultErrorsRelative    = Percent(0.10)
	DefaultLatencyPercentile = "p90"
	DefaultLatencyTolerance  = Percent(0.10)
	DefaultNoTraffic         = NoTrafficHold
	DefaultDriftLearn        = Duration(24 * time.Hour)
	DefaultDriftWindow       = Duration(time.Hour)
	DefaultDriftRows         = 1000
	DefaultDriftPSI          = 0.2
	DefaultDriftKS           = 0.15
)

// Normalised is the spec with every default filled in: what Parse returns, and
// what Version names. It fills fields that are zero; where zero could be meant
// (the tolerances of Errors) it fills only a block in which both are zero, which no
// file can ask for. It shares nothing with s.
func (s Spec) Normalised() Spec {
	s = s.clone()
	for i := range s.Triggers.Data {
		t := &s.Triggers.Data[i]
		fill(&t.Quiet, DefaultQuiet)
		fill(&t.MaxWait, min(DefaultMaxWaitPerQuiet*t.Quiet, maxMaxWait))
	}
	if t := s.Triggers; len(t.Data)+len(t.Drift)+len(t.Schedule)+len(t.Promotion) > 0 || s.Drift != nil {
		fill(&s.Triggers.Strikes, DefaultStrikes)
	}
	fill(&s.Package.Approve, DefaultApprove)
	fill(&s.Endpoint.InstanceCount, DefaultInstanceCount)
	s.Rollout.fill()
	s.Drift.fill()
	s.Code.fill()
	return s
}

func (r *Rollout) fill() {
	fill(&r.Strategy, DefaultStrategy)
	if r.Strategy == StrategyShadow {
		fill(&r.Shadow.Sampling, DefaultShadowSampling)
		fill(&r.Shadow.Bake, DefaultShadowBake)
		fill(&r.Shadow.Then, DefaultShadowThen)
	}
	r.fillMoves()
	fill(&r.Capacity, DefaultCapacity)
	if r.Capacity == CapacityFollow {
		fill(&r.Headroom, DefaultHeadroom)
	}
	fill(&r.Queue, DefaultQueue)
	for i := range r.Windows {
		fill(&r.Windows[i].Zone, DefaultZone)
	}
	r.Judge.fill()
}

// Moves is the strategy by which weights rise: Strategy, or what a shadow goes on as.
func (r Rollout) Moves() Strategy {
	if r.Strategy == StrategyShadow {
		return r.Shadow.Then
	}
	return r.Strategy
}

// fillMoves fills the block that Moves names, and the final bake that follows from it.
func (r *Rollout) fillMoves() {
	switch r.Moves() {
	case StrategyCanary:
		fill(&r.Canary.Weight, DefaultCanaryWeight)
		fill(&r.Canary.Bake, DefaultCanaryBake)
		fill(&r.FinalBake, r.Canary.Bake)
	case StrategyLinear:
		fill(&r.Linear.Step, DefaultLinearStep)
		fill(&r.Linear.Bake, DefaultLinearBake)
		fill(&r.FinalBake, r.Linear.Bake)
	case StrategyBlueGreen:
		fill(&r.BlueGreen.Bake, r.FinalBake)
		fill(&r.BlueGreen.Bake, DefaultBlueGreenBake)
		fill(&r.FinalBake, r.BlueGreen.Bake)
	case StrategySteps:
		last := DefaultStepBake
		for i := range r.Steps {
			r.Steps[i].fill()
			if r.Steps[i].Weight > 0 {
				last = r.Steps[i].Bake
			}
		}
		fill(&r.FinalBake, last)
	}
}

func (s *Step) fill() {
	if s.Weight > 0 {
		fill(&s.Bake, DefaultStepBake)
	}
	if s.Shadow != nil {
		fill(&s.Shadow.Sampling, DefaultShadowSampling)
		fill(&s.Shadow.Bake, DefaultShadowBake)
	}
	if s.Approve != nil {
		fill(&s.Approve.Expires, DefaultApproveExpires)
		fill(&s.Approve.OnTimeout, DefaultApproveOnTimeout)
	}
}

func (j *Judge) fill() {
	fill(&j.FalseRollback, DefaultFalseRollback)
	if j.Errors.Tolerance == 0 && j.Errors.Relative == 0 {
		j.Errors.Tolerance, j.Errors.Relative = DefaultErrorsTolerance, DefaultErrorsRelative
	}
	if j.Latency != nil {
		fill(&j.Latency.Percentile, DefaultLatencyPercentile)
		fill(&j.Latency.Tolerance, DefaultLatencyTolerance)
	}
	fill(&j.NoTraffic, DefaultNoTraffic)
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// clone is s with nothing shared, and with empty lists and maps as none, so that
// an empty block and a missing one are the same spec. A test changes every field
// of a clone.
func (s Spec) clone() Spec {
	s.Pipeline.Parameters = maps.Clone(s.Pipeline.Parameters)
	if len(s.Pipeline.Parameters) == 0 {
		s.Pipeline.Parameters = nil
	}
	s.Triggers.Data = cloned(s.Triggers.Data)
	s.Triggers.Drift = cloned(s.Triggers.Drift)
	s.Triggers.Schedule = cloned(s.Triggers.Schedule)
	s.Triggers.Promotion = cloned(s.Triggers.Promotion)
	s.Package.Gate = cloned(s.Package.Gate)
	for i := range s.Package.Gate {
		c := &s.Package.Gate[i]
		for _, bound := range []**float64{&c.Min, &c.Max, &c.MaxDrop, &c.MaxRise} {
			*bound = copied(*bound)
		}
	}
	s.Rollout.Steps = cloned(s.Rollout.Steps)
	for i := range s.Rollout.Steps {
		step := &s.Rollout.Steps[i]
		step.Shadow, step.Approve, step.Pause = copied(step.Shadow), copied(step.Approve), copied(step.Pause)
	}
	s.Rollout.Windows = cloned(s.Rollout.Windows)
	for i := range s.Rollout.Windows {
		s.Rollout.Windows[i].Days = cloned(s.Rollout.Windows[i].Days)
	}
	s.Rollout.Alarms = cloned(s.Rollout.Alarms)
	s.Rollout.Judge.Latency = copied(s.Rollout.Judge.Latency)
	s.Drift = s.Drift.clone()
	s.Code = s.Code.clone()
	return s
}

func cloned[T any](list []T) []T { return append([]T(nil), list...) }

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	value := *p
	return &value
}

// Version names the content of the spec: the SHA-256, in hex, of the canonical
// JSON (sorted keys, no spaces) of the normalised spec. Two files that mean the
// same have one version, however they are written.
func (s Spec) Version() string {
	sum := sha256.Sum256(s.Normalised().canonical())
	return hex.EncodeToString(sum[:])
}

// canonical is the JSON of s with sorted keys and without HTML escapes.
func (s Spec) canonical() []byte {
	written, err := json.Marshal(s)
	if err != nil {
		panic("spec: a Spec is not JSON: " + err.Error()) // a gate with NaN, which Parse refuses
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(written))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		panic("spec: the JSON of a Spec does not read back: " + err.Error())
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		panic("spec: the JSON of a Spec cannot be sorted: " + err.Error())
	}
	return bytes.TrimSpace(out.Bytes())
}
