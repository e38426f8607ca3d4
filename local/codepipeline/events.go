package codepipeline

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sluice/local/wire"
)

// eventTime is how events write times.
const eventTime = "2006-01-02T15:04:05.000Z"

// common is what the details of all events have.
// Source: AWS.md A.2. Numbers are written as AWS does, 1.0.
type common struct {
	Pipeline  string      `json:"pipeline"`
	Execution string      `json:"execution-id"`
	Start     string      `json:"start-time"`
	State     string      `json:"state"`
	Version   json.Number `json:"version"`
	Attempt   json.Number `json:"pipeline-execution-attempt"`
}

func (e *execution) common(state string, start time.Time) common {
	return common{e.pipeline.Name, e.id, start.UTC().Format(eventTime), state, "1.0", json.Number(fmt.Sprintf("%d.0", e.attempt))}
}

func (s *Service) emit(e *execution, kind string, detail any) {
	s.outside.Emit("aws.codepipeline", "CodePipeline "+kind+" Execution State Change", []string{ARN(e.pipeline.Name)}, detail)
}

func (s *Service) executionChanged(e *execution, state string) {
	type started struct {
		Type   string `json:"trigger-type"`
		Detail string `json:"trigger-detail"`
	}
	s.emit(e, "Pipeline", struct {
		common
		Trigger started `json:"execution-trigger"`
	}{e.common(state, e.began), started(e.trigger)})
}

func (s *Service) stageChanged(e *execution, st *stage, state string) {
	if s.OnStage != nil {
		s.OnStage(e.pipeline.Name, st.Name, state)
	}
	s.emit(e, "Stage", struct {
		common
		Stage string `json:"stage"`
	}{e.common(state, e.began), st.Name})
}

// actionDetail is the detail of an action's event.
type actionDetail struct {
	common
	Stage   string            `json:"stage"`
	Action  string            `json:"action"`
	ID      string            `json:"action-execution-id"`
	Result  *eventResult      `json:"execution-result,omitempty"`
	Inputs  []eventArtifact   `json:"input-artifacts,omitempty"`
	Outputs []eventArtifact   `json:"output-artifacts,omitempty"`
	Region  string            `json:"region"`
	Type    map[string]string `json:"type"`
}

type eventResult struct {
	URL     string `json:"external-execution-url,omitempty"`
	Summary string `json:"external-execution-summary,omitempty"`
	ID      string `json:"external-execution-id,omitempty"`
	Code    string `json:"error-code,omitempty"`
}

type eventArtifact struct {
	Name     string            `json:"name"`
	Location map[string]string `json:"s3location"`
}

func (s *Service) actionChanged(r *run, state string) {
	kind := r.ActionTypeId
	d := actionDetail{
		common: r.e.common(state, r.began), Stage: r.stage.Name, Action: r.Name, ID: r.id, Region: wire.Region,
		Type: map[string]string{"owner": kind.Owner, "provider": kind.Provider, "category": kind.Category, "version": kind.Version},
	}
	for _, in := range r.InputArtifacts {
		d.Inputs = append(d.Inputs, r.e.artifacts[in.Name].event())
	}
	for _, out := range r.outputs {
		d.Outputs = append(d.Outputs, out.event())
	}
	if out := (eventResult{r.url, r.summary, r.external, r.code}); state != "STARTED" && out != (eventResult{}) {
		d.Result = &out
	}
	s.emit(r.e, "Action", d)
}

func (a artifact) event() eventArtifact {
	return eventArtifact{a.Name, map[string]string{"bucket": a.Bucket, "key": strings.TrimPrefix(a.Key, "/")}}
}
