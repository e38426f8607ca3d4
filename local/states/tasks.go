package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/local/asl/exec"
	"sluice/local/wire"
)

// integrations lists the optimised integrations that local AWS has.
var integrations = []string{
	"lambda:invoke", "lambda:invoke.waitForTaskToken",
	"sns:publish", "events:putEvents", "states:startExecution",
	"dynamodb:getItem", "dynamodb:putItem", "dynamodb:updateItem", "dynamodb:deleteItem",
}

var functionARN = regexp.MustCompile(`^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)

// startable reports whether a Task can have this resource.
func startable(resource string) bool {
	service, action, ok := exec.Integration(resource)
	if !ok {
		return functionARN.MatchString(resource)
	}
	return slices.Contains(integrations, service+":"+action)
}

// startTask calls what the task is about.
func (s *Service) startTask(p *exec.Pending) {
	service, action, ok := exec.Integration(p.Resource)
	switch {
	case !ok:
		s.invoke(p, p.Resource, []byte(p.Parameters), func(a Answer) { p.Return(jsonOr(a.Payload, "null")) })
	case service == "lambda":
		s.invokeWith(p)
	default:
		s.integrate(p, service, action)
	}
}

// invokeWith is lambda:invoke, whose parameters name the function and whose output
// wraps the answer.
func (s *Service) invokeWith(p *exec.Pending) {
	params, err := object(p.Parameters)
	if err != nil {
		p.Fail(exec.Fail(exec.Runtime, "The Parameters of lambda:invoke must be an object"))
		return
	}
	text := func(key string) string {
		var v string
		_ = json.Unmarshal(params[key], &v) // what is no string is as if absent
		return v
	}
	for key := range params {
		if !slices.Contains([]string{"FunctionName", "Payload", "Qualifier", "InvocationType", "LogType", "ClientContext"}, key) {
			p.Fail(exec.Fail(exec.Runtime, fmt.Sprintf("The field %q is not supported by Step Functions", key)))
			return
		}
	}
	if t := text("InvocationType"); t != "" && t != "RequestResponse" {
		p.Fail(exec.Fail("NotImplemented", "local AWS does not implement InvocationType "+t+" in lambda:invoke"))
		return
	}
	arn := functionOf(text("FunctionName"), text("Qualifier"))
	payload := params["Payload"]
	if payload == nil {
		payload = json.RawMessage("{}")
	}
	s.invoke(p, arn, payload, func(a Answer) {
		out := map[string]any{
			"ExecutedVersion": a.Version, "StatusCode": 200, "Payload": json.RawMessage(jsonOr(a.Payload, "null")),
			"SdkHttpMetadata":     map[string]any{"HttpStatusCode": 200},
			"SdkResponseMetadata": map[string]any{"RequestId": s.w.UUID("states request")},
		}
		b, err := json.Marshal(out)
		if err != nil {
			p.Fail(exec.Fail(exec.Runtime, "the answer of the function is no JSON: "+err.Error()))
			return
		}
		p.Return(string(b))
	})
}

// functionOf is the ARN of a function given by name or ARN.
func functionOf(name, qualifier string) string {
	if !strings.HasPrefix(name, "arn:") {
		name = "arn:aws:lambda:" + wire.Region + ":" + wire.Account + ":function:" + name
	}
	if qualifier != "" {
		name += ":" + qualifier
	}
	return name
}

// invoke calls a function as the role of the machine. A function error has the
// errorType of its payload as error name, and the payload as cause. A denial is
// Lambda.AWSLambdaException, as AWS reports errors that its SDK does not model.
func (s *Service) invoke(p *exec.Pending, arn string, payload []byte, answered func(Answer)) {
	if err := s.permit(p.Info.RoleARN, wire.Access{Action: "lambda:InvokeFunction", Resource: arn}); err != nil {
		p.Fail(s.serviceFailure("lambda", &wire.Error{Code: "AccessDeniedException", Message: message(err), Status: 403}))
		return
	}
	if s.needs.Invoke == nil {
		p.Fail(exec.Fail("NotImplemented", "no Lambda service is wired to Step Functions"))
		return
	}
	s.needs.Invoke(arn, payload, func(a Answer) {
		switch {
		case a.Err != nil:
			p.Fail(s.serviceFailure("lambda", a.Err))
		case a.FunctionError != "":
			p.Fail(functionFailure(a.Payload))
		default:
			answered(a)
		}
	})
}

func functionFailure(payload []byte) *exec.Failure {
	var e struct {
		ErrorType string `json:"errorType"`
	}
	_ = json.Unmarshal(payload, &e) // a payload of another form has no type
	if e.ErrorType == "" {
		e.ErrorType = "Lambda.Unknown"
	}
	return exec.Fail(e.ErrorType, string(payload))
}

// prefixes and defaults of error names, and the service names in causes, as
// recorded from AWS.
var errorForms = map[string]struct{ prefix, generic, service string }{
	"lambda":   {"Lambda", "AWSLambdaException", "AWSLambda"},
	"dynamodb": {"DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2"},
	"sns":      {"SNS", "AmazonSNSException", "AmazonSNS"},
	"events":   {"EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"},
	"states":   {"StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"},
}

// unmodelled are codes that AWS SDKs have no exception of their own for.
var unmodelled = []string{"ValidationException", "AccessDeniedException", "AccessDenied", "NotImplemented", "InternalFailure"}

// serviceFailure names an error of a service as Step Functions does. What is no
// *wire.Error never reached the service: an SdkClientException.
func (s *Service) serviceFailure(service string, err error) *exec.Failure {
	form := errorForms[service]
	var e *wire.Error
	if !errors.As(err, &e) {
		return exec.Fail(form.prefix+".SdkClientException", err.Error())
	}
	name := e.Code
	if slices.Contains(unmodelled, name) {
		name = form.generic
	} else if !strings.HasSuffix(name, "Exception") {
		name += "Exception"
	}
	status := e.Status
	if status == 0 {
		status = 400
	}
	return exec.Fail(form.prefix+"."+name, fmt.Sprintf("%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
		e.Message, form.service, status, e.Code, s.w.UUID("states request")))
}

func message(err error) string {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// jsonOr is the text of an answer; functions may answer with nothing.
func jsonOr(b []byte, absent string) string {
	if len(b) == 0 {
		return absent
	}
	return string(b)
}
