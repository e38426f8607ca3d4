package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"sluice/local/wire"
)

// Bounds of Lambda. Payloads in bytes; source AWS.md A.1 and E.
const (
	maxSync     = 6 << 20
	maxAsync    = 1 << 20
	concurrency = 1000             // of the account
	keepWarm    = 10 * time.Minute // an assumption: AWS promises nothing
)

// MaxAnswer is how long an answer may be, in bytes.
const MaxAnswer = 6291556

// Result is how an invocation ended.
type Result struct {
	RequestID string
	Version   string // that ran; "" if none did
	// Payload is what the function answered: its output or, if FunctionError is set,
	// a document with errorMessage and errorType.
	Payload       []byte
	FunctionError string // "" or Unhandled
	ErrorType     string // errorType of the function's error
	ErrorMessage  string
	// Err is set when the function was not run, or when the caller lost the answer:
	// a *wire.Error with Lambda's code, such as TooManyRequestsException.
	Err error
}

// errLost is an invocation whose request or answer got lost. Other services see
// Lambda fail; a caller over HTTP sees its connection break.
var errLost = &wire.Error{Code: "ServiceException", Message: "The Lambda service encountered an internal error.", Status: 500}

// Invoke runs a function, given by name or ARN, on payload and calls done when it
// has ended. A qualifier is resolved now: of an alias with weights, dice choose the
// version. The handler runs after its cold start, if there is one; its virtual
// duration passes between its effects and done. The caller holds the world.
func (s *Service) Invoke(arn string, payload []byte, done func(Result)) {
	s.invoke(arn, payload, s.world.UUID("lambda/request"), done)
}

func (s *Service) invoke(arn string, payload []byte, requestID string, done func(Result)) {
	at, effect, err := s.admit(arn, payload)
	if err != nil {
		s.world.After(0, "lambda refuse "+arn, func() { done(Result{RequestID: requestID, Err: err}) })
		return
	}
	run, cold := s.duration(at)
	s.world.After(cold, "lambda start "+at.Name, func() {
		began := s.world.Now()
		r := s.execute(at, payload, requestID, effect, run)
		took := r.took(run, at.Timeout)
		s.world.After(took, "lambda end "+at.Name, func() {
			s.finish(at, r, began, took)
			done(r)
		})
	})
}

// InvokeNow runs a function at once, without virtual time: for callers that hold
// the world and need the answer before they let go, such as a request over HTTP.
func (s *Service) InvokeNow(arn string, payload []byte) Result {
	requestID := s.world.UUID("lambda/request")
	at, effect, err := s.admit(arn, payload)
	if err != nil {
		return Result{RequestID: requestID, Err: err}
	}
	run, _ := s.duration(at)
	began := s.world.Now()
	r := s.execute(at, payload, requestID, effect, run)
	s.finish(at, r, began, r.took(run, at.Timeout))
	return r
}

// took is how long an invocation lasted that was to last run.
func (r Result) took(run, timeout time.Duration) time.Duration {
	if r.ErrorType == "Sandbox.Timedout" {
		return timeout
	}
	return min(run, timeout)
}

// admit takes an environment for one invocation, or refuses it.
func (s *Service) admit(arn string, payload []byte) (place, wire.Effect, error) {
	at, err := s.find(arn)
	if err != nil {
		return place{}, 0, err
	}
	if len(payload) > maxSync {
		return place{}, 0, &wire.Error{Code: "RequestTooLargeException", Status: 413,
			Message: fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", maxSync)}
	}
	if len(payload) > 0 && !json.Valid(payload) {
		return place{}, 0, wire.Errorf("InvalidRequestContentException", "Could not parse request body into json: the payload of %s is no JSON", at.Name)
	}
	at = s.pick(at)
	f := at.of
	f.attempts++
	effect := wire.NoFault
	if s.Fault != nil {
		effect = s.Fault(at.Name, f.attempts)
	}
	reason := ""
	switch {
	case effect == wire.Throttle:
		reason = "CallerRateLimitExceeded"
	case at.Reserved != nil && f.busy >= *at.Reserved:
		reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
	case s.busy >= concurrency:
		reason = "ConcurrentInvocationLimitExceeded"
	case effect == wire.LostRequest:
		return place{}, 0, errLost
	case effect == wire.Unavailable:
		return place{}, 0, &wire.Error{Code: "ServiceException", Message: errLost.Message, Status: 500}
	}
	if reason != "" {
		s.metric(at, "Throttles", s.world.Now(), 1)
		return place{}, 0, &wire.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429, Members: map[string]any{"Reason": reason, "Type": "User"}}
	}
	f.busy++
	s.busy++
	return at, effect, nil
}

// duration takes a warm environment if there is one.
func (s *Service) duration(at place) (run, cold time.Duration) {
	choose := s.Duration
	if choose == nil {
		choose = defaultDuration
	}
	run, cold = choose(at.Name, s.world.Rand("lambda/duration/"+at.Name))
	at.warm = slices.DeleteFunc(at.warm, func(t time.Time) bool { return s.world.Now().Sub(t) > keepWarm })
	if n := len(at.warm); n > 0 {
		at.warm = at.warm[:n-1]
		cold = 0
	}
	return run, cold
}

