package lambda

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"sluice/local/wire"
)

// Host runs the code of one function, one invocation at a time.
type Host interface {
	// Invoke runs one invocation to its end. The caller holds the world.
	Invoke(Invocation) Outcome
	// Close ends the code's process, if it has one.
	Close()
}

// Invocation is one run of a function's code.
type Invocation struct {
	RequestID   string
	FunctionARN string
	Payload     []byte // JSON
	Timeout     time.Duration
}

// Outcome is how the code ended: with a payload, or one of the others.
type Outcome struct {
	Payload  []byte
	Error    *messages.InvokeResponse_Error // the code returned an error
	Died     string                         // the process ended before it answered, and how
	TimedOut bool
	Exits    bool     // the process ends after this answer
	Log      []string // lines written, in order
}

// Handler is a function's code in this process: the Invoke method of aws-lambda-go.
type Handler func(ctx context.Context, payload []byte) ([]byte, error)

// InProcess hosts a Go handler. Errors and panics are reported exactly as
// aws-lambda-go reports them; a panic with wire.Crash is the death of the process.
// The context has the invocation's lambdacontext and no deadline: deadlines are real
// time, which a simulation has none of.
func InProcess(h Handler) Host { return inProcess{h} }

type inProcess struct{ handler Handler }

func (inProcess) Close() {}

func (p inProcess) Invoke(in Invocation) (out Outcome) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case wire.Crash:
			out = Outcome{Died: "exit status 1", Log: []string{v.Error()}}
		case messages.InvokeResponse_Error:
			out = Outcome{Error: &v, Exits: v.ShouldExit}
		default:
			out = Outcome{
				Error: &messages.InvokeResponse_Error{Message: fmt.Sprintf("%v", v), Type: typeName(v), ShouldExit: true},
				Exits: true, Log: append([]string{fmt.Sprintf("panic: %v", v)}, strings.Split(string(debug.Stack()), "\n")...),
			}
		}
	}()
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: in.RequestID, InvokedFunctionArn: in.FunctionARN})
	payload, err := p.handler(ctx, in.Payload)
	if err == nil {
		return Outcome{Payload: payload}
	}
	if ready, ok := err.(messages.InvokeResponse_Error); ok { // not errors.As: only the outermost error counts
		return Outcome{Error: &ready}
	}
	return Outcome{Error: &messages.InvokeResponse_Error{Message: err.Error(), Type: typeName(err)}}
}

// typeName is the errorType that aws-lambda-go gives to an error or panic value:
// the name of its Go type without package, of the pointed-to type for pointers.
func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
