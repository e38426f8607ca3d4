package events

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/iam"
	"sluice/local/wire"
)

// entries are n entries for the default bus, with their number in the detail.
func entries(n int) []types.PutEventsRequestEntry {
	var out []types.PutEventsRequestEntry
	for i := range n {
		out = append(out, types.PutEventsRequestEntry{Source: aws.String("shop"), DetailType: aws.String(fmt.Sprint("Order ", i)), Detail: aws.String(fmt.Sprintf(`{"n":%d}`, i))})
	}
	return out
}

// What is sent without a bus goes to the rules of the default bus.
func TestEventsReachTheRulesOfTheDefaultBus(t *testing.T) {
	g := newStage()
	g.rule(t, `{"source":["shop"],"detail":{"n":[1,3]}}`, Target{InputPath: "$.detail.n"})
	g.w.Do(func() {
		out := ok[*eventbridge.PutEventsOutput](t)(g.c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries(5)}))
		if out.FailedEntryCount != 0 || len(out.Entries) != 5 || aws.ToString(out.Entries[4].EventId) == "" {
			t.Errorf("%+v", out)
		}
	})
	g.w.RunUntilIdle(time.Minute)
	want := []got{{100 * time.Millisecond, lambdaARN, "1"}, {100 * time.Millisecond, lambdaARN, "3"}}
	if diff := cmp.Diff(want, g.got); diff != "" {
		t.Error(diff)
	}
}

func TestPutEventsIsBounded(t *testing.T) {
	g := newStage()
	large := entries(1)
	large[0].Detail = aws.String(`{"x":"` + strings.Repeat("x", maxRequest) + `"}`)
	g.w.Do(func() {
		for name, in := range map[string][]types.PutEventsRequestEntry{"none": {}, "eleven": entries(11), "large": large} {
			_, err := g.c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: in})
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != "ValidationException" {
				t.Errorf("%s: %v", name, err)
			}
		}
		ok[*eventbridge.PutEventsOutput](t)(g.c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries(10)}))
	})
}

// Entries fail on demand, each by itself.
func TestEntriesFailOnDemand(t *testing.T) {
	g := newStage()
	g.rule(t, `{"source":["shop"]}`, Target{InputPath: "$.detail.n"})
	g.s.Refuse = func(source, detailType string) string {
		return map[string]string{"shop Order 1": "ThrottlingException", "shop Order 3": "InternalFailure"}[source+" "+detailType]
	}
	g.w.Do(func() {
		out := ok[*eventbridge.PutEventsOutput](t)(g.c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries(4)}))
		var codes []string
		for _, e := range out.Entries {
			codes = append(codes, aws.ToString(e.ErrorCode))
			if (e.EventId == nil) != (e.ErrorCode != nil) || (e.ErrorMessage == nil) != (e.ErrorCode == nil) {
				t.Errorf("entry %+v", e)
			}
		}
		if diff := cmp.Diff([]string{"", "ThrottlingException", "", "InternalFailure"}, codes); diff != "" || out.FailedEntryCount != 2 {
			t.Error(out.FailedEntryCount, diff)
		}
	})
	g.w.RunUntilIdle(time.Minute)
	var numbers []string
	for _, d := range g.got {
		numbers = append(numbers, d.Payload)
	}
	if !slices.Equal(numbers, []string{"0", "2"}) {
		t.Errorf("delivered %q", numbers)
	}
}

// A role may send what its policy says: to this bus, from this source, of these types.
func TestPutEventsNeedsThePermission(t *testing.T) {
	const bus = "arn:aws:events:us-east-1:111122223333:event-bus/default"
	for policy, want := range map[string]bool{
		`{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `"}`:                                                                                        true,
		`{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `","Condition":{"StringEquals":{"events:source":"shop"}}}`:                                  true,
		`{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `","Condition":{"StringEquals":{"events:source":"other"}}}`:                                 false,
		`{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `","Condition":{"StringEquals":{"events:source":"shop","events:detail-type":["Order 0"]}}}`: false, // the second entry is of another type
		`{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `","Condition":{"StringLike":{"events:source":"shop","events:detail-type":["Order *"]}}}`:   true,
		`{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + strings.Replace(bus, "default", "other", 1) + `"}`:                                                false,
		`{"Effect":"Allow","Action":"events:PutRule","Resource":"*"}`:                                                                                                    false,
	} {
		g := newStage()
		roles := iam.New(g.w)
		role := ok[*iam.Role](t)(roles.CreateRole("teller", "", []byte(`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)))
		if err := roles.PutRolePolicy("teller", "p", []byte(`{"Statement":[`+policy+`]}`)); err != nil {
			t.Fatal(err)
		}
		srv := wire.NewServer(g.w)
		srv.Register(g.s.Wire())
		srv.Allow = roles.Allow
		g.w.Do(func() {
			key, secret, token := roles.Session(role.ARN, "teller")
			client := eventbridge.NewFromConfig(aws.Config{
				Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
				HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
			})
			_, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries(2)})
			var api smithy.APIError
			if denied := errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException"; denied == want || err != nil && !denied {
				t.Errorf("%s: %v", policy, err)
			}
		})
		if events := g.s.Stats().Events; want != (events == 2) {
			t.Errorf("%s: %d events were taken in", policy, events)
		}
	}
}
