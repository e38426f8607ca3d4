package awsdeployments_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/codedeploy"
	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsdeployments"
	"sluice/shared/deploying"
	"sluice/shared/event"
	"sluice/shared/fault"
)

// functions are one function that has two versions, and a hook that only notes what it
// is asked.
type functions struct {
	alias lambda.Alias
	hook  event.Hook
}

func (f *functions) Function(string) (lambda.Function, error) { return lambda.Function{}, nil }

func (f *functions) Alias(_, _ string) (lambda.Alias, error) { return f.alias, nil }

func (f *functions) UpdateAlias(_ string, a lambda.Alias) error {
	f.alias = a
	return nil
}

func (f *functions) InvokeAsync(_ string, payload []byte) (string, error) {
	return "", json.Unmarshal(payload, &f.hook)
}

func config(transport http.RoundTripper) aws.Config {
	return aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: transport}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func TestDeploymentIsReadAndAnswered(t *testing.T) {
	for _, good := range []bool{true, false} {
		w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
		fns := &functions{alias: lambda.Alias{Name: "live", Version: "3"}}
		service := codedeploy.New(w, codedeploy.Outside{Emit: func(string, string, []string, any) {}, Functions: fns})
		srv := wire.NewServer(w)
		srv.Register(service.Wire())
		d := awsdeployments.Open(config(srv))
		var id string
		w.Do(func() {
			var err error
			if err = service.CreateApplication("sluice", "Lambda"); err == nil {
				err = service.CreateGroup(codedeploy.Group{Application: "sluice", Name: "judge"})
			}
			if err == nil {
				id, err = service.Start("sluice", "judge", "", "CloudFormation", "", codedeploy.Revision{Function: "judge", Alias: "live", CurrentVersion: "3", TargetVersion: "4", BeforeAllowTraffic: "check"}, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		w.RunFor(time.Minute)
		want := deploying.Deployment{ID: id, Status: "InProgress", Function: "judge", From: "3", To: "4"}
		read(t, w, d, want)
		w.Do(func() {
			if fns.hook.Deployment != id {
				t.Fatalf("the hook was asked about %q", fns.hook.Deployment)
			}
			if err := d.Answer(t.Context(), fns.hook, good); err != nil {
				t.Error(err)
			}
			if err := d.Answer(t.Context(), fns.hook, good); !fault.Is(err, fault.Conflict) {
				t.Errorf("the second answer: %v", err)
			}
			if err := d.Answer(t.Context(), event.Hook{Deployment: "d-NONE", Execution: "e"}, good); !fault.Is(err, fault.NotFound) {
				t.Errorf("an answer for nothing: %v", err)
			}
			if _, err := d.Deployment(t.Context(), "d-NONE"); !fault.Is(err, fault.NotFound) {
				t.Errorf("a deployment that is not there: %v", err)
			}
		})
		w.RunFor(time.Hour)
		want.Status = "Succeeded"
		if !good {
			want.Status, want.Code = "Failed", "HOOK_EXECUTION_FAILURE"
			want.Why = "The deployment failed because the validation by the BeforeAllowTraffic hook failed: it reported Failed"
		}
		read(t, w, d, want)
	}
}

func read(t *testing.T, w *sim.World, d *awsdeployments.Deployments, want deploying.Deployment) {
	t.Helper()
	w.Do(func() {
		got, err := d.Deployment(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("deployment (-want +got):\n%s", diff)
		}
	})
}

// answers answers calls with fixed texts, by the end of their target.
type answers map[string]string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(bytes.NewBufferString(a[call])), Request: r,
	}, nil
}

// What AWS does not document may be otherwise: the text may come at once, in either
// member, or say nothing that can be read.
func TestOtherFormsOfARevision(t *testing.T) {
	const spec = `{\"version\":0.0,\"Resources\":[{\"f\":{\"Type\":\"AWS::Lambda::Function\",\"Properties\":{\"Name\":\"judge\",\"Alias\":\"live\",\"CurrentVersion\":\"3\",\"TargetVersion\":\"4\"}}}]}`
	deployment := func(revision string) string {
		return `{"deploymentInfo":{"applicationName":"sluice","status":"InProgress","revision":` + revision + `}}`
	}
	named := deploying.Deployment{ID: "d-1", Status: "InProgress", Function: "judge", From: "3", To: "4"}
	nameless := deploying.Deployment{ID: "d-1", Status: "InProgress"}
	for _, tt := range []struct {
		name    string
		answers answers
		want    deploying.Deployment
	}{
		{"an AppSpec at once", answers{"GetDeployment": deployment(`{"appSpecContent":{"content":"` + spec + `"}}`)}, named},
		{"a string at once", answers{"GetDeployment": deployment(`{"string":{"content":"` + spec + `"}}`)}, named},
		{"an AppSpec later", answers{"GetDeployment": deployment(`{"appSpecContent":{"sha256":"x"}}`), "GetApplicationRevision": `{"revision":{"appSpecContent":{"content":"` + spec + `"}}}`}, named},
		{"no revision", answers{"GetDeployment": `{"deploymentInfo":{"status":"InProgress"}}`}, nameless},
		{"another revision", answers{"GetDeployment": deployment(`{"s3Location":{"bucket":"b"}}`), "GetApplicationRevision": `{"revision":{"s3Location":{"bucket":"b"}}}`}, nameless},
		{"two functions", answers{"GetDeployment": deployment(`{"string":{"content":"{\"Resources\":[{},{}]}"}}`)}, nameless},
		{"YAML", answers{"GetDeployment": deployment(`{"string":{"content":"version: 0.0"}}`)}, nameless},
	} {
		got, err := awsdeployments.Open(config(tt.answers)).Deployment(t.Context(), "d-1")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
