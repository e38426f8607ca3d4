package parse

// Pos is where a construct stands in the text.
type Pos struct {
	Line int
	Path string // as AWS names it in diagnostics: "/States/Wait/Next"
}

// Machine is a whole state machine.
type Machine struct {
	Branch
	Version        string
	TimeoutSeconds int64 // 0 is none
	problems       []Problem
}

// Branch is a set of states with a start: a machine, a branch of a Parallel state
// or the processor of a Map state.
type Branch struct {
	Pos     Pos
	Comment string
	StartAt string
	States  []State // in the order of the text
	byName  map[string]State
}

// State finds a state of this branch, not of nested ones. It is nil if there is none.
func (b *Branch) State(name string) State { return b.byName[name] }

// State is one of *Task, *Pass, *Choice, *Wait, *Succeed, *Fail, *Parallel, *Map.
type State interface {
	Head() *Common
	Type() string // the value of the field Type
	state()
}

// Common is what all states have.
type Common struct {
	Name       string
	Pos        Pos
	Comment    string
	InputPath  *Path // nil gives {} for the input
	OutputPath *Path // nil gives {} for the output
	Assign     *Template
}

// Head returns h itself; it gives each state type the method of State.
func (h *Common) Head() *Common { return h }

func (h *Common) state() {}

// Then says what follows a state: Next, or the end of its branch.
type Then struct {
	Next string
	End  bool
}

// Handling is what Task, Parallel and Map do with results and with errors.
type Handling struct {
	ResultSelector *Template
	ResultPath     *Path // a reference path; nil discards the result
	Retry          []Retrier
	Catch          []Catcher
}

// Retrier is one element of Retry. Absent fields have the defaults of AWS.
type Retrier struct {
	Pos             Pos
	ErrorEquals     []string
	IntervalSeconds int64   // 1
	MaxAttempts     int64   // 3
	BackoffRate     float64 // 2
	MaxDelaySeconds int64   // 0 is none
	FullJitter      bool
}

// Catcher is one element of Catch.
type Catcher struct {
	Pos         Pos
	ErrorEquals []string
	Next        string
	ResultPath  *Path // a reference path; nil discards the error output
	Assign      *Template
}

// Task does work: it starts Resource and takes its answer as result.
type Task struct {
	Common
	Then
	Handling
	Resource   string
	Parameters *Template
	Timeout    Seconds
	Heartbeat  Seconds
}

// Seconds is a duration given as a number or by a path; neither is given when
// Static is 0 and Path is nil.
type Seconds struct {
	Static int64
	Path   *Path
}

// Given reports whether the definition says anything.
func (s Seconds) Given() bool { return s.Static != 0 || s.Path != nil }

// Pass passes its input on, or a fixed Result, or what Parameters make of it.
type Pass struct {
	Common
	Then
	Parameters *Template
	Result     *Const
	ResultPath *Path
}

// Choice goes to Next of the first rule that holds.
type Choice struct {
	Common
	Rules   []Rule
	Default string // "" is none
}

// Rule is one element of Choices.
type Rule struct {
	Pos    Pos
	Cond   Cond
	Next   string
	Assign *Template
}

// Wait waits for a time. Exactly one of Seconds, SecondsPath, Timestamp and
// TimestampPath is given; Seconds may be 0, so HasSeconds tells.
type Wait struct {
	Common
	Then
	HasSeconds    bool
	Seconds       int64
	SecondsPath   *Path
	Timestamp     string
	TimestampPath *Path
}

// Succeed ends its branch.
type Succeed struct{ Common }

// Fail ends the execution, or its branch, with an error.
type Fail struct {
	Common
	Error, Cause         *string
	ErrorPath, CausePath Expr // a *Path or a *Call, nil if not given
}

// Parallel runs its branches at the same time.
type Parallel struct {
	Common
	Then
	Handling
	Parameters *Template
	Branches   []*Branch
}

// Map runs Processor once per item of an array.
type Map struct {
	Common
	Then
	Handling
	ItemsPath          *Path
	ItemSelector       *Template // also for the older name Parameters
	MaxConcurrency     int64     // 0 is no limit
	MaxConcurrencyPath *Path
	Processor          *Branch
}

// Type is "Task".
func (*Task) Type() string { return "Task" }

// Type is "Pass".
func (*Pass) Type() string { return "Pass" }

// Type is "Choice".
func (*Choice) Type() string { return "Choice" }

// Type is "Wait".
func (*Wait) Type() string { return "Wait" }

// Type is "Succeed".
func (*Succeed) Type() string { return "Succeed" }

// Type is "Fail".
func (*Fail) Type() string { return "Fail" }

// Type is "Parallel".
func (*Parallel) Type() string { return "Parallel" }

// Type is "Map".
func (*Map) Type() string { return "Map" }

// Item is a part of a payload template: *Const, *Object, *List or an Expr.
type Item interface{ item() }

// Template is a payload template: JSON in which the value of a key that ends in
// ".$" is an expression.
type Template struct {
	Pos  Pos
	Root Item
}

// Const is JSON without expressions.
type Const struct{ Value any }

// Object is a JSON object with an expression somewhere in it.
type Object struct{ Members []Member }

// Member is one key of an Object. Source is the key as written, with ".$".
type Member struct {
	Key    string
	Source string
	Value  Item
}

// List is a JSON array with an expression somewhere in it.
type List struct{ Items []Item }

func (*Const) item()  {}
func (*Object) item() {}
func (*List) item()   {}

// Expr is an expression: *Path, *Call or *Literal.
type Expr interface {
	Item
	String() string
	expr()
}

// Call is the call of an intrinsic function.
type Call struct {
	Function string // "States.Format"
	Args     []Expr
	Text     string
}

// Literal is a constant argument. For a string, Raw is its text with escapes kept,
// which States.Format needs to tell {} from \{\}.
type Literal struct {
	Value any
	Raw   string
}

func (*Path) item()    {}
func (*Call) item()    {}
func (*Literal) item() {}
func (*Path) expr()    {}
func (*Call) expr()    {}
func (*Literal) expr() {}

// String is the call as written.
func (c *Call) String() string { return c.Text }

// String is the literal as written.
func (l *Literal) String() string { return l.Raw }
