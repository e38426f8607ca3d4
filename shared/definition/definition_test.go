package definition_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/definition"
)

const text = `{"Version":"2020-12-01","Parameters":[
	{"Name":"Manifest","Type":"String"},{"Name":"Rows","Type":"Integer","DefaultValue":10},{"Name":"Rate","Type":"Float","DefaultValue":0.1},
	{"Name":"Fast","Type":"Boolean","DefaultValue":false},{"Name":"Size","Type":"String","DefaultValue":"small","EnumValues":["small","large"]},
	{"Name":"Out","Type":"String","DefaultValue":"acme"}],
	"Steps":[
	{"Name":"Prepare","Type":"Processing","Arguments":{"ProcessingOutputConfig":{"Outputs":[
		{"S3Output":{"S3Uri":{"Std:Join":{"On":"/","Values":["s3:/",{"Get":"Parameters.Out"},"train",{"Get":"Execution.PipelineExecutionId"},"x"]}}}},
		{"S3Output":{"S3Uri":{"Get":"Steps.Other.Output"}}}]},"ProcessingInputs":[{"S3Input":{"S3Uri":"s3://in/put"}}]}},
	{"Name":"Good","Type":"Condition","Arguments":{"IfSteps":[{"Name":"Train","Type":"Training","Arguments":{"OutputDataConfig":{"S3OutputPath":"s3://models/churn"}}}],"ElseSteps":[
		{"Name":"Score","Type":"Transform","Arguments":{"TransformOutput":{"S3OutputPath":"s3://scores"}}}]}}]}`

func parsed(t *testing.T, text string) definition.Definition {
	t.Helper()
	d, err := definition.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCheck(t *testing.T) {
	d := parsed(t, text)
	tests := []struct {
		name  string
		given map[string]string
		want  string // lines of the error
	}{
		{"all right", map[string]string{"Manifest": "m", "Rows": "-3", "Rate": "1e-3", "Fast": "true", "Size": "large"}, ""},
		{"only what must be", map[string]string{"Manifest": ""}, ""},
		{"missing", nil, "parameter Manifest has no default and is not given"},
		{"unknown", map[string]string{"Manifest": "m", "Manifets": "m", "A": "b"}, "there is no parameter A\nthere is no parameter Manifets"},
		{"of the wrong kind", map[string]string{"Manifest": "m", "Rows": "1.5", "Rate": "x", "Fast": "yes", "Size": "tiny"},
			"parameter Rows is \"1.5\", which is no Integer\nparameter Rate is \"x\", which is no Float\nparameter Fast is \"yes\", which is no Boolean\nparameter Size is \"tiny\", which is not one of [small large]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := d.Check(tt.given); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("wrong (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := definition.Parse([]byte("{")); err == nil {
		t.Error("half a definition was read")
	}
}

func TestOutputs(t *testing.T) {
	want := []definition.Output{
		{Step: "Prepare", Bucket: "acme", Prefix: "train/"},
		{Step: "Score", Bucket: "scores"},
		{Step: "Train", Bucket: "models", Prefix: "churn", Only: ".tar.gz"},
	}
	if diff := cmp.Diff(want, parsed(t, text).Outputs(nil)); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if got := parsed(t, text).Outputs(map[string]string{"Out": "features"})[0]; got.Bucket != "features" {
		t.Errorf("with a parameter: %+v", got)
	}
	example, err := os.ReadFile("../../examples/churn/pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	outputs := parsed(t, string(example)).Outputs(nil)
	if len(outputs) < 4 {
		t.Errorf("the example writes to %v", outputs)
	}
	for _, o := range outputs {
		if o.Bucket != "acme-models" || !strings.HasPrefix(o.Prefix, "churn") {
			t.Errorf("the example writes to %+v", o)
		}
	}
}

func TestFeeds(t *testing.T) {
	tests := []struct {
		output                 definition.Output
		bucket, prefix, suffix string
		want                   bool
	}{
		{definition.Output{Bucket: "a", Prefix: "churn/out/"}, "a", "churn/", ".csv", true},
		{definition.Output{Bucket: "a", Prefix: "ch"}, "a", "churn/", "", true},
		{definition.Output{Bucket: "a"}, "a", "churn/", "", true},
		{definition.Output{Bucket: "b", Prefix: "churn/"}, "a", "churn/", "", false},
		{definition.Output{Bucket: "a", Prefix: "models/"}, "a", "churn/", "", false},
		{definition.Output{Bucket: "a", Prefix: "churn/", Only: ".tar.gz"}, "a", "churn/", ".parquet", false},
		{definition.Output{Bucket: "a", Prefix: "churn/", Only: ".tar.gz"}, "a", "churn/", ".gz", true},
		{definition.Output{Bucket: "a", Prefix: "churn/", Only: ".tar.gz"}, "a", "churn/", "", true},
	}
	for _, tt := range tests {
		if got := tt.output.Feeds(tt.bucket, tt.prefix, tt.suffix); got != tt.want {
			t.Errorf("%+v feeds %s %s %s: %v", tt.output, tt.bucket, tt.prefix, tt.suffix, got)
		}
	}
}

// FuzzParse: no definition makes reading it panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(text))
	f.Add([]byte(`{"Steps":[{"Arguments":{"S3OutputPath":{"Std:Join":{"Values":[null,1]}}}}],"Parameters":[{"DefaultValue":[1]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := definition.Parse(raw)
		if err != nil {
			return
		}
		_ = d.Check(map[string]string{"Manifest": "m"})
		for _, o := range d.Outputs(nil) {
			if o.Bucket == "" {
				t.Fatalf("an output without a bucket: %+v", o)
			}
		}
	})
}
