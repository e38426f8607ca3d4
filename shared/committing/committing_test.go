package committing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/google/go-cmp/cmp"

	"sluice/shared/building"
)

func (w *world) listed(project string) []string {
	w.Helper()
	out, err := codebuild.NewFromConfig(w.cfg).ListBuildsForProject(ctx, &codebuild.ListBuildsForProjectInput{ProjectName: aws.String(project), SortOrder: "ASCENDING"})
	w.ok(err)
	return out.Ids
}

func TestAPushPutsTheSpecInForce(t *testing.T) {
	w := newWorld(t)
	first := w.push("main", "sluice.yaml", valid, "training/train.py", "1", "README.md", "hello")
	if got := w.last(); got != "churn: applied train" {
		t.Errorf("the first push: %s", got)
	}
	a, ok, err := w.table.Applied(ctx, "churn")
	if err != nil || !ok || a.Source != "churn-model@"+first || !a.At.Equal(noon) {
		t.Errorf("in force: %+v %v %v", a, ok, err)
	}
	second := w.push("main", "docs/a.md", "x")
	if got := w.last(); got != "churn:" {
		t.Errorf("documentation: %s", got)
	}
	third := w.push("main", "serving/app.py", "1", "src/lib.py", "2")
	if got := w.last(); got != "churn: test rollout" {
		t.Errorf("serving: %s", got)
	}
	fourth := w.push("main", "sluice.yaml", valid+"  flow: gitflow\n")
	if got := w.last(); got != "churn: applied" {
		t.Errorf("another spec: %s", got)
	}
	want := []building.Order{
		{Project: "churn-checks", Repository: "churn-model", Commit: third, Model: "churn", Do: "test"},
		{Project: "churn-image", Repository: "churn-model", Commit: third, Model: "churn", Do: "rollout"},
	}
	if diff := cmp.Diff(want, w.builds()); diff != "" {
		t.Errorf("builds (-want +got):\n%s", diff)
	}
	orders, err := w.table.ImageOrders(ctx, "churn-inference", third)
	if err != nil || !cmp.Equal(orders, want[1:]) {
		t.Errorf("orders for images %+v %v", orders, err)
	}
	if diff := cmp.Diff(map[string]string{"churn " + first: first[:7] + " of churn-model, training/train.py changed"}, w.trained); diff != "" {
		t.Errorf("training (-want +got):\n%s", diff)
	}
	if h, err := w.table.Head(ctx, "churn-model", "", "sluice.yaml"); err != nil || h.Commit != fourth || second == fourth {
		t.Errorf("deployed last: %+v %v", h, err)
	}
}

func TestBranchesAreTested(t *testing.T) {
	w := newWorld(t)
	w.push("main", "sluice.yaml", valid)
	w.last()
	head := w.push("feature/x", "training/train.py", "1", "sluice.yaml", strings.Replace(valid, "ml.m5.large", "ml.c5.large", 1))
	if got := w.last(); got != "churn: test" {
		t.Errorf("a branch: %s", got)
	}
	if a, _, err := w.table.Applied(ctx, "churn"); err != nil || a.Spec.Endpoint.InstanceType != "ml.m5.large" {
		t.Errorf("a branch put its spec in force: %+v %v", a.Spec.Endpoint, err)
	}
	if got := w.builds(); len(got) != 1 || got[0].Commit != head || len(w.trained) > 0 {
		t.Errorf("builds %+v, training %v", got, w.trained)
	}
	w.ok(w.git.Tag("churn-model", "v1", head))
	if got := w.last(); got != "" {
		t.Errorf("a tag: %s", got)
	}
	w.ok(w.git.Move("churn-model", "feature/x", ""))
	if got := w.last(); got != "" {
		t.Errorf("a deleted branch: %s", got)
	}
}

// Whatever becomes of the events of three pushes, each change is acted on once.
func TestEventsAreWakeUps(t *testing.T) {
	for name, order := range map[string][]int{
		"in order": {0, 1, 2}, "the last alone": {2}, "backwards": {2, 1, 0}, "the middle alone": {1}, "twice": {0, 0, 1, 1, 2, 2, 0, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.push("main", "sluice.yaml", valid)
			w.last()
			w.push("main", "training/train.py", "1")
			w.push("main", "docs/a.md", "1")
			tip := w.push("main", "serving/app.py", "1")
			for _, i := range order {
				w.handle(w.events[i])
			}
			// read at the first event, all three pushes are one
			if len(w.trained) != 1 || w.trained["churn "+tip] == "" {
				t.Errorf("trained on %q, want %s", sortedKeys(w.trained), tip)
			}
			if b := w.builds(); len(b) != 1 || b[0].Do != "rollout" || b[0].Commit != tip {
				t.Errorf("builds %+v", b)
			}
		})
	}
}

