package main

import (
	"encoding/json"
	"time"

	"sluice/shared/demand"
	"sluice/shared/rollout"
	"sluice/shared/training"
)

// The shapes that --json prints. Weights are the candidate's share of requests in
// whole percent, times RFC 3339 in UTC, lengths of time whole seconds.

type jsonSide struct {
	Variant string `json:"variant"`
	Package string `json:"package,omitempty"` // ARN
}

type jsonStep struct {
	Weight      int       `json:"weight"`
	BakeSeconds int64     `json:"bakeSeconds"`
	AskedAt     time.Time `json:"askedAt,omitzero"`
	ReachedAt   time.Time `json:"reachedAt,omitzero"`
	EndedAt     time.Time `json:"endedAt,omitzero"`
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
	Served    rollout.Served `json:"served"` // by the candidate
	StartedAt time.Time      `json:"startedAt"`
	EndedAt   time.Time      `json:"endedAt,omitzero"`
	Spec      string         `json:"spec"` // version
}

func rolloutJSON(r rollout.Record) jsonRollout {
	j := jsonRollout{
		ID: r.ID, Model: r.Model, Endpoint: r.Endpoint, Package: r.Package, State: r.State, Reason: r.Reason, Step: r.Step + 1, Weight: r.Weight(), Steps: []jsonStep{},
		Baseline: jsonSide{r.Baseline.Variant, r.Baseline.Package}, Candidate: jsonSide{r.Candidate.Variant, r.Candidate.Package},
		Served: r.Served, StartedAt: r.StartedAt.UTC(), EndedAt: r.EndedAt.UTC(), Spec: r.Spec,
	}
	for i, s := range r.Plan.Steps {
		step := jsonStep{Weight: s.Weight, BakeSeconds: int64(s.Bake / time.Second)}
		if i < len(r.Steps) {
			step.AskedAt, step.ReachedAt, step.EndedAt = r.Steps[i].AskedAt.UTC(), r.Steps[i].ReachedAt.UTC(), r.Steps[i].EndedAt.UTC()
		}
		j.Steps = append(j.Steps, step)
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
	Rollout  *jsonRollout   `json:"rollout"` // under way, else the latest; null for none
	LastLook *jsonEntry     `json:"lastLook,omitempty"`
	Locked   bool           `json:"locked"` // by a halted rollout
	Demand   jsonDemand     `json:"demand"`
	Runs     []training.Run `json:"runs,omitempty"` // newest first
}

func (m reading) json(now time.Time, last *rollout.Entry) jsonModel {
	objects, bytes := demand.Total(m.chunks)
	j := jsonModel{
		Model: m.model, Endpoint: m.applied.Spec.Endpoint.Name, Champion: m.champion, Locked: m.locked(now), Runs: m.runs,
		Demand: jsonDemand{Generation: m.generation, Objects: objects, Bytes: bytes, Causes: demand.Causes(m.chunks), Since: m.since().UTC()},
	}
	j.Spec.Version, j.Spec.Source, j.Spec.At = m.applied.Version, m.applied.Source, m.applied.At.UTC()
	if m.rollout != nil {
		r := rolloutJSON(*m.rollout)
		j.Rollout = &r
	}
	if last != nil {
		e := entryJSON(*last)
		j.LastLook = &e
	}
	return j
}
