package sagemaker_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/traffic"
)

// line is a line of a capture file.
type line struct {
	CaptureData   struct{ EndpointInput, EndpointOutput *half }
	EventMetadata struct {
		EventID       string `json:"eventId"`
		InferenceTime time.Time
	}
	EventVersion string
}

type half struct{ ObservedContentType, Mode, Data, Encoding string }

// asked is what requests hold in these tests.
var asked = capture.Payload{
	Features: []capture.Feature{
		{Name: "age", Values: capture.Values{Mean: 40, SD: 10}},
		{Name: "country", Values: capture.Values{Texts: map[string]float64{"DE": 3, "FR": 1}}},
	},
	Prediction: capture.Values{Mean: 0.2, SD: 0.05, Decimals: 3},
}

// capturing is churn, whose configuration captures like c. Of 1000 requests a minute one
// in a hundred fails.
func capturing(t *testing.T, c *types.DataCaptureConfig, p capture.Payload) *stage {
	t.Helper()
	s := staged(t)
	s.model("churn-m3", traffic.Behaviour{Errors5XX: 0.01})
	s.w.Do(func() {
		if err := s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 1000}); err != nil {
			t.Fatal(err)
		}
		if err := s.svc.Hosting.SetPayload("churn", p); err != nil {
			t.Fatal(err)
		}
	})
	in := &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("capturing"), DataCaptureConfig: c,
		ProductionVariants: []types.ProductionVariant{variant("AllTraffic", "churn-m3", 99, 2), variant("Small", "churn-m3", 1, 1)}}
	call(s, createConfig, in)
	call(s, updateEndpoint, update("capturing"))
	s.settle()
	s.w.RunFor(s.w.Now().Truncate(time.Hour).Add(time.Hour).Sub(s.w.Now())) // an hour begins
	clear(s.puts)
	return s
}

func dataCapture(sampling int32, modes ...types.CaptureMode) *types.DataCaptureConfig {
	c := &types.DataCaptureConfig{InitialSamplingPercentage: &sampling, DestinationS3Uri: aws.String("s3://captures/a/b/"), KmsKeyId: aws.String("alias/captures"),
		CaptureContentTypeHeader: &types.CaptureContentTypeHeader{CsvContentTypes: []string{"text/csv"}, JsonContentTypes: []string{"application/json"}}}
	for _, m := range modes {
		c.CaptureOptions = append(c.CaptureOptions, types.CaptureOption{CaptureMode: m})
	}
	return c
}

// captures are the captured lines by the folder of their files' hour.
func (s *stage) captures() map[string][]line {
	s.t.Helper()
	all := map[string][]line{}
	for _, key := range slices.Sorted(maps.Keys(s.puts)) {
		folder := key[:strings.LastIndex(key, "/")]
		for l := range strings.Lines(s.puts[key]) {
			var read line
			if err := json.Unmarshal([]byte(l), &read); err != nil {
				s.t.Fatalf("%s: %v", key, err)
			}
			all[folder] = append(all[folder], read)
		}
	}
	return all
}

