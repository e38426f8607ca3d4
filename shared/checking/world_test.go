package checking_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"

	"sluice/local/codebuild"
	"sluice/local/codecommit"
	"sluice/local/codecommit/git"
	"sluice/local/dynamodb"
	"sluice/local/logs"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsbuilds"
	"sluice/shared/awsgit"
	"sluice/shared/awstable"
	"sluice/shared/building"
	"sluice/shared/checking"
)

var (
	ctx  = context.Background()
	repo = aws.String("churn-model")
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

const (
	valid = `model: churn
pipeline: {name: churn-training}
package: {group: churn}
endpoint: {name: churn-prod, instanceType: ml.m5.large}
code: {repository: churn-model, checks: churn-checks}
`
	buildspec = "version: 0.2\nphases: {build: {commands: [pytest]}}\n"
)

// world is the checks of a repository, as on-request sees it. Mary pushes
// and opens requests; the checks have another key.
type world struct {
	*sim.World
	*testing.T
	srv      *wire.Server
	git      *codecommit.Service
	mary     *sdk.Client
	table    *awstable.Table
	builds   *awsbuilds.Builds
	checking *checking.Checking
	script   func(codebuild.Run) codebuild.Outcome
	events   []json.RawMessage // of requests and builds, the newest last
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t, script: func(codebuild.Run) codebuild.Outcome { return codebuild.Outcome{} }}
	w.srv = wire.NewServer(w.World)
	emit := func(source, detailType string, resources []string, detail any) {
		raw, err := json.Marshal(map[string]any{"id": fmt.Sprint(len(w.events)), "source": source, "detail-type": detailType, "time": w.Now(), "detail": detail})
		w.ok(err)
		w.events = append(w.events, raw)
	}
	db, lines := dynamodb.New(w.World), logs.New(w.World)
	caller := func(key string) string { return "arn:aws:iam::111122223333:user/" + key }
	w.git = codecommit.New(w.World, emit, caller)
	builds := codebuild.New(w.World, codebuild.Outside{
		Emit: emit, Source: w.git.Files, Caller: caller, Script: func(r codebuild.Run) codebuild.Outcome { return w.script(r) },
		Log: func(group, stream, line string) { lines.Append(group, stream, w.Now(), line) },
	})
	for _, svc := range []*wire.Service{db.Wire(), lines.Wire(), w.git.Wire(), builds.Wire()} {
		w.srv.Register(svc)
	}
	cfg := func(key string) aws.Config {
		return aws.Config{
			Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider(key, "test", ""),
			HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		}
	}
	w.ok(db.Create(&dynamodb.CreateTableInput{
		TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	}))
	w.ok(w.git.CreateRepository("churn-model"))
	w.ok(builds.CreateProject(codebuild.Project{Name: "churn-checks", Repository: "churn-model"}))
	w.mary, w.builds = sdk.NewFromConfig(cfg("mary")), awsbuilds.Open(cfg("checks"))
	w.table = awstable.Open(cfg("checks"), "sluice")
	w.checking = &checking.Checking{Table: w.table, Requests: awsgit.Open(cfg("checks")), Builds: w.builds}
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// push commits files to a branch and returns the commit.
func (w *world) push(branch string, files ...string) string {
	w.Helper()
	edits := map[string]git.Edit{}
	for i := 0; i < len(files); i += 2 {
		edits[files[i]] = git.Edit{Content: []byte(files[i+1])}
	}
	id, err := w.git.Push("churn-model", branch, "main", "mary", "change", edits)
	w.ok(err)
	return id
}

// open opens a request of feature into main.
func (w *world) open() {
	w.Helper()
	_, err := w.mary.CreatePullRequest(ctx, &sdk.CreatePullRequestInput{Title: aws.String("t"), Targets: []types.Target{{RepositoryName: repo, SourceReference: aws.String("feature")}}})
	w.ok(err)
}

// take takes the newest event through its function, as often as told.
func (w *world) take(times int) {
	w.Helper()
	raw := w.events[len(w.events)-1]
	for range times {
		w.ok(w.deliver(raw))
	}
}

// deliver brings an event to its function.
func (w *world) deliver(raw json.RawMessage) error {
	var e struct {
		Type string `json:"detail-type"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if e.Type == "CodeCommit Repository State Change" {
		return nil // for on-commit
	}
	_, err := w.checking.OnRequest(ctx, raw)
	return err
}

// comments are the comments on the request.
func (w *world) comments() (all []string) {
	w.Helper()
	out, err := w.mary.GetCommentsForPullRequest(ctx, &sdk.GetCommentsForPullRequestInput{PullRequestId: aws.String("1")})
	w.ok(err)
	for _, d := range out.CommentsForPullRequestData {
		all = append(all, *d.Comments[0].Content)
	}
	return all
}

// approved reports whether the request, as it is now, has the checks' approval.
func (w *world) approved() bool {
	w.Helper()
	p, err := w.mary.GetPullRequest(ctx, &sdk.GetPullRequestInput{PullRequestId: aws.String("1")})
	w.ok(err)
	out, err := w.mary.GetPullRequestApprovalStates(ctx, &sdk.GetPullRequestApprovalStatesInput{PullRequestId: aws.String("1"), RevisionId: p.PullRequest.RevisionId})
	w.ok(err)
	return len(out.Approvals) == 1
}

// build is the build that the check has now.
func (w *world) build() building.Build {
	w.Helper()
	check, err := w.table.Check(ctx, "churn-model", "1")
	w.ok(err)
	b, err := w.builds.Build(ctx, check.Builds["churn-checks"])
	w.ok(err)
	return b
}
