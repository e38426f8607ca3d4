package codepipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
)

func TestPipelinesAreRefused(t *testing.T) {
	for _, tt := range []struct {
		change func(*Pipeline)
		why    string
	}{
		{func(p *Pipeline) {}, "already exists"},
		{func(p *Pipeline) { p.Name = "" }, "name, role and two stages"},
		{func(p *Pipeline) { p.Stages = p.Stages[:1] }, "name, role and two stages"},
		{func(p *Pipeline) { p.ArtifactStore.Location = "" }, "must be a bucket"},
		{func(p *Pipeline) { p.ExecutionMode = "PARALLEL" }, "no pipeline in mode PARALLEL"},
		{func(p *Pipeline) { p.Stages[1].Actions[0].ActionTypeId.Provider = "Jenkins" }, "no actions of type Build AWS Jenkins 1"},
		{func(p *Pipeline) { p.Stages[1].Actions[0].Configuration["BatchEnabled"] = "true" }, "no setting BatchEnabled of CodeBuild"},
		{func(p *Pipeline) { delete(p.Stages[1].Actions[0].Configuration, "ProjectName") }, "ProjectName must be set"},
		{func(p *Pipeline) { p.Stages[1].Actions[0].TimeoutInMinutes = 5 }, "only an approval has a timeout"},
		{func(p *Pipeline) { p.Stages[0], p.Stages[1] = p.Stages[1], p.Stages[0] }, "the first stage has sources"},
		{func(p *Pipeline) { p.Stages[0].Actions[0].OutputArtifacts = nil }, "no action before it makes artifact Source"},
		{func(p *Pipeline) { p.Stages[1].Actions[0].OutputArtifacts[0].Name = "Source" }, "artifact Source is made twice"},
	} {
		w := newWorld(t)
		d := declared()
		if tt.why != "already exists" {
			d.Name = "other"
		}
		tt.change(&d)
		if err := w.Create(d); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%v, %q wanted", err, tt.why)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.StartPipelineExecution(ctx, &codepipeline.StartPipelineExecutionInput{Name: aws.String("none")})
	refused(t, err, "PipelineNotFoundException")
	_, err = w.client.GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: aws.String("none")})
	refused(t, err, "PipelineNotFoundException")
	_, err = w.client.GetPipelineExecution(ctx, &codepipeline.GetPipelineExecutionInput{PipelineName: aws.String("deliver"), PipelineExecutionId: aws.String("00000000-0000-0000-0000-000000000000")})
	refused(t, err, "PipelineExecutionNotFoundException")
}

// members are the paths of an object's members, with what kind of thing is there.
func members(t *testing.T, raw []byte) []string {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return membersOf(map[string]any{"source": e["source"], "detail-type": e["detail-type"], "resources": e["resources"], "detail": e["detail"]})
}

func membersOf(e map[string]any) (all []string) {
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(path+"."+name, member)
			}
		case []any:
			walk(path+"[]", v[0])
		default:
			all = append(all, fmt.Sprintf("%s %T", path, v))
		}
	}
	walk("", e)
	slices.Sort(all)
	return all
}
