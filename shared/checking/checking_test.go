package checking_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/codebuild"
	"sluice/local/wire"
	"sluice/shared/building"
)

// begin is a request whose check has begun.
func begin(t *testing.T, files ...string) *world {
	t.Helper()
	w := newWorld(t)
	w.push("main", "sluice.yaml", valid, "buildspec.yml", buildspec)
	if len(files) == 0 {
		files = []string{"training/train.py", "1"}
	}
	w.push("feature", files...)
	w.open()
	w.take(2)
	return w
}

// check is the one comment, with what has no place in a test cut away.
func (w *world) check() string {
	w.Helper()
	c := w.comments()
	if len(c) != 1 {
		w.Fatalf("%d comments: %q", len(c), c)
	}
	return c[0]
}

func TestACheckPasses(t *testing.T) {
	w := begin(t)
	if got := w.check(); !strings.Contains(got, ": running**") || w.approved() {
		t.Errorf("at first: %s", got)
	}
	w.RunFor(time.Hour)
	w.take(2)
	if got := w.check(); !strings.Contains(got, ": passed**\n\n- `churn-checks`: succeeded\n") || !w.approved() {
		t.Errorf("at last, approved %v: %s", w.approved(), got)
	}
}

func TestACheckFails(t *testing.T) {
	w := begin(t)
	w.script = func(codebuild.Run) codebuild.Outcome {
		return codebuild.Outcome{FailPhase: codebuild.Build, Reason: "exit status 1", Log: []string{"DB_PASSWORD=hunter2", "FAILED test_auc - 0.70 < 0.80"}}
	}
	w.RunFor(time.Hour)
	w.take(2)
	got := w.check()
	for _, want := range []string{": failed**", "Phase BUILD: Error while executing command: pytest. Reason: exit status 1", "FAILED test_auc - 0.70 < 0.80", "DB_PASSWORD=****", "[Log](https://"} {
		if !strings.Contains(got, want) {
			t.Errorf("the comment lacks %q: %s", want, got)
		}
	}
	if w.approved() || strings.Contains(got, "hunter2") {
		t.Errorf("approved %v: %s", w.approved(), got)
	}
}

// A new head has one comment, too, and its own build; what the older one comes to says
// nothing any more.
func TestANewHeadStopsTheOlderBuild(t *testing.T) {
	w := begin(t)
	w.RunFor(10 * time.Second)
	older := w.build()
	head := w.push("feature", "training/train.py", "2")
	w.take(2)
	newer := w.build()
	if b, err := w.builds.Build(ctx, older.ID); err != nil || b.Status != "STOPPED" || newer.Order.Commit != head || newer.Status != "IN_PROGRESS" {
		t.Errorf("older %+v %v, newer %+v", b, err, newer)
	}
	for _, raw := range w.events {
		w.ok(w.deliver(raw)) // all of them, once more
	}
	if got := w.check(); !strings.Contains(got, "Checks of "+building.Short(head)+": running") || w.approved() {
		t.Errorf("the comment: %s", got)
	}
	w.RunFor(time.Hour)
	w.take(1)
	if !w.approved() || !strings.Contains(w.check(), ": passed**") {
		t.Errorf("the comment: %s", w.check())
	}
}

func TestAClosedRequestIsNotTested(t *testing.T) {
	w := begin(t)
	w.RunFor(10 * time.Second)
	_, err := w.mary.UpdatePullRequestStatus(ctx, &sdk.UpdatePullRequestStatusInput{PullRequestId: aws.String("1"), PullRequestStatus: types.PullRequestStatusEnumClosed})
	w.ok(err)
	w.take(2)
	if b := w.build(); b.Status != "STOPPED" {
		t.Errorf("the build is %s", b.Status)
	}
}

func TestAWrongSpecFailsTheCheck(t *testing.T) {
	w := begin(t, "sluice.yaml", strings.Replace(valid, "ml.m5.large", "m5.large", 1))
	if got := w.check(); !strings.Contains(got, ": failed**") || !strings.Contains(got, "write ml.m5.large") || w.approved() {
		t.Errorf("the comment: %s", got)
	}
	w.push("feature", "sluice.yaml", valid+"# right\n")
	w.take(1)
	w.RunFor(time.Hour)
	w.take(1)
	if got := w.check(); !strings.Contains(got, ": passed**") || strings.Contains(got, "wrong") || !w.approved() {
		t.Errorf("put right: %s", got)
	}
}

func TestWithoutChecksThereIsNoComment(t *testing.T) {
	w := newWorld(t)
	w.push("main", "README.md", "x")
	w.push("feature", "a.py", "1")
	w.open()
	w.take(2)
	if c := w.comments(); len(c) > 0 || w.approved() {
		t.Errorf("comments %q", c)
	}
}

// on-request dies after each of its calls in turn; the next try comes to
// the same.
func TestChecksDie(t *testing.T) {
	var want string
	died := 0
	for n := 0; ; n++ {
		w := newWorld(t)
		w.push("main", "sluice.yaml", valid, "buildspec.yml", buildspec)
		w.push("feature", "training/train.py", "1")
		w.open()
		w.take(1)
		w.push("feature", "training/train.py", "2")
		raw := w.events[len(w.events)-1]
		crashed := w.dies(n, func() error { return w.deliver(raw) })
		w.ok(w.deliver(raw))
		w.RunFor(time.Hour)
		for _, raw := range w.events[len(w.events)-2:] {
			w.dies(n, func() error { return w.deliver(raw) })
			w.ok(w.deliver(raw))
		}
		got := w.check()
		if n == 0 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" || !w.approved() {
			t.Errorf("after call %d (-want +got):\n%s", n, diff)
		}
		if n > 0 && !crashed {
			break
		}
		died++
	}
	if died < 8 {
		t.Errorf("on-request died %d times only", died)
	}
}

// dies runs fn with the n-th call, from 1, being the last of its process.
func (w *world) dies(n int, fn func() error) (died bool) {
	w.Helper()
	calls := 0
	w.srv.Fault = func(*wire.Call, any) wire.Effect {
		if calls++; calls == n {
			return wire.CrashAfter
		}
		return wire.NoFault
	}
	defer func() {
		w.srv.Fault = nil
		var c wire.Crash
		if p := recover(); p != nil {
			err, ok := p.(error)
			if !ok || !errors.As(err, &c) {
				panic(p)
			}
			died = true
		}
	}()
	w.ok(fn())
	return false
}
