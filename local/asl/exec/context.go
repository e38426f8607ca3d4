package exec

import (
	"sluice/local/asl/parse"
)

// contextTime is the form of times in the context object.
const contextTime = "2006-01-02T15:04:05.000Z"

// contextObject is $$.
func (t *thread) contextObject() map[string]any {
	x := t.x
	state := map[string]any{"Name": t.state.Head().Name, "EnteredTime": t.since.UTC().Format(contextTime)}
	switch t.state.(type) {
	case *parse.Task, *parse.Parallel, *parse.Map:
		state["RetryCount"] = int64(t.retries)
	}
	c := map[string]any{
		"Execution": map[string]any{
			"Id": x.Info.ARN, "Name": x.Info.Name, "Input": x.input, "RoleArn": x.Info.RoleARN,
			"StartTime": x.Info.Start.UTC().Format(contextTime), "RedriveCount": int64(x.Redrive),
		},
		"StateMachine": map[string]any{"Id": x.Info.MachineARN, "Name": x.Info.MachineName},
		"State":        state,
	}
	if t.token != "" {
		c["Task"] = map[string]any{"Token": t.token}
	}
	if t.item != nil {
		c["Map"] = map[string]any{"Item": map[string]any{"Index": int64(t.item.index), "Value": t.item.value}}
	}
	return c
}
