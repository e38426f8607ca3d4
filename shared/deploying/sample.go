package deploying

import (
	"encoding/json"
	"slices"
	"strings"

	"sluice/events"
	"sluice/shared/edge"
	"sluice/shared/fault"
)

// byEvent are the functions that events invoke, each with the sample it is probed with.
// A task's is task-<function>.
var byEvent = map[string]string{
	"announce-rollout": "table-stream-history",
	"check-deployment": "lambda-codedeploy-hook",
	"on-alarm":         "cloudwatch-alarm-state-change",
	"on-build":         "codebuild-build-state-change",
	"on-capture":       "capture-queue-batch",
	"on-command":       "table-stream-command",
	"on-commit":        "codecommit-reference-updated",
	"on-data":          "data-queue-batch",
	"on-delivery":      "codepipeline-action-execution-state-change-rollout",
	"on-package":       "sagemaker-model-package-state-change",
	"on-promotion":     "sluice-rollout-promoted",
	"on-request":       "codecommit-pull-request-created",
	"on-schedule":      "scheduled-event",
	"on-signal":        "sagemaker-endpoint-state-change",
	"report-failure":   "codebuild-build-state-change-failed",
}

// Probe is the payload that a function is probed with. Errors: Invalid for a function
// without a sample.
func Probe(function string) ([]byte, error) {
	name, ok := byEvent[function]
	if !ok {
		name = "task-" + function
	}
	sample := events.Sample(name)
	if sample == nil {
		return nil, fault.Invalid.Errorf("there is no sample events/%s.json to probe %s with", name, function)
	}
	return json.Marshal(edge.Probe{Sample: sample})
}

// Probed lists the functions that check-deployment can probe, by folder, sorted.
func Probed() []string {
	var all []string
	for function := range byEvent {
		all = append(all, function)
	}
	for _, name := range events.Names() {
		if task, ok := strings.CutPrefix(name, "task-"); ok {
			all = append(all, task)
		}
	}
	slices.Sort(all)
	return all
}

// folder is the folder in functions/ of a function called name in the account.
// CloudFormation calls it <stack>-<logical id>-<suffix>, and may cut the middle: so the
// logical id is compared as far as it is there. Errors: Invalid if it is nobody's, or
// that of more than one.
func folder(name string) (string, error) {
	parts := strings.Split(name, "-")
	if len(parts) < 3 {
		return "", fault.Invalid.Errorf("function %s is not called as CloudFormation calls Sluice's: no telling which one it is", name)
	}
	id := parts[len(parts)-2]
	var found []string
	for _, f := range Probed() {
		if logical := camel(f) + "Function"; logical == id {
			return f, nil
		} else if id != "" && strings.HasPrefix(logical, id) {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		return "", fault.Invalid.Errorf("function %s is not called as CloudFormation calls Sluice's: it may be any of %d", name, len(found))
	}
	return found[0], nil
}

// camel turns take-lease into TakeLease.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
