package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sluice/local/wire"
)

// Wire is the Lambda API over HTTP: Invoke, versions and aliases, and what it takes to
// look.
func (s *Service) Wire() *wire.Service {
	return &wire.Service{Prefix: "lambda", HTTP: s.serve}
}

// request is one call of the REST API.
type request struct {
	*wire.Call
	method string
	path   []string // after the version, unescaped; the second is the function
}

// serve answers one call. It reports false for a connection that a fault has broken.
func (s *Service) serve(c *wire.Call, w http.ResponseWriter) bool {
	r := request{Call: c, method: c.HTTP.Method}
	for _, part := range strings.Split(strings.Trim(c.HTTP.URL.EscapedPath(), "/"), "/") {
		plain, err := url.PathUnescape(part)
		if err != nil {
			plain = part
		}
		r.path = append(r.path, plain)
	}
	err := s.route(&r, w)
	if s.Observe != nil {
		s.Observe(wire.Record{Call: *c, Input: r.path, Err: err})
	}
	switch {
	case errors.Is(err, errLost):
		return false
	case err != nil:
		fail(w, err)
	}
	return true
}

func (s *Service) route(r *request, w http.ResponseWriter) error {
	version, rest := r.path[0], r.path[1:]
	shape := r.method
	for i, part := range rest {
		if i%2 == 1 { // names follow kinds
			part = "*"
		}
		shape += " " + part
	}
	switch {
	case version != "2015-03-31":
	case shape == "POST functions * invocations":
		r.Operation = "Invoke"
		return s.serveInvoke(r, rest[1], w)
	case shape == "GET functions *":
		r.Operation = "GetFunction"
		return s.describe(r, rest[1], w, s.describeFunction)
	case shape == "GET functions * configuration":
		r.Operation = "GetFunctionConfiguration"
		return s.describe(r, rest[1], w, func(at place) (any, error) { return configuration(at), nil })
	case strings.HasPrefix(shape[strings.IndexByte(shape, ' '):], " functions * aliases"), strings.HasSuffix(shape, " functions * versions"):
		return s.serveVersions(r, shape, rest, w)
	case shape == "GET functions * policy":
		r.Operation = "GetPolicy"
		return s.describe(r, rest[1], w, s.describePolicy)
	case shape == "GET functions":
		r.Operation = "ListFunctions"
		return s.list(r, w)
	case shape == "GET event-source-mappings":
		r.Operation = "ListEventSourceMappings"
		return s.listMappings(r, w)
	}
	return notImplemented(r)
}

func notImplemented(r *request) error {
	return &wire.Error{Code: "NotImplemented", Message: fmt.Sprintf("local AWS does not implement lambda %s %s", r.method, r.HTTP.URL.Path), Status: 501}
}

func (s *Service) permit(r *request, action, resource string) error {
	if s.Permit == nil {
		return nil
	}
	err := s.Permit(r.Call, wire.Access{Action: "lambda:" + action, Resource: resource})
	var e *wire.Error
	if errors.As(err, &e) {
		denied := *e
		denied.Status = http.StatusForbidden
		return &denied
	}
	return err
}

func (s *Service) serveInvoke(r *request, name string, w http.ResponseWriter) error {
	name = qualified(r, name)
	// who may not call a function does not learn whether it is there
	arn := name
	if !strings.HasPrefix(arn, "arn:") {
		arn = Function{Name: strings.TrimPrefix(name[max(strings.LastIndex(name, "function:"), 0):], "function:")}.ARN()
	}
	if err := s.permit(r, "InvokeFunction", arn); err != nil {
		return err
	}
	at, err := s.find(name)
	if err != nil {
		return err
	}
	payload, err := io.ReadAll(r.HTTP.Body)
	if err != nil {
		return wire.Errorf("InvalidRequestContentException", "reading the payload: %v", err)
	}
	kind := r.HTTP.Header.Get("X-Amz-Invocation-Type")
	switch kind {
	case "", "RequestResponse":
		res := s.InvokeNow(at.ARN(), payload)
		if res.Err != nil {
			return res.Err
		}
		w.Header().Set("X-Amzn-Requestid", res.RequestID)
		w.Header().Set("X-Amz-Executed-Version", res.Version)
		if res.FunctionError != "" {
			w.Header().Set("X-Amz-Function-Error", res.FunctionError)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(res.Payload) // a caller that hangs up has had its effect
	case "Event":
		id, err := s.InvokeAsync(at.ARN(), payload)
		if err != nil {
			return err
		}
		w.Header().Set("X-Amzn-Requestid", id)
		w.WriteHeader(http.StatusAccepted)
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	default:
		return invalid("X-Amz-Invocation-Type is %q; it must be RequestResponse, Event or DryRun", kind)
	}
	return nil
}

// qualified is a function's name with the qualifier that the query has.
func qualified(r *request, name string) string {
	if q := r.HTTP.URL.Query().Get("Qualifier"); q != "" {
		return name + ":" + q
	}
	return name
}

func (s *Service) describe(r *request, name string, w http.ResponseWriter, what func(place) (any, error)) error {
	at, err := s.find(qualified(r, name))
	if err != nil {
		return err
	}
	if err := s.permit(r, r.Operation, at.Function.ARN()); err != nil {
		return err
	}
	out, err := what(at)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, out)
}

