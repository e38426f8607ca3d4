package announcing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/events"
	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/wire"
	"sluice/shared/announcing"
	"sluice/shared/awsevents"
	"sluice/shared/awsnotices"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/rollout"
)

var update = flag.Bool("update", false, "rewrite testdata/notices.txt")

// world is announce-rollout over a bus, whose events are kept, and a topic.
type world struct {
	*testing.T
	w       *sim.World
	srv     *wire.Server
	sns     *sns.Service
	topic   string
	handler edge.Handler
	sent    []map[string]any
	log     bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, w: sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)}
	bus := events.New(w.w, func(_, _, _ string, payload []byte, done func(error)) {
		var e map[string]any
		if err := json.Unmarshal(payload, &e); err != nil {
			t.Error(err)
		}
		w.sent = append(w.sent, e)
		done(nil)
	}, nil)
	w.sns, w.srv = sns.New(w.w, sns.Hooks{}), wire.NewServer(w.w)
	w.srv.Register(bus.Wire())
	w.srv.Register(w.sns.Wire())
	_, err := bus.PutRule(events.Rule{Name: "all", EventPattern: `{"source":["sluice.rollout"]}`})
	if err == nil {
		err = bus.PutTargets("", "all", events.Target{Id: "t", Arn: "arn:aws:sqs:us-east-1:111122223333:q"})
	}
	if err == nil {
		w.topic, err = w.sns.CreateTopic("reports", nil, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.handler = edge.Handle("announce-rollout", &w.log, announcing.New(awsevents.Open(cfg, ""), awsnotices.Open(cfg, w.topic)).Announce)
	return w
}

// hears hands a batch to the handler, and lets what was sent arrive.
func (w *world) hears(batch []byte) (o event.Outcome) {
	w.Helper()
	w.w.Do(func() {
		out, err := w.handler(context.Background(), batch)
		if err == nil {
			err = json.Unmarshal(out, &o)
		}
		if err != nil {
			w.Fatal(err)
		}
	})
	w.w.RunUntilIdle(time.Minute)
	return o
}

// notices are the subjects and texts that were published.
func (w *world) notices() (all []string) {
	for _, m := range w.sns.Messages(w.topic) {
		all = append(all, m.Subject+"\n\n"+m.Body)
	}
	return all
}

// sample is an event that tells of a rollout.
type sample struct {
	DetailType string `json:"detail-type"`
	Source     string
	Time       time.Time
	Resources  []string
	Detail     json.RawMessage
	whole      map[string]any
}

// samples are the events in events/ that Sluice sends, by what they tell.
func samples(t *testing.T) map[string]sample {
	t.Helper()
	files, err := filepath.Glob("../../events/sluice-rollout-*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]sample{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var s sample
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := json.Unmarshal(raw, &s.whole); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "sluice-rollout-"), ".json")] = s
	}
	return all
}

// line is a line of history as the stream tells it.
type line struct {
	name   string // INSERT, ...
	kind   string
	event  string
	detail string
}

// batch is lines of one rollout as Lambda hands them out, numbered from 1.
func batch(lines ...line) []byte {
	var records []any
	for i, l := range lines {
		text := func(s string) any { return map[string]string{"S": s} }
		image := map[string]any{"rollout": text("churn-v2"), "at": text("2026-03-02T10:24:41Z"), "kind": text(l.kind), "text": text("text")}
		if l.event != "" {
			image["event"], image["detail"] = text(l.event), text(l.detail)
		}
		records = append(records, map[string]any{"eventName": l.name, "eventSource": "aws:dynamodb", "dynamodb": map[string]any{
			"SequenceNumber": fmt.Sprint(i + 1), "Keys": map[string]any{"pk": text("ROLLOUT#churn-v2"), "sk": text("HISTORY#x")}, "NewImage": image,
		}})
	}
	raw, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		panic(err)
	}
	return raw
}

// There is a sample of each event, and it is what is sent.
func TestEverySampleIsWhatIsSent(t *testing.T) {
	all := samples(t)
	var types []string
	for name, s := range all {
		types = append(types, s.DetailType)
		d := json.NewDecoder(bytes.NewReader(s.Detail))
		d.DisallowUnknownFields()
		var detail rollout.Detail
		if err := d.Decode(&detail); err != nil {
			t.Errorf("%s: its detail is not what rollouts tell: %v", name, err)
		}
		w := newWorld(t)
		if o := w.hears(batch(line{event.Inserted, "reading", s.DetailType, string(s.Detail)})); len(o.Failures) > 0 {
			t.Errorf("%s: %v\n%s", name, o, w.log.String())
		}
		if len(w.sent) != 1 {
			t.Fatalf("%s: %d events were sent", name, len(w.sent))
		}
		for _, field := range []string{"id", "time"} { // each event's own
			delete(w.sent[0], field)
			delete(s.whole, field)
		}
		if diff := cmp.Diff(s.whole, w.sent[0]); diff != "" {
			t.Errorf("%s: event (-sample +sent):\n%s", name, diff)
		}
	}
	slices.Sort(types)
	want := []string{
		rollout.AskedEvent, rollout.EndedEvent, rollout.HaltedEvent, rollout.HeldEvent, rollout.PromotedEvent,
		rollout.RefusedEvent, rollout.RolledBackEvent, rollout.StartedEvent, rollout.StepEvent,
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("detail types (-want +samples):\n%s", diff)
	}
}

