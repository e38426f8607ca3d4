package stage

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"sluice/cmd/sluice/ui"
	"sluice/local/s3"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/hosting"
	"sluice/shared/spec"
)

// Capture is the data capture that the endpoint's owner has switched on.
type Capture struct {
	To       string `yaml:"to"`       // s3://bucket/prefix; the bucket is made
	Sampling *int   `yaml:"sampling"` // whole percent of the requests; default 100
	Base64   bool   `yaml:"base64"`   // its owner has not said that text/csv is CSV
}

// Feature is one value of each request.
type Feature struct {
	Name   string `yaml:"name"`
	Values `yaml:",inline"`
}

// Values are where values come from: texts if there are any, normal numbers otherwise.
// In a drift, what is not written stays as it is.
type Values struct {
	Mean     *float64           `yaml:"mean"`
	SD       *float64           `yaml:"sd"`
	Min      *float64           `yaml:"min"`
	Max      *float64           `yaml:"max"`
	Decimals *int               `yaml:"decimals"` // default 2
	Texts    map[string]float64 `yaml:"texts"`    // weights
	Missing  *spec.Percent      `yaml:"missing"`  // requests without the value
}

// Drift gives a feature of the requests, or the prediction, other values.
type Drift struct {
	Feature string `yaml:"feature"`
	Values  `yaml:",inline"`
}

// over is the values as they are after from.
func (v Values) over(from capture.Values) capture.Values {
	if v.Texts != nil {
		from = capture.Values{Texts: v.Texts, Missing: from.Missing}
	}
	set(&from.Mean, v.Mean)
	set(&from.SD, v.SD)
	set(&from.Decimals, v.Decimals)
	from.Min, from.Max = cmp.Or(v.Min, from.Min), cmp.Or(v.Max, from.Max)
	if v.Missing != nil {
		from.Missing = v.Missing.Fraction()
	}
	return from
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// first is the values from which a feature begins.
func (v Values) first() capture.Values { return v.over(capture.Values{Decimals: 2}) }

// payload is what requests hold at the beginning.
func (t Traffic) payload() capture.Payload {
	p := capture.Payload{}
	for _, f := range t.Features {
		p.Features = append(p.Features, capture.Feature{Name: f.Name, Values: f.first()})
	}
	if t.Prediction != nil {
		p.Prediction = t.Prediction.first()
	}
	return p
}

// values are the present values of a feature or of the prediction.
func values(p capture.Payload, feature string) capture.Values {
	for _, f := range p.Features {
		if f.Name == feature {
			return f.Values
		}
	}
	return p.Prediction
}

// checkCapture reports what captures and drifts cannot come of, with its line.
func (s *Scenario) checkCapture(src []byte) error {
	p := s.Traffic.payload()
	if c := s.Capture; c != nil {
		bucket, _ := c.place()
		switch {
		case !strings.HasPrefix(c.To, "s3://") || bucket == "":
			return s.at(src, "$.capture.to", "write where captures go, like s3://acme-captures/churn")
		case c.Sampling != nil && (*c.Sampling < 1 || *c.Sampling > 100):
			return s.at(src, "$.capture.sampling", "write a sampling of 1 to 100 percent")
		case s.First:
			return s.at(src, "$.capture", "there is no endpoint at first, and rollouts do not switch capture on: leave out first or capture")
		case len(p.Features) == 0 || s.Traffic.Prediction == nil:
			return s.at(src, "$.capture", "write what is captured: traffic.features and traffic.prediction")
		}
	}
	for i := range p.Features {
		if err := (capture.Payload{Features: p.Features[:i+1]}).Check(); err != nil {
			return s.at(src, fmt.Sprintf("$.traffic.features[%d]", i), err.Error())
		}
	}
	if err := p.Check(); err != nil {
		return s.at(src, "$.traffic.prediction", err.Error())
	}
	for i, a := range s.Do {
		if a.Drift == nil {
			continue
		}
		if s.Capture == nil {
			return s.at(src, fmt.Sprintf("$.do[%d].drift", i), "nobody sees a drift without capture: write one")
		}
		var err error
		if p, err = p.Drifted(a.Drift.Feature, a.Drift.over(values(p, a.Drift.Feature))); err != nil {
			return s.at(src, fmt.Sprintf("$.do[%d].drift", i), err.Error())
		}
	}
	return nil
}

// at is an error about a part of the file. What is not written stands where it would.
func (s *Scenario) at(src []byte, part, problem string) error {
	for ; len(part) > 1; part = part[:strings.LastIndexAny(part, ".[")] {
		p, err := yaml.PathString(part)
		if err != nil {
			continue
		}
		if n, err := p.ReadNode(bytes.NewReader(src)); err == nil {
			pos := n.GetToken().Position
			return fmt.Errorf("scenario %s: [%d:%d] %s", s.file, pos.Line, pos.Column, problem)
		}
	}
	return fmt.Errorf("scenario %s: %s", s.file, problem)
}

// place is where captures go. prefix ends in a slash, or is empty.
func (c Capture) place() (bucket, prefix string) {
	bucket, prefix, _ = strings.Cut(strings.TrimPrefix(c.To, "s3://"), "/")
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return bucket, prefix
}

// config is the capture as the endpoint's owner has configured it.
func (c *Capture) config() *catalog.DataCapture {
	if c == nil {
		return nil
	}
	sampling := 100
	set(&sampling, c.Sampling)
	d := &catalog.DataCapture{InitialSamplingPercentage: &sampling, DestinationS3URI: c.To, CaptureOptions: []catalog.CaptureOption{{CaptureMode: "Input"}, {CaptureMode: "Output"}}}
	if !c.Base64 {
		d.CaptureContentTypeHeader = &catalog.ContentTypes{CSVContentTypes: []string{"text/csv"}}
	}
	return d
}

// objects is the ARN pattern of the captures.
func (c Capture) objects() string {
	bucket, prefix := c.place()
	return s3.ObjectARN(bucket, prefix+"*")
}

// capturer makes the role that the champion runs as, which may write captures.
func (st *Stage) capturer() error {
	c := st.Scenario.Capture
	if c == nil {
		return nil
	}
	if _, err := st.AWS.IAM.CreateRole(modelName, modelPath, []byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`)); err != nil {
		return err
	}
	return st.AWS.IAM.PutRolePolicy(modelName, "capture", fmt.Appendf(nil, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": %q}]}`, c.objects()))
}

