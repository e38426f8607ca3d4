// Package wire is the front of local AWS: it reads requests in the protocols that
// AWS SDKs, the AWS CLI and boto3 speak (awsJson 1.0 and 1.1, rpc-v2-cbor,
// awsQuery, and plain HTTP for the REST services), finds out who is calling, asks
// whether the caller may, and hands a decoded request to the service.
//
// It serves two ways. As an http.Handler it takes the world for each request, for
// processes and people outside. As an http.RoundTripper it answers in process,
// for callers that hold the world already.
//
// It knows no service and no domain type. A call that no service implements is
// answered with an error that names it, never with success.
package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"

	"sluice/local/sim"
)

// Region and Account are where local AWS pretends to be.
const (
	Region  = "us-east-1"
	Account = "111122223333"
)

// maxBody bounds a request, in bytes. S3 objects are the largest.
const maxBody = 512 << 20

// Access is one question to IAM: may the caller do Action to Resource, given
// these condition keys? Action is "service:Operation", Resource an ARN or "*".
type Access struct {
	Action     string
	Resource   string
	Conditions map[string][]string
}

// Call is one request, as the service that answers it sees it.
type Call struct {
	AccessKey string // of the caller's credentials; "" if the request is unsigned
	Service   string // its IAM prefix, such as "dynamodb"
	Operation string
	RequestID string
	HTTP      *http.Request
}

// Operation is one API call of a service. Access lists what the caller needs for
// this input; an operation without it is open to everybody. Both In and Out are
// pointers to structs whose json tags are the member names of the AWS API.
type operation struct {
	decode func(decoder) (any, error)
	access func(in any) []Access
	run    func(c *Call, in any) (any, error)
}

// Service is one AWS service, ready to be registered with a Server.
type Service struct {
	Prefix  string // IAM prefix and, unless Signing says otherwise, the SigV4 signing name
	Signing string // SigV4 signing name, where it differs
	Target  string // X-Amz-Target prefix and rpc-v2-cbor service name, for the RPC protocols
	Version string // awsQuery Version, where the service speaks awsQuery
	XMLNS   string // awsQuery name space of answers
	// QueryCodes are the codes of errors that were others when the service spoke
	// awsQuery only. A service that once did sends them along, and the AWS CLI and
	// boto3 show them; nil is a service that never did.
	QueryCodes map[string]string
	// HTTP answers REST services, and everything of this signing name that is no
	// RPC call. It does its own decoding, and asks Server.Allow itself. It reports
	// false for a connection that a fault has broken.
	HTTP func(c *Call, w http.ResponseWriter) bool

	operations map[string]operation
}

// Handle registers the operation name of s. access may be nil.
func Handle[In, Out any](s *Service, name string, access func(*In) []Access, run func(*Call, *In) (*Out, error)) {
	if s.operations == nil {
		s.operations = map[string]operation{}
	}
	op := operation{
		decode: func(d decoder) (any, error) {
			in := new(In)
			return in, d(in)
		},
		run: func(c *Call, in any) (any, error) {
			out, err := run(c, in.(*In))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
	if access != nil {
		op.access = func(in any) []Access { return access(in.(*In)) }
	}
	s.operations[name] = op
}

// Operations lists the names of the operations of s, sorted.
func (s *Service) Operations() []string { return slices.Sorted(maps.Keys(s.operations)) }

// Effect is what a fault does to one call.
type Effect int

// The effects. Throttle and Unavailable refuse the call; LostRequest fails before
// the effect and LostAnswer after it, both as a broken connection; CrashBefore and
// CrashAfter end the caller's process at that point.
const (
	NoFault Effect = iota
	Throttle
	Unavailable
	LostRequest
	LostAnswer
	CrashBefore
	CrashAfter
)

// Crash is what a crash fault panics with. The host of the function catches it and
// treats it as the death of the process.
type Crash struct{ At string }

func (c Crash) Error() string { return "process crashed at " + c.At }

// Record is one finished call, for traces and for audit.
type Record struct {
	Call
	Input   any
	Err     error
	Effect  Effect
	Refused *Access // what the caller lacked permission for
}

// Server routes requests to services.
type Server struct {
	World *sim.World
	// Allow decides whether the credentials may have this access. nil allows all.
	Allow func(accessKey string, need Access) error
	// Fault is asked about each call of an RPC service. nil never fails.
	Fault func(c *Call, in any) Effect
	// Observe sees each call after it was answered. It may be nil.
	Observe func(Record)
	// Audit sees what Observe sees, for a service of the account that keeps calls:
	// Observe is for who watches the account.
	Audit func(Record)

	byTarget  map[string]*Service
	bySigning map[string][]*Service
}

// NewServer returns a server of no services in this world.
func NewServer(w *sim.World) *Server {
	return &Server{World: w, byTarget: map[string]*Service{}, bySigning: map[string][]*Service{}}
}

// Register adds a service.
func (s *Server) Register(svc *Service) {
	if svc.Target != "" {
		s.byTarget[svc.Target] = svc
	}
	signing := svc.Signing
	if signing == "" {
		signing = svc.Prefix
	}
	s.bySigning[signing] = append(s.bySigning[signing], svc)
}

// ServeHTTP answers one request from outside the world.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 && r.Header.Get("Expect") == "100-continue" {
		// net/http says it only before a body; boto3 waits for it, and misreads the
		// next answer on the connection if it never came.
		w.WriteHeader(http.StatusContinue)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "reading the request: "+err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	broken := false
	s.World.Do(func() {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(Crash); !ok {
					panic(p)
				}
				broken = true
			}
		}()
		broken = !s.answer(rec, r)
	})
	if broken {
		panic(http.ErrAbortHandler) // the caller sees a broken connection
	}
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()) // a caller that hangs up has had its effect
}

