package hosting

import (
	"fmt"
	"strings"
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/catalog"
)

type captureSummary struct {
	EnableCapture             bool   `json:"EnableCapture"`
	CaptureStatus             string `json:"CaptureStatus"`
	CurrentSamplingPercentage int    `json:"CurrentSamplingPercentage"`
	DestinationS3URI          string `json:"DestinationS3Uri"`
	KMSKeyID                  string `json:"KmsKeyId"`
}

// summary is a DataCaptureConfig as DescribeEndpoint shows it. The percentage is the
// initial one: no call changes it but UpdateEndpoint.
func summary(c *catalog.DataCapture) *captureSummary {
	if c == nil {
		return nil
	}
	s := &captureSummary{c.Enabled(), "Started", *c.InitialSamplingPercentage, c.DestinationS3URI, c.KMSKeyID}
	if !s.EnableCapture {
		s.CaptureStatus = "Stopped"
	}
	return s
}

// SetPayload says what the endpoint's requests hold and what is answered, from the
// present minute on. It may come before the endpoint. While it has no features nothing is
// captured.
func (h *Hosting) SetPayload(endpoint string, p capture.Payload) error {
	if err := p.Check(); err != nil {
		return fmt.Errorf("what endpoint %s is asked: %w", endpoint, err)
	}
	if e, err := h.findEndpoint(endpoint); err == nil {
		h.account(e)
	}
	h.payloads[api.Key("endpoint", endpoint)] = p
	return nil
}

// capture captures a minute that is over, of each variant whose configuration wants it.
func (h *Hosting) capture(e *endpoint, minute time.Time) {
	p := h.payloads[api.Key("endpoint", e.name)]
	if len(p.Features) == 0 || e.captures == nil {
		return
	}
	for _, r := range e.rows {
		if t, ok := e.target(r); ok {
			a := r.answers
			e.captures.Take(t, p, minute, a.Requests-a.Errors4XX-a.Bad())
		}
	}
	e.captures.Upload(minute.Add(time.Minute))
}

// target is where a variant's requests are captured.
func (e *endpoint) target(r *row) (capture.Target, bool) {
	c := r.capture
	if !c.Enabled() {
		return capture.Target{}, false
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(c.DestinationS3URI, "s3://"), "/")
	return capture.Target{Bucket: bucket, Prefix: prefix, Endpoint: e.name, Variant: r.v.spec.VariantName, Role: r.v.model.In.ExecutionRoleARN,
		Sampling: *c.InitialSamplingPercentage, Input: c.Captures("Input"), Output: c.Captures("Output"), CSV: c.CSV("text/csv")}, true
}
