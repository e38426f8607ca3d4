package events

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

var ctx = context.Background()

const lambdaARN = "arn:aws:lambda:us-east-1:111122223333:function:on-data"

// got is one delivery to a target.
type got struct {
	After   time.Duration
	Target  string
	Payload string
}

// letter is what came to a dead-letter queue.
type letter struct {
	Queue      string
	Body       string
	Attributes map[string]string
}

// stage is EventBridge with the AWS SDK's client before it and a target behind.
type stage struct {
	w       *sim.World
	s       *Service
	c       *eventbridge.Client
	got     []got
	letters []letter
	answer  func(attempt int) error // of the target; nil means success
}

func newStage() *stage {
	g := &stage{w: sim.NewWorld(start, 1), answer: func(int) error { return nil }}
	deliver := func(target, _, _ string, payload []byte, done func(error)) {
		g.got = append(g.got, got{g.w.Now().Sub(start), target, string(payload)})
		done(g.answer(len(g.got)))
	}
	dead := func(queue, _ string, body []byte, attributes map[string]string) error {
		g.letters = append(g.letters, letter{queue, string(body), attributes})
		return nil
	}
	g.s = New(g.w, deliver, dead)
	srv := wire.NewServer(g.w)
	srv.Register(g.s.Wire())
	g.c = eventbridge.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:  &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return g
}

// rule puts a rule on the default bus with one target.
func (g *stage) rule(t *testing.T, pattern string, target Target) {
	t.Helper()
	g.w.Do(func() {
		if _, err := g.s.PutRule(Rule{Name: "r", EventPattern: pattern}); err != nil {
			t.Fatal(err)
		}
		target.Id = "t"
		if target.Arn == "" {
			target.Arn = lambdaARN
		}
		if err := g.s.PutTargets("", "r", target); err != nil {
			t.Fatal(err)
		}
	})
}

func (g *stage) emit(detail any) {
	g.w.Do(func() { g.s.Emit("aws.s3", "Object Created", []string{"arn:aws:s3:::b"}, detail) })
}

// ok fails the test at once on an error.
func ok[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestRuleGoesRoundOverTheWire(t *testing.T) {
	g := newStage()
	g.w.Do(func() {
		ok[*eventbridge.CreateEventBusOutput](t)(g.c.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("app")}))
		put := ok[*eventbridge.PutRuleOutput](t)(g.c.PutRule(ctx, &eventbridge.PutRuleInput{
			Name: aws.String("orders"), EventBusName: aws.String("app"), EventPattern: aws.String(`{"source":["shop"]}`),
		}))
		if *put.RuleArn != "arn:aws:events:us-east-1:111122223333:rule/app/orders" {
			t.Error(*put.RuleArn)
		}
		ok[*eventbridge.PutTargetsOutput](t)(g.c.PutTargets(ctx, &eventbridge.PutTargetsInput{
			Rule: aws.String("orders"), EventBusName: aws.String("app"),
			Targets: []types.Target{{Id: aws.String("fn"), Arn: aws.String(lambdaARN)}, {
				Id: aws.String("q"), Arn: aws.String("arn:aws:sqs:us-east-1:111122223333:q.fifo"), SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("g")},
			}},
		}))
		targets := ok[*eventbridge.ListTargetsByRuleOutput](t)(g.c.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("orders"), EventBusName: aws.String("app")}))
		if len(targets.Targets) != 2 || *targets.Targets[1].SqsParameters.MessageGroupId != "g" {
			t.Errorf("targets %+v", targets.Targets)
		}
		if group := g.s.MessageGroup(*put.RuleArn, "arn:aws:sqs:us-east-1:111122223333:q.fifo"); group != "g" {
			t.Errorf("group %q", group)
		}
		names := ok[*eventbridge.ListRuleNamesByTargetOutput](t)(g.c.ListRuleNamesByTarget(ctx, &eventbridge.ListRuleNamesByTargetInput{TargetArn: aws.String(lambdaARN), EventBusName: aws.String("app")}))
		if diff := cmp.Diff([]string{"orders"}, names.RuleNames); diff != "" {
			t.Error(diff)
		}
		out := ok[*eventbridge.PutEventsOutput](t)(g.c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
			{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: aws.String(`{"n":1}`), EventBusName: aws.String("app")},
			{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: aws.String(`{"n":1}`), EventBusName: aws.String("no such bus")},
			{Source: aws.String("shop"), DetailType: aws.String("Order"), Detail: aws.String(`[1]`)},
			{Source: aws.String("aws.s3"), DetailType: aws.String("Order"), Detail: aws.String(`{}`)},
			{Source: aws.String("shop"), Detail: aws.String(`{}`)},
		}}))
		var codes []string
		for _, e := range out.Entries {
			codes = append(codes, aws.ToString(e.ErrorCode))
		}
		if diff := cmp.Diff([]string{"", "", "MalformedDetail", "NotAuthorizedForSourceException", "InvalidArgument"}, codes); diff != "" || out.FailedEntryCount != 3 {
			t.Error(out.FailedEntryCount, diff)
		}
	})
	g.w.RunUntilIdle(time.Minute)
	if len(g.got) != 2 || g.got[0].After != 100*time.Millisecond {
		t.Fatalf("deliveries %+v", g.got)
	}
	var e struct {
		Source, Account, Region, Time string
		Detail                        map[string]int
	}
	if err := json.Unmarshal([]byte(g.got[0].Payload), &e); err != nil || e.Source != "shop" || e.Time != "2026-03-02T10:00:00Z" || e.Detail["n"] != 1 {
		t.Errorf("%v %+v", err, e)
	}
	if stats := g.s.Stats(); stats.NoBus != 1 || stats.Delivered != 2 || stats.Events != 1 {
		t.Errorf("%+v", stats)
	}
}

