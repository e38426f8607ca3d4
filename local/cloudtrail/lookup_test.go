package cloudtrail_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/cloudtrail"
	"sluice/local/sim"
	"sluice/local/wire"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// history is a service that is shown calls one by one.
type history struct {
	*sim.World
	*testing.T
	svc    *cloudtrail.Service
	srv    *wire.Server
	client *sdk.Client
}

func newHistory(t *testing.T) *history {
	h := &history{World: sim.NewWorld(start, 7), T: t}
	h.svc = cloudtrail.New(h.World, func(key string) string {
		if key == "ASIA1" {
			return "arn:aws:sts::111122223333:assumed-role/ops/alice"
		}
		return "arn:aws:iam::111122223333:user/admin"
	})
	h.srv = wire.NewServer(h.World)
	h.srv.Register(h.svc.Wire())
	h.client = sdk.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: h.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return h
}

type input struct {
	EndpointName       string
	EndpointConfigName string
	Tags               []string
}

// call shows the history one call.
func (h *history) call(operation, key string, in input, err error) {
	h.svc.Observe(wire.Record{Call: wire.Call{AccessKey: key, Service: "sagemaker", Operation: operation, RequestID: "r"}, Input: &in, Err: err})
}

func (h *history) lookUp(in *sdk.LookupEventsInput) []string {
	h.Helper()
	var names []string
	pages := sdk.NewLookupEventsPaginator(h.client, in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			h.Fatal(err)
		}
		for _, e := range out.Events {
			names = append(names, *e.EventName)
		}
	}
	return names
}

func by(key types.LookupAttributeKey, value string) []types.LookupAttribute {
	return []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}
}

func TestAnEventIsWhole(t *testing.T) {
	h := newHistory(t)
	h.svc.Delay = 0
	h.Do(func() {
		h.call("UpdateEndpoint", "ASIA1", input{EndpointName: "Churn", EndpointConfigName: "v2"}, wire.Errorf("ValidationException", "no"))
		out, err := h.client.LookupEvents(ctx, &sdk.LookupEventsInput{})
		if err != nil || len(out.Events) != 1 {
			t.Fatal(out, err)
		}
		e := out.Events[0]
		if *e.EventSource != "sagemaker.amazonaws.com" || *e.Username != "alice" || *e.AccessKeyId != "ASIA1" || !e.EventTime.Equal(start) || *e.ReadOnly != "false" {
			t.Errorf("event %+v", e)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"eventVersion": "1.11", "eventTime": "2026-03-02T12:00:00Z", "eventSource": "sagemaker.amazonaws.com", "eventName": "UpdateEndpoint", "awsRegion": "us-east-1",
			"sourceIPAddress": "127.0.0.1", "userAgent": "", "errorCode": "ValidationException", "errorMessage": "no", "responseElements": nil, "requestID": "r", "eventID": *e.EventId,
			"requestParameters": map[string]any{"endpointName": "Churn", "endpointConfigName": "v2"}, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
			"recipientAccountId": "111122223333", "eventCategory": "Management",
			"userIdentity": map[string]any{"type": "AssumedRole", "principalId": "AROALOCAL:alice", "arn": "arn:aws:sts::111122223333:assumed-role/ops/alice", "accountId": "111122223333", "accessKeyId": "ASIA1",
				"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": "arn:aws:iam::111122223333:role/ops", "accountId": "111122223333", "userName": "ops"}}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("CloudTrailEvent (-want +got):\n%s", diff)
		}
		for _, name := range []string{"Churn", "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn", "v2"} {
			if got := h.lookUp(&sdk.LookupEventsInput{LookupAttributes: by(types.LookupAttributeKeyResourceName, name)}); len(got) != 1 {
				t.Errorf("by the resource %s: %v", name, got)
			}
		}
	})
}

