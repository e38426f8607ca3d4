package event_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"sluice/shared/event"
	"sluice/shared/fault"
)

const samples = "../../events"

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(samples, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func parsed(t *testing.T, raw []byte) event.Envelope {
	t.Helper()
	e, err := event.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func utc(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at.UTC()
}

var created = event.Object{
	Bucket: "ml-training-data", Key: "datasets/churn/2026-03-02/train.csv", VersionID: "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
	Sequencer: "617f08299329d189", ETag: "b1946ac92492d2347c6235b4d2611184", Size: 1048576, At: utc("2026-03-02T10:15:30Z"),
}

func TestObjectCreatedSample(t *testing.T) {
	got, err := event.ObjectChange(parsed(t, sample(t, "s3-object-created")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(created, got); diff != "" {
		t.Errorf("object (-want +got):\n%s", diff)
	}
}

func TestObjectDeletedSample(t *testing.T) {
	got, err := event.ObjectChange(parsed(t, sample(t, "s3-object-deleted")))
	if err != nil {
		t.Fatal(err)
	}
	want := created
	want.VersionID, want.Sequencer, want.ETag, want.Size = "1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF", "617f0837b476e463", "d41d8cd98f00b204e9800998ecf8427e", 0
	want.At, want.Deletion = time.Date(2026, 3, 2, 10, 20, 30, 0, time.UTC), event.DeleteMarkerCreated
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("object (-want +got):\n%s", diff)
	}
}

// The queue's body is the event itself, as text.
func TestQueueBatchSample(t *testing.T) {
	var batch events.SQSEvent
	if err := json.Unmarshal(sample(t, "data-queue-batch"), &batch); err != nil {
		t.Fatal(err)
	}
	if len(batch.Records) != 1 || batch.Records[0].MessageId == "" || batch.Records[0].Attributes["SentTimestamp"] == "" {
		t.Fatalf("got %+v", batch)
	}
	got, err := event.ObjectChange(parsed(t, []byte(batch.Records[0].Body)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(created, got); diff != "" {
		t.Errorf("object (-want +got):\n%s", diff)
	}
}

func TestPackageStateSample(t *testing.T) {
	got, err := event.PackageState(parsed(t, sample(t, "sagemaker-model-package-state-change")))
	if err != nil {
		t.Fatal(err)
	}
	want := event.Package{
		ARN: "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2", Group: "churn", Version: 2,
		Status: "Completed", Approval: "Approved", Changed: []string{"ModelApprovalStatus"}, At: utc("2026-03-02T17:00:14Z"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("package (-want +got):\n%s", diff)
	}
}

func TestAlarmStateSamples(t *testing.T) {
	const arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:"
	tests := map[string]event.Alarm{
		"cloudwatch-alarm-state-change": {
			ARN: arn + "churn-green-5xx", Name: "churn-green-5xx", State: "ALARM", At: utc("2026-03-02T11:04:40.989Z"),
			Reason: "Threshold Crossed: 1 out of the last 1 datapoints [0.25 (02/03/26 11:03:00)] was greater than the threshold (0.01) (minimum 1 datapoint for OK -> ALARM transition).",
		},
		"cloudwatch-alarm-state-change-metric-math": {
			ARN: arn + "churn-error-rate", Name: "churn-error-rate", State: "ALARM", At: utc("2026-03-02T11:20:48.554Z"),
			Reason: "Threshold Crossed: 1 out of the last 1 datapoints [4.5 (02/03/26 11:19:00)] was greater than the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).",
		},
		"cloudwatch-alarm-state-change-composite": {
			ARN: arn + "churn-rollback", Name: "churn-rollback", State: "ALARM", At: utc("2026-03-02T15:57:45.394Z"),
			Reason: "arn:aws:cloudwatch:us-east-1:111122223333:alarm:churn-green-5xx transitioned to ALARM at Monday 02 March, 2026 15:57:45 UTC",
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := event.AlarmState(parsed(t, sample(t, name)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("alarm (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSubjectOfSamples(t *testing.T) {
	const execution = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/churn/execution/p4jn9xou8a8s"
	tests := map[string]event.Resource{
		"sagemaker-endpoint-state-change":                   event.Endpoint("churn"),
		"sagemaker-endpoint-state-change-failed":            event.Endpoint("churn"),
		"sagemaker-endpoint-state-change-as-documented":     event.Endpoint("myendpoint"), // its time is no time, and its name is in another case than its ARN
		"sagemaker-pipeline-execution-status-change":        event.PipelineExecution(execution),
		"sagemaker-pipeline-execution-status-change-failed": event.PipelineExecution(execution),
		"cloudwatch-alarm-state-change":                     event.AlarmNamed("churn-green-5xx"),
		"cloudwatch-alarm-state-change-composite":           event.AlarmNamed("churn-rollback"),
		"cloudwatch-alarm-state-change-dead-letters":        event.AlarmNamed("sluice-EventDeadLettersAlarm-U8I0J5D8B0MH"),
		"cloudwatch-alarm-state-change-metric-math":         event.AlarmNamed("churn-error-rate"),
		"s3-object-created":                                 "",
		"s3-object-deleted":                                 "",
		"scheduled-event":                                   "",
		"sagemaker-model-package-state-change":              "",
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := event.Subject(parsed(t, sample(t, name)))
			if want == "" {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("got %q, %v; nobody waits for this", got, err)
				}
				return
			}
			if err != nil || got != want {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		})
	}
	// Nobody waits for what the other samples tell of.
	files, err := filepath.Glob(filepath.Join(samples, "*.json"))
	if err != nil || len(files) < len(tests) {
		t.Fatalf("%d samples for %d tests: %v", len(files), len(tests), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		e, err := event.Parse(sample(t, name))
		if _, tried := tests[name]; tried || err != nil { // some are no events of EventBridge
			continue
		}
		if got, err := event.Subject(e); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %q, %v; nobody waits for this", name, got, err)
		}
	}
}

func TestEnvelopeTimes(t *testing.T) {
	tests := map[string]time.Time{
		`"2026-03-02T10:15:30Z"`:      utc("2026-03-02T10:15:30Z"),
		`"2026-03-02T12:15:30+02:00"`: utc("2026-03-02T10:15:30Z"),
		`"1583831889050"`:             utc("2020-03-10T09:18:09.050Z"),
		`1583831889050`:               utc("2020-03-10T09:18:09.050Z"),
		`"yesterday"`:                 {},
		`null`:                        {},
		`{"a":1}`:                     {},
	}
	for raw, want := range tests {
		e := parsed(t, []byte(`{"source":"s","detail-type":"d","detail":{},"time":`+raw+`}`))
		if !e.Time.Equal(want) || e.Time.Location() != time.UTC {
			t.Errorf("%s is %s, want %s", raw, e.Time, want)
		}
	}
}

// with changes text in a sample, which must have it.
func with(t *testing.T, name string, oldNew ...string) []byte {
	t.Helper()
	text := string(sample(t, name))
	for i := 0; i < len(oldNew); i += 2 {
		if !strings.Contains(text, oldNew[i]) {
			t.Fatalf("sample %s has no %s", name, oldNew[i])
		}
		text = strings.ReplaceAll(text, oldNew[i], oldNew[i+1])
	}
	return []byte(text)
}

func TestMalformed(t *testing.T) {
	object := func(e event.Envelope) error { _, err := event.ObjectChange(e); return err }
	pkg := func(e event.Envelope) error { _, err := event.PackageState(e); return err }
	alarm := func(e event.Envelope) error { _, err := event.AlarmState(e); return err }
	subject := func(e event.Envelope) error { _, err := event.Subject(e); return err }
	tests := []struct {
		name string
		raw  []byte
		read func(event.Envelope) error // nil: it is no event at all
		want string
	}{
		{"empty", nil, nil, "reading an event: unexpected end of JSON input"},
		{"null", []byte("null"), nil, "source, detail-type and detail"},
		{"text", []byte(`"hello"`), nil, "cannot unmarshal string"},
		{"S3's test message", []byte(`{"Service":"Amazon S3","Event":"s3:TestEvent"}`), nil, "source, detail-type and detail"},
		{"a notification of another kind", []byte(`{"Records":[{"s3":{}}]}`), nil, "source, detail-type and detail"},
		{"no detail", []byte(`{"source":"aws.s3","detail-type":"Object Created"}`), nil, "source, detail-type and detail"},
		{"detail is null", with(t, "s3-object-created", `"detail": {`, `"detail": null, "x": {`), object, "must all be there"},
		{"detail is a list", with(t, "s3-object-created", `"detail": {`, `"detail": [], "x": {`), object, "reading the detail"},
		{"another type", sample(t, "cloudwatch-alarm-state-change"), object, `is a "CloudWatch Alarm State Change", not a "Object Created"`},
		{"no bucket", with(t, "s3-object-created", `"name"`, `"nome"`), object, "bucket.name"},
		{"no key", with(t, "s3-object-created", `"key"`, `"Kee"`), object, "object.key"},
		{"an empty key", with(t, "s3-object-created", `datasets/churn/2026-03-02/train.csv`, ``), object, "object.key"},
		{"no sequencer", with(t, "s3-object-created", `"sequencer"`, `"sequence"`), object, "object.sequencer"},
		{"no time", with(t, "s3-object-created", `2026-03-02T10:15:30Z`, `soon`), object, "time"},
		{"a size in words", with(t, "s3-object-created", `1048576`, `"one"`), object, "reading the detail"},
		{"a package without ARN", with(t, "sagemaker-model-package-state-change", `"ModelPackageArn"`, `"x"`), pkg, "ModelPackageArn"},
		{"a package without group", with(t, "sagemaker-model-package-state-change", `"ModelPackageGroupName"`, `"x"`), pkg, "ModelPackageGroupName"},
		{"fields that are no list", with(t, "sagemaker-model-package-state-change", `"UpdatedModelPackageFields": [`, `"UpdatedModelPackageFields": "all", "x": [`), pkg, "reading the detail"},
		{"an alarm without a name", with(t, "cloudwatch-alarm-state-change", `"alarmName"`, `"x"`), alarm, "alarmName"},
		{"an alarm without a state", with(t, "cloudwatch-alarm-state-change", `"value"`, `"x"`), alarm, "state.value"},
		{"such an alarm as a subject", with(t, "cloudwatch-alarm-state-change", `"alarmName"`, `"x"`), subject, "alarmName"},
		{"an endpoint without a name", with(t, "sagemaker-endpoint-state-change", `"EndpointName"`, `"x"`), subject, "EndpointName"},
		{"an execution without an ARN", with(t, "sagemaker-pipeline-execution-status-change", `"pipelineExecutionArn"`, `"x"`), subject, "pipelineExecutionArn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := event.Parse(tt.raw)
			if tt.read != nil {
				if err != nil {
					t.Fatalf("the envelope alone is refused: %v", err)
				}
				err = tt.read(e)
			}
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want Invalid about %q", err, tt.want)
			}
		})
	}
}

func TestTolerated(t *testing.T) {
	e := parsed(t, with(t, "s3-object-created", `"size": 1048576`, `"size": 1048576.0`, `"version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",`, `"new-field": [1],`))
	if o, err := event.ObjectChange(e); err != nil || o.Size != 1048576 || o.VersionID != "" {
		t.Errorf("an object of a bucket without versions, its size written as a fraction: %+v, %v", o, err)
	}
	// Keys are taken as they stand.
	e = parsed(t, with(t, "s3-object-created", `datasets/churn/2026-03-02/train.csv`, `a%2Fb+c/../\n\"\u00e9`))
	if o, err := event.ObjectChange(e); err != nil || o.Key != "a%2Fb+c/../\n\"é" {
		t.Errorf("key %q, %v", o.Key, err)
	}
	e = parsed(t, with(t, "sagemaker-model-package-state-change", `"ModelPackageVersion": 2`, `"ModelPackageVersion": 2.0`, `"UpdatedModelPackageFields": [
      "ModelApprovalStatus"
    ],`, `"UpdatedModelPackageFields": null,`))
	if p, err := event.PackageState(e); err != nil || p.Version != 2 || len(p.Changed) != 0 {
		t.Errorf("a created package: %+v, %v", p, err)
	}
	// An alarm whose own time cannot be read has the event's.
	e = parsed(t, with(t, "cloudwatch-alarm-state-change", "2026-03-02T11:04:40.989+0000", "just now"))
	if a, err := event.AlarmState(e); err != nil || !a.At.Equal(utc("2026-03-02T11:04:40Z")) {
		t.Errorf("an alarm without a time: %+v, %v", a, err)
	}
	e = parsed(t, with(t, "cloudwatch-alarm-state-change", `"arn:aws:cloudwatch:us-east-1:111122223333:alarm:churn-green-5xx"`, ``))
	if a, err := event.AlarmState(e); err != nil || a.ARN != "" {
		t.Errorf("an alarm without resources: %+v, %v", a, err)
	}
}

func TestResources(t *testing.T) {
	if event.Endpoint("Churn") != event.Endpoint("churn") {
		t.Error("SageMaker takes endpoint names in any case, and so must waiters")
	}
	if event.AlarmNamed("Churn") == event.AlarmNamed("churn") {
		t.Error("two alarms may differ by case alone")
	}
	seen := map[event.Resource]bool{}
	for _, r := range []event.Resource{event.Endpoint("x"), event.PipelineExecution("x"), event.AlarmNamed("x"), event.LeaseOn("x"), event.DemandOf("x"), event.LeaseOn(string(event.Endpoint("x")))} {
		if seen[r] {
			t.Errorf("%s is the name of two things", r)
		}
		seen[r] = true
	}
}
