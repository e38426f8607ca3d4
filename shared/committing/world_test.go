package committing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/codecommit"

	"sluice/local/codebuild"
	"sluice/local/codecommit"
	"sluice/local/codecommit/git"
	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsbuilds"
	"sluice/shared/awsgit"
	"sluice/shared/awstable"
	"sluice/shared/building"
	"sluice/shared/committing"
	"sluice/shared/reporting"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

const valid = `model: churn
pipeline: {name: churn-training}
package: {group: churn}
endpoint: {name: churn-prod, instanceType: ml.m5.large}
code:
  repository: churn-model
  checks: churn-checks
  image: {project: churn-image, repository: churn-inference}
`

// world is a committing over a real table, Git and CodeBuild. Events of the repository
// wait in events until a test lets them through.
type world struct {
	*sim.World
	*testing.T
	srv        *wire.Server
	git        *codecommit.Service
	table      *awstable.Table
	cfg        aws.Config
	committing *committing.Committing
	events     []json.RawMessage
	trained    map[string]string // text by model and commit
	reports    []string
	texts      []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t, trained: map[string]string{}}
	w.srv = wire.NewServer(w.World)
	db := dynamodb.New(w.World)
	w.git = codecommit.New(w.World, func(source, detailType string, resources []string, detail any) {
		w.events = append(w.events, w.event(source, detailType, detail))
	}, func(string) string { return "arn:aws:iam::111122223333:user/mary" })
	builds := codebuild.New(w.World, codebuild.Outside{
		Emit: func(string, string, []string, any) {}, Source: w.git.Files, Log: func(string, string, string) {},
		Caller: func(string) string { return "sluice" }, Script: func(codebuild.Run) codebuild.Outcome { return codebuild.Outcome{} },
	})
	for _, svc := range []*wire.Service{db.Wire(), w.git.Wire(), builds.Wire()} {
		w.srv.Register(svc)
	}
	w.cfg = aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.ok(db.Create(&dynamodb.CreateTableInput{
		TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	}))
	w.ok(w.git.CreateRepository("churn-model"))
	for _, name := range []string{"churn-checks", "churn-image"} {
		w.ok(builds.CreateProject(codebuild.Project{Name: name, Repository: "churn-model"}))
	}
	w.table = awstable.Open(w.cfg, "sluice")
	w.committing = &committing.Committing{
		Table: w.table, Git: awsgit.Open(w.cfg), Builds: awsbuilds.Open(w.cfg), Trainer: w, Reports: reporting.NewDesk(w.table, w), Environment: "production",
	}
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Commit is the trainer: it keeps what it was asked.
func (w *world) Commit(_ context.Context, model, commit, text string, _ time.Time) error {
	w.trained[model+" "+commit] = text
	return nil
}

// Publish keeps a report.
func (w *world) Publish(_ context.Context, subject, text string) error {
	w.reports, w.texts = append(w.reports, subject), append(w.texts, text)
	return nil
}

func (w *world) event(source, detailType string, detail any) json.RawMessage {
	w.Helper()
	raw, err := json.Marshal(map[string]any{"id": fmt.Sprint(len(w.events)), "source": source, "detail-type": detailType, "time": w.Now(), "detail": detail})
	w.ok(err)
	return raw
}

// push commits files to a branch, "-" for a deletion, and returns the commit.
func (w *world) push(branch string, files ...string) string {
	w.Helper()
	edits := map[string]git.Edit{}
	for i := 0; i < len(files); i += 2 {
		edits[files[i]] = git.Edit{Content: []byte(files[i+1]), Delete: files[i+1] == "-"}
	}
	id, err := w.git.Push("churn-model", branch, "main", "mary", "change", edits)
	w.ok(err)
	return id
}

// handle takes an event through on-commit.
func (w *world) handle(raw json.RawMessage) (c committing.Committed) {
	w.Helper()
	c, err := w.committing.OnCommit(ctx, raw)
	w.ok(err)
	return c
}

// last handles the newest event and forgets the others.
func (w *world) last() string {
	w.Helper()
	raw := w.events[len(w.events)-1]
	w.events = nil
	return say(w.handle(raw))
}

// say is what became of a push, in one line.
func say(c committing.Committed) string {
	var all []string
	for _, m := range c.Models {
		line := m.Model + ":"
		if m.Applied {
			line += " applied"
		}
		for _, do := range m.Do {
			line += " " + string(do)
		}
		if m.Problem != "" {
			line += " refused"
		}
		all = append(all, line)
	}
	return strings.Join(all, "; ")
}

// builds lists the orders of all builds, the oldest first.
func (w *world) builds() (all []building.Order) {
	w.Helper()
	for _, project := range []string{"churn-checks", "churn-image"} {
		for _, id := range w.listed(project) {
			b, err := awsbuilds.Open(w.cfg).Build(ctx, id)
			w.ok(err)
			all = append(all, b.Order)
		}
	}
	return all
}

// comments are the comments on a commit.
func (w *world) comments(commit string) (all []string) {
	w.Helper()
	out, err := sdk.NewFromConfig(w.cfg).GetCommentsForComparedCommit(ctx, &sdk.GetCommentsForComparedCommitInput{RepositoryName: aws.String("churn-model"), AfterCommitId: &commit})
	w.ok(err)
	for _, d := range out.CommentsForComparedCommitData {
		all = append(all, *d.Comments[0].Content)
	}
	return all
}

// crashing runs fn with the n-th call to AWS being the last of its process, and
// reports whether there were so many.
func (w *world) crashing(n int, fn func() error) (crashed bool) {
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
			crashed = true
		}
	}()
	w.ok(fn())
	return false
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
