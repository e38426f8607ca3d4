// Package lambda runs functions for local AWS: synchronous and event invocations
// with their retries, dead letters and destinations, resource policies, metrics,
// and the pollers that read SQS queues and DynamoDB streams (local/lambda/stream). A
// function's code runs in one of two hosts: a Go handler in this process, or a compiled
// bootstrap (local/lambda/process). A published version keeps code and
// configuration; an alias leads to one version or, by weights, to two.
//
// It takes virtual time for invocations and never reads the wall clock. Services reach
// it through Invoke and InvokeAsync, SDKs through Wire.
package lambda

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"sluice/local/lambda/stream"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Function is the configuration of one function, as CreateFunction takes it.
type Function struct {
	Name          string
	RoleARN       string
	Handler       string
	Runtime       string
	Version       string // number of a published version; "" and $LATEST are what is not published
	CodePath      string // where the host finds the code; its own business
	Build         int    // counts what UpdateCode brought: other code, even where it is at the same path
	Defect        Defect // what is wrong with the code, if anything
	Architectures []string
	Environment   map[string]string
	Timeout       time.Duration // 1 s to 900 s; 0 is Lambda's default of 3 s
	MemoryMB      int           // 128 to 10240; 0 is Lambda's default of 128
	Reserved      *int          // reserved concurrency; nil is none
	Tracing       string        // Active or PassThrough
	LogGroup      string        // "" is /aws/lambda/<name>

	DeadLetterARN string // queue or topic for events whose retries are used up
	Async         Async  // of invocations without a qualifier; SetAsync sets that of the others
}

// Async is a function's EventInvokeConfig.
type Async struct {
	MaxRetries   *int          // 0 to 2; nil is 2
	MaxAge       time.Duration // 60 s to 6 h; 0 is 6 h
	OnSuccessARN string
	OnFailureARN string
}

// ARN is the function's ARN without a qualifier.
func (f Function) ARN() string {
	return "arn:aws:lambda:" + wire.Region + ":" + wire.Account + ":function:" + f.Name
}

// Roles is what Lambda asks of IAM. nil lets every function do everything.
type Roles interface {
	Session(roleARN, name string) (accessKey, secret, token string)
	Trusts(roleARN, service string) bool
	AllowRole(roleARN string, need wire.Access) error
}

// Service holds the functions of the account. The fields are wiring and knobs; set
// them before the world runs. All but the hosts given to New may be left empty.
type Service struct {
	Roles   Roles
	Queues  Queues
	Streams stream.Source
	// Permit asks whether the caller of a wire call may do this: Server.Permit.
	Permit func(c *wire.Call, need ...wire.Access) error
	// Send delivers to a dead-letter queue or destination, given by its ARN.
	Send func(targetARN string, body []byte) error
	// Record takes metric values and how often each occurred.
	Record func(namespace, name string, dims map[string]string, minute time.Time, values, counts []float64)
	// Log takes each line that a function writes. The world is held.
	Log func(function, line string)
	// Observe sees each call of the API after it was answered; its Input is the path.
	Observe func(wire.Record)
	// Fault is asked before the n-th invocation of a function, n from 1, retries and
	// throttled attempts included.
	Fault func(function string, n int) wire.Effect
	// Duration is how long an invocation runs, and how much longer a cold start is.
	Duration func(function string, dice *rand.Rand) (run, cold time.Duration)

	world     *sim.World
	hosts     func(Function) (Host, error)
	functions map[string]*function
	mappings  []*Mapping
	streams   []*StreamMapping
	busy      int // running invocations of the account
}

type function struct {
	latest    *version
	published []*version // the first is version 1
	replaced  []*version // were the latest, and may still have invocations
	aliases   map[string]*Alias
	// by qualifier, which is $LATEST for none
	permissions map[string][]Permission
	async       map[string]Async
	builds      int  // that UpdateCode brought
	attempts    int  // invocations asked for, for Fault
	busy        int  // running invocations
	logged      bool // the role was asked for the permission to write logs
}

// New returns a Lambda without functions. hosts is asked once for each function
// that is created, for each change of its code or configuration, and for each version.
func New(w *sim.World, hosts func(Function) (Host, error)) *Service {
	return &Service{world: w, hosts: hosts, functions: map[string]*function{}}
}

var (
	functionName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)
)

