package events

import (
	"encoding/json"
	"strings"
	"time"
)

// Target is what a rule sends to. Members are those of the API.
type Target struct {
	Id               string
	Arn              string
	RoleArn          string            `json:",omitempty"`
	Input            string            `json:",omitempty"`
	InputPath        string            `json:",omitempty"`
	InputTransformer *InputTransformer `json:",omitempty"`
	SqsParameters    *SqsParameters    `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	RetryPolicy      *RetryPolicy      `json:",omitempty"`

	KinesisParameters           json.RawMessage `json:",omitempty"`
	RunCommandParameters        json.RawMessage `json:",omitempty"`
	EcsParameters               json.RawMessage `json:",omitempty"`
	BatchParameters             json.RawMessage `json:",omitempty"`
	HttpParameters              json.RawMessage `json:",omitempty"`
	RedshiftDataParameters      json.RawMessage `json:",omitempty"`
	SageMakerPipelineParameters json.RawMessage `json:",omitempty"`
	AppSyncParameters           json.RawMessage `json:",omitempty"`
}

// InputTransformer builds the payload from parts of the event.
type InputTransformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

// SqsParameters names the group of a message for a FIFO queue.
type SqsParameters struct {
	MessageGroupId string `json:",omitempty"`
}

// DeadLetterConfig names the queue for events that could not be delivered.
type DeadLetterConfig struct {
	Arn string `json:",omitempty"`
}

// RetryPolicy bounds the retries. nil members mean 185 attempts and 24 hours.
type RetryPolicy struct {
	MaximumRetryAttempts     *int `json:",omitempty"`
	MaximumEventAgeInSeconds *int `json:",omitempty"`
}

// limits are the bounds with their defaults (AWS.md A.1).
func (t Target) limits() (attempts int, age time.Duration) {
	attempts, age = 185, 24*time.Hour
	if p := t.RetryPolicy; p != nil {
		if p.MaximumRetryAttempts != nil {
			attempts = *p.MaximumRetryAttempts
		}
		if p.MaximumEventAgeInSeconds != nil {
			age = time.Duration(*p.MaximumEventAgeInSeconds) * time.Second
		}
	}
	return attempts, age
}

// unsupported names a member that local AWS would have to ignore.
func (t Target) unsupported() string {
	for name, v := range map[string]json.RawMessage{
		"KinesisParameters": t.KinesisParameters, "RunCommandParameters": t.RunCommandParameters, "EcsParameters": t.EcsParameters,
		"BatchParameters": t.BatchParameters, "HttpParameters": t.HttpParameters, "RedshiftDataParameters": t.RedshiftDataParameters,
		"SageMakerPipelineParameters": t.SageMakerPipelineParameters, "AppSyncParameters": t.AppSyncParameters,
	} {
		if v != nil && string(v) != "null" {
			return name
		}
	}
	return ""
}

// check validates a target as PutTargets does.
func (t Target) check() error {
	if !targetNames.MatchString(t.Id) {
		return validation("1 validation error detected: Value '%s' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", t.Id)
	}
	if parts := strings.SplitN(t.Arn, ":", 6); len(parts) < 6 || parts[0] != "arn" || parts[5] == "" {
		return validation("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.Arn)
	}
	inputs := 0
	for _, given := range []bool{t.Input != "", t.InputPath != "", t.InputTransformer != nil} {
		if given {
			inputs++
		}
	}
	if inputs > 1 {
		return validation("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.Id)
	}
	if t.Input != "" && !json.Valid([]byte(t.Input)) {
		return validation("JSON syntax error in input for target %s.", t.Id)
	}
	if len(t.Input) > 8192 {
		return validation("Input for target %s is longer than 8192 characters.", t.Id)
	}
	if t.InputPath != "" {
		if _, err := parsePath(t.InputPath); err != nil {
			return validation("Parameter InputPath is not valid for target %s. Reason: %v", t.Id, err)
		}
	}
	if t.InputTransformer != nil {
		if err := t.InputTransformer.check(); err != nil {
			return validation("Invalid InputTransformer for target %s : %v.", t.Id, err)
		}
	}
	isQueue := strings.HasPrefix(t.Arn, "arn:aws:sqs:")
	hasGroup := t.SqsParameters != nil && t.SqsParameters.MessageGroupId != ""
	if isQueue && strings.HasSuffix(t.Arn, ".fifo") && !hasGroup {
		return validation("Parameter(s) SqsParameters must be specified for target: %s.", t.Id)
	}
	if hasGroup && !isQueue {
		return validation("Parameter(s) SqsParameters not valid for target: %s.", t.Id)
	}
	if strings.HasPrefix(t.Arn, "arn:aws:states:") && t.RoleArn == "" {
		return validation("RoleArn is required for target %s.", t.Arn)
	}
	if d := t.DeadLetterConfig; d != nil && (!strings.HasPrefix(d.Arn, "arn:aws:sqs:") || strings.HasSuffix(d.Arn, ".fifo")) {
		return validation("Parameter %s is not valid. Reason: a dead-letter queue must be a standard SQS queue.", d.Arn)
	}
	if attempts, age := t.limits(); attempts < 0 || attempts > 185 || age < time.Minute || age > 24*time.Hour {
		return validation("RetryPolicy of target %s is out of range: MaximumRetryAttempts 0 to 185, MaximumEventAgeInSeconds 60 to 86400", t.Id)
	}
	return nil
}

// MessageGroup is the FIFO message group that a rule's target asks for, "" for
// none. It is for deliver, whose arguments do not carry it.
func (s *Service) MessageGroup(ruleARN, targetARN string) string {
	for _, b := range s.buses {
		for _, r := range b.rules {
			if r.arn() != ruleARN {
				continue
			}
			for _, t := range r.targets {
				if t.Arn == targetARN && t.SqsParameters != nil {
					return t.SqsParameters.MessageGroupId
				}
			}
		}
	}
	return ""
}