func TestWhatIsKept(t *testing.T) {
	h := newHistory(t)
	h.svc.Delay = 0
	h.Do(func() {
		h.call("DescribeEndpoint", "test", input{EndpointName: "churn"}, nil)
		h.call("CreateModel", "test", input{}, nil)
		h.svc.Observe(wire.Record{Call: wire.Call{Service: "iot", Operation: "UpdateEndpoint"}, Input: &input{}})
		for _, effect := range []wire.Effect{wire.Throttle, wire.Unavailable, wire.LostRequest, wire.CrashBefore, wire.LostAnswer, wire.CrashAfter} {
			h.svc.Observe(wire.Record{Call: wire.Call{Service: "sagemaker", Operation: "DeleteEndpoint"}, Input: &input{EndpointName: "churn"}, Effect: effect})
		}
		if diff := cmp.Diff([]string{"DeleteEndpoint", "DeleteEndpoint"}, h.lookUp(&sdk.LookupEventsInput{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestLookup(t *testing.T) {
	h := newHistory(t)
	for i, name := range []string{"CreateEndpoint", "UpdateEndpoint", "UpdateEndpoint", "DeleteEndpoint"} {
		h.RunFor(start.Add(time.Duration(i) * time.Minute).Sub(h.Now()))
		h.Do(func() { h.call(name, "test", input{EndpointName: []string{"churn", "fraud"}[i%2]}, nil) })
	}
	at := func(minutes int) *time.Time { return aws.Time(start.Add(time.Duration(minutes) * time.Minute)) }
	for _, tt := range []struct {
		name string
		now  *time.Time
		in   sdk.LookupEventsInput
		want []string
	}{
		{"too early", at(4), sdk.LookupEventsInput{}, nil},
		{"the first has arrived", at(5), sdk.LookupEventsInput{}, []string{"CreateEndpoint"}},
		{"all", at(9), sdk.LookupEventsInput{}, []string{"DeleteEndpoint", "UpdateEndpoint", "UpdateEndpoint", "CreateEndpoint"}},
		{"in pages", at(9), sdk.LookupEventsInput{MaxResults: aws.Int32(1)}, []string{"DeleteEndpoint", "UpdateEndpoint", "UpdateEndpoint", "CreateEndpoint"}},
		{"by name, in pages", at(9), sdk.LookupEventsInput{MaxResults: aws.Int32(1), LookupAttributes: by(types.LookupAttributeKeyEventName, "UpdateEndpoint")}, []string{"UpdateEndpoint", "UpdateEndpoint"}},
		{"by resource", at(9), sdk.LookupEventsInput{LookupAttributes: by(types.LookupAttributeKeyResourceName, "fraud")}, []string{"DeleteEndpoint", "UpdateEndpoint"}},
		{"times are inclusive", at(9), sdk.LookupEventsInput{StartTime: at(1), EndTime: at(2)}, []string{"UpdateEndpoint", "UpdateEndpoint"}},
		{"after 90 days", aws.Time(start.Add(90*24*time.Hour + 2*time.Minute)), sdk.LookupEventsInput{}, []string{"DeleteEndpoint", "UpdateEndpoint"}},
	} {
		h.RunFor(tt.now.Sub(h.Now()))
		h.Do(func() {
			if diff := cmp.Diff(tt.want, h.lookUp(&tt.in)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	h := newHistory(t)
	for code, inputs := range map[string][]sdk.LookupEventsInput{
		"InvalidMaxResultsException":       {{MaxResults: aws.Int32(0)}, {MaxResults: aws.Int32(51)}},
		"InvalidTimeRangeException":        {{StartTime: aws.Time(start), EndTime: aws.Time(start.Add(-time.Second))}},
		"InvalidNextTokenException":        {{NextToken: aws.String("x")}, {NextToken: aws.String("9")}},
		"InvalidLookupAttributesException": {{LookupAttributes: by("Colour", "red")}, {LookupAttributes: by("EventName", "")}, {LookupAttributes: append(by("EventName", "a"), by("EventName", "b")...)}},
		"NotImplemented":                   {{EventCategory: types.EventCategoryInsight}, {LookupAttributes: by(types.LookupAttributeKeyUsername, "alice")}},
		"AccessDeniedException":            {{}},
	} {
		for _, in := range inputs {
			h.Do(func() {
				h.srv.Allow = func(_ string, need wire.Access) error {
					if diff := cmp.Diff(wire.Access{Action: "cloudtrail:LookupEvents", Resource: "*"}, need); diff != "" {
						t.Errorf("access (-want +got):\n%s", diff)
					}
					if code == "AccessDeniedException" {
						return errors.New("no")
					}
					return nil
				}
				_, err := h.client.LookupEvents(ctx, &in)
				var e smithy.APIError
				if !errors.As(err, &e) || e.ErrorCode() != code {
					t.Errorf("got %v, want %s", err, code)
				}
			})
		}
	}
}
