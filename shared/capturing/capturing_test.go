package capturing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/local/wire"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// alarm is the state of the model's own alarm, "" if there is none.
func (w *world) alarm() (state string) {
	w.Helper()
	w.Do(func() {
		out, err := w.cw.DescribeAlarms(ctx, &sdk.DescribeAlarmsInput{AlarmNames: []string{"sluice-drift-churn"}})
		w.ok(err)
		for _, a := range out.MetricAlarms {
			state = string(a.StateValue)
		}
	})
	return state
}

// scores are the values of DriftScore, from old to new, of the model or of a feature.
func (w *world) scores(feature string) (values []float64) {
	w.Helper()
	dimensions := []types.Dimension{{Name: aws.String("Model"), Value: aws.String("churn")}}
	if feature != "" {
		dimensions = append(dimensions, types.Dimension{Name: aws.String("Feature"), Value: &feature})
	}
	w.Do(func() {
		out, err := w.cw.GetMetricData(ctx, &sdk.GetMetricDataInput{
			StartTime: aws.Time(nine), EndTime: aws.Time(nine.Add(48 * time.Hour)), ScanBy: types.ScanByTimestampAscending,
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("m"), MetricStat: &types.MetricStat{
				Period: aws.Int32(60), Stat: aws.String("Maximum"),
				Metric: &types.Metric{Namespace: aws.String("Sluice"), MetricName: aws.String("DriftScore"), Dimensions: dimensions},
			}}},
		})
		w.ok(err)
		values = out.MetricDataResults[0].Values
	})
	return values
}

// TestAlarmGoesOffAndIsOver: a reference is learned, nothing happens while nothing
// moves, two windows that have moved set off the alarm, one does not, and two that have
// not end it.
func TestAlarmGoesOffAndIsOver(t *testing.T) {
	w := newWorld(t, churn)
	w.hours("churn-v1", 0, 2, 40)
	if s := w.state("churn-v1"); s.Reference != "" || s.Learned == "" || w.alarm() != "" {
		t.Errorf("before two hours are over: %+v", s)
	}
	w.hours("churn-v1", 2, 5, 40)
	if got := w.alarm(); got != "OK" {
		t.Errorf("nothing has moved, and the alarm is %q", got)
	}
	w.hours("churn-v1", 5, 6, 50)
	w.hours("churn-v1", 6, 8, 40)
	if got := w.alarm(); got != "OK" {
		t.Errorf("one window has moved, and the alarm is %q", got)
	}
	w.hours("churn-v1", 8, 11, 50)
	if got := w.alarm(); got != "ALARM" {
		t.Errorf("two windows have moved, and the alarm is %q", got)
	}
	w.Do(func() {
		moved, err := w.table.Drifted(ctx, "churn")
		w.ok(err)
		if !strings.HasPrefix(moved, "age has moved: PSI ") || strings.Contains(moved, "country") || strings.Contains(moved, "customer") {
			t.Errorf("what has moved: %q", moved)
		}
	})
	w.hours("churn-v1", 11, 15, 40)
	if got := w.alarm(); got != "OK" {
		t.Errorf("it is as it was again, and the alarm is %q", got)
	}
	if n, m := len(w.scores("")), len(w.scores("age")); n != 12 || m != 12 || len(w.scores("customer")) > 0 {
		t.Errorf("%d scores of the model and %d of age for 12 windows", n, m)
	}
}

// story is captures of six hours, which move after three.
func story(w *world) (all []events.SQSMessage) {
	w.RunFor(6 * time.Hour)
	for h := range 6 {
		mean := 40.0
		if h > 2 {
			mean = 60
		}
		all = append(all, w.put("churn-v1", nine.Add(time.Duration(h)*time.Hour), 100, mean))
	}
	return all
}

// brief is churn with an hour's learning and few rows, so that stories are short.
func brief() spec.Spec {
	s := churn
	d := *churn.Drift
	d.Learn, d.MinRows = spec.Duration(time.Hour), 90
	s.Drift = &d
	return s
}

// finished is what must be the same, whatever came in which order.
func (w *world) finished() string {
	s := w.state("churn-v1")
	return fmt.Sprintf("reference %s\njudged %s\nscores %.3f\nreading %s\npieces %d", s.Reference, s.Judged, s.Scores, s.Reading, len(w.kept("captures/churn/"+brief().Normalised().Drift.Basis())))
}

