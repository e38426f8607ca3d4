package requesting_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/asl/exec"
	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/states"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/requesting"
	"sluice/shared/spec"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// world has one model, churn, and a rollout machine that does nothing for a week.
type world struct {
	*sim.World
	*testing.T
	srv      *wire.Server
	states   *states.Service
	table    *awstable.Table
	requests *requesting.Requesting
	handler  edge.Handler
	log      bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t}
	db := dynamodb.New(w.World)
	w.states, w.srv = states.New(w.World, states.Needs{}), wire.NewServer(w.World)
	w.srv.Register(db.Wire())
	w.srv.Register(w.states.Wire())
	t.Cleanup(func() { w.Do(w.states.Close) })
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.table = awstable.Open(cfg, "sluice")
	w.Do(func() {
		err := db.Create(&dynamodb.CreateTableInput{
			TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		s := spec.Spec{Model: "churn-model", Pipeline: spec.Pipeline{Name: "p"}, Package: spec.Package{Group: "churn"}, Endpoint: spec.Endpoint{Name: "Churn-Prod", InstanceType: "ml.m5.large"}}
		if _, err := applying.Apply(ctx, w.table, s.Normalised(), "test", noon); err != nil {
			t.Fatal(err)
		}
		arn, err := w.states.CreateMachine(states.CreateMachineInput{
			Name: "rollout", RoleARN: "arn:aws:iam::111122223333:role/m", Definition: `{"StartAt":"Roll","States":{"Roll":{"Type":"Wait","Seconds":604800,"End":true}}}`,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.requests = requesting.New(w.table, awsmachines.Open(cfg, arn))
		w.handler = edge.Handle("on-package", &w.log, w.requests.OnPackage)
	})
	return w
}

// onPackage runs the handler on the sample event, with text changed.
func (w *world) onPackage(oldNew ...string) (rollout string, err error) {
	w.Helper()
	raw, err := os.ReadFile("../../events/sagemaker-model-package-state-change.json")
	if err != nil {
		w.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(oldNew); i += 2 {
		if !strings.Contains(text, oldNew[i]) {
			w.Fatalf("the sample has no %s", oldNew[i])
		}
		text = strings.ReplaceAll(text, oldNew[i], oldNew[i+1])
	}
	w.Do(func() {
		var out json.RawMessage
		if out, err = w.handler(ctx, json.RawMessage(text)); err != nil {
			return
		}
		var requested requesting.Requested
		if err := json.Unmarshal(out, &requested); err != nil {
			w.Error(err)
		}
		rollout = requested.Rollout
	})
	return rollout, err
}

func (w *world) executions() (all []string) {
	w.Do(func() {
		for _, e := range w.states.Executions("") {
			all = append(all, fmt.Sprintf("%s %s %s", e.Name, e.Status, e.Input))
		}
	})
	return all
}

const asked = `{"rollout":"churn-model-v2","model":"churn-model","package":"arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2","lease":"endpoint/churn-prod","rank":2000,"undo":false}`

// An approval asks for one rollout, however often it is told.
func TestApproval(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		if got, err := w.onPackage(); got != "churn-model-v2" || err != nil {
			t.Fatalf("asked for %q, %v", got, err)
		}
	}
	if diff := cmp.Diff([]string{"churn-model-v2 RUNNING " + asked}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	// Once it has ended, a late repetition does not roll the same package out again.
	w.Do(func() { w.states.StopExecution(states.ExecutionARN("rollout", "churn-model-v2"), &exec.Failure{}) })
	if got, err := w.onPackage(); got != "churn-model-v2" || err != nil {
		t.Errorf("asked for %q, %v", got, err)
	}
	if diff := cmp.Diff([]string{"churn-model-v2 ABORTED " + asked}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	// The next version is another rollout.
	if got, err := w.onPackage(`"ModelPackageVersion": 2`, `"ModelPackageVersion": 3`); got != "churn-model-v3" || err != nil {
		t.Errorf("asked for %q, %v", got, err)
	}
}

func TestWhatAsksForNothing(t *testing.T) {
	const fields = `"UpdatedModelPackageFields": [
      "ModelApprovalStatus"
    ]`
	tests := []struct {
		name    string
		changes []string
		rollout string
		kind    fault.Kind
		log     string
	}{
		{"rejected", []string{`"ModelApprovalStatus": "Approved"`, `"ModelApprovalStatus": "Rejected"`}, "", "", ""},
		{"waiting for a person", []string{`"ModelApprovalStatus": "Approved"`, `"ModelApprovalStatus": "PendingManualApproval"`}, "", "", ""},
		{"an edit of an approved package", []string{fields, `"UpdatedModelPackageFields": ["CustomerMetadataProperties", "ApprovalDescription"]`}, "", "", ""},
		{"approval among other edits", []string{fields, `"UpdatedModelPackageFields": ["ApprovalDescription", "ModelApprovalStatus"]`}, "churn-model-v2", "", ""},
		{"created as approved", []string{fields, `"UpdatedModelPackageFields": []`}, "churn-model-v2", "", ""},
		{"created as approved, without the list", []string{fields, `"x": 1`}, "churn-model-v2", "", ""},
		{"a group of nobody's", []string{`"ModelPackageGroupName": "churn"`, `"ModelPackageGroupName": "other"`}, "", "", `"EventsIgnored":1`},
		{"without a version", []string{`"ModelPackageVersion": 2`, `"ModelPackageVersion": 0`}, "", fault.Invalid, "has no version"},
		{"another event", []string{`SageMaker Model Package State Change`, `Object Created`}, "", fault.Invalid, `is a \"Object Created\"`},
		{"no event", []string{`"source"`, `"sauce"`}, "", fault.Invalid, "source, detail-type and detail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			got, err := w.onPackage(tt.changes...)
			if got != tt.rollout || (err != nil) != (tt.kind != "") || !strings.Contains(w.log.String(), tt.log) {
				t.Errorf("asked for %q, %v\n%s", got, err, w.log.String())
			}
			if n := len(w.executions()); n > 0 != (tt.rollout != "") {
				t.Errorf("%d executions", n)
			}
		})
	}
}

// A process that dies anywhere has asked for the rollout once, when the event comes
// again.
func TestCrashes(t *testing.T) {
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter, wire.LostAnswer, wire.Throttle} {
		for n := 0; ; n++ {
			w := newWorld(t)
			calls := 0
			w.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls-1 == n {
					return effect
				}
				return wire.NoFault
			}
			func() {
				defer func() { _ = recover() }()
				if _, err := w.onPackage(); err == nil && calls > n {
					t.Errorf("call %d, effect %v: done, they say", n, effect)
				}
			}()
			w.srv.Fault = nil
			if got, err := w.onPackage(); got != "churn-model-v2" || err != nil {
				t.Errorf("call %d, effect %v: %q, %v", n, effect, got, err)
			}
			if got := w.executions(); len(got) != 1 {
				t.Errorf("call %d, effect %v: executions %v", n, effect, got)
			}
			if calls <= n {
				break
			}
		}
	}
}
