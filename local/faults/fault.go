// Package faults makes local AWS misbehave on purpose: calls are throttled or lose
// their answers, functions die between two calls, events are lost, doubled and late.
//
// A fault is a value with a text form, so that a failing simulation can be written
// down, cut to what mattered and replayed:
//
//	dynamodb.PutItem "LEASE#*" #3 crash-after
//	sagemaker.* p=0.02 throttle
//	lambda.judge #2 crash-before
//	events.sagemaker "lambda:on-signal" p=0.1 lose
//	events.s3 p=0.05 double 90s
//	eventbridge.PutEvents #1 throttle
//	sagemaker.* p=1 @2h+15m unavailable
//
// An Injector fills the fault hooks of wire.Server, lambda.Service and
// events.Service. It decides only what fails; what that means is the services'
// business. Chance is drawn for each service, operation and resource on its own: how
// things interleave, and which other faults there are, changes nothing.
package faults

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Fault is one way to misbehave, and when. The zero Fault is not valid.
type Fault struct {
	// Service is the IAM prefix of an API ("dynamodb"), "*" for every API, "lambda"
	// for invocations, "events" for deliveries of EventBridge, or "eventbridge" for its
	// API, whose prefix is taken by them.
	Service string
	// Operation is a pattern of API operations; for lambda of functions, by the name
	// of their folder; for events of sources, without "aws.".
	Operation string
	// Resource is a pattern of what a call is about: a DynamoDB item as "pk sk", a
	// bucket and key, the name of an endpoint; for events the target as
	// "service:name". "" is any. In patterns * is any text.
	Resource string
	// Nth makes the n-th matching call fail, from 1; 0 leaves it to Chance.
	Nth int
	// Chance is the probability that a matching call fails, over 0 up to 1.
	Chance float64
	// From and For bound an outage: only calls in From..From+For after the beginning
	// match. A For of 0 is no bound.
	From, For time.Duration
	Effect    Effect
	// Delay is how late: of a delayed delivery, and of the second of a doubled one.
	Delay time.Duration
}

// Effect is what a fault does.
type Effect string

// The effects. The first six are for calls and invocations, see wire.Effect; the
// last three are for deliveries of events.
const (
	Throttle    Effect = "throttle"
	Unavailable Effect = "unavailable"
	LostRequest Effect = "lose-request"
	LostAnswer  Effect = "lose-answer"
	CrashBefore Effect = "crash-before"
	CrashAfter  Effect = "crash-after"
	Lose        Effect = "lose"
	Double      Effect = "double"
	Late        Effect = "delay"
)

// The two services that are no API, and the one that has another name for them.
const (
	Invocations = "lambda"
	Deliveries  = "events"
	eventBridge = "eventbridge"
)

// String is the fault as Parse reads it.
func (f Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.%s", f.Service, f.Operation)
	if f.Resource != "" {
		b.WriteString(" " + strconv.Quote(f.Resource))
	}
	if f.Nth > 0 {
		fmt.Fprintf(&b, " #%d", f.Nth)
	} else {
		b.WriteString(" p=" + strconv.FormatFloat(f.Chance, 'g', -1, 64))
	}
	if f.For > 0 {
		fmt.Fprintf(&b, " @%s+%s", f.From, f.For)
	}
	b.WriteString(" " + string(f.Effect))
	if f.Delay > 0 {
		b.WriteString(" " + f.Delay.String())
	}
	return b.String()
}

var (
	serviceName   = regexp.MustCompile(`^(\*|[a-z0-9-]+)$`)
	operationName = regexp.MustCompile(`^[A-Za-z0-9*._-]+$`)
)

// lossy are the sources whose events AWS delivers by best effort. All others are
// kept until they are delivered, or in a dead-letter queue.
var lossy = map[string]bool{"sagemaker": true, "states": true}

// check says what is wrong with a fault.
func (f Fault) check() error {
	deliveries := f.Service == Deliveries
	switch {
	case !serviceName.MatchString(f.Service):
		return fmt.Errorf("service %q: write a prefix such as dynamodb, or *", f.Service)
	case !operationName.MatchString(f.Operation):
		return fmt.Errorf("operation %q: write a name such as PutItem, with * for any text", f.Operation)
	case f.From < 0 || f.For < 0 || f.From > 0 && f.For == 0:
		return fmt.Errorf("an outage begins after the beginning and takes time: write @2h+15m")
	case f.Nth == 0 && !(f.Chance > 0 && f.Chance <= 1):
		return fmt.Errorf("p=%v: a chance is over 0 and at most 1", f.Chance)
	}
	switch f.Effect {
	case Throttle, Unavailable, LostRequest, LostAnswer, CrashBefore, CrashAfter:
		if deliveries {
			return fmt.Errorf("%s: an event can be lost, doubled or late: write lose, double or delay", f.Effect)
		}
		if f.Delay != 0 {
			return fmt.Errorf("%s takes no time", f.Effect)
		}
		return nil
	case Lose, Double, Late:
		if !deliveries {
			return fmt.Errorf("%s is for events: write events.<source>", f.Effect)
		}
	default:
		return fmt.Errorf("effect %q: write throttle, unavailable, lose-request, lose-answer, crash-before, crash-after, lose, double or delay", f.Effect)
	}
	switch {
	case f.Effect == Lose && !lossy[f.Operation]:
		return fmt.Errorf("events of %s cannot be lost: AWS keeps all but those of sagemaker and states", f.Operation)
	case f.Effect == Lose && f.Delay != 0:
		return fmt.Errorf("what is lost takes no time")
	case f.Effect != Lose && f.Delay <= 0:
		return fmt.Errorf("%s needs a time, such as 90s", f.Effect)
	}
	return nil
}
