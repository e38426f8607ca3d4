package exec

import "time"

// Host is what an execution needs from outside.
type Host interface {
	// Now is the virtual time.
	Now() time.Time
	// After calls fn once d has passed, never at once. stop calls it off; calling
	// it later does nothing.
	After(d time.Duration, what string, fn func()) (stop func())
	// Token is a fresh task token.
	Token() string
	// Start begins a task. The answer may come at once or later, through the
	// methods of p.
	Start(p *Pending)
	// Record takes the next event of the history.
	Record(e Event)
	// Jitter is uniform in [0,1).
	Jitter() float64
	// Random is uniform in lo..hi-1.
	Random(lo, hi int64) int64
	// UUID is for States.UUID.
	UUID() string
}

// Info is what the context object says of an execution.
type Info struct {
	ARN         string
	Name        string
	RoleARN     string
	MachineARN  string
	MachineName string
	Input       string // JSON, as it was given
	Start       time.Time
}

// Event is one entry of the history. Detail is nil or a pointer to one of the
// detail types of this package; the name of its member follows from Type.
type Event struct {
	ID       int64
	Previous int64
	Time     time.Time
	Type     string
	Detail   any
}

// Truncated is inputDetails and outputDetails: local histories cut nothing.
type Truncated struct {
	Truncated bool `json:"truncated"`
}

// Whole says that data is not truncated.
var Whole = &Truncated{}

// Started is the detail of ExecutionStarted.
type Started struct {
	Input   *string    `json:"input,omitempty"`
	Details *Truncated `json:"inputDetails,omitempty"`
	RoleARN string     `json:"roleArn,omitempty"`
}

// Output is the detail of ExecutionSucceeded and of LambdaFunctionSucceeded.
type Output struct {
	Output  *string    `json:"output,omitempty"`
	Details *Truncated `json:"outputDetails,omitempty"`
}

// Failed is the detail of events that tell of a failure or an abort.
type Failed struct {
	Resource     string  `json:"resource,omitempty"`
	ResourceType string  `json:"resourceType,omitempty"`
	Error        *string `json:"error,omitempty"`
	Cause        *string `json:"cause,omitempty"`
}

// Redriven is the detail of ExecutionRedriven.
type Redriven struct {
	Count int `json:"redriveCount"`
}

// Entered is the detail of the ...StateEntered events.
type Entered struct {
	Name    string     `json:"name"`
	Input   *string    `json:"input,omitempty"`
	Details *Truncated `json:"inputDetails,omitempty"`
}

// Exited is the detail of the ...StateExited events. Assigned maps each variable
// to its JSON.
type Exited struct {
	Name            string            `json:"name"`
	Output          *string           `json:"output,omitempty"`
	Details         *Truncated        `json:"outputDetails,omitempty"`
	Assigned        map[string]string `json:"assignedVariables,omitempty"`
	AssignedDetails *Truncated        `json:"assignedVariablesDetails,omitempty"`
}

// LambdaScheduled is the detail of LambdaFunctionScheduled.
type LambdaScheduled struct {
	Resource string     `json:"resource"`
	Input    *string    `json:"input,omitempty"`
	Details  *Truncated `json:"inputDetails,omitempty"`
	Timeout  int64      `json:"timeoutInSeconds,omitempty"`
}

// TaskScheduled is the detail of TaskScheduled.
type TaskScheduled struct {
	Resource     string  `json:"resource"`
	ResourceType string  `json:"resourceType"`
	Region       string  `json:"region"`
	Parameters   *string `json:"parameters,omitempty"`
	Timeout      int64   `json:"timeoutInSeconds,omitempty"`
	Heartbeat    int64   `json:"heartbeatInSeconds,omitempty"`
}

// TaskAnswer is the detail of TaskStarted, TaskSubmitted and TaskSucceeded.
type TaskAnswer struct {
	Resource     string     `json:"resource"`
	ResourceType string     `json:"resourceType"`
	Output       *string    `json:"output,omitempty"`
	Details      *Truncated `json:"outputDetails,omitempty"`
}

// MapStarted is the detail of MapStateStarted.
type MapStarted struct {
	Length int `json:"length"`
}

// Iteration is the detail of the MapIteration... events.
type Iteration struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
}