func TestAForcedPush(t *testing.T) {
	w := newWorld(t)
	base := w.push("main", "sluice.yaml", valid)
	w.last()
	w.push("main", "training/train.py", "1")
	w.last()
	w.ok(w.git.Move("churn-model", "main", base))
	if got := w.last(); got != "churn: train" { // the old code is new again
		t.Errorf("back by force: %s", got)
	}
}

// Hotfixes and main deploy to one environment, in turns: what one has brought, the
// other does not bring again.
func TestHotfixesAndMainTakeTurns(t *testing.T) {
	w := newWorld(t)
	w.push("main", "sluice.yaml", valid+"  flow: gitflow\n")
	w.last()
	fix := w.push("hotfix/1", "training/train.py", "fixed")
	if got := w.last(); got != "churn: train" {
		t.Errorf("the hotfix: %s", got)
	}
	w.ok(w.git.Move("churn-model", "main", fix)) // merged
	merge := w.events[len(w.events)-1]
	if got := w.last(); got != "churn:" {
		t.Errorf("the hotfix in main: %s", got)
	}
	w.push("hotfix/2", "serving/app.py", "fixed")
	if got := w.last(); got != "churn: rollout" {
		t.Errorf("the next hotfix: %s", got)
	}
	if got := say(w.handle(merge)); got != "" {
		t.Errorf("main's event again, after the hotfix: %s", got)
	}
}

func TestAWrongSpecChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.push("main", "sluice.yaml", valid)
	w.last()
	wrong := w.push("main", "sluice.yaml", strings.Replace(valid, "ml.m5.large", "m5.large", 1), "training/train.py", "1")
	raw := w.events[len(w.events)-1]
	for range 3 {
		if got := say(w.handle(raw)); got != "churn: refused" {
			t.Errorf("a wrong spec: %s", got)
		}
	}
	if a, _, err := w.table.Applied(ctx, "churn"); err != nil || a.Rev != 1 || len(w.trained) > 0 || len(w.builds()) > 0 {
		t.Errorf("it changed something: %+v %v, %v", a, err, w.trained)
	}
	comments := w.comments(wrong)
	if len(comments) != 1 || !strings.Contains(comments[0], "write ml.m5.large") {
		t.Errorf("comments %q", comments)
	}
	if diff := cmp.Diff([]string{"Sluice: spec of churn-model at " + wrong[:7] + " failed"}, w.reports); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	w.push("main", "sluice.yaml", valid)
	if got := w.last(); got != "churn: train" { // what the wrong one brought is done now
		t.Errorf("put right: %s", got)
	}
	wrong = w.push("feature/y", "sluice.yaml", "model: -")
	if got := w.last(); got != "churn: refused" || len(w.comments(wrong)) != 1 || len(w.reports) != 1 {
		t.Errorf("wrong on a branch: %s, %d reports", got, len(w.reports))
	}
}

func TestFilesStandWhereTheySay(t *testing.T) {
	tests := map[string]struct{ file, text, want string }{
		"another repository": {"sluice.yaml", strings.Replace(valid, "repository: churn-model", "repository: fraud-model", 1), "code.repository is fraud-model, but the file stands in churn-model"},
		"another folder":     {"models/churn/sluice.yaml", valid, `code.path is "", but the file stands in "models/churn"`},
		"another model":      {"sluice.yaml", strings.Replace(valid, "model: churn", "model: other", 1), "model is other, but the file in force is that of model churn"},
		"somebody's model":   {"models/a/sluice.yaml", valid + "  path: models/a\n", "model churn is kept in churn-model, as sluice.yaml; change code there first"},
		"somebody's endpoint": {"models/b/sluice.yaml", strings.NewReplacer("model: churn", "model: b", "group: churn", "group: b").Replace(valid) + "  path: models/b\n",
			"endpoint churn-prod belongs to model churn already"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.push("main", "sluice.yaml", valid)
			w.last()
			commit := w.push("main", tt.file, tt.text, "training/a.py", "1")
			w.last()
			if c := w.comments(commit); len(c) != 1 || !strings.Contains(c[0], tt.want) || len(w.reports) != 1 {
				t.Errorf("comments %q, reports %q", c, w.reports)
			}
		})
	}
	w := newWorld(t)
	w.push("main", "sluice.yaml", valid[:strings.Index(valid, "code:")], "training/a.py", "1")
	if got := w.last(); got != "" || len(w.reports) > 0 {
		t.Errorf("a spec that is not kept in Git: %s", got)
	}
}

