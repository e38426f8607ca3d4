package states

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"sluice/local/asl/exec"
	"sluice/local/asl/parse"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Needs is what the service is wired to. Invoke is required; the others may be nil:
// then everything is permitted, no event is sent, and an integration fails.
type Needs struct {
	// Invoke calls a Lambda function and answers through done, at once or later.
	Invoke func(functionARN string, payload []byte, done func(Answer))
	// Permit asks whether the role may have this access.
	Permit func(roleARN string, need wire.Access) error
	// Integration runs an optimised integration as the role: service "sns" and
	// action "publish", for example. Input and output have the member names of the
	// service's own API. It authorises the call itself.
	Integration func(roleARN, service, action string, input json.RawMessage) (json.RawMessage, error)
	// Emit puts an event on the default bus.
	Emit func(source, detailType string, resources []string, detail any)
}

// Answer is what an invocation came to.
type Answer struct {
	Payload       []byte
	Version       string // of the function, that ran
	FunctionError string // "" on success, else Payload tells of the error
	Err           error  // the invocation itself failed; a *wire.Error keeps its code
}

// Service is Step Functions of one account and region.
type Service struct {
	// OnTransition, if set, sees every state that is entered and left. data is the
	// input or the output.
	OnTransition func(executionARN, state string, entered bool, data json.RawMessage)

	w          *sim.World
	needs      Needs
	machines   map[string]*machine // by ARN
	executions map[string]*execution
	tokens     map[string]*token
	serial     int64
}

type machine struct {
	arn        string
	name       string
	definition string
	role       string
	parsed     *parse.Machine
	created    time.Time
	updated    time.Time
	revision   string
	logging    json.RawMessage
	tracing    json.RawMessage
	tags       map[string]string
	runs       []*execution // in order of start
}

type execution struct {
	serial      int64
	arn         string
	name        string
	input       string
	machine     *machine // as it was at the start
	machineARN  string
	trace       string
	start       time.Time
	stop        time.Time // zero while running
	redriven    time.Time
	clientToken string
	result      exec.Result
	run         *exec.Execution
	history     []exec.Event
	tokens      []*token // not yet known to be spent
}

// New returns a service without machines.
func New(w *sim.World, needs Needs) *Service {
	return &Service{w: w, needs: needs, machines: map[string]*machine{}, executions: map[string]*execution{}, tokens: map[string]*token{}}
}

// Close drops every running execution. A world that is thrown away must be closed:
// parked executions are not collected as garbage.
func (s *Service) Close() {
	for _, arn := range slices.Sorted(maps.Keys(s.executions)) {
		s.executions[arn].run.Drop()
	}
}

// Wire registers the operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "states", Target: "AWSStepFunctions"}
	s.wireMachines(svc)
	s.wireExecutions(svc)
	s.wireTokens(svc)
	s.wireTags(svc)
	return svc
}

func (s *Service) permit(role string, need wire.Access) error {
	if s.needs.Permit == nil {
		return nil
	}
	return s.needs.Permit(role, need)
}

// empty is the answer of operations that have none.
type empty struct{}