// Create creates a function. Errors: ResourceConflictException,
// InvalidParameterValueException.
func (s *Service) Create(f Function) error {
	if s.functions[f.Name] != nil {
		return &wire.Error{Code: "ResourceConflictException", Message: "Function already exist: " + f.Name, Status: 409}
	}
	f = f.withDefaults()
	if err := s.check(f); err != nil {
		return err
	}
	v, err := s.version(f)
	if err != nil {
		return err
	}
	s.functions[f.Name] = &function{
		latest: v, aliases: map[string]*Alias{}, permissions: map[string][]Permission{}, async: map[string]Async{latest: f.Async},
	}
	return nil
}

// SetAsync gives the function, or a version or alias of it, this EventInvokeConfig.
func (s *Service) SetAsync(nameOrARN string, a Async) error {
	at, err := s.find(nameOrARN)
	if err != nil {
		return err
	}
	changed := at.Function
	changed.Async = a
	if err := s.check(changed); err != nil {
		return err
	}
	at.of.async[at.key()] = a
	return nil
}

// Function returns the configuration of a function, or of a version of it, by name or
// ARN. An alias is the version that it mainly leads to.
func (s *Service) Function(nameOrARN string) (Function, error) {
	at, err := s.find(nameOrARN)
	if err != nil {
		return Function{}, err
	}
	return at.Function, nil
}

// Names lists the functions, sorted.
func (s *Service) Names() []string { return slices.Sorted(maps.Keys(s.functions)) }

// Close ends the processes of all functions. The caller holds the world.
func (s *Service) Close() {
	for _, name := range s.Names() {
		f := s.functions[name]
		for _, v := range slices.Concat([]*version{f.latest}, f.published, f.replaced) {
			v.host.Close()
		}
	}
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterValueException", format, args...)
}

func (s *Service) check(f Function) error {
	switch {
	case !functionName.MatchString(f.Name):
		return invalid("function name %q must have 1 to 64 letters, digits, - or _", f.Name)
	case f.Timeout < time.Second || f.Timeout > 900*time.Second:
		return invalid("Timeout of %s is %s; it must be 1 to 900 seconds", f.Name, f.Timeout)
	case f.MemoryMB < 128 || f.MemoryMB > 10240:
		return invalid("MemorySize of %s is %d; it must be 128 to 10240", f.Name, f.MemoryMB)
	case f.Async.MaxRetries != nil && (*f.Async.MaxRetries < 0 || *f.Async.MaxRetries > 2):
		return invalid("MaximumRetryAttempts of %s is %d; it must be 0 to 2", f.Name, *f.Async.MaxRetries)
	case f.Async.MaxAge != 0 && (f.Async.MaxAge < time.Minute || f.Async.MaxAge > 6*time.Hour):
		return invalid("MaximumEventAgeInSeconds of %s is %.0f; it must be 60 to 21600", f.Name, f.Async.MaxAge.Seconds())
	}
	if err := f.Defect.check(); err != nil {
		return err
	}
	if err := checkEnvironment(f); err != nil {
		return err
	}
	if s.Roles == nil {
		return nil
	}
	if !s.Roles.Trusts(f.RoleARN, "lambda.amazonaws.com") {
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	for _, target := range []string{f.DeadLetterARN, f.Async.OnFailureARN, f.Async.OnSuccessARN} {
		if target == "" {
			continue
		}
		if err := s.maySend(f, target); err != nil {
			return err
		}
	}
	return nil
}

// maySend refuses a target that is none, or that the function's role may not send to.
func (s *Service) maySend(f Function, target string) error {
	need, err := sending(target)
	if err != nil || s.Roles == nil || s.Roles.AllowRole(f.RoleARN, need) == nil {
		return err
	}
	service, action, _ := strings.Cut(need.Action, ":")
	return invalid("The provided execution role does not have permissions to call %s on %s", action, strings.ToUpper(service))
}

func checkEnvironment(f Function) error {
	size := 0
	for _, k := range slices.Sorted(maps.Keys(f.Environment)) {
		if !variableName.MatchString(k) {
			return invalid("environment variable %q of %s: a name is a letter followed by letters, digits and _", k, f.Name)
		}
		if slices.Contains(reservedVariables, k) {
			return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", k)
		}
		size += len(k) + len(f.Environment[k])
	}
	if size > 4096 {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.")
	}
	return nil
}
