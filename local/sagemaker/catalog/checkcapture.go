package catalog

import (
	"regexp"
	"slices"
	"strings"

	"sluice/local/sagemaker/api"
)

// destination and contentType are SageMaker's patterns.
var (
	destination = regexp.MustCompile(`^(https|s3)://([^/])/?(.*)$`)
	contentType = regexp.MustCompile(`^[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*$`)
	keyID       = regexp.MustCompile(`^[a-zA-Z0-9:/_-]*$`)
)

// checkCapture refuses what DataCaptureConfig does not take. Source: AWS.md B.2 and the
// API reference, DataCaptureConfig.
func checkCapture(c *DataCapture) error {
	const at = "dataCaptureConfig."
	switch {
	case c == nil:
		return nil
	case c.InitialSamplingPercentage == nil:
		return api.Missing(at + "initialSamplingPercentage")
	case c.DestinationS3URI == "":
		return api.Missing(at + "destinationS3Uri")
	case !destination.MatchString(c.DestinationS3URI):
		return api.Constraint(c.DestinationS3URI, at+"destinationS3Uri", "Member must satisfy regular expression pattern: (https|s3)://([^/])/?(.*)")
	case strings.HasPrefix(c.DestinationS3URI, "https:"):
		return api.NotImplemented("a DestinationS3Uri of https; write it as s3://")
	case !keyID.MatchString(c.KMSKeyID):
		return api.Constraint(c.KMSKeyID, at+"kmsKeyId", "Member must satisfy regular expression pattern: [a-zA-Z0-9:/_-]*")
	case len(c.CaptureOptions) == 0:
		return api.Missing(at + "captureOptions")
	case len(c.CaptureOptions) > 32:
		return api.Constraint(len(c.CaptureOptions), at+"captureOptions", "Member must have length less than or equal to 32")
	}
	for _, o := range c.CaptureOptions {
		if o.CaptureMode == "" {
			return api.Missing(at + "captureOptions.member.captureMode")
		}
		if err := api.CheckOneOf(at+"captureOptions.member.captureMode", o.CaptureMode, "Input", "Output", "InputAndOutput"); err != nil {
			return err
		}
	}
	return api.First(
		api.CheckLength(at+"destinationS3Uri", c.DestinationS3URI, 1, 512),
		api.CheckLength(at+"kmsKeyId", c.KMSKeyID, 0, 2048),
		checkContentTypes(c.CaptureContentTypeHeader),
		api.CheckRange(at+"initialSamplingPercentage", c.InitialSamplingPercentage, 0, 100),
	)
}

func checkContentTypes(h *ContentTypes) error {
	if h == nil {
		return nil
	}
	for _, list := range []struct {
		at    string
		types []string
	}{{"csvContentTypes", h.CSVContentTypes}, {"jsonContentTypes", h.JSONContentTypes}} {
		at := "dataCaptureConfig.captureContentTypeHeader." + list.at
		if n := len(list.types); n > 10 {
			return api.Constraint(n, at, "Member must have length less than or equal to 10")
		}
		for _, t := range list.types {
			if err := api.CheckLength(at+".member", t, 1, 256); err != nil {
				return err
			}
			if !contentType.MatchString(t) {
				return api.Constraint(t, at+".member", "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9])*\\/[a-zA-Z0-9](-*[a-zA-Z0-9.])*")
			}
		}
	}
	return nil
}

// Captures reports whether this mode, Input or Output, is captured: never while capture
// is off.
func (c *DataCapture) Captures(mode string) bool {
	return c.Enabled() && slices.ContainsFunc(c.CaptureOptions, func(o CaptureOption) bool {
		return o.CaptureMode == mode || o.CaptureMode == "InputAndOutput"
	})
}

// Enabled reports whether requests are captured, which is the default.
func (c *DataCapture) Enabled() bool {
	return c != nil && (c.EnableCapture == nil || *c.EnableCapture)
}

// CSV reports whether this content type is captured as CSV.
func (c *DataCapture) CSV(contentType string) bool {
	return c.CaptureContentTypeHeader != nil && slices.Contains(c.CaptureContentTypeHeader.CSVContentTypes, contentType)
}

// checkExplainer refuses an explainer that lacks what is required.
func checkExplainer(e *Explainer) error {
	if e != nil && e.ClarifyExplainerConfig != nil && e.ClarifyExplainerConfig.ShapConfig == nil {
		return api.Missing("explainerConfig.clarifyExplainerConfig.shapConfig")
	}
	return nil
}
