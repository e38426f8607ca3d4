package main

import (
	"encoding/json"
	"time"

	"sluice/shared/demand"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
)

// The shapes that --json prints. Weights are the candidate's share of requests in
// whole percent, times RFC 3339 in UTC, lengths of time whole seconds.

type jsonSide struct {
	Variant string `json:"variant"`
	Package string `json:"package,omitempty"` // ARN
}

type jsonStep struct {
	Kind         rollout.Kind `json:"kind,omitempty"` // weight, shadow, approve, pause
	Weight       int          `json:"weight"`
	Sampling     int          `json:"sampling,omitempty"` // of a shadow, whole percent
	BakeSeconds  int64        `json:"bakeSeconds"`
	LimitSeconds int64        `json:"limitSeconds,omitempty"` // of an approval or a pause
	AskedAt      time.Time    `json:"askedAt,omitzero"`
	ReachedAt    time.Time    `json:"reachedAt,omitzero"`
	EndedAt      time.Time    `json:"endedAt,omitzero"`
}

// jsonControl is what people and windows have made of a rollout. Who is there as the
// command said it.
type jsonControl struct {
	Standing  string        `json:"standing"` // a word for how it stands, such as "paused"
	Paused    *jsonPaused   `json:"paused,omitempty"`
	Approval  *jsonApproval `json:"approval,omitempty"`  // that is waited for
	FrozenAt  time.Time     `json:"frozenAt,omitzero"`   // since when only windows hold it
	GoingBack string        `json:"goingBack,omitempty"` // who wants it back, and why
}

type jsonPaused struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

type jsonApproval struct {
	ID        string       `json:"id"`
	AskedAt   time.Time    `json:"askedAt"`
	Expires   time.Time    `json:"expires"`
	OnTimeout spec.Timeout `json:"onTimeout"`
}

// jsonCommand is a command and what became of it; without handledAt, nothing yet.
type jsonCommand struct {
	Rollout   string       `json:"rollout"`
	ID        string       `json:"id"`
	Verb      rollout.Verb `json:"verb"`
	Full      bool         `json:"full,omitempty"`
	Gate      string       `json:"gate,omitempty"`
	By        string       `json:"by"`
	Why       string       `json:"why,omitempty"`
	At        time.Time    `json:"at"`
	HandledAt time.Time    `json:"handledAt,omitzero"`
	Accepted  bool         `json:"accepted"`
	Answer    string       `json:"answer,omitempty"`
	Starts    string       `json:"starts,omitempty"` // the rollout that it has started
}

func commandJSON(c rollout.Command) jsonCommand {
	return jsonCommand{c.Rollout, c.ID, c.Verb, c.Full, c.Gate, c.By, c.Why, c.At.UTC(), c.HandledAt.UTC(), c.Accepted, c.Answer, c.Starts}
}

func commandsJSON(commands []rollout.Command) []jsonCommand {
	all := []jsonCommand{}
	for _, c := range commands {
		all = append(all, commandJSON(c))
	}
	return all
}

type jsonRollout struct {
	ID        string         `json:"id"`
	Model     string         `json:"model"`
	Endpoint  string         `json:"endpoint"`
	Package   string         `json:"package"` // ARN of the candidate's
	State     rollout.State  `json:"state"`
	Reason    string         `json:"reason"`
	Step      int            `json:"step"` // from 1; 0 before the first
	Weight    int            `json:"weight"`
	Steps     []jsonStep     `json:"steps"`
	Baseline  jsonSide       `json:"baseline"`
	Candidate jsonSide       `json:"candidate"`
	First     bool           `json:"first,omitempty"` // it made the endpoint
	Undo      bool           `json:"undo,omitempty"`  // back to a former champion
	Served    rollout.Served `json:"served"`          // by the candidate
	Control   *jsonControl   `json:"control,omitempty"`
	StartedAt time.Time      `json:"startedAt"`
	// PromotedAt is when the candidate became the champion, and StandbyUntil how long
	// the baseline is kept warm then.
	PromotedAt   time.Time `json:"promotedAt,omitzero"`
	PromotedFor  string    `json:"promotedFor,omitempty"`
	StandbyUntil time.Time `json:"standbyUntil,omitzero"`
	EndedAt      time.Time `json:"endedAt,omitzero"`
	UnlockedAt   time.Time `json:"unlockedAt,omitzero"` // a halted one's endpoint was freed
	Spec         string    `json:"spec"`                // version
}

