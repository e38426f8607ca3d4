package hosting

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/traffic"
	"sluice/local/wire"
)

// invoke is the runtime API: POST /endpoints/{name}/invocations. Source: AWS.md B.9.
func (h *Hosting) invoke(c *wire.Call, w http.ResponseWriter) {
	name, ok := strings.CutPrefix(c.HTTP.URL.Path, "/endpoints/")
	name, post := strings.CutSuffix(name, "/invocations")
	if !ok || !post || c.HTTP.Method != http.MethodPost {
		refuse(w, &wire.Error{Code: "NotImplemented", Status: 501, Message: "local AWS does not implement sagemaker " + c.HTTP.Method + " " + c.HTTP.URL.Path})
		return
	}
	c.Operation = "InvokeEndpoint"
	for _, member := range []string{"Target-Model", "Target-Container-Hostname", "Inference-Component", "Session-Id", "Enable-Explanations"} {
		if c.HTTP.Header.Get("X-Amzn-Sagemaker-"+member) != "" {
			refuse(w, api.NotImplemented("InvokeEndpoint with X-Amzn-SageMaker-%s", member))
			return
		}
	}
	if h.out.Permit != nil {
		if err := h.out.Permit(c, one("InvokeEndpoint", api.ARN("endpoint", name))...); err != nil {
			refuse(w, err)
			return
		}
	}
	e, err := h.findEndpoint(name)
	if err != nil || e.fleet == nil {
		refuse(w, wire.Errorf("ValidationError", "Endpoint %s of account %s not found.", name, wire.Account))
		return
	}
	h.account(e)
	r := e.pick(c.HTTP.Header.Get("X-Amzn-Sagemaker-Target-Variant"))
	if r == nil {
		refuse(w, wire.Errorf("ValidationError", "Variant %s not found for Request", c.HTTP.Header.Get("X-Amzn-Sagemaker-Target-Variant")))
		return
	}
	a := e.hand(r, 1, e.rate, h.w.Now())
	w.Header().Set("X-Amzn-Invoked-Production-Variant", r.v.spec.VariantName)
	if err := modelError(e, a); err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"prediction": r.v.dice.Float64(), "model": r.v.model.Name}) // a caller that is gone has been counted
}

// pick finds the variant for one request: target, or one by weight.
func (e *endpoint) pick(target string) *row {
	rows, shares := e.routes()
	if target == "" {
		for i, n := range traffic.Split(e.dice, 1, shares) {
			if n == 1 {
				rows[i].share = shares[i]
				return rows[i]
			}
		}
		return nil
	}
	f := e.fleet
	if e.green != nil && e.dice.Float64() < e.green.share {
		f = e.green
	}
	if v := f.variant(target); v != nil {
		r := e.row(f, v, false)
		for i := range rows {
			if rows[i] == r {
				r.share = shares[i]
			}
		}
		return r
	}
	return nil
}

// modelError is the refusal for an answer that is not 2XX, nil otherwise.
func modelError(e *endpoint, a traffic.Answers) error {
	status, text := 0, ""
	switch {
	case a.Errors5XX > 0:
		status, text = 500, "Internal Server Error"
	case a.Errors4XX > 0:
		status, text = 400, "Bad Request"
	case a.ModelErrors > 0:
		text = "Your invocation timed out while waiting for a response from container primary."
	default:
		return nil
	}
	kind := "server"
	if status == 400 {
		kind = "client"
	}
	logs := fmt.Sprintf("arn:aws:logs:%s:%s:log-group:/aws/sagemaker/Endpoints/%s", wire.Region, wire.Account, e.name)
	return &wire.Error{Code: "ModelError", Status: 424, Message: fmt.Sprintf("Received %s error (%d) from primary with message \"%s\".", kind, status, text),
		Members: map[string]any{"OriginalStatusCode": status, "OriginalMessage": text, "LogStreamArn": logs}}
}

// refuse answers with an error in restJson1.
func refuse(w http.ResponseWriter, err error) {
	e, ok := err.(*wire.Error)
	if !ok {
		e = &wire.Error{Code: "InternalFailure", Message: err.Error(), Status: 500}
	}
	if e.Status == 0 {
		e.Status = http.StatusBadRequest
	}
	body := map[string]any{"Message": e.Message}
	for k, v := range e.Members {
		body[k] = v
	}
	w.Header().Set("X-Amzn-Errortype", e.Code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(body) // a caller that is gone needs no answer
}