// defaultDuration is 50 to 150 ms, and 200 to 400 ms more for a cold start.
func defaultDuration(_ string, dice *rand.Rand) (run, cold time.Duration) {
	ms := func(from, to int) time.Duration { return time.Duration(from+dice.IntN(to-from)) * time.Millisecond }
	return ms(50, 150), ms(200, 400)
}

// execute runs the code. Its effects happen now; its end is the caller's business.
func (s *Service) execute(at place, payload []byte, requestID string, effect wire.Effect, run time.Duration) Result {
	s.mayLog(at)
	out := Outcome{Died: "signal: killed"}
	if effect != wire.CrashBefore {
		if len(payload) == 0 {
			payload = []byte("{}")
		}
		out = at.host.Invoke(Invocation{RequestID: requestID, FunctionARN: at.ARN(), Payload: payload, Timeout: at.Timeout})
		for _, line := range out.Log {
			s.log(at, line)
		}
	}
	switch {
	case effect == wire.CrashAfter:
		out = Outcome{Died: "signal: killed"}
	case run > at.Timeout:
		out = Outcome{TimedOut: true}
	}
	r := s.result(at, requestID, out)
	if effect == wire.LostAnswer {
		r.Err = errLost
	}
	if out.Died != "" || out.TimedOut || out.Exits {
		at.warm = nil // the environment is gone; the ones beside it are started anew too
	}
	return r
}

// result puts an outcome into the form in which Lambda reports it.
func (s *Service) result(at place, requestID string, out Outcome) Result {
	r := Result{RequestID: requestID, Version: at.Version, Payload: out.Payload}
	switch {
	case out.TimedOut:
		r.ErrorType, r.ErrorMessage = "Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", requestID, at.Timeout.Seconds())
	case out.Died != "":
		r.ErrorType, r.ErrorMessage = "Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", requestID, out.Died)
	case out.Error != nil:
		r.ErrorType, r.ErrorMessage = out.Error.Type, out.Error.Message
		r.Payload = marshal(out.Error)
		r.FunctionError = "Unhandled"
		return r
	case len(out.Payload) > MaxAnswer:
		r.ErrorType, r.ErrorMessage = "Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxAnswer)
	default:
		return r
	}
	r.FunctionError = "Unhandled"
	r.Payload = marshal(failure{Message: r.ErrorMessage, Type: r.ErrorType})
	s.log(at, r.ErrorMessage)
	return r
}

type failure struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of strings
	}
	return b
}

func (s *Service) finish(at place, r Result, began time.Time, took time.Duration) {
	at.of.busy--
	s.busy--
	if r.ErrorType != "Runtime.ExitError" && r.ErrorType != "Sandbox.Timedout" {
		at.warm = append(at.warm, s.world.Now())
	}
	failed := 0.0
	if r.FunctionError != "" {
		failed = 1
	}
	s.metric(at, "Invocations", began, 1)
	s.metric(at, "Errors", began, failed)
	s.metric(at, "Duration", began, float64(took.Microseconds())/1000)
}

// metric records a value under each set of dimensions that Lambda gives it.
func (s *Service) metric(at place, name string, when time.Time, value float64) {
	if s.Record == nil {
		return
	}
	for _, dims := range at.dimensions() {
		s.Record("AWS/Lambda", name, dims, when.Truncate(time.Minute), []float64{value}, []float64{1})
	}
}

// dimensions are the sets of dimensions of what happens at this place: the function;
// the version or alias that was called; and, of an alias, the version that ran. Not
// modelled: the set with Resource of calls without a qualifier, which repeats the first.
func (p place) dimensions() []map[string]string {
	sets, ok := p.series[p.qualifier]
	if ok {
		return sets
	}
	sets = []map[string]string{{"FunctionName": p.Name}}
	resource := p.Name + ":" + p.qualifier
	if p.qualifier != "" {
		sets = append(sets, map[string]string{"FunctionName": p.Name, "Resource": resource})
	}
	if p.of.aliases[p.qualifier] != nil {
		sets = append(sets, map[string]string{"FunctionName": p.Name, "Resource": resource, "ExecutedVersion": p.Version})
	}
	p.series[p.qualifier] = sets
	return sets
}

func (s *Service) log(at place, line string) {
	if s.Log != nil {
		s.Log(at.Name, line)
	}
}

// mayLog uses the role's permission to write logs, so that the record of what
// roles need is complete. Without it a function runs and its logs are lost, as in AWS.
func (s *Service) mayLog(at place) {
	if s.Roles == nil || at.of.logged {
		return
	}
	at.of.logged = true
	group := "arn:aws:logs:" + wire.Region + ":" + wire.Account + ":log-group:" + at.LogGroup
	for _, action := range []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := s.Roles.AllowRole(at.RoleARN, wire.Access{Action: action, Resource: group + ":*"}); err != nil {
			s.log(at, "the function's logs would be lost in AWS: "+err.Error())
			return
		}
	}
}

// retryable reports whether Lambda itself failed, rather than the function.
func retryable(err error) bool {
	var e *wire.Error
	return errors.As(err, &e) && (e.Code == "TooManyRequestsException" || e.Code == "ServiceException")
}
