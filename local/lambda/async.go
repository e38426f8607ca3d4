package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluice/local/wire"
)

// event is one event invocation on its way.
type event struct {
	to        place
	payload   []byte
	requestID string
	received  time.Time
	failures  int           // ends of the function with an error
	backoff   time.Duration // next wait after Lambda itself refused
}

// InvokeAsync accepts an event for a function, given by name or ARN, and returns
// the request id. A function error is retried after one and two minutes; throttles
// and faults of Lambda are retried until the event is too old. Then it goes to the
// dead-letter target and the failure destination. Errors: ResourceNotFoundException,
// RequestTooLargeException, InvalidRequestContentException.
func (s *Service) InvokeAsync(arn string, payload []byte) (string, error) {
	to, err := s.find(arn)
	if err != nil {
		return "", err
	}
	if len(payload) > maxAsync {
		return "", &wire.Error{Code: "RequestTooLargeException", Status: 413,
			Message: fmt.Sprintf("%d byte payload is too large for the Event invocation type (limit %d bytes)", len(payload), maxAsync)}
	}
	if len(payload) > 0 && !json.Valid(payload) {
		return "", wire.Errorf("InvalidRequestContentException", "Could not parse request body into json: the event for %s is no JSON", to.Name)
	}
	e := &event{to: to, payload: payload, requestID: s.world.UUID("lambda/request"), received: s.world.Now(), backoff: time.Second}
	s.attempt(e)
	return e.requestID, nil
}

// attempt asks anew where an alias leads: a retry may run on another version.
func (s *Service) attempt(e *event) {
	s.invoke(e.to.ARN(), e.payload, e.requestID, func(r Result) { s.attempted(e, r) })
}

func (s *Service) attempted(e *event, r Result) {
	to, rules := e.to, e.to.of.async[e.to.key()]
	switch {
	case r.Err != nil && retryable(r.Err):
		wait := e.backoff
		e.backoff = min(2*e.backoff, 5*time.Minute)
		s.again(e, r, wait)
	case r.Err != nil:
		s.log(to, "event "+e.requestID+" dropped: "+r.Err.Error())
	case r.FunctionError == "":
		if rules.OnSuccessARN != "" {
			s.deliver(to, rules.OnSuccessARN, e.record(s.world.Now(), r, "Success"))
		}
	default:
		e.failures++
		retries := 2
		if rules.MaxRetries != nil {
			retries = *rules.MaxRetries
		}
		if e.failures > retries {
			s.giveUp(e, r, "RetriesExhausted")
			return
		}
		s.again(e, r, time.Duration(e.failures)*time.Minute)
	}
}

func (s *Service) again(e *event, last Result, wait time.Duration) {
	limit := e.to.of.async[e.to.key()].MaxAge
	if limit == 0 {
		limit = 6 * time.Hour
	}
	if s.world.Now().Add(wait).Sub(e.received) > limit {
		s.giveUp(e, last, "EventAgeExceeded")
		return
	}
	s.world.After(wait, "lambda retry "+e.to.Name, func() { s.attempt(e) })
}

func (s *Service) giveUp(e *event, last Result, condition string) {
	to, failure := e.to, e.to.of.async[e.to.key()].OnFailureARN
	if to.DeadLetterARN != "" {
		s.deliver(to, to.DeadLetterARN, e.payload)
	}
	if failure != "" {
		s.deliver(to, failure, e.record(s.world.Now(), last, condition))
	}
	if to.DeadLetterARN == "" && failure == "" {
		s.log(to, "event "+e.requestID+" lost: "+condition+", and the function has neither a dead-letter queue nor a failure destination")
	}
}

// deliver sends with the permissions of the function's role.
func (s *Service) deliver(from place, target string, body []byte) {
	need, err := sending(target)
	if err == nil && s.Roles != nil {
		err = s.Roles.AllowRole(from.RoleARN, need)
	}
	if err == nil && s.Send == nil {
		err = errors.New("nothing is wired to deliver it")
	}
	if err == nil {
		err = s.Send(target, body)
	}
	if err != nil {
		s.metric(from, "DestinationDeliveryFailures", s.world.Now(), 1)
		s.log(from, "delivering to "+target+": "+err.Error())
	}
}

// sending is the permission it takes to deliver to a target.
func sending(target string) (wire.Access, error) {
	action := ""
	switch parts := strings.SplitN(target, ":", 6); {
	case len(parts) < 6:
	case parts[2] == "sqs":
		action = "sqs:SendMessage"
	case parts[2] == "sns":
		action = "sns:Publish"
	case parts[2] == "lambda":
		action = "lambda:InvokeFunction"
	case parts[2] == "events":
		action = "events:PutEvents"
	}
	if action == "" {
		return wire.Access{}, invalid("%q is no queue, topic, function or event bus", target)
	}
	return wire.Access{Action: action, Resource: target}, nil
}

// record is the document that destinations receive.
func (e *event) record(now time.Time, r Result, condition string) []byte {
	type object = map[string]any
	doc := object{
		"version": "1.0", "timestamp": now.Format("2006-01-02T15:04:05.000Z"),
		"requestContext": object{
			"requestId": e.requestID, "functionArn": e.to.Function.ARN() + ":" + e.to.key(),
			"condition": condition, "approximateInvokeCount": max(e.failures, 1),
		},
		"requestPayload": raw(e.payload),
	}
	if r.Err == nil {
		context := object{"statusCode": 200, "executedVersion": r.Version}
		if r.FunctionError != "" {
			context["functionError"] = r.FunctionError
		}
		doc["responseContext"], doc["responsePayload"] = context, raw(r.Payload)
	}
	return marshal(doc)
}

// raw keeps JSON as it is, and takes anything else as a string.
func raw(b []byte) any {
	if json.Valid(b) {
		return json.RawMessage(b)
	}
	return string(b)
}