// TestOrderAndRepetition: events twice, late and in any order come to the same, as long
// as all are there before their windows are looked at.
func TestOrderAndRepetition(t *testing.T) {
	straight := newWorld(t, brief())
	messages := story(straight)
	last := messages[len(messages)-1]
	if failed, err := straight.take(messages...); err != nil || len(failed) > 0 {
		t.Fatal(failed, err)
	}
	want := straight.finished()
	if !strings.Contains(want, "age has moved") {
		t.Fatalf("the story shows nothing: %s", want)
	}
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t, brief())
		all := story(w)[:len(messages)-1]
		all = append(all, rapid.SliceOfN(rapid.SampledFrom(all), 0, 4).Draw(r, "twice")...)
		all = rapid.Permutation(all).Draw(r, "order")
		for i := range all { // none says that a window is over
			all[i].Attributes = map[string]string{"SentTimestamp": fmt.Sprint(nine.UnixMilli())}
		}
		for len(all) > 0 {
			n := rapid.IntRange(1, len(all)).Draw(r, "batch")
			if failed, err := w.take(all[:n]...); err != nil || len(failed) > 0 {
				r.Fatal(failed, err)
			}
			all = all[n:]
		}
		for range 2 {
			if failed, err := w.take(last); err != nil || len(failed) > 0 {
				r.Fatal(failed, err)
			}
		}
		if diff := cmp.Diff(want, w.finished()); diff != "" {
			r.Fatalf("(-straight +otherwise):\n%s", diff)
		}
	})
}

// TestCrashes: whichever call fails, the batch comes again and nothing is lost or
// counted twice.
func TestCrashes(t *testing.T) {
	whole := newWorld(t, brief())
	if failed, err := whole.take(story(whole)...); err != nil || len(failed) > 0 {
		t.Fatal(failed, err)
	}
	calls := 0
	for nth := 0; ; nth++ {
		w := newWorld(t, brief())
		messages := story(w)
		n, hit := 0, false
		w.srv.Fault = func(*wire.Call, any) wire.Effect {
			if n++; n-1 == nth {
				hit = true
				return wire.Throttle
			}
			return wire.NoFault
		}
		failed, err := w.take(messages...)
		w.srv.Fault = nil
		if !hit {
			break
		}
		calls++
		again := messages
		if err == nil {
			again = slices.DeleteFunc(slices.Clone(messages), func(m events.SQSMessage) bool { return !slices.Contains(failed, m.MessageId) })
		}
		if len(again) == 0 {
			t.Fatalf("call %d was throttled, and nobody was told", nth)
		}
		if failed, err = w.take(again...); err != nil || len(failed) > 0 {
			t.Fatal(failed, err)
		}
		// A file that comes after its window was looked at is no part of it: only what
		// failed as a whole comes to the same.
		if got := w.finished(); len(again) == len(messages) && got != whole.finished() {
			t.Fatalf("call %d was throttled (-whole +again):\n%s", nth, cmp.Diff(whole.finished(), got))
		}
		if n := len(w.kept("captures/churn/" + brief().Normalised().Drift.Basis())); n != len(messages) {
			t.Fatalf("call %d was throttled: %d pieces of %d files", nth, n, len(messages))
		}
	}
	if calls < 30 {
		t.Errorf("only %d calls were tried", calls)
	}
}

// TestOnlyTheChampionIsCompared: a candidate's captures are kept and say nothing, until
// it is the champion; then it learns its own reference.
func TestOnlyTheChampionIsCompared(t *testing.T) {
	w := newWorld(t, churn)
	w.hours("churn-v1", 0, 3, 40)
	w.rollout(rollout.Running)
	for h := 3; h < 5; h++ {
		w.hours("churn-v1", h, h+1, 40)
		for _, m := range w.hour("churn-v2", h, 70) { // the candidate is asked otherwise
			if failed, err := w.take(m); err != nil || len(failed) > 0 {
				t.Fatal(failed, err)
			}
		}
	}
	if s := w.state("churn-v2"); s.Rev != 0 || w.alarm() != "OK" {
		t.Errorf("the candidate has a state: %+v", s)
	}
	before := w.state("churn-v1")
	w.rollout(rollout.Promoted)
	w.hours("churn-v2", 5, 8, 70)
	if got := w.state("churn-v1"); got.Rev != before.Rev {
		t.Errorf("the former champion is still compared: %+v", got)
	}
	s := w.state("churn-v2")
	if s.Reference == "" || s.Reference == before.Reference || s.Reading != "no feature of 3 has moved" || w.alarm() != "OK" {
		t.Errorf("the new champion: %+v, alarm %s", s, w.alarm())
	}
	w.rollout(rollout.Halted)
	w.hours("churn-v2", 8, 10, 40)
	if got := w.state("churn-v2"); got.Rev != s.Rev {
		t.Errorf("what is in production is not known, and is compared: %+v", got)
	}
}