// Models of one repository go their own ways.
func TestAMonorepo(t *testing.T) {
	w := newWorld(t)
	fraud := strings.NewReplacer("churn-prod", "fraud-prod", "model: churn", "model: fraud", "group: churn", "group: fraud").Replace(valid) + "  path: models/fraud\n"
	churn := valid + "  path: models/churn\n"
	w.push("main", "models/churn/sluice.yaml", churn, "models/fraud/sluice.yaml", fraud)
	if got := w.last(); got != "churn: applied; fraud: applied" {
		t.Errorf("the first push: %s", got)
	}
	w.push("main", "models/fraud/training/a.py", "1")
	if got := w.last(); got != "churn:; fraud: train" {
		t.Errorf("a change of one: %s", got)
	}
}

func TestTenThousandFiles(t *testing.T) {
	w := newWorld(t)
	w.push("main", "sluice.yaml", valid)
	w.last()
	files := []string{"training/z.py", "1"}
	for i := range 10_000 {
		files = append(files, fmt.Sprintf("docs/%04d.txt", i), "x")
	}
	w.push("main", files...)
	if got := w.last(); got != "churn: train" {
		t.Errorf("10,000 files: %s", got)
	}
}

// on-commit dies after each of its calls in turn. The next try does the rest, once.
func TestOnCommitDies(t *testing.T) {
	died := 0
	for n := 1; ; n++ {
		w := newWorld(t)
		w.push("main", "sluice.yaml", valid)
		w.last()
		tip := w.push("main", "training/a.py", "1", "serving/a.py", "1", "src/a.py", "1", "sluice.yaml", strings.Replace(valid, "ml.m5.large", "ml.c5.large", 1))
		raw := w.events[len(w.events)-1]
		crashed := w.crashing(n, func() error { _, err := w.committing.OnCommit(ctx, raw); return err })
		if crashed {
			died++
			w.handle(raw)
		}
		a, _, err := w.table.Applied(ctx, "churn")
		if err != nil || a.Rev != 2 || len(w.trained) != 1 || w.trained["churn "+tip] == "" || len(w.builds()) != 2 || len(w.reports) > 0 {
			t.Errorf("after call %d: %+v %v, trained %v, builds %+v", n, a, err, w.trained, w.builds())
		}
		if got := say(w.handle(raw)); got != "" {
			t.Errorf("after call %d, once more: %s", n, got)
		}
		if !crashed {
			break
		}
	}
	if died < 10 {
		t.Errorf("on-commit died %d times only", died)
	}
}

func TestAnyGitHost(t *testing.T) {
	w := newWorld(t)
	const first, second, third = "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222", "3333333333333333333333333333333333333333"
	text := strings.Replace(valid, "repository: churn-model", "repository: github.com/acme/churn", 1)
	push := func(at time.Duration, detail map[string]any) string {
		t.Helper()
		detail["repository"], detail["branch"] = "github.com/acme/churn", "main"
		w.RunFor(at)
		return say(w.handle(w.event("sluice.git", "Push", detail)))
	}
	if got := push(0, map[string]any{"commit": first, "specs": map[string]any{"sluice.yaml": text}, "paths": []string{"sluice.yaml"}}); got != "churn: applied" {
		t.Errorf("the first push: %s", got)
	}
	old := w.event("sluice.git", "Push", map[string]any{"repository": "github.com/acme/churn", "branch": "main", "commit": first, "paths": []string{"training/a.py"}})
	if got := push(time.Minute, map[string]any{"commit": second, "previous": first, "author": "mary", "paths": []string{"training/a.py"}}); got != "churn: train" {
		t.Errorf("a change of training code: %s", got)
	}
	if got := w.trained["churn "+second]; got != "2222222 of github.com/acme/churn, training/a.py changed, by mary" {
		t.Errorf("cause %q", got)
	}
	if got := say(w.handle(old)); got != "" {
		t.Errorf("an old event: %s", got)
	}
	// A push was lost in between: anything may have changed.
	if got := push(time.Minute, map[string]any{"commit": first, "previous": third, "paths": []string{"docs/x.md"}}); got != "churn: test rollout train" {
		t.Errorf("after a lost push: %s", got)
	}
	if got := push(time.Minute, map[string]any{"commit": third, "previous": first, "specs": map[string]any{"sluice.yaml": "model: -"}, "paths": []string{"sluice.yaml"}}); got != "churn: refused" || len(w.reports) != 1 {
		t.Errorf("a wrong spec: %s, %q", got, w.reports)
	}
	if got := push(time.Minute, map[string]any{"commit": third, "deleted": true}); got != "" {
		t.Errorf("a deleted branch: %s", got)
	}
}