// The files of an hour: where they are, what is in them, and how much of it.
func TestCapture(t *testing.T) {
	s := capturing(t, dataCapture(100, types.CaptureModeInputAndOutput), asked)
	began := s.w.Now()
	s.w.RunFor(time.Hour)
	name := regexp.MustCompile(`^captures/a/b/churn/(AllTraffic|Small)/\d{4}/\d\d/\d\d/\d\d/[0-5][05]-00-000-[0-9a-f-]{36}\.jsonl$`)
	for key := range s.puts {
		if !name.MatchString(key) {
			t.Errorf("a file is called %s", key)
		}
	}
	hour := began.Format("/2006/01/02/15")
	all := s.captures()
	large, small := all["captures/a/b/churn/AllTraffic"+hour], all["captures/a/b/churn/Small"+hour]
	if len(s.puts) != 24 || len(all) != 2 || len(large) != 60*capture.PerMinute {
		t.Fatalf("%d files in %d folders, %d and %d lines", len(s.puts), len(all), len(large), len(small))
	}
	near(t, "lines of a variant with few requests", float64(len(small)), 600, 80)
	ids, ages, german := map[string]bool{}, 0.0, 0.0
	for _, l := range large {
		in, out := l.CaptureData.EndpointInput, l.CaptureData.EndpointOutput
		if in == nil || out == nil || in.ObservedContentType != "text/csv" || in.Mode != "INPUT" || in.Encoding != "CSV" ||
			out.ObservedContentType != "text/csv; charset=utf-8" || out.Mode != "OUTPUT" || out.Encoding != "CSV" || l.EventVersion != "0" {
			t.Fatalf("a line is %+v, %+v, %+v", l, in, out)
		}
		age, country, _ := strings.Cut(in.Data, ",")
		n, err := strconv.Atoi(age)
		p, err2 := strconv.ParseFloat(out.Data, 64)
		if err != nil || err2 != nil || country != "DE" && country != "FR" || p < -0.1 || p > 0.5 {
			t.Fatalf("asked %q, answered %q", in.Data, out.Data)
		}
		if ages += float64(n); country == "DE" {
			german++
		}
		ids[l.EventMetadata.EventID] = true
		if at := l.EventMetadata.InferenceTime; at.Before(began) || !at.Before(began.Add(time.Hour)) {
			t.Fatalf("answered at %v", at)
		}
	}
	near(t, "mean age", ages/float64(len(large)), 40, 1)
	near(t, "share of DE", german/float64(len(large)), 0.75, 0.04)
	if s.writer != "arn:aws:iam::111122223333:role/models" {
		t.Errorf("written by %q", s.writer)
	}
	if len(ids) != len(large) {
		t.Errorf("%d ids in %d lines", len(ids), len(large))
	}
}

// What is captured, and how it is written, is what the configuration asks for.
func TestCaptureFollowsItsConfig(t *testing.T) {
	s := capturing(t, dataCapture(1, types.CaptureModeInput), asked)
	s.w.RunFor(time.Hour)
	sampled := 0
	for _, lines := range s.captures() {
		sampled += len(lines)
		for _, l := range lines {
			if l.CaptureData.EndpointInput == nil || l.CaptureData.EndpointOutput != nil {
				t.Fatalf("captured %+v", l.CaptureData)
			}
		}
	}
	near(t, "lines of one percent of what was answered", float64(sampled), 0.01*0.99*60_000, 90)

	plain := dataCapture(100, types.CaptureModeOutput)
	plain.CaptureContentTypeHeader = nil
	s = capturing(t, plain, asked)
	s.w.RunFor(5 * time.Minute)
	for _, lines := range s.captures() {
		l := lines[0].CaptureData
		text, err := base64.StdEncoding.DecodeString(l.EndpointOutput.Data)
		if _, number := strconv.ParseFloat(string(text), 64); l.EndpointInput != nil || l.EndpointOutput.Encoding != "BASE64" || err != nil || number != nil {
			t.Errorf("captured %+v: %q", l.EndpointOutput, text)
		}
	}
	if len(s.puts) != 2 {
		t.Errorf("%d files", len(s.puts))
	}
}

func TestNothingIsCaptured(t *testing.T) {
	off := dataCapture(100, types.CaptureModeInput)
	off.EnableCapture = aws.Bool(false)
	for name, s := range map[string]*stage{
		"no capture":      capturing(t, nil, asked),
		"capture is off":  capturing(t, off, asked),
		"nothing sampled": capturing(t, dataCapture(0, types.CaptureModeInput), asked),
		"nothing to draw": capturing(t, dataCapture(100, types.CaptureModeInput), capture.Payload{}),
	} {
		s.w.RunFor(20 * time.Minute)
		if len(s.puts) > 0 {
			t.Errorf("%s: %v", name, slices.Collect(maps.Keys(s.puts)))
		}
	}
}

