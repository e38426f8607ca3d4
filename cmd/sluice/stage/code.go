package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"

	"sluice/cmd/sluice/ui"
	"sluice/local/codecommit/git"
	"sluice/local/ecr"
	"sluice/shared/spec"

	buildlocal "sluice/local/codebuild"
)

// Code is the Git repository of a scenario's model, with what builds it.
type Code struct {
	Repository string         `yaml:"repository"`
	Checks     string         `yaml:"checks"`   // a CodeBuild project
	Image      string         `yaml:"image"`    // a CodeBuild project that pushes to Images
	Images     string         `yaml:"images"`   // an ECR repository
	Builds     []BuildEnd     `yaml:"builds"`   // what builds come to, if they do not just succeed
	Findings   map[string]int `yaml:"findings"` // of scans, by severity
	Flawed     string         `yaml:"flawed"`   // a tag of the only image that has Findings; "" for all
	Spec       string         `yaml:"spec"`     // the code block that the pushed sluice.yaml has beside the scenario's spec
	// Pipeline is a stack of pipeline.yaml to deploy; "" for none. It brings the projects
	// <stack>-<model>-checks and <stack>-<model>-image, and the repository <model>-inference.
	Pipeline string `yaml:"pipeline"`
}

// BuildEnd is what the n-th build of a project comes to.
type BuildEnd struct {
	Project string        `yaml:"project"`
	Number  int           `yaml:"number"` // 0 is all
	Phase   string        `yaml:"phase"`  // that fails
	Reason  string        `yaml:"reason"`
	Log     []string      `yaml:"log"`
	Takes   spec.Duration `yaml:"takes"`
}

// Push commits files to a branch and pushes it. A file's content "-" deletes it. That of
// sluice.yaml may be left empty for the scenario's spec with its code block, and that of
// buildspec.yml for the example's.
type Push struct {
	Branch string            `yaml:"branch"`
	From   string            `yaml:"from"` // for a new branch; default main
	Author string            `yaml:"author"`
	Files  map[string]string `yaml:"files"`
}

// OpenRequest opens a pull request.
type OpenRequest struct {
	Source string `yaml:"source"`
	Title  string `yaml:"title"`
}

// buildRole is a role that builds may run under, with what they need.
const buildRole = "sluice-builds"

// code makes what the scenario's code needs.
func (st *Stage) code() error {
	c := st.Scenario.Code
	if c == nil {
		return nil
	}
	role, err := st.AWS.IAM.CreateRole(buildRole, "/", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"sts:AssumeRole"}]}`))
	if err != nil {
		return err
	}
	if err := st.AWS.IAM.PutRolePolicy(buildRole, "build", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["codecommit:GitPull","logs:PutLogEvents"],"Resource":"*"}]}`)); err != nil {
		return err
	}
	if err := st.AWS.CodeCommit.CreateRepository(c.Repository); err != nil {
		return err
	}
	st.AWS.ECR.Findings = func(_, _ string, tags []string) (map[string]int, string) {
		if c.Flawed != "" && !slices.Contains(tags, c.Flawed) {
			return nil, ""
		}
		return c.Findings, ""
	}
	st.AWS.Commands = st.commands
	if c.Pipeline != "" {
		return st.deliveries()
	}
	for _, name := range []string{c.Checks, c.Image} {
		if name == "" {
			continue
		}
		p := buildlocal.Project{Name: name, Repository: c.Repository, RoleARN: role.ARN, Buildspec: "version: 0.2\nphases: {build: {commands: [make " + name + "]}}\n"}
		if err := st.AWS.CodeBuild.CreateProject(p); err != nil {
			return err
		}
	}
	if c.Images != "" {
		if err := st.AWS.ECR.CreateRepository(c.Images, ecr.Settings{ScanOnPush: true}); err != nil {
			return err
		}
	}
	return nil
}

// commands says what a build comes to. One of an image pushes it.
func (st *Stage) commands(r buildlocal.Run) buildlocal.Outcome {
	c := st.Scenario.Code
	var out buildlocal.Outcome
	for _, b := range c.Builds {
		if b.Project == r.Project && (b.Number == 0 || b.Number == r.Number) {
			out = buildlocal.Outcome{FailPhase: buildlocal.Phase(b.Phase), Reason: b.Reason, Log: b.Log, Takes: b.Takes.Std()}
		}
	}
	if r.Project == st.scanGate() && c.Findings["CRITICAL"] > 0 && out.FailPhase == "" {
		out = buildlocal.Outcome{FailPhase: buildlocal.Build, Reason: "exit status 1", Log: []string{fmt.Sprintf("critical findings: %d", c.Findings["CRITICAL"])}}
	}
	if r.Project == c.Image {
		out.Then = func() error {
			_, err := st.AWS.ECR.Push(c.Images, r.Commit, `{"commit":"`+r.Commit+`"}`, "")
			return err
		}
	}
	return out
}

