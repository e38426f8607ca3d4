package lambda

import (
	"bytes"
	"math/rand/v2"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// Defect is what is wrong with a version's code, for rehearsing its deployment. It
// works in front of either host, so that the code itself need not be spoiled.
type Defect struct {
	Kind  DefectKind
	Share float64 // of invocations, above 0 and up to 1; 0 is all
	On    string  // only invocations whose payload has this text; "" is all
}

// DefectKind is how a defective version fails.
type DefectKind string

// The kinds. Panic, Error and Init happen before the code has done anything; Slow
// does everything, and its answer comes after the function's timeout.
const (
	Panic DefectKind = "panic" // the code panics, and its process ends
	Error DefectKind = "error" // the code returns an error
	Init  DefectKind = "init"  // the process ends before it asks for an invocation
	Slow  DefectKind = "slow"
)

func (d Defect) check() error {
	switch {
	case d.Kind != "" && d.Kind != Panic && d.Kind != Error && d.Kind != Init && d.Kind != Slow:
		return invalid("a defect is %q; it must be panic, error, init or slow", d.Kind)
	case d.Share < 0 || d.Share > 1:
		return invalid("a defect has the share %g; it must be 0 to 1", d.Share)
	}
	return nil
}

// defective is a host whose code has a defect.
type defective struct {
	Host
	defect Defect
	dice   *rand.Rand
}

// Invoke implements Host.
func (h defective) Invoke(in Invocation) Outcome {
	d := h.defect
	if !bytes.Contains(in.Payload, []byte(d.On)) || d.Share > 0 && h.dice.Float64() >= d.Share {
		return h.Host.Invoke(in)
	}
	const message = "this version is defective"
	switch d.Kind {
	case Panic:
		return Outcome{
			Error: &messages.InvokeResponse_Error{Message: message, Type: "errorString", ShouldExit: true},
			Exits: true, Log: []string{"panic: " + message},
		}
	case Error:
		return Outcome{Error: &messages.InvokeResponse_Error{Message: message, Type: "errorString"}}
	case Init:
		return Outcome{Died: "exit status 2", Log: []string{"panic: " + message, "goroutine 1 [running]:", "main.init.0()"}}
	}
	out := h.Host.Invoke(in)
	return Outcome{TimedOut: true, Log: out.Log}
}
