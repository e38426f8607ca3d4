package states

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/local/asl/exec"
	"sluice/local/wire"
)

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// CreateMachineInput is the input of CreateStateMachine.
type CreateMachineInput struct {
	Name       string          `json:"name"`
	Definition string          `json:"definition"`
	RoleARN    string          `json:"roleArn"`
	Type       string          `json:"type,omitempty"`
	Logging    json.RawMessage `json:"loggingConfiguration,omitempty"`
	Tracing    json.RawMessage `json:"tracingConfiguration,omitempty"`
	Encryption *struct {
		Type string `json:"type"`
	} `json:"encryptionConfiguration,omitempty"`
	Publish bool  `json:"publish,omitempty"`
	Tags    []tag `json:"tags,omitempty"`
}

// CreateMachine creates a state machine and returns its ARN. The same call again
// changes nothing. Errors: as CreateStateMachine, an InvalidDefinition naming what
// is wrong and where.
func (s *Service) CreateMachine(in CreateMachineInput) (string, error) {
	if err := checkName(in.Name); err != nil {
		return "", err
	}
	if err := supported(in.Type, in.Publish, in.Encryption != nil && in.Encryption.Type != "AWS_OWNED_KEY"); err != nil {
		return "", err
	}
	if err := checkRole(in.RoleARN); err != nil {
		return "", err
	}
	arn := MachineARN(in.Name)
	if m := s.machines[arn]; m != nil {
		if m.definition != in.Definition || m.role != in.RoleARN {
			return "", wire.Errorf("StateMachineAlreadyExists", "State Machine Already Exists: '%s'", arn)
		}
		return arn, nil
	}
	parsed, err := load(in.Definition)
	if err != nil {
		return "", err
	}
	m := &machine{arn: arn, name: in.Name, definition: in.Definition, role: in.RoleARN, parsed: parsed, created: s.w.Now(), updated: s.w.Now(),
		logging: in.Logging, tracing: in.Tracing, tags: map[string]string{}}
	for _, t := range in.Tags {
		m.tags[t.Key] = t.Value
	}
	s.machines[arn] = m
	return arn, nil
}

func supported(typ string, publish, encrypted bool) error {
	switch {
	case typ != "" && typ != "STANDARD":
		return wire.Errorf("NotImplemented", "local AWS does not implement state machines of type %s: use STANDARD", typ)
	case publish:
		return wire.Errorf("NotImplemented", "local AWS does not implement publish: state machines have no versions")
	case encrypted:
		return wire.Errorf("NotImplemented", "local AWS does not implement encryptionConfiguration with a customer key")
	}
	return nil
}

func checkRole(arn string) error {
	if !strings.HasPrefix(arn, "arn:aws:iam::") || !strings.Contains(arn, ":role/") {
		return wire.Errorf("InvalidArn", "Invalid Arn: '%s'", arn)
	}
	return nil
}

func (s *Service) machine(arn string) (*machine, error) {
	if err := checkARN(arn, "stateMachine"); err != nil {
		return nil, err
	}
	m := s.machines[arn]
	if m == nil {
		return nil, wire.Errorf("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", arn)
	}
	return m, nil
}

type updateInput struct {
	ARN        string          `json:"stateMachineArn"`
	Definition *string         `json:"definition"`
	RoleARN    *string         `json:"roleArn"`
	Logging    json.RawMessage `json:"loggingConfiguration"`
	Tracing    json.RawMessage `json:"tracingConfiguration"`
	Encryption json.RawMessage `json:"encryptionConfiguration"`
	Publish    bool            `json:"publish"`
}

type updateOutput struct {
	Updated  *wire.Time `json:"updateDate"`
	Revision string     `json:"revisionId,omitempty"`
}

// update replaces the machine's value, so that running executions keep theirs.
func (s *Service) update(in *updateInput) (*updateOutput, error) {
	old, err := s.machine(in.ARN)
	if err != nil {
		return nil, err
	}
	if err := supported("", in.Publish, in.Encryption != nil); err != nil {
		return nil, err
	}
	if in.Definition == nil && in.RoleARN == nil && in.Logging == nil && in.Tracing == nil {
		return nil, wire.Errorf("MissingRequiredParameter", "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the EncryptionConfiguration must be specified")
	}
	m := *old
	if in.RoleARN != nil {
		if err := checkRole(*in.RoleARN); err != nil {
			return nil, err
		}
		m.role = *in.RoleARN
	}
	if in.Definition != nil {
		if m.parsed, err = load(*in.Definition); err != nil {
			return nil, err
		}
		m.definition = *in.Definition
	}
	if in.Logging != nil {
		m.logging = in.Logging
	}
	if in.Tracing != nil {
		m.tracing = in.Tracing
	}
	m.updated, m.revision = s.w.Now(), s.w.UUID("states revision")
	s.machines[in.ARN] = &m
	return &updateOutput{wire.At(m.updated), m.revision}, nil
}

type machineRef struct {
	ARN string `json:"stateMachineArn"`
}

type createOutput struct {
	ARN     string     `json:"stateMachineArn"`
	Created *wire.Time `json:"creationDate"`
}