func (p *Play) push(a Push) error {
	c := p.stage.Scenario.Code
	if c == nil {
		return fmt.Errorf("push: the scenario has no code")
	}
	edits := map[string]git.Edit{}
	for name, content := range a.Files {
		if name == "sluice.yaml" && content == "" {
			content = string(p.stage.Scenario.spec) + "\n" + c.Spec
		}
		if name == "buildspec.yml" && content == "" {
			content = string(p.stage.Scenario.build)
		}
		edits[name] = git.Edit{Content: []byte(content), Delete: content == "-"}
	}
	from := a.From
	if from == "" {
		from = "main"
	}
	id, err := p.stage.AWS.CodeCommit.Push(c.Repository, a.Branch, from, a.Author, "change", edits)
	if err == nil {
		p.tell(ui.Trigger, c.Repository, "%.7s is pushed to %s: %s", id, a.Branch, strings.Join(sortedNames(a.Files), ", "))
	}
	return err
}

func sortedNames(files map[string]string) []string {
	var all []string
	for name := range files {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func (p *Play) request(ctx context.Context, a OpenRequest) error {
	c := p.stage.Scenario.Code
	if c == nil {
		return fmt.Errorf("request: the scenario has no code")
	}
	out, err := codecommit.NewFromConfig(p.stage.AWS.AdminConfig()).CreatePullRequest(ctx, &codecommit.CreatePullRequestInput{
		Title: &a.Title, Targets: []types.Target{{RepositoryName: &c.Repository, SourceReference: &a.Source}},
	})
	if err == nil {
		p.tell(ui.Trigger, c.Repository, "pull request %s asks for %s: %s", *out.PullRequest.PullRequestId, a.Source, a.Title)
	}
	return err
}

// checkCode holds builds, comments and approvals against what was expected.
func (st *Stage) checkCode(ctx context.Context, x Expect) (misses []string, err error) {
	c := st.Scenario.Code
	if c == nil {
		return nil, nil
	}
	if x.Builds != nil {
		var got []string
		for _, project := range []string{c.Checks, c.Image} {
			all, err := st.builds(ctx, project)
			if err != nil {
				return nil, err
			}
			got = append(got, all...)
		}
		if !slices.Equal(got, x.Builds) {
			misses = append(misses, fmt.Sprintf("builds %q, %q expected", got, x.Builds))
		}
	}
	if misses, err = st.checkPipeline(ctx, x, misses); err != nil {
		return nil, err
	}
	client := codecommit.NewFromConfig(st.AWS.AdminConfig())
	comments := st.AWS.CodeCommit.Comments()
	for _, want := range x.Comments {
		if !slices.ContainsFunc(comments, func(text string) bool { return strings.Contains(text, want) }) {
			misses = append(misses, fmt.Sprintf("no comment has %q: %q", want, comments))
		}
	}
	if x.Approved == nil {
		return misses, nil
	}
	first := "1"
	r, err := client.GetPullRequest(ctx, &codecommit.GetPullRequestInput{PullRequestId: &first})
	if err != nil {
		return nil, err
	}
	states, err := client.GetPullRequestApprovalStates(ctx, &codecommit.GetPullRequestApprovalStatesInput{PullRequestId: &first, RevisionId: r.PullRequest.RevisionId})
	if err != nil {
		return nil, err
	}
	if approved := len(states.Approvals) > 0; approved != *x.Approved {
		misses = append(misses, fmt.Sprintf("pull request 1 approved: %v, %v expected", approved, *x.Approved))
	}
	return misses, nil
}

// builds are the builds of a project, as "project STATUS", from the first.
func (st *Stage) builds(ctx context.Context, project string) (all []string, err error) {
	if project == "" {
		return nil, nil
	}
	client := codebuild.NewFromConfig(st.AWS.AdminConfig())
	list, err := client.ListBuildsForProject(ctx, &codebuild.ListBuildsForProjectInput{ProjectName: &project, SortOrder: "ASCENDING"})
	if err != nil || len(list.Ids) == 0 {
		return nil, err
	}
	out, err := client.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: list.Ids})
	if err != nil {
		return nil, err
	}
	for _, b := range out.Builds {
		all = append(all, fmt.Sprintf("%s %s", project, b.BuildStatus))
	}
	return all, nil
}
