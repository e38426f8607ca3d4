package states

import (
	"encoding/json"
	"strings"
	"unicode"

	"sluice/local/asl/exec"
	"sluice/local/wire"
)

type historyInput struct {
	ARN     string `json:"executionArn"`
	Reverse bool   `json:"reverseOrder"`
	Data    *bool  `json:"includeExecutionData"`
	listInput
}

type historyOutput struct {
	Events []historyEvent `json:"events"`
	Next   string         `json:"nextToken,omitempty"`
}

// historyPage gives events in the order asked for. The token is the number of
// events already given.
func (s *Service) historyPage(in *historyInput) (*historyOutput, error) {
	e, err := s.execution(in.ARN)
	if err != nil {
		return nil, err
	}
	n, err := limit(in.Max)
	if err != nil {
		return nil, err
	}
	from, err := openPage(in.Next, 0)
	if err != nil || from > int64(len(e.history)) {
		return nil, errBadPage
	}
	data := in.Data == nil || *in.Data
	out := &historyOutput{Events: []historyEvent{}}
	for i := int(from); i < len(e.history); i++ {
		if len(out.Events) == n {
			out.Next = page(int64(i))
			break
		}
		at := i
		if in.Reverse {
			at = len(e.history) - 1 - i
		}
		out.Events = append(out.Events, historyEvent{e.history[at], data})
	}
	return out, nil
}

// historyEvent is an event on the wire.
type historyEvent struct {
	exec.Event
	data bool // with inputs and outputs
}

// MarshalJSON writes the event with its details under the member of its type.
func (h historyEvent) MarshalJSON() ([]byte, error) {
	m := map[string]any{"id": h.ID, "previousEventId": h.Previous, "timestamp": wire.At(h.Time), "type": h.Type}
	detail := h.Detail
	if !h.data {
		detail = withoutData(detail)
	}
	if detail != nil {
		m[detailMember(h.Type)] = detail
	}
	return json.Marshal(m)
}

// detailMember is "stateEnteredEventDetails" for all ...StateEntered events, and in
// the same way for those of leaving; each other type has a member of its own name.
func detailMember(typ string) string {
	switch {
	case strings.HasSuffix(typ, "StateEntered"):
		typ = "StateEntered"
	case strings.HasSuffix(typ, "StateExited"):
		typ = "StateExited"
	}
	return string(unicode.ToLower(rune(typ[0]))) + typ[1:] + "EventDetails"
}

// withoutData copies a detail and leaves out what includeExecutionData governs.
func withoutData(detail any) any {
	switch d := detail.(type) {
	case *exec.Started:
		return &exec.Started{RoleARN: d.RoleARN}
	case *exec.Output:
		return &exec.Output{}
	case *exec.Entered:
		return &exec.Entered{Name: d.Name}
	case *exec.Exited:
		return &exec.Exited{Name: d.Name}
	case *exec.LambdaScheduled:
		return &exec.LambdaScheduled{Resource: d.Resource, Timeout: d.Timeout}
	case *exec.TaskScheduled:
		c := *d
		c.Parameters = nil
		return &c
	case *exec.TaskAnswer:
		return &exec.TaskAnswer{Resource: d.Resource, ResourceType: d.ResourceType}
	}
	return detail
}
