package wire

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an AWS error. Status 0 means 400. Members are added beside the message.
type Error struct {
	Code    string
	Message string
	Status  int
	Members map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an AWS error with this code and HTTP status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: "InternalFailure", Message: err.Error(), Status: 500}
}

func (e *Error) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// queryError sets the header with the error's code in awsQuery, if svc has such.
func (svc *Service) queryError(h http.Header, e *Error) {
	if svc == nil || svc.QueryCodes == nil {
		return
	}
	code, side := svc.QueryCodes[e.Code], "Sender"
	if code == "" {
		code = e.Code
	}
	if e.status() >= http.StatusInternalServerError {
		side = "Receiver"
	}
	h.Set("X-Amzn-Query-Error", code+";"+side)
}

// refuse answers a request that is for no service, in a form that clients of most
// services can read.
func refuse(w http.ResponseWriter, c *Call, signing string) {
	e := &Error{Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: http.StatusForbidden}
	if signing != "" {
		msg := fmt.Sprintf("local AWS has no service %s: nothing answers %s %s", signing, c.HTTP.Method, c.HTTP.URL.Path)
		e = &Error{Code: "NotImplemented", Message: msg, Status: http.StatusNotImplemented}
	}
	k := jsonCodec(c.HTTP.Header.Get("Content-Type"), nil)
	if isForm(c.HTTP) {
		k = queryCodec(&Service{}, nil)
	}
	k.fail(w, c, e)
}