// payload tells local SageMaker what requests hold, which only captures show.
func (st *Stage) payload(p capture.Payload) error {
	if st.Scenario.Capture == nil {
		return nil
	}
	st.asked = p
	return st.AWS.SageMaker.Hosting.SetPayload(st.Scenario.sp.Endpoint.Name, p)
}

// drift gives a feature other values.
func (p *Play) drift(d Drift) error {
	v := d.over(values(p.stage.asked, d.Feature))
	next, err := p.stage.asked.Drifted(d.Feature, v)
	if err != nil {
		return err
	}
	p.tell(ui.Trigger, p.stage.Scenario.sp.Endpoint.Name, "what it is asked drifts: %s is now %s", d.Feature, described(v))
	return p.stage.payload(next)
}

func described(v capture.Values) string {
	text := fmt.Sprintf("%v ± %v", v.Mean, v.SD)
	if len(v.Texts) > 0 {
		sum := 0.0
		for _, w := range v.Texts {
			sum += w
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v.Texts)) {
			parts = append(parts, fmt.Sprintf("%s %.0f %%", name, 100*v.Texts[name]/sum))
		}
		text = strings.Join(parts, ", ")
	}
	if v.Missing > 0 {
		text += fmt.Sprintf(", %.0f %% missing", 100*v.Missing)
	}
	return text
}

// captured counts the files of captures by variant.
func (st *Stage) captured(e *hosting.Endpoint, f *Facts) {
	if st.Scenario.Capture == nil {
		return
	}
	bucket, prefix := st.Scenario.Capture.place()
	prefix += e.EndpointName + "/"
	for _, key := range st.AWS.S3.List(bucket, prefix) {
		variant, _, _ := strings.Cut(strings.TrimPrefix(key, prefix), "/")
		f.Captured[variant]++
	}
	f.Capturing = e.DataCaptureConfig != nil && e.DataCaptureConfig.CaptureStatus == "Started"
}

// captured checks that so many files are there of each variant, and of no other, and
// that the endpoint still captures.
func (c *checker) captured(want map[string]int) {
	if want == nil {
		return
	}
	same := len(want) == len(c.facts.Captured)
	for variant, least := range want {
		same = same && c.facts.Captured[variant] >= least
	}
	c.check(same, "files of captures are %v; at least %v expected, and of no other variant", c.facts.Captured, want)
	c.check(c.facts.Capturing, "the endpoint no longer captures")
}