// TestReferenceOfTheUser: it is read once, and again when it has changed.
func TestReferenceOfTheUser(t *testing.T) {
	own := churn
	own.Drift = &spec.Drift{Captures: "s3://captures/churn/", Columns: churn.Drift.Columns, Reference: "s3://models/reference.csv", MinRows: 500}
	w := newWorld(t, own)
	reference := func(mean float64) {
		var b strings.Builder
		b.WriteString("age,country,prediction\n")
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 2000 {
			fmt.Fprintf(&b, "%.1f,%s,%.3f\n", mean+10*r.NormFloat64(), []string{"DE", "FR", "PL"}[i%3], float64(i%100)/100)
		}
		w.Do(func() { w.ok(w.s3.Put("models", "reference.csv", []byte(b.String()))) })
	}
	messages := w.hour("churn-v1", 0, 40)
	if _, err := w.take(messages...); err != nil {
		t.Fatal(err) // nothing is over yet, so nothing is compared
	}
	for what, fails := range map[string]func(){
		"none":          func() {},
		"a header":      func() { w.Do(func() { w.ok(w.s3.Put("models", "reference.csv", []byte("age\n"))) }) },
		"no CSV at all": func() { w.Do(func() { w.ok(w.s3.Put("models", "reference.csv", nil)) }) },
	} {
		fails()
		hour := w.hour("churn-v1", 1, 40)
		noEvent := events.SQSMessage{MessageId: "no event", Body: "{}"}
		if failed, err := w.take(append(hour, noEvent)...); err != nil || !slices.Equal(failed, []string{"no event", hour[0].MessageId, hour[1].MessageId}) {
			t.Errorf("%s for a reference: %v come again, %v", what, failed, err)
		}
	}
	reference(40)
	w.RunFor(2 * time.Hour)
	w.hours("churn-v1", 2, 4, 40)
	first := w.state("churn-v1")
	if got := w.scores("prediction"); len(got) == 0 || slices.Max(got) > 1 || first.Moved != "" {
		t.Errorf("scores of the prediction %v, %+v", got, first)
	}
	reference(20)
	w.hours("churn-v1", 4, 6, 40)
	if s := w.state("churn-v1"); s.Reference == first.Reference || s.Tag == first.Tag || !strings.Contains(s.Moved, "age has moved") {
		t.Errorf("with another reference: %+v", s)
	}
}

// TestFewRowsWaitForMore: windows that are too small alone are compared together.
func TestFewRowsWaitForMore(t *testing.T) {
	w := newWorld(t, churn)
	w.hours("churn-v1", 0, 3, 40)
	before := w.state("churn-v1").Judged
	for h := 3; h < 7; h++ {
		w.RunFor(time.Hour)
		if _, err := w.take(w.put("churn-v1", nine.Add(time.Duration(h)*time.Hour), 200, 40)); err != nil {
			t.Fatal(err)
		}
	}
	w.RunFor(10 * time.Minute) // until metrics can be seen
	// Hour 2 has enough; of the hours of 200 rows, three make one reading.
	if got := w.scores(""); len(got) != 2 || w.state("churn-v1").Judged != nine.Add(6*time.Hour) {
		t.Errorf("%d scores; judged until %s, before until %s", len(got), w.state("churn-v1").Judged, before)
	}
}

func TestWhatIsNoCapture(t *testing.T) {
	w := newWorld(t, churn)
	good := w.put("churn-v1", nine, 10, 40)
	w.Do(func() {
		w.ok(w.s3.Put("captures", "churn/churn-prod/churn-v1/2026/03/02/09/x.jsonl", []byte("no JSON\n{}\n")))
	})
	noEvent := events.SQSMessage{MessageId: "no event", Body: "{}"}
	failed, err := w.take(noEvent, good,
		w.message("captures", "churn/churn-prod/churn-v1/2026/03/02/09/x.jsonl", nine),    // nothing in it can be read
		w.message("captures", "churn/churn-prod/churn-v1/2026/03/02/09/gone.jsonl", nine), // deleted since
		w.message("captures", "churn/other/v1/2026/03/02/09/a.jsonl", nine),               // another endpoint's
		w.message("captures", "churn/churn-prod/file.jsonl", nine),                        // of no variant
		w.message("captures", "churn/churn-prod/churn-v1/2026/03/02/09/a.csv", nine),
		w.message("store", "churn/churn-prod/churn-v1/2026/03/02/09/a.jsonl", nine),
	)
	if err != nil || !slices.Equal(failed, []string{"no event"}) {
		t.Errorf("given back %v, %v", failed, err)
	}
	if kept := w.kept(""); len(kept) != 1 || !strings.HasPrefix(kept[0], "captures/churn/"+churn.Normalised().Drift.Basis()) {
		t.Errorf("kept %v", kept)
	}
	bare := churn
	bare.Drift = nil
	w.apply(bare)
	if failed, err := w.take(good); err != nil || len(failed) > 0 || len(w.kept("")) != 1 {
		t.Errorf("without a drift block: %v, %v", failed, err)
	}
}