func TestRefusals(t *testing.T) {
	g := newStage()
	g.w.Do(func() {
		_, err := g.c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":"aws.s3"}`)})
		var invalid *types.InvalidEventPatternException
		if !errors.As(err, &invalid) || !strings.HasPrefix(invalid.ErrorMessage(), `Event pattern is not valid. Reason: "source" must be an object or an array`) {
			t.Error(err)
		}
		if _, err := g.c.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("x")}); err == nil {
			t.Error("a rule that is not there")
		}
		for _, bad := range []Rule{
			{Name: "r"}, {Name: "r r", EventPattern: `{"a":[1]}`}, {Name: "r", ScheduleExpression: "rate(1 minutes)"},
			{Name: "r", ScheduleExpression: "cron(0 12 * * * *)"}, {Name: "r", EventBusName: "nope", EventPattern: `{"a":[1]}`},
		} {
			if _, err := g.s.PutRule(bad); err == nil {
				t.Errorf("accepted %+v", bad)
			}
		}
		ok[string](t)(g.s.PutRule(Rule{Name: "r", EventPattern: `{"a":[1]}`}))
		most, young := 186, 30
		for name, bad := range map[string]Target{
			"two inputs":      {Id: "t", Arn: lambdaARN, Input: `{}`, InputPath: "$"},
			"input":           {Id: "t", Arn: lambdaARN, Input: `{`},
			"arn":             {Id: "t", Arn: "fn"},
			"fifo":            {Id: "t", Arn: "arn:aws:sqs:us-east-1:111122223333:q.fifo"},
			"fifo dlq":        {Id: "t", Arn: lambdaARN, DeadLetterConfig: &DeadLetterConfig{"arn:aws:sqs:us-east-1:111122223333:q.fifo"}},
			"retries":         {Id: "t", Arn: lambdaARN, RetryPolicy: &RetryPolicy{MaximumRetryAttempts: &most}},
			"age":             {Id: "t", Arn: lambdaARN, RetryPolicy: &RetryPolicy{MaximumEventAgeInSeconds: &young}},
			"role":            {Id: "t", Arn: "arn:aws:states:us-east-1:111122223333:stateMachine:m"},
			"unknown name":    {Id: "t", Arn: lambdaARN, InputTransformer: &InputTransformer{InputTemplate: `<x>`}},
			"path":            {Id: "t", Arn: lambdaARN, InputTransformer: &InputTransformer{map[string]string{"x": "$['a']"}, `<x>`}},
			"template":        {Id: "t", Arn: lambdaARN, InputTransformer: &InputTransformer{map[string]string{"x": "$.a"}, `{"a":<x>`}},
			"not implemented": {Id: "t", Arn: lambdaARN, EcsParameters: json.RawMessage(`{}`)},
		} {
			if err := g.s.PutTargets("", "r", bad); err == nil {
				t.Errorf("accepted a target with a bad %s", name)
			}
		}
		ok[*eventbridge.PutTargetsOutput](t)(g.c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{{Id: aws.String("t"), Arn: aws.String(lambdaARN)}}}))
		if _, err := g.c.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")}); err == nil {
			t.Error("deleted a rule with targets")
		}
		removed := ok[*eventbridge.RemoveTargetsOutput](t)(g.c.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"t", "u"}}))
		if removed.FailedEntryCount != 1 {
			t.Errorf("%+v", removed)
		}
		ok[*eventbridge.DeleteRuleOutput](t)(g.c.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")}))
	})
}

func TestRulesArePaged(t *testing.T) {
	g := newStage()
	g.w.Do(func() {
		want := []string{"a1", "a2", "a3", "a4", "a5"}
		for _, n := range append([]string{"b"}, want...) {
			ok[string](t)(g.s.PutRule(Rule{Name: n, EventPattern: `{"a":[1]}`}))
		}
		var names []string
		in := &eventbridge.ListRulesInput{NamePrefix: aws.String("a"), Limit: aws.Int32(2)}
		for range 3 {
			out := ok[*eventbridge.ListRulesOutput](t)(g.c.ListRules(ctx, in))
			for _, r := range out.Rules {
				names = append(names, *r.Name)
			}
			in.NextToken = out.NextToken
		}
		if diff := cmp.Diff(want, names); diff != "" || in.NextToken != nil {
			t.Error(in.NextToken, diff)
		}
	})
}

func TestPatternIsTested(t *testing.T) {
	g := newStage()
	event := `{"id":"1","account":"1","source":"aws.s3","time":"2026-03-02T10:00:00Z","region":"us-east-1","resources":[],"detail-type":"x","detail":{"k":"a/b"}}`
	g.w.Do(func() {
		for pattern, want := range map[string]bool{`{"detail":{"k":[{"prefix":"a/"}]}}`: true, `{"detail":{"k":["a"]}}`: false} {
			out := ok[*eventbridge.TestEventPatternOutput](t)(g.c.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: &event}))
			if out.Result != want {
				t.Errorf("%s: %v", pattern, out.Result)
			}
		}
		if _, err := g.c.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: aws.String(`{"a":[1]}`), Event: aws.String(`{"a":1}`)}); err == nil {
			t.Error("an event without its members")
		}
	})
}
