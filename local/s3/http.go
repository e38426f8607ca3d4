package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"sluice/local/wire"
)

// failure is an error as S3 writes it.
type failure struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Resource  string
	RequestID string `xml:"RequestId"`
	status    int
}

func (f *failure) Error() string { return f.Code + ": " + f.Message }

func failf(status int, code, format string, args ...any) *failure {
	return &failure{Code: code, Message: fmt.Sprintf(format, args...), status: status}
}

// serve answers one call. It reports false for a connection that a fault has broken.
func (s *Service) serve(c *wire.Call, w http.ResponseWriter) bool {
	q, unknown := s.identify(c.HTTP)
	c.Operation = q.Operation
	if unknown != "" {
		s.fail(w, c, failf(501, "NotImplemented", "local AWS does not implement s3 %s", unknown))
		return true
	}
	s.requests[q.Operation]++
	rec := wire.Record{Call: *c, Input: &q}
	if s.Observe != nil {
		defer func() { s.Observe(rec) }()
	}
	if s.Fault != nil {
		rec.Effect = s.Fault(c, &q)
	}
	switch rec.Effect {
	case wire.Throttle:
		s.fail(w, c, failf(503, "SlowDown", "Please reduce your request rate."))
		return true
	case wire.Unavailable:
		s.fail(w, c, failf(503, "ServiceUnavailable", "Service is unable to handle request."))
		return true
	case wire.LostRequest:
		return false
	case wire.CrashBefore:
		panic(wire.Crash{At: "before s3." + q.Operation})
	}
	answer := &answer{header: http.Header{}, status: http.StatusOK}
	rec.Err = s.answer(c, &q, answer)
	switch rec.Effect {
	case wire.LostAnswer:
		return false
	case wire.CrashAfter:
		panic(wire.Crash{At: "after s3." + q.Operation})
	}
	if rec.Err != nil {
		s.fail(w, c, rec.Err)
		return true
	}
	answer.send(w, c)
	return true
}

// answer fills the answer in, or says why not.
func (s *Service) answer(c *wire.Call, q *Request, to *answer) error {
	if err := s.allowed(c, q.access(c.HTTP)...); err != nil {
		return err
	}
	r, err := clean(c.HTTP, q)
	if err != nil {
		return err
	}
	s.current, s.reason = c, q.Operation
	defer func() { s.current, s.reason = nil, "" }()
	switch q.Operation {
	case "PutBucketNotificationConfiguration":
		return s.putNotification(q.Bucket, r.Body)
	case "GetBucketNotificationConfiguration":
		return s.getNotification(q.Bucket, to)
	case "DeleteObjects":
		return s.deleteObjects(c, q.Bucket, r.Body, to)
	case "CopyObject":
		return s.copyObject(q, c.HTTP.Header, r.Header, to)
	case "GetObject", "HeadObject":
		if err := s.readable(c, q); err != nil {
			return err
		}
		if q.Operation == "HeadObject" && q.VersionID != "" {
			r.Method = http.MethodGet // gofakes3 forgets the version of a HEAD
		}
	}
	s.front.ServeHTTP(to, r)
	return nil
}

// readable checks what reading an object asks beside s3:GetObject: who may not
// list the bucket is not told that a key is missing; and If-Match.
func (s *Service) readable(c *wire.Call, q *Request) error {
	b := s.buckets[q.Bucket]
	if b == nil {
		return nil
	}
	v := b.get(q.Key)
	if q.VersionID != "" {
		v = b.version(q.Key, q.VersionID)
	}
	if v == nil {
		return s.allowed(c, wire.Access{Action: "s3:ListBucket", Resource: BucketARN(q.Bucket)})
	}
	if want := c.HTTP.Header.Get("If-Match"); want != "" && want != "*" && strings.Trim(want, `"`) != v.etag() {
		return failf(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	return nil
}

func (s *Service) allowed(c *wire.Call, need ...wire.Access) error {
	if s.permit == nil || len(need) == 0 {
		return nil
	}
	if err := s.permit(c, need...); err != nil {
		message := err.Error()
		var e *wire.Error
		if errors.As(err, &e) {
			message = e.Message
		}
		return failf(403, "AccessDenied", "%s", message)
	}
	return nil
}

// clean is the request that gofakes3 gets: path style, the body decoded and
// checked, and of the headers only those that mean something to it, since it
// keeps all X-Amz- headers as the object's metadata.
func clean(from *http.Request, q *Request) (*http.Request, error) {
	body, err := readBody(from)
	if err != nil {
		return nil, err
	}
	r := from.Clone(from.Context())
	r.Header = http.Header{}
	for name, v := range from.Header {
		switch name {
		case "Content-Type", "Content-Md5", "Content-Disposition", "Content-Language", "Cache-Control", "Expires", "Range",
			"If-None-Match", "If-Match", "If-Modified-Since":
			r.Header[name] = v
		case "Content-Encoding":
			if rest := withoutChunked(strings.Join(v, ",")); rest != "" {
				r.Header.Set(name, rest)
			}
		default:
			if strings.HasPrefix(name, "X-Amz-Meta-") {
				r.Header[name] = v
			}
		}
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	r.Header.Set("Content-Length", fmt.Sprint(len(body)))
	r.URL.Path, r.URL.RawPath = "/"+q.Bucket, ""
	if q.Key != "" {
		r.URL.Path += "/" + q.Key
	}
	return r, nil
}

// answer is a ResponseWriter that can be thrown away.
type answer struct {
	header http.Header
	status int
	bytes.Buffer
}

func (a *answer) Header() http.Header    { return a.header }
func (a *answer) WriteHeader(status int) { a.status = status }

func (a *answer) xml(v any) error {
	a.header.Set("Content-Type", "application/xml")
	a.WriteString(xml.Header)
	return xml.NewEncoder(a).Encode(v)
}

func (a *answer) send(w http.ResponseWriter, c *wire.Call) {
	for name, v := range a.header {
		switch {
		case strings.HasPrefix(name, "Access-Control-"):
		case strings.HasPrefix(name, "X-Amz-Meta-"):
			w.Header()[strings.ToLower(name)] = v // boto3 keeps the case that it sees
		default:
			w.Header()[name] = v
		}
	}
	stamp(w, c)
	if c.HTTP.Method == http.MethodHead {
		a.Reset()
	} else {
		w.Header().Set("Content-Length", fmt.Sprint(a.Len()))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.Bytes()) // a caller that hangs up has had its effect
}

// stamp sets the ids of a request, which are the world's and not gofakes3's.
func stamp(w http.ResponseWriter, c *wire.Call) {
	w.Header().Set("X-Amz-Request-Id", requestID(c))
	w.Header().Set("X-Amz-Id-2", c.RequestID)
	w.Header().Set("Server", "AmazonS3")
}

// requestID is 16 characters, as S3 writes them.
func requestID(c *wire.Call) string {
	return strings.ToUpper(strings.ReplaceAll(c.RequestID, "-", ""))[:16]
}

func (s *Service) fail(w http.ResponseWriter, c *wire.Call, err error) {
	f := &failure{}
	if !errors.As(err, &f) {
		f = failf(500, "InternalError", "%v", err)
	}
	out := *f
	out.Resource, out.RequestID = c.HTTP.URL.Path, requestID(c)
	stamp(w, c)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.status)
	if c.HTTP.Method != http.MethodHead {
		_ = xml.NewEncoder(w).Encode(out) // as above
	}
}
