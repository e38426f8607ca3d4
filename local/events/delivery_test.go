package events

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
)

const deadARN = "arn:aws:sqs:us-east-1:111122223333:dead"

func TestFailedDeliveriesAreRetriedAndGivenUp(t *testing.T) {
	intp := func(n int) *int { return &n }
	down := errors.New("connection refused")
	for _, tc := range []struct {
		name      string
		policy    *RetryPolicy
		err       error
		failures  int // of the first attempts; -1 for all
		attempts  int
		condition string
		code      string
		within    [2]time.Duration // when the last attempt is made
	}{
		{"second attempt succeeds", nil, down, 1, 2, "", "", [2]time.Duration{600 * time.Millisecond, 1100 * time.Millisecond}},
		{"attempts exhausted", &RetryPolicy{MaximumRetryAttempts: intp(3)}, down, -1, 4, "MaximumRetryAttempts", "ERROR_FROM_TARGET", [2]time.Duration{3500 * time.Millisecond, 7100 * time.Millisecond}},
		{"no retries", &RetryPolicy{MaximumRetryAttempts: intp(0)}, down, -1, 1, "MaximumRetryAttempts", "ERROR_FROM_TARGET", [2]time.Duration{0, 100 * time.Millisecond}},
		{"too old", &RetryPolicy{MaximumEventAgeInSeconds: intp(60)}, wire.Errorf("ThrottlingException", "x"), -1, 0, "MaximumEventAgeInSeconds", "THROTTLING", [2]time.Duration{30 * time.Second, time.Minute}},
		{"no permission", nil, wire.Errorf("AccessDeniedException", "no"), -1, 1, "", "NO_PERMISSIONS", [2]time.Duration{0, 100 * time.Millisecond}},
		{"no target", nil, wire.Errorf("ResourceNotFoundException", "no"), -1, 1, "", "NO_RESOURCE", [2]time.Duration{0, 100 * time.Millisecond}},
		{"a whole day", nil, down, -1, 186, "MaximumRetryAttempts", "ERROR_FROM_TARGET", [2]time.Duration{20 * time.Hour, 24 * time.Hour}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newStage()
			g.answer = func(attempt int) error {
				if tc.failures >= 0 && attempt > tc.failures {
					return nil
				}
				return tc.err
			}
			g.rule(t, `{"source":["aws.s3"]}`, Target{RetryPolicy: tc.policy, DeadLetterConfig: &DeadLetterConfig{deadARN}})
			g.emit(map[string]int{"n": 1})
			if !g.w.RunUntilIdle(48 * time.Hour) {
				t.Fatal("never at rest")
			}
			if tc.attempts > 0 && len(g.got) != tc.attempts {
				t.Errorf("%d attempts, want %d", len(g.got), tc.attempts)
			}
			if last := g.got[len(g.got)-1].After; last < tc.within[0] || last > tc.within[1] {
				t.Errorf("last attempt after %v", last)
			}
			if tc.code == "" {
				if len(g.letters) != 0 || g.s.Stats().Delivered != 1 {
					t.Errorf("%+v %+v", g.letters, g.s.Stats())
				}
				return
			}
			want := map[string]string{
				"RULE_ARN": RuleARN("", "r"), "TARGET_ARN": lambdaARN, "ERROR_CODE": tc.code, "ERROR_MESSAGE": tc.err.Error(),
				"RETRY_ATTEMPTS": fmt.Sprint(len(g.got) - 1),
			}
			if tc.condition != "" {
				want["EXHAUSTED_RETRY_CONDITION"] = tc.condition
			}
			if len(g.letters) != 1 {
				t.Fatalf("%d dead letters", len(g.letters))
			}
			if diff := cmp.Diff(letter{deadARN, g.got[0].Payload, want}, g.letters[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEventWithoutDeadLetterQueueIsDropped(t *testing.T) {
	g := newStage()
	g.answer = func(int) error { return wire.Errorf("AccessDenied", "no") }
	g.rule(t, `{"source":["aws.s3"]}`, Target{})
	g.emit(struct{}{})
	g.w.RunUntilIdle(time.Hour)
	if s := g.s.Stats(); s.Dropped != 1 || s.Failures != 1 || s.DeadLettered != 0 {
		t.Errorf("%+v", s)
	}
}

func TestFateLosesDoublesAndReorders(t *testing.T) {
	g := newStage()
	g.rule(t, `{"source":["aws.s3"]}`, Target{InputPath: "$.detail.n"})
	fates := [][]time.Duration{nil, {}, {time.Second, 3 * time.Second}, {time.Hour}, {time.Millisecond}}
	asked := 0
	g.s.Fate = func(e Event, target Target) []time.Duration {
		if target.Arn != lambdaARN || e.Source != "aws.s3" {
			t.Errorf("asked about %v %v", e, target)
		}
		asked++
		return fates[asked-1]
	}
	for n := range fates {
		g.emit(map[string]int{"n": n})
	}
	g.w.RunUntilIdle(2 * time.Hour)
	want := []got{
		{time.Millisecond, lambdaARN, "4"}, {100 * time.Millisecond, lambdaARN, "0"},
		{time.Second, lambdaARN, "2"}, {3 * time.Second, lambdaARN, "2"}, {time.Hour, lambdaARN, "3"},
	}
	if diff := cmp.Diff(want, g.got); diff != "" || g.s.Stats().Lost != 1 {
		t.Error(g.s.Stats(), diff)
	}
}

func TestLogIsBounded(t *testing.T) {
	g := newStage()
	g.s.LogLimit = 3
	g.rule(t, `{"detail":{"n":[4]}}`, Target{})
	for n := range 5 {
		g.emit(map[string]int{"n": n})
	}
	var seen []string
	for _, l := range g.s.Log() {
		seen = append(seen, string(l.Event.Detail)+strings.Join(l.Rules, ","))
	}
	if diff := cmp.Diff([]string{`{"n":2}`, `{"n":3}`, `{"n":4}r`}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestInputForms(t *testing.T) {
	paths := map[string]string{"key": "$.detail.key", "size": "$.detail.size", "list": "$.detail.list", "second": "$.detail.list[1]", "all": "$.detail.objects[*].a", "none": "$.detail.nothing", "obj": "$.detail.obj"}
	template := func(text string) Target { return Target{InputTransformer: &InputTransformer{paths, text}} }
	for _, tc := range []struct {
		name   string
		target Target
		want   string
	}{
		{"constant", Target{Input: `{"fixed":true}`}, `{"fixed":true}`},
		{"path", Target{InputPath: "$.detail.obj"}, `{"q":"a\"b"}`},
		{"string outside quotes", template(`{"k":<key>}`), `{"k":"a/b \"c\""}`},
		{"string inside quotes", template(`{"k":"key=<key>;"}`), `{"k":"key=a/b \"c\";"}`},
		{"number", template(`{"n":<size>,"s":"<size>"}`), `{"n":5,"s":"5"}`},
		{"object", template(`{"o":<obj>}`), `{"o":{"q":"a\"b"}}`},
		{"object inside quotes", template(`{"o":"<obj>"}`), `{"o":"{\"q\":\"a\\\"b\"}"}`},
		{"array and element", template(`{"l":<list>,"e":<second>}`), `{"l":[1,"two"],"e":"two"}`},
		{"all elements", template(`{"a":<all>}`), `{"a":[1,2]}`},
		{"nothing there", template(`{"n":<none>,"s":"<none>"}`), `{"n":null,"s":""}`},
		{"plain text", template(`object <key> of <size> bytes`), `object a/b "c" of 5 bytes`},
		{"one string", template(`"object <key>"`), `"object a/b \"c\""`},
		{"rule", template(`{"r":<aws.events.rule-name>,"a":"<aws.events.rule-arn>","t":<aws.events.event.ingestion-time>}`),
			`{"r":"r","a":"arn:aws:events:us-east-1:111122223333:rule/r","t":"2026-03-02T10:00:00Z"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newStage()
			g.rule(t, `{"source":["aws.s3"]}`, tc.target)
			g.w.Do(func() {
				g.s.Emit("aws.s3", "x", nil, map[string]any{
					"key": `a/b "c"`, "size": 5, "list": []any{1, "two"}, "obj": map[string]string{"q": `a"b`},
					"objects": []any{map[string]int{"a": 1}, map[string]int{"b": 1}, map[string]int{"a": 2}},
				})
			})
			g.w.RunUntilIdle(time.Minute)
			if len(g.got) != 1 || g.got[0].Payload != tc.want {
				t.Errorf("got %+v\nwant %s", g.got, tc.want)
			}
		})
	}
}

func TestSchedulesFireInVirtualTime(t *testing.T) {
	for _, tc := range []struct {
		expression string
		run        time.Duration
		want       []string
	}{
		{"rate(5 minutes)", 16 * time.Minute, []string{"03-02 10:05", "03-02 10:10", "03-02 10:15"}},
		{"rate(1 day)", 49 * time.Hour, []string{"03-03 10:00", "03-04 10:00"}},
		{"cron(0 12 * * ? *)", 48 * time.Hour, []string{"03-02 12:00", "03-03 12:00"}},
		{"cron(15 8 ? * 2-3 *)", 14 * 24 * time.Hour, []string{"03-03 08:15", "03-09 08:15", "03-10 08:15", "03-16 08:15"}}, // 2 is Monday
		{"cron(0 9 ? * MON *)", 8 * 24 * time.Hour, []string{"03-09 09:00"}},
		{"cron(0 9 ? * 1 *)", 8 * 24 * time.Hour, []string{"03-08 09:00"}}, // a Sunday
		{"cron(0 0 L * ? *)", 40 * 24 * time.Hour, []string{"03-31 00:00"}},
		{"cron(0 0 ? * 6#3 2026)", 40 * 24 * time.Hour, []string{"03-20 00:00"}}, // third Friday
		{"cron(0/20 10 2 3 ? 2026)", time.Hour, []string{"03-02 10:20", "03-02 10:40"}},
		{"cron(0 0 1 1 ? 2020)", time.Hour, nil},
	} {
		t.Run(tc.expression, func(t *testing.T) {
			g := newStage()
			g.w.Do(func() {
				ok[string](t)(g.s.PutRule(Rule{Name: "s", ScheduleExpression: tc.expression}))
				if err := g.s.PutTargets("", "s", Target{Id: "t", Arn: lambdaARN, InputPath: "$.time"}); err != nil {
					t.Fatal(err)
				}
			})
			g.w.RunFor(tc.run)
			var at []string
			for _, d := range g.got {
				at = append(at, strings.Replace(d.Payload[6:17], "T", " ", 1))
			}
			if diff := cmp.Diff(tc.want, at); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDisabledRuleIsQuiet(t *testing.T) {
	g := newStage()
	g.rule(t, `{"source":["aws.s3"]}`, Target{})
	g.w.Do(func() {
		ok[*none](t)(g.s.disableRule(nil, &ruleInput{Name: "r"}))
	})
	g.emit(struct{}{})
	g.w.Do(func() {
		ok[*none](t)(g.s.enableRule(nil, &ruleInput{Name: "r"}))
	})
	g.emit(struct{}{})
	g.w.RunUntilIdle(time.Minute)
	if len(g.got) != 1 {
		t.Errorf("%d deliveries", len(g.got))
	}
}