type machineOutput struct {
	ARN        string          `json:"stateMachineArn"`
	Name       string          `json:"name"`
	Status     string          `json:"status,omitempty"`
	Definition string          `json:"definition"`
	RoleARN    string          `json:"roleArn"`
	Type       string          `json:"type,omitempty"`
	Created    *wire.Time      `json:"creationDate,omitempty"`
	Updated    *wire.Time      `json:"updateDate,omitempty"`
	Revision   string          `json:"revisionId,omitempty"`
	Logging    json.RawMessage `json:"loggingConfiguration"`
	Tracing    json.RawMessage `json:"tracingConfiguration"`
}

// settings are what both Describe operations tell of a machine.
func (m *machine) settings() *machineOutput {
	out := &machineOutput{ARN: m.arn, Name: m.name, Definition: m.definition, RoleARN: m.role, Revision: m.revision, Logging: m.logging, Tracing: m.tracing}
	if out.Logging == nil {
		out.Logging = json.RawMessage(`{"level":"OFF","includeExecutionData":false}`)
	}
	if out.Tracing == nil {
		out.Tracing = json.RawMessage(`{"enabled":false}`)
	}
	return out
}

type listInput struct {
	Max  int    `json:"maxResults"`
	Next string `json:"nextToken"`
}

type machineItem struct {
	ARN     string     `json:"stateMachineArn"`
	Name    string     `json:"name"`
	Type    string     `json:"type"`
	Created *wire.Time `json:"creationDate"`
}

type listMachinesOutput struct {
	Machines []machineItem `json:"stateMachines"`
	Next     string        `json:"nextToken,omitempty"`
}

// listMachines lists by name. The token is the ARN of the last one given.
func (s *Service) listMachines(in *listInput) (*listMachinesOutput, error) {
	n, err := limit(in.Max)
	if err != nil {
		return nil, err
	}
	out := &listMachinesOutput{Machines: []machineItem{}}
	for _, arn := range slices.Sorted(maps.Keys(s.machines)) {
		if in.Next != "" && arn <= in.Next {
			continue
		}
		if len(out.Machines) == n {
			out.Next = out.Machines[n-1].ARN
			break
		}
		m := s.machines[arn]
		out.Machines = append(out.Machines, machineItem{arn, m.name, "STANDARD", wire.At(m.created)})
	}
	return out, nil
}

func (s *Service) wireMachines(svc *wire.Service) {
	on := func(op string) func(*machineRef) []wire.Access {
		return func(in *machineRef) []wire.Access { return access(op, in.ARN) }
	}
	wire.Handle(svc, "CreateStateMachine",
		func(in *CreateMachineInput) []wire.Access {
			return append(access("CreateStateMachine", MachineARN(in.Name)), passRole(in.RoleARN))
		},
		func(_ *wire.Call, in *CreateMachineInput) (*createOutput, error) {
			arn, err := s.CreateMachine(*in)
			if err != nil {
				return nil, err
			}
			return &createOutput{arn, wire.At(s.machines[arn].created)}, nil
		})
	wire.Handle(svc, "UpdateStateMachine",
		func(in *updateInput) []wire.Access {
			need := access("UpdateStateMachine", in.ARN)
			if in.RoleARN != nil {
				need = append(need, passRole(*in.RoleARN))
			}
			return need
		},
		func(_ *wire.Call, in *updateInput) (*updateOutput, error) { return s.update(in) })
	wire.Handle(svc, "DeleteStateMachine", on("DeleteStateMachine"), func(_ *wire.Call, in *machineRef) (*empty, error) {
		delete(s.machines, in.ARN) // executions under way go on; deleting twice succeeds, as recorded from AWS
		return &empty{}, checkARN(in.ARN, "stateMachine")
	})
	wire.Handle(svc, "DescribeStateMachine", on("DescribeStateMachine"), func(_ *wire.Call, in *machineRef) (*machineOutput, error) {
		m, err := s.machine(in.ARN)
		if err != nil {
			return nil, err
		}
		out := m.settings()
		out.Status, out.Type, out.Created = "ACTIVE", "STANDARD", wire.At(m.created)
		return out, nil
	})
	wire.Handle(svc, "ListStateMachines",
		func(*listInput) []wire.Access { return access("ListStateMachines", "*") },
		func(_ *wire.Call, in *listInput) (*listMachinesOutput, error) { return s.listMachines(in) })
	wire.Handle(svc, "ValidateStateMachineDefinition",
		func(*validateInput) []wire.Access { return access("ValidateStateMachineDefinition", "*") },
		func(_ *wire.Call, in *validateInput) (*validateOutput, error) { return s.validate(in) })
}

func access(op, resource string) []wire.Access {
	return []wire.Access{{Action: "states:" + op, Resource: resource}}
}

func passRole(role string) wire.Access {
	return wire.Access{Action: "iam:PassRole", Resource: role, Conditions: map[string][]string{"iam:PassedToService": {"states.amazonaws.com"}}}
}

// retention is how long AWS keeps a closed execution and its name (AWS.md D.1, D.2).
const retention = 90 * 24 * time.Hour

// expired reports whether AWS would have forgotten the execution by now.
func (e *execution) expired(now time.Time) bool {
	return !e.stop.IsZero() && now.Sub(e.stop) > retention
}

// status is how the execution stands.
func (e *execution) status() exec.Status {
	if e.stop.IsZero() {
		return exec.Running
	}
	return e.result.Status
}