// RoundTrip answers one request of a caller that holds the world. A crash fault
// panics through it with a Crash.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	if !s.answer(rec, r) {
		return nil, errors.New("connection reset by peer (fault)")
	}
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

var credential = regexp.MustCompile(`Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request`)

// answer reports false for a connection that a fault has broken.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) bool {
	c := &Call{RequestID: s.World.UUID("request"), HTTP: r}
	signing := ""
	auth := r.Header.Get("Authorization")
	if auth == "" && r.URL.Query().Has("X-Amz-Credential") { // presigned
		auth = "Credential=" + r.URL.Query().Get("X-Amz-Credential")
	}
	if m := credential.FindStringSubmatch(auth); m != nil {
		c.AccessKey, signing = m[1], m[2]
	} else if key := r.URL.Query().Get("AWSAccessKeyId"); key != "" {
		c.AccessKey, signing = key, "s3" // presigned as S3 did it first, and the AWS CLI still does
	}
	w.Header().Set("X-Amzn-Requestid", c.RequestID)

	if signing != "s3" {
		if err := unzip(r); err != nil {
			http.Error(w, "reading the request: "+err.Error(), http.StatusBadRequest)
			return true
		}
	}
	if target, op, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return s.rpc(w, c, s.byTarget[target], target, op, jsonCodec(r.Header.Get("Content-Type"), s.byTarget[target]))
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/service/"); ok && r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		target, op, _ := strings.Cut(rest, "/operation/")
		return s.rpc(w, c, s.byTarget[target], target, op, cborCodec(s.byTarget[target]))
	}
	for _, svc := range s.bySigning[signing] {
		if svc.Version != "" && isForm(r) {
			form, err := readForm(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return true
			}
			return s.rpc(w, c, svc, signing, form.Get("Action"), queryCodec(svc, form))
		}
		if svc.HTTP != nil {
			c.Service = svc.Prefix
			return svc.HTTP(c, w)
		}
	}
	refuse(w, c, signing)
	return true
}

func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// unzip undoes the compression that SDKs put on large requests.
func unzip(r *http.Request) error {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return nil
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(z, maxBody))
	if err != nil {
		return err
	}
	r.Header.Del("Content-Encoding")
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// decoder fills a pointer to a struct from a request.
type decoder func(in any) error

// codec is one protocol's way to read a request and to write an answer.
type codec struct {
	decode func(r *http.Request) decoder
	encode func(w http.ResponseWriter, c *Call, out any)
	fail   func(w http.ResponseWriter, c *Call, e *Error)
}

func (s *Server) rpc(w http.ResponseWriter, c *Call, svc *Service, target, name string, k codec) bool {
	c.Operation = name
	if svc == nil {
		k.fail(w, c, &Error{Code: "NotImplemented", Message: "local AWS has no service " + target + ": nothing answers " + name, Status: 501})
		return true
	}
	c.Service = svc.Prefix
	op, ok := svc.operations[name]
	if !ok {
		k.fail(w, c, &Error{Code: "NotImplemented", Message: "local AWS does not implement " + svc.Prefix + " " + name, Status: 501})
		return true
	}
	in, err := op.decode(k.decode(c.HTTP))
	if err != nil {
		k.fail(w, c, Errorf("SerializationException", "%s %s: %v", svc.Prefix, name, err))
		return true
	}
	rec := Record{Call: *c, Input: in}
	for _, see := range []func(Record){s.Audit, s.Observe} {
		if see != nil {
			defer func() { see(rec) }()
		}
	}
	if s.Fault != nil {
		rec.Effect = s.Fault(c, in)
	}
	at := svc.Prefix + "." + name
	switch rec.Effect {
	case Throttle:
		k.fail(w, c, Errorf("ThrottlingException", "Rate exceeded"))
		return true
	case Unavailable:
		k.fail(w, c, &Error{Code: "ServiceUnavailable", Message: "Service is unable to handle request.", Status: 503})
		return true
	case LostRequest:
		return false
	case CrashBefore:
		panic(Crash{At: "before " + at})
	}
	var out any
	if op.access != nil {
		rec.Refused, rec.Err = s.allow(c, op.access(in))
	}
	if rec.Err == nil {
		out, rec.Err = op.run(c, in)
	}
	switch rec.Effect {
	case LostAnswer:
		return false
	case CrashAfter:
		panic(Crash{At: "after " + at})
	}
	if rec.Err != nil {
		k.fail(w, c, asError(rec.Err))
		return true
	}
	k.encode(w, c, out)
	return true
}

// Permit asks whether the caller may have all of need. Services that answer plain
// HTTP call it themselves.
func (s *Server) Permit(c *Call, need ...Access) error {
	_, err := s.allow(c, need)
	return err
}

func (s *Server) allow(c *Call, need []Access) (*Access, error) {
	if s.Allow == nil {
		return nil, nil
	}
	for _, n := range need {
		if err := s.Allow(c.AccessKey, n); err != nil {
			return &n, &Error{Code: "AccessDeniedException", Message: err.Error(), Status: 400}
		}
	}
	return nil, nil
}
