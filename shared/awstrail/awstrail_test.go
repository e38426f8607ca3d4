package awstrail_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/cloudtrail"
	"sluice/local/sagemaker"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awstrail"
	"sluice/shared/fault"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// account has the endpoints churn and fraud, and a history that is never late.
type account struct {
	*sim.World
	*testing.T
	srv     *wire.Server
	history *cloudtrail.Service
}

// sessions are who has an access key.
var sessions = map[string]string{
	"alice":    "assumed-role/ops/alice",
	"shift":    "assumed-role/sluice-ShiftWeightFunctionRole-1A/sluice-ShiftWeightFunction-2B",
	"namesake": "assumed-role/sluice-ops/bob",
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{World: sim.NewWorld(start, 7), T: t}
	sm := sagemaker.New(a.World, sagemaker.Outside{Emit: func(string, string, []string, any) {}})
	a.history = cloudtrail.New(a.World, func(key string) string { return "arn:aws:sts::111122223333:" + sessions[key] })
	a.history.Delay = 0
	a.srv = wire.NewServer(a.World)
	a.srv.Audit = a.history.Observe
	a.srv.Register(sm.Wire())
	a.srv.Register(a.history.Wire())
	a.Do(func() {
		for _, endpoint := range []string{"churn", "fraud"} {
			_, err := sm.Seed(sagemaker.Champion{Endpoint: endpoint})
			a.ok(err)
		}
	})
	return a
}