// An endpoint that was always there has captured nothing before anybody looked; from then
// on it captures, and the last file comes when it is deleted.
func TestCaptureOfASeededEndpoint(t *testing.T) {
	s := newStage(t)
	if err := s.svc.Hosting.SetPayload("churn", asked); err != nil {
		t.Fatal(err)
	}
	sampling := 100
	s.seed(sagemaker.Champion{Traffic: traffic.Traffic{RPM: 20}, History: 3 * time.Hour, Capture: &catalog.DataCapture{InitialSamplingPercentage: &sampling,
		DestinationS3URI: "s3://captures", CaptureOptions: []catalog.CaptureOption{{CaptureMode: "Input"}}}})
	if len(s.puts) > 0 {
		t.Errorf("the past was captured: %d files", len(s.puts))
	}
	s.w.RunFor(8 * time.Minute)
	if len(s.puts) != 1 {
		t.Errorf("%d files after 8 minutes", len(s.puts))
	}
	call(s, deleteEndpoint, &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")})
	s.w.RunFor(3 * time.Minute)
	if len(s.puts) != 2 {
		t.Errorf("%d files after the end", len(s.puts))
	}
	for key := range s.puts {
		if !strings.HasPrefix(key, "captures/churn/AllTraffic/2026/03/02/12/0") {
			t.Error(key)
		}
	}
}

// A drift shows in what is captured after it, and in nothing else.
func TestDriftShowsInCaptures(t *testing.T) {
	s := capturing(t, dataCapture(100, types.CaptureModeInput), asked)
	other := capturing(t, dataCapture(100, types.CaptureModeInput), asked)
	began := s.w.Now()
	s.w.RunFor(10 * time.Minute)
	p, err := asked.Drifted("country", capture.Values{Texts: map[string]float64{"IT": 1}, Missing: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	s.w.Do(func() { err = s.svc.Hosting.SetPayload("churn", p) })
	if err != nil {
		t.Fatal(err)
	}
	s.w.RunFor(10 * time.Minute)
	other.w.RunFor(20 * time.Minute)
	without := other.captures()
	for folder, lines := range s.captures() {
		missing, after := 0.0, 0.0
		for i, l := range lines {
			age, country, _ := strings.Cut(l.CaptureData.EndpointInput.Data, ",")
			same, _, _ := strings.Cut(without[folder][i].CaptureData.EndpointInput.Data, ",")
			drifted := !l.EventMetadata.InferenceTime.Before(began.Add(10 * time.Minute))
			if (country == "IT" || country == "") != drifted || !drifted && age != same {
				t.Fatalf("%s, %v: %s (%s without the drift)", folder, l.EventMetadata.InferenceTime, l.CaptureData.EndpointInput.Data, same)
			}
			if drifted {
				after++
			}
			if country == "" {
				missing++
			}
		}
		near(t, "share missing in "+folder, missing/after, 0.5, 0.12)
	}
}

// An update captures as its new configuration says, whatever properties are retained; one
// that is rolled back, as before.
func TestUpdateTakesCaptureFromItsConfig(t *testing.T) {
	s := capturing(t, dataCapture(100, types.CaptureModeInput), asked)
	shown := func() *types.DataCaptureConfigSummary { return s.describe().DataCaptureConfig }
	is := shown()
	if diff := cmp.Diff([]any{true, types.CaptureStatusStarted, int32(100), "s3://captures/a/b/", "alias/captures"},
		[]any{*is.EnableCapture, is.CaptureStatus, *is.CurrentSamplingPercentage, *is.DestinationS3Uri, *is.KmsKeyId}); diff != "" {
		t.Error(diff)
	}
	variants := []types.ProductionVariant{variant("AllTraffic", "churn-m3", 1, 2)}
	elsewhere := dataCapture(50, types.CaptureModeInput)
	elsewhere.DestinationS3Uri, elsewhere.EnableCapture = aws.String("s3://elsewhere"), aws.Bool(true)
	call(s, createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("elsewhere"), ProductionVariants: variants, DataCaptureConfig: elsewhere})
	call(s, createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("nowhere"), ProductionVariants: variants})
	retained := update("elsewhere")
	retained.RetainAllVariantProperties = aws.Bool(true)

	s.svc.Hosting.NextUpdate("churn", hosting.Fate{Ending: hosting.RollsBack})
	call(s, updateEndpoint, retained)
	s.settle()
	if is := shown(); *is.DestinationS3Uri != "s3://captures/a/b/" {
		t.Errorf("rolled back, the endpoint captures to %s", *is.DestinationS3Uri)
	}
	call(s, updateEndpoint, retained)
	s.settle()
	clear(s.puts)
	s.w.RunFor(10 * time.Minute)
	if is := shown(); *is.DestinationS3Uri != "s3://elsewhere" || *is.CurrentSamplingPercentage != 50 || len(s.captures()) == 0 {
		t.Errorf("updated, the endpoint captures %+v: %d files", is, len(s.puts))
	}
	call(s, updateEndpoint, update("nowhere"))
	s.settle()
	s.w.RunFor(10 * time.Minute)
	clear(s.puts)
	s.w.RunFor(10 * time.Minute)
	if is := shown(); is != nil || len(s.puts) > 0 {
		t.Errorf("without capture, the endpoint captures %+v: %d files", is, len(s.puts))
	}
}

func TestCaptureConfigRules(t *testing.T) {
	s := staged(t)
	const at = "ValidationException: 1 validation error detected: Value "
	for want, change := range map[string]func(*types.DataCaptureConfig){
		at + "'101' at 'dataCaptureConfig.initialSamplingPercentage' failed to satisfy constraint: Member must have value less than or equal to 100":                      func(c *types.DataCaptureConfig) { c.InitialSamplingPercentage = aws.Int32(101) },
		at + "'-1' at 'dataCaptureConfig.initialSamplingPercentage' failed to satisfy constraint: Member must have value greater than or equal to 0":                      func(c *types.DataCaptureConfig) { c.InitialSamplingPercentage = aws.Int32(-1) },
		at + "'captures' at 'dataCaptureConfig.destinationS3Uri' failed to satisfy constraint: Member must satisfy regular expression pattern: (https|s3)://([^/])/?(.*)": func(c *types.DataCaptureConfig) { c.DestinationS3Uri = aws.String("captures") },
		"NotImplemented: local AWS does not implement a DestinationS3Uri of https; write it as s3://": func(c *types.DataCaptureConfig) {
			c.DestinationS3Uri = aws.String("https://captures.s3.amazonaws.com/")
		},
		at + "'a key' at 'dataCaptureConfig.kmsKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9:/_-]*":                                                                               func(c *types.DataCaptureConfig) { c.KmsKeyId = aws.String("a key") },
		at + "'33' at 'dataCaptureConfig.captureOptions' failed to satisfy constraint: Member must have length less than or equal to 32":                                                                                            func(c *types.DataCaptureConfig) { c.CaptureOptions = slices.Repeat(c.CaptureOptions, 33) },
		at + "'Both' at 'dataCaptureConfig.captureOptions.member.captureMode' failed to satisfy constraint: Member must satisfy enum value set: [Input, Output, InputAndOutput]":                                                    func(c *types.DataCaptureConfig) { c.CaptureOptions[0].CaptureMode = "Both" },
		at + "'11' at 'dataCaptureConfig.captureContentTypeHeader.jsonContentTypes' failed to satisfy constraint: Member must have length less than or equal to 10":                                                                 func(c *types.DataCaptureConfig) { c.CaptureContentTypeHeader.JsonContentTypes = make([]string, 11) },
		at + `'csv' at 'dataCaptureConfig.captureContentTypeHeader.csvContentTypes.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9])*\/[a-zA-Z0-9](-*[a-zA-Z0-9.])*`: func(c *types.DataCaptureConfig) { c.CaptureContentTypeHeader.CsvContentTypes = []string{"csv"} },
	} {
		c := dataCapture(20, types.CaptureModeInput)
		change(c)
		_, err := try(s, createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("c"), ProductionVariants: []types.ProductionVariant{variant("A", "churn-v1", 1, 1)}, DataCaptureConfig: c})
		if got := refusal(t, err); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