func (s *Service) describeFunction(at place) (any, error) {
	out := map[string]any{
		"Configuration": configuration(at),
		"Code":          map[string]any{"RepositoryType": "S3", "Location": at.CodePath},
	}
	if at.Reserved != nil {
		out["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": *at.Reserved}
	}
	return out, nil
}

func (s *Service) describePolicy(at place) (any, error) {
	granted := at.of.permissions[at.key()]
	if len(granted) == 0 {
		return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "The resource you requested does not exist.", Status: 404}
	}
	return map[string]any{"Policy": string(policyText(at, granted))}, nil
}

func (s *Service) list(r *request, w http.ResponseWriter) error {
	if err := s.permit(r, "ListFunctions", "*"); err != nil {
		return err
	}
	all := []any{}
	for _, name := range s.Names() {
		all = append(all, configuration(place{version: s.functions[name].latest, of: s.functions[name]}))
	}
	return answer(w, http.StatusOK, map[string]any{"Functions": all})
}

func (s *Service) listMappings(r *request, w http.ResponseWriter) error {
	if err := s.permit(r, "ListEventSourceMappings", "*"); err != nil {
		return err
	}
	q := r.HTTP.URL.Query()
	only := ""
	if name := q.Get("FunctionName"); name != "" {
		f, err := s.find(name)
		if err != nil {
			return err
		}
		only = f.Name
	}
	all := []any{}
	for _, m := range s.mappings {
		f, err := s.find(m.FunctionARN)
		if err != nil || only != "" && f.Name != only || q.Has("EventSourceArn") && q.Get("EventSourceArn") != m.QueueARN {
			continue
		}
		all = append(all, m.describe(f))
	}
	for _, m := range s.streams {
		if only != "" && m.function.Name != only || q.Has("EventSourceArn") && q.Get("EventSourceArn") != m.StreamARN {
			continue
		}
		all = append(all, m.describe())
	}
	return answer(w, http.StatusOK, map[string]any{"EventSourceMappings": all})
}

func (m *Mapping) describe(f place) map[string]any {
	out := map[string]any{
		"UUID": m.ID, "EventSourceArn": m.QueueARN, "FunctionArn": f.ARN(), "BatchSize": m.BatchSize,
		"MaximumBatchingWindowInSeconds": int(m.Window / time.Second), "State": "Enabled", "StateTransitionReason": "USER_INITIATED",
		"LastModified": wire.At(m.Modified), "FunctionResponseTypes": []string{},
	}
	if m.Disabled {
		out["State"] = "Disabled"
	}
	if m.ReportItemFailures {
		out["FunctionResponseTypes"] = []string{"ReportBatchItemFailures"}
	}
	if m.MaxConcurrency > 0 {
		out["ScalingConfig"] = map[string]any{"MaximumConcurrency": m.MaxConcurrency}
	}
	return out
}

// configuration is a function as GetFunctionConfiguration shows it.
func configuration(f place) map[string]any {
	out := map[string]any{
		"FunctionName": f.Name, "FunctionArn": f.ARN(), "Role": f.RoleARN, "Runtime": f.Runtime, "Handler": f.Handler,
		"Timeout": int(f.Timeout / time.Second), "MemorySize": f.MemoryMB, "Version": f.Version, "PackageType": "Zip",
		"State": "Active", "LastUpdateStatus": "Successful", "LastModified": f.modified.Format("2006-01-02T15:04:05.000+0000"),
		"Architectures": f.Architectures, "LoggingConfig": map[string]any{"LogFormat": "Text", "LogGroup": f.LogGroup},
		"Environment": map[string]any{"Variables": maps.Clone(f.Environment)},
	}
	if f.DeadLetterARN != "" {
		out["DeadLetterConfig"] = map[string]any{"TargetArn": f.DeadLetterARN}
	}
	if f.Tracing != "" {
		out["TracingConfig"] = map[string]any{"Mode": f.Tracing}
	}
	return out
}

func answer(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
	return nil
}

func fail(w http.ResponseWriter, err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		e = &wire.Error{Code: "ServiceException", Message: err.Error(), Status: 500}
	}
	body := map[string]any{"message": e.Message, "Message": e.Message}
	maps.Copy(body, e.Members)
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", e.Code)
	w.WriteHeader(status)
	_, _ = w.Write(marshal(body))
}
