package codepipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/smithy-go"

	"sluice/local/sim"
	"sluice/local/wire"
)

var ctx = context.Background()

// world is a pipeline deliver: source, build, a person, and a stack.
type world struct {
	*testing.T
	*Service
	sim    *sim.World
	client *codepipeline.Client
	head   string
	orders []BuildOrder
	ends   map[string]BuildEnd // of builds, by commit
	bucket map[string][]byte
	denied string
	told   []string // events, as "Kind name STATE"
	sent   []map[string]any
	notice string
	stacks []ChangeSet
	broken error // what stacks come to
}

const key = "arn:aws:kms:us-east-1:111122223333:key/1"

// declared is the pipeline of the tests.
func declared() Pipeline {
	of := func(category, provider string) ActionType { return ActionType{category, "AWS", provider, "1"} }
	p := Pipeline{
		Name: "deliver", RoleArn: "arn:aws:iam::111122223333:role/pipeline", ArtifactStore: ArtifactStore{Type: "S3", Location: "artifacts"},
		Stages: []Stage{
			{"Source", []Action{{
				Name: "Source", ActionTypeId: of("Source", "CodeCommit"), Configuration: map[string]string{"RepositoryName": "churn", "BranchName": "main"},
				OutputArtifacts: []Artifact{{"Source"}}, Namespace: "Source",
			}}},
			{"Build", []Action{{
				Name: "Build", ActionTypeId: of("Build", "CodeBuild"), InputArtifacts: []Artifact{{"Source"}}, OutputArtifacts: []Artifact{{"Package"}},
				Configuration: map[string]string{"ProjectName": "build", "EnvironmentVariables": `[{"name": "COMMIT", "value": "#{Source.CommitId}"}]`},
			}}},
			{"Approval", []Action{{
				Name: "Approve", ActionTypeId: of("Approval", "Manual"), TimeoutInMinutes: 60,
				Configuration: map[string]string{"CustomData": "look at it", "NotificationArn": "arn:aws:sns:us-east-1:111122223333:people"},
			}}},
			{"Production", []Action{
				{Name: "Prepare", ActionTypeId: of("Deploy", "CloudFormation"), InputArtifacts: []Artifact{{"Package"}}, Configuration: map[string]string{
					"ActionMode": "CHANGE_SET_REPLACE", "StackName": "sluice", "ChangeSetName": "delivery", "TemplatePath": "Package::packaged.yaml",
					"RoleArn": "arn:aws:iam::111122223333:role/deploy", "ParameterOverrides": `{"Environment": "production"}`,
				}},
				{Name: "Deploy", RunOrder: 2, ActionTypeId: of("Deploy", "CloudFormation"), Configuration: map[string]string{
					"ActionMode": "CHANGE_SET_EXECUTE", "StackName": "sluice", "ChangeSetName": "delivery",
				}},
			}},
		},
	}
	p.ArtifactStore.EncryptionKey.Type, p.ArtifactStore.EncryptionKey.Id = "KMS", key
	return p
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, sim: sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), head: "c1", ends: map[string]BuildEnd{}, bucket: map[string][]byte{}}
	w.Service = New(w.sim, Outside{
		Emit: w.event,
		Permit: func(_ string, need wire.Access) error {
			if need.Action == w.denied {
				return fmt.Errorf("the role may not %s", need.Action)
			}
			return nil
		},
		Caller: func(string) string { return "arn:aws:iam::111122223333:user/ana" },
		Source: func(repository, branch string) (Revision, error) {
			if w.head == "" {
				return Revision{}, errors.New("branch main does not exist")
			}
			return Revision{w.head, "change " + w.head, map[string][]byte{"a/b.txt": []byte(w.head)}}, nil
		},
		Put: func(bucket, key string, body []byte) error { w.bucket[bucket+"/"+key] = body; return nil },
		Get: func(bucket, key string) ([]byte, bool) { b, ok := w.bucket[bucket+"/"+key]; return b, ok },
		Build: func(o BuildOrder, done func(BuildEnd)) (string, error) {
			if o.Project != "build" {
				return "", fmt.Errorf("there is no project %s", o.Project)
			}
			w.orders = append(w.orders, o)
			end, ok := w.ends[o.Commit]
			if !ok {
				end = BuildEnd{Status: "SUCCEEDED", Files: map[string][]byte{"packaged.yaml": []byte("Resources: {}")}}
			}
			w.sim.After(time.Minute, "build", func() { done(end) })
			return fmt.Sprintf("build:%d", len(w.orders)), nil
		},
		Publish: func(topic, subject, body string) error { w.notice = body; return nil },
		Deploy: func(c ChangeSet) error {
			if w.broken == nil {
				w.stacks = append(w.stacks, c)
			}
			return w.broken
		},
	})
	srv := wire.NewServer(w.sim)
	srv.Register(w.Wire())
	w.client = codepipeline.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	if err := w.Create(declared()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) event(source, detailType string, resources []string, detail any) {
	raw, err := json.Marshal(map[string]any{"source": source, "detail-type": detailType, "resources": resources, "detail": detail})
	var e map[string]any
	if err = errors.Join(err, json.Unmarshal(raw, &e)); err != nil {
		w.Fatal(err)
	}
	d := e["detail"].(map[string]any)
	name := d["pipeline"]
	for _, of := range []string{"stage", "action"} {
		if d[of] != nil {
			name = d[of]
		}
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(detailType, "CodePipeline "), " ")
	w.told = append(w.told, fmt.Sprintf("%s %s %s", kind, name, d["state"]))
	w.sent = append(w.sent, e)
}

// begin starts an execution and lets it come to where nothing happens for ten minutes.
func (w *world) begin(commit string) string {
	w.Helper()
	w.head = commit
	out, err := w.client.StartPipelineExecution(ctx, &codepipeline.StartPipelineExecutionInput{Name: aws.String("deliver")})
	if err != nil {
		w.Fatal(err)
	}
	w.sim.RunFor(10 * time.Minute)
	return *out.PipelineExecutionId
}

// status is the status of an execution.
func (w *world) status(id string) types.PipelineExecutionStatus {
	w.Helper()
	out, err := w.client.GetPipelineExecution(ctx, &codepipeline.GetPipelineExecutionInput{PipelineName: aws.String("deliver"), PipelineExecutionId: &id})
	if err != nil {
		w.Fatal(err)
	}
	return out.PipelineExecution.Status
}

// action is the state of an action, in stage i.
func (w *world) action(i, j int) types.ActionExecution {
	w.Helper()
	out, err := w.client.GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: aws.String("deliver")})
	if err != nil {
		w.Fatal(err)
	}
	if x := out.StageStates[i].ActionStates[j].LatestExecution; x != nil {
		return *x
	}
	return types.ActionExecution{}
}

// answer answers the approval that waits, and lets happen what follows.
func (w *world) answer(status types.ApprovalStatus) {
	w.Helper()
	_, err := w.client.PutApprovalResult(ctx, &codepipeline.PutApprovalResultInput{
		PipelineName: aws.String("deliver"), StageName: aws.String("Approval"), ActionName: aws.String("Approve"), Token: w.action(2, 0).Token,
		Result: &types.ApprovalResult{Status: status, Summary: aws.String("looked at")},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.sim.RunFor(10 * time.Minute)
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("got %v, want %s", err, code)
	}
}