func (a *account) ok(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

func (a *account) config(key string) aws.Config {
	return aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider(key, "test", ""),
		HTTPClient: &http.Client{Transport: a.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (a *account) as(key string) *sdk.Client { return sdk.NewFromConfig(a.config(key)) }

// weigh sets the weight of churn's variant, and lets the endpoint become ready.
func (a *account) weigh(key, endpoint string, weight float32) {
	a.Helper()
	a.Do(func() {
		_, err := a.as(key).UpdateEndpointWeightsAndCapacities(ctx, &sdk.UpdateEndpointWeightsAndCapacitiesInput{
			EndpointName: &endpoint, DesiredWeightsAndCapacities: []types.DesiredWeightAndCapacity{{VariantName: aws.String("AllTraffic"), DesiredWeight: &weight}},
		})
		a.ok(err)
	})
	a.RunUntilIdle(time.Hour)
}

func (a *account) changes(stack string, since time.Time) string {
	a.Helper()
	var text string
	a.Do(func() {
		var err error
		text, err = awstrail.Open(a.config("shift"), stack).Changes(ctx, "churn", since)
		a.ok(err)
	})
	return text
}

func TestChangesTellWhoDidWhat(t *testing.T) {
	a := newAccount(t)
	a.Do(func() {
		_, err := a.as("alice").UpdateEndpoint(ctx, &sdk.UpdateEndpointInput{EndpointName: aws.String("churn"), EndpointConfigName: aws.String("fraud-v1")})
		a.ok(err)
	})
	a.RunUntilIdle(time.Hour)
	at := a.Now()
	a.Do(func() {
		_, err := a.as("alice").UpdateEndpointWeightsAndCapacities(ctx, &sdk.UpdateEndpointWeightsAndCapacitiesInput{
			EndpointName: aws.String("churn"), DesiredWeightsAndCapacities: []types.DesiredWeightAndCapacity{{
				VariantName: aws.String("AllTraffic"), DesiredWeight: aws.Float32(0.5), DesiredInstanceCount: aws.Int32(3)}},
		})
		a.ok(err)
	})
	a.RunUntilIdle(time.Hour)
	gone := a.Now()
	a.Do(func() {
		_, err := a.as("namesake").DeleteEndpoint(ctx, &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")})
		a.ok(err)
	})
	const who = "arn:aws:sts::111122223333:assumed-role/"
	want := []string{
		"DeleteEndpoint by " + who + "sluice-ops/bob at " + gone.Format(time.DateTime) + " from 127.0.0.1",
		"UpdateEndpointWeightsAndCapacities by " + who + "ops/alice at " + at.Format(time.DateTime) + " from 127.0.0.1 to weight 0.5 of AllTraffic, 3 instances of AllTraffic",
		"UpdateEndpoint by " + who + "ops/alice at 2026-03-02 12:00:00 from 127.0.0.1 to config fraud-v1",
	}
	if diff := cmp.Diff(want, strings.Split(a.changes("sluice", start), "; ")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := a.changes("sluice", gone); got != want[0] {
		t.Errorf("since the deletion: %s", got)
	}
	if got := a.changes("sluice", gone.Add(time.Second)); got != "" {
		t.Errorf("since then: %s", got)
	}
}

func TestChangesLeaveOut(t *testing.T) {
	for name, do := range map[string]func(*account){
		"our own":          func(a *account) { a.weigh("shift", "churn", 2) },
		"another endpoint": func(a *account) { a.weigh("alice", "fraud", 2) },
		"what was refused": func(a *account) {
			a.Do(func() {
				_, err := a.as("alice").UpdateEndpoint(ctx, &sdk.UpdateEndpointInput{EndpointName: aws.String("churn"), EndpointConfigName: aws.String("nobody")})
				if err == nil {
					a.Error("it was not refused")
				}
			})
		},
		"what came to nothing": func(a *account) {
			a.srv.Fault = func(*wire.Call, any) wire.Effect { a.srv.Fault = nil; return wire.LostRequest }
			a.Do(func() {
				_, err := a.as("alice").DeleteEndpoint(ctx, &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")})
				if err == nil {
					a.Error("it was not lost")
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			do(a)
			if got := a.changes("sluice", start); got != "" {
				t.Errorf("told: %s", got)
			}
		})
	}
	a := newAccount(t)
	a.weigh("shift", "churn", 2)
	if got := a.changes("", start); !strings.Contains(got, "sluice-ShiftWeightFunction-2B") {
		t.Errorf("with no stack to leave out: %q", got)
	}
}

// Three are told, the newest first, though our own calls fill the page before.
func TestChangesAreTheNewest(t *testing.T) {
	a := newAccount(t)
	for i := range 5 {
		a.weigh("alice", "churn", float32(10+i))
	}
	for i := range 60 {
		a.weigh("shift", "churn", float32(100+i))
	}
	var got []string
	for _, c := range strings.Split(a.changes("sluice", start), "; ") {
		got = append(got, c[strings.Index(c, " to ")+4:])
	}
	want := []string{"weight 14 of AllTraffic", "weight 13 of AllTraffic", "weight 12 of AllTraffic"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An answered call is a change, also when the answer was lost; it is known late.
func TestChangesAreLate(t *testing.T) {
	a := newAccount(t)
	a.history.Delay = 5 * time.Minute
	a.srv.Fault = func(*wire.Call, any) wire.Effect { a.srv.Fault = nil; return wire.LostAnswer }
	a.Do(func() {
		_, err := a.as("alice").DeleteEndpoint(ctx, &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")})
		if err == nil {
			t.Error("its answer was not lost")
		}
	})
	if got := a.changes("sluice", start); got != "" {
		t.Errorf("at once: %s", got)
	}
	a.RunFor(5 * time.Minute)
	if got := a.changes("sluice", start); !strings.HasPrefix(got, "DeleteEndpoint by ") {
		t.Errorf("later: %q", got)
	}
}

// Events have whole seconds: one in the second of the beginning counts.
func TestChangesOfTheFirstSecond(t *testing.T) {
	a := newAccount(t)
	a.RunFor(700 * time.Millisecond)
	a.weigh("alice", "churn", 2)
	if got := a.changes("sluice", start.Add(300*time.Millisecond)); !strings.HasSuffix(got, "weight 2 of AllTraffic") {
		t.Errorf("got %q", got)
	}
}

func TestThrottled(t *testing.T) {
	a := newAccount(t)
	a.srv.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	a.Do(func() {
		if _, err := awstrail.Open(a.config("shift"), "sluice").Changes(ctx, "churn", start); !fault.Is(err, fault.Throttled) {
			t.Errorf("got %v", err)
		}
	})
}

// Events that emulation cannot make: an AWS service's own, and what is no event.
func TestEventsOfOthers(t *testing.T) {
	event := func(identity string) string {
		return fmt.Sprintf(`{"eventSource":"sagemaker.amazonaws.com","userIdentity":%s,"requestParameters":{"endpointName":"Churn","endpointConfigName":"c"}}`, identity)
	}
	for name, tt := range map[string]struct{ event, want string }{
		"autoscaling":     {event(`{"type":"AssumedRole","arn":"a","invokedBy":"application-autoscaling.amazonaws.com"}`), ""},
		"another service": {event(`{"type":"AWSService","invokedBy":"x.amazonaws.com"}`), "UpdateEndpoint by x.amazonaws.com at 2026-03-02 12:04:11 to config c"},
		"an account":      {event(`{"type":"AWSAccount"}`), "UpdateEndpoint by AWSAccount at 2026-03-02 12:04:11 to config c"},
		"nobody known":    {event(`{}`), "UpdateEndpoint by somebody at 2026-03-02 12:04:11 to config c"},
		"no event":        {`x`, ""},
		"other source":    {`{"eventSource":"iot.amazonaws.com","requestParameters":{"endpointName":"churn"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := sim.NewWorld(start, 7)
			svc := &wire.Service{Prefix: "cloudtrail", Target: "CloudTrail_20131101"}
			wire.Handle(svc, "LookupEvents", nil, func(_ *wire.Call, in *lookup) (*map[string]any, error) {
				if in.LookupAttributes[0].AttributeValue != "UpdateEndpoint" {
					return &map[string]any{}, nil
				}
				return &map[string]any{"Events": []any{map[string]any{"EventName": "UpdateEndpoint", "EventTime": wire.At(start.Add(251 * time.Second)), "CloudTrailEvent": tt.event}}}, nil
			})
			srv := wire.NewServer(w)
			srv.Register(svc)
			a := &account{World: w, T: t, srv: srv}
			if got := a.changes("sluice", start); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

type lookup struct {
	LookupAttributes []struct{ AttributeKey, AttributeValue string }
}
