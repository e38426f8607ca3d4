package process

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"sluice/local/lambda"
)

// runtimeAPI serves the Lambda Runtime API to the processes of one function, on a
// loopback port of its own. Source: AWS.md E.
type runtimeAPI struct {
	listener net.Listener
	server   *http.Server
	mu       sync.Mutex
	session  *session // of the process that runs now
}

// session is what one process and the Runtime API share.
type session struct {
	tasks chan *task    // unbuffered: only a process that asks takes one
	ready chan struct{} // closed when the process first asks
	dead  chan struct{} // closed when the process has ended
	once  sync.Once
	mu    sync.Mutex
	task  *task // being worked on
}

type task struct {
	lambda.Invocation
	deadlineMS int64
	answered   chan lambda.Outcome
}

func newSession() *session {
	return &session{tasks: make(chan *task), ready: make(chan struct{}), dead: make(chan struct{})}
}

func listen() (*runtimeAPI, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &runtimeAPI{listener: l}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initError)
	a.server = &http.Server{Handler: mux}
	go func() { _ = a.server.Serve(l) }() // ends when the server is closed
	return a, nil
}

func (a *runtimeAPI) address() string { return a.listener.Addr().String() }

func (a *runtimeAPI) close() { _ = a.server.Close() }

// serve makes the next requests those of this session's process.
func (a *runtimeAPI) serve(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.session = s
}

func (a *runtimeAPI) current() *session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.session
}

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	s := a.current()
	s.once.Do(func() { close(s.ready) })
	var t *task
	select {
	case t = <-s.tasks:
	case <-s.dead:
		return
	case <-r.Context().Done():
		return
	}
	s.mu.Lock()
	s.task = t
	s.mu.Unlock()
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", t.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(t.deadlineMS, 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", t.FunctionARN)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-"+strings.ReplaceAll(t.RequestID, "-", "")[:24]+";Sampled=0")
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(t.Payload) // a process that is gone is found dead
}

// take ends the task of this id, if it is the one being worked on.
func (a *runtimeAPI) take(w http.ResponseWriter, r *http.Request) (*task, []byte) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2*lambda.MaxAnswer))
	s := a.current()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.task
	if t == nil || t.RequestID != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil, nil
	}
	s.task = nil
	if err != nil || len(body) > lambda.MaxAnswer {
		t.answered <- lambda.Outcome{Payload: make([]byte, lambda.MaxAnswer+1)} // reported as too large
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the response is too large")
		return nil, nil
	}
	return t, body
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	t, body := a.take(w, r)
	if t == nil {
		return
	}
	out := lambda.Outcome{Payload: body}
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" { // the response broke off
		out = lambda.Outcome{Error: &messages.InvokeResponse_Error{Type: kind, Message: "the function failed while it sent its response"}}
	}
	accept(w)
	t.answered <- out
}

func (a *runtimeAPI) failure(w http.ResponseWriter, r *http.Request) {
	t, body := a.take(w, r)
	if t == nil {
		return
	}
	e := &messages.InvokeResponse_Error{}
	if err := json.Unmarshal(body, e); err != nil {
		e = &messages.InvokeResponse_Error{Type: "Runtime.Unknown", Message: string(body)}
	}
	if kind := r.Header.Get("Lambda-Runtime-Function-Error-Type"); e.Type == "" {
		e.Type = kind
	}
	accept(w)
	t.answered <- lambda.Outcome{Error: e}
}

// initError takes a report that the process could not start; the process ends after it.
func (a *runtimeAPI) initError(w http.ResponseWriter, _ *http.Request) { accept(w) }

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write([]byte(`{"status":"OK"}`))
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, kind, message) // both are constants of this file
}