func rolloutJSON(r rollout.Record) jsonRollout {
	j := jsonRollout{
		ID: r.ID, Model: r.Model, Endpoint: r.Endpoint, Package: r.Package, State: r.State, Reason: r.Reason, Step: r.Step + 1, Weight: r.Weight(), Steps: []jsonStep{},
		Baseline: jsonSide{r.Baseline.Variant, r.Baseline.Package}, Candidate: jsonSide{r.Candidate.Variant, r.Candidate.Package},
		First: r.First, Undo: r.Undo, Served: r.Served, Control: controlJSON(r), StartedAt: r.StartedAt.UTC(),
		PromotedAt: r.PromotedAt.UTC(), PromotedFor: r.PromotedFor, EndedAt: r.EndedAt.UTC(), UnlockedAt: r.UnlockedAt.UTC(), Spec: r.Spec,
	}
	if r.State == rollout.Standby {
		j.StandbyUntil = r.PromotedAt.Add(r.Plan.Standby).UTC()
	}
	for i, s := range r.Plan.Steps {
		step := jsonStep{Kind: s.Kind, Weight: s.Weight, Sampling: s.Sampling, BakeSeconds: int64(s.Bake / time.Second), LimitSeconds: int64(s.Limit / time.Second)}
		if i < len(r.Steps) {
			step.AskedAt, step.ReachedAt, step.EndedAt = r.Steps[i].AskedAt.UTC(), r.Steps[i].ReachedAt.UTC(), r.Steps[i].EndedAt.UTC()
		}
		j.Steps = append(j.Steps, step)
	}
	return j
}

// controlJSON is nil of a rollout that is over.
func controlJSON(r rollout.Record) *jsonControl {
	if r.State.Final() {
		return nil
	}
	j := &jsonControl{Standing: standing(r).word, FrozenAt: r.Control.Frozen.UTC(), GoingBack: r.Control.Abort}
	if p := r.Control.Paused; p != nil {
		j.Paused = &jsonPaused{p.By, p.At.UTC()}
	}
	if g := r.OpenGate(); g != nil {
		j.Approval = &jsonApproval{g.ID, g.AskedAt.UTC(), g.Expires.UTC(), r.Now().OnTimeout}
	}
	return j
}

type jsonEntry struct {
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"`
	Text string          `json:"text"`
	Data json.RawMessage `json:"data,omitempty"`
}

func entryJSON(e rollout.Entry) jsonEntry {
	j := jsonEntry{At: e.At.UTC(), Kind: e.Kind, Text: e.Text}
	if json.Valid([]byte(e.Data)) {
		j.Data = json.RawMessage(e.Data)
	}
	return j
}

type jsonDemand struct {
	Generation int       `json:"generation"`
	Objects    int       `json:"objects"` // as listed: one that came twice counts twice
	Bytes      int64     `json:"bytes"`
	Causes     string    `json:"causes"`
	Since      time.Time `json:"since,omitzero"`
}

type jsonModel struct {
	Model    string `json:"model"`
	Endpoint string `json:"endpoint"`
	Spec     struct {
		Version string    `json:"version"`
		Source  string    `json:"source"`
		At      time.Time `json:"at"`
	} `json:"spec"`
	Champion string         `json:"champion,omitempty"`
	Rollout  *jsonRollout   `json:"rollout"`            // under way, else the latest; null for none
	Commands []jsonCommand  `json:"commands,omitempty"` // to it, oldest first
	LastLook *jsonEntry     `json:"lastLook,omitempty"`
	Locked   bool           `json:"locked"` // by a halted rollout
	Demand   jsonDemand     `json:"demand"`
	Runs     []training.Run `json:"runs,omitempty"` // newest first
	Drift    *jsonDrift     `json:"drift,omitempty"`
}

// jsonDrift is how far the watch of a model's captures has come.
type jsonDrift struct {
	Variant  string    `json:"variant"`
	Learning bool      `json:"learning"` // its reference
	Until    time.Time `json:"until,omitzero"`
	Scores   []float64 `json:"scores,omitempty"` // of the last readings, from old to new; over 1 is drift
	Reading  string    `json:"reading,omitempty"`
}

func (m reading) json(now time.Time, last *rollout.Entry) jsonModel {
	objects, bytes := demand.Total(m.chunks)
	j := jsonModel{
		Model: m.model, Endpoint: m.applied.Spec.Endpoint.Name, Champion: m.champion, Locked: m.locked(now), Runs: m.runs,
		Demand: jsonDemand{Generation: m.generation, Objects: objects, Bytes: bytes, Causes: demand.Causes(m.chunks), Since: m.since().UTC()},
	}
	if d := m.drift; d != nil {
		j.Drift = &jsonDrift{Variant: d.Variant, Learning: d.Reference == "", Until: d.Judged.UTC(), Scores: d.Scores, Reading: d.Reading}
	}
	j.Spec.Version, j.Spec.Source, j.Spec.At = m.applied.Version, m.applied.Source, m.applied.At.UTC()
	if m.rollout != nil {
		r := rolloutJSON(*m.rollout)
		j.Rollout, j.Commands = &r, commandsJSON(m.commands)
	}
	if last != nil {
		e := entryJSON(*last)
		j.LastLook = &e
	}
	return j
}