// What people read, and may answer.
func TestNotices(t *testing.T) {
	all := samples(t)
	change := func(name string, oldNew ...string) line {
		return line{event.Inserted, "reading", all[name].DetailType, strings.NewReplacer(oldNew...).Replace(string(all[name].Detail))}
	}
	paused := change("held")
	paused.kind = "command"
	lines := map[string]line{
		"1 an approval": change("approval-asked"), "2 an approval that means yes": change("approval-asked", `"rollBack"`, `"promote"`),
		"3 held by the judge": change("held"), "4 paused by a person": paused,
		"5 promoted, with a standby": change("promoted"), "6 promoted, without": change("promoted", "standby", "promoting"),
		"7 the first model": change("promoted", "standby", "promoting", `"baseline": "churn-v1"`, `"baseline": ""`),
	}
	for _, name := range []string{"started", "step", "rolled-back", "halted", "refused", "ended"} {
		lines["8 "+name] = change(name)
	}
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		w := newWorld(t)
		w.hears(batch(lines[name]))
		fmt.Fprintf(&got, "=== %s\n", name[2:])
		for _, n := range w.notices() {
			got.WriteString(n)
		}
	}
	const file = "testdata/notices.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("go test ./shared/announcing -update rewrites %s; what has changed is (-want +got):\n%s", file, diff)
	}
}

// The sample of what the function is given.
func TestSampleOfHistory(t *testing.T) {
	raw, err := os.ReadFile("../../events/table-stream-history.json")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if o := w.hears(raw); len(o.Failures) > 0 {
		t.Error(o)
	}
	want := samples(t)["approval-asked"].whole
	delete(want, "id")
	delete(w.sent[0], "id")
	if diff := cmp.Diff([]map[string]any{want}, w.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if n := w.notices(); len(n) != 1 || !strings.Contains(n[0], "sluice approve churn-v2 --gate churn-v2-s2") {
		t.Errorf("notices: %s", n)
	}
}

// What tells nothing, or cannot be read, or fails, holds up nothing else.
func TestOneOfManyHoldsUpNothing(t *testing.T) {
	s := samples(t)["promoted"]
	good := line{event.Inserted, "promotion", s.DetailType, string(s.Detail)}
	rewritten := good
	rewritten.name = event.Modified
	lines := []line{good, {event.Inserted, "look", "", ""}, {event.Inserted, "end", s.DetailType, "no JSON"}, rewritten, {event.Removed, "end", "", ""}, good}
	w := newWorld(t)
	calls := 0
	w.srv.Fault = func(*wire.Call, any) wire.Effect {
		if calls++; calls == 1 {
			return wire.Throttle
		}
		return wire.NoFault
	}
	o := w.hears(batch(lines...))
	if diff := cmp.Diff(event.Again(event.Change{Sequence: "1"}), o); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	if len(w.sent) != 1 || len(w.notices()) != 1 || strings.Count(w.log.String(), `"ChangesUnreadable":1`) != 1 {
		t.Errorf("sent %d events and %d notices\n%s", len(w.sent), len(w.notices()), w.log.String())
	}
}

// Whatever call fails, event and notice come through when the line comes again.
func TestNothingIsLost(t *testing.T) {
	s := samples(t)["promoted"]
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter, wire.LostAnswer, wire.Throttle} {
		for n := range 2 { // the event, and the notice
			w := newWorld(t)
			calls := 0
			w.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls-1 == n {
					return effect
				}
				return wire.NoFault
			}
			told := batch(line{event.Inserted, "promotion", s.DetailType, string(s.Detail)})
			func() {
				defer func() { _ = recover() }()
				if o := w.hears(told); len(o.Failures) == 0 {
					t.Errorf("call %d, effect %v: done, they say", n, effect)
				}
			}()
			w.srv.Fault = nil
			if o := w.hears(told); len(o.Failures) > 0 || len(w.sent) < 1 || len(w.notices()) < 1 || len(w.sent) > 2 || len(w.notices()) > 2 {
				t.Errorf("call %d, effect %v: %v, %d events and %d notices", n, effect, o, len(w.sent), len(w.notices()))
			}
		}
	}
}
