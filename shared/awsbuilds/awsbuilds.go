// Package awsbuilds starts, stops and reads CodeBuild builds, and reads their logs. It
// fills the builds of committing, checking and building.
package awsbuilds

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"sluice/shared/awsfault"
	"sluice/shared/building"
	"sluice/shared/fault"
)

// Builds is CodeBuild, with the logs of its builds.
type Builds struct {
	client *codebuild.Client
	logs   *cloudwatchlogs.Client
}

// Open returns CodeBuild.
func Open(cfg aws.Config) *Builds {
	return &Builds{client: codebuild.NewFromConfig(cfg), logs: cloudwatchlogs.NewFromConfig(cfg)}
}

// Start fills committing's and checking's builds. CodeBuild remembers the token for
// five minutes, as long as Lambda tries again.
func (b *Builds) Start(ctx context.Context, o building.Order) (string, error) {
	var variables []types.EnvironmentVariable
	for name, value := range o.Variables() {
		variables = append(variables, types.EnvironmentVariable{Name: aws.String(name), Value: aws.String(value), Type: types.EnvironmentVariableTypePlaintext})
	}
	slices.SortFunc(variables, func(a, b types.EnvironmentVariable) int { return strings.Compare(*a.Name, *b.Name) })
	out, err := b.client.StartBuild(ctx, &codebuild.StartBuildInput{
		ProjectName: &o.Project, SourceVersion: &o.Commit, EnvironmentVariablesOverride: variables, IdempotencyToken: aws.String(o.Token()),
	})
	if err != nil {
		return "", awsfault.Errorf(err, "starting a build of project %s", o.Project)
	}
	return aws.ToString(out.Build.Id), nil
}

// Stop fills checking's builds.
func (b *Builds) Stop(ctx context.Context, id string) error {
	_, err := b.client.StopBuild(ctx, &codebuild.StopBuildInput{Id: &id})
	if awsfault.Kind(err) == fault.NotFound {
		return nil // deleted
	}
	return awsfault.Errorf(err, "stopping build %s", id)
}

// Build fills building's builds.
func (b *Builds) Build(ctx context.Context, id string) (building.Build, error) {
	out, err := b.client.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: []string{id}})
	if err != nil {
		return building.Build{}, awsfault.Errorf(err, "reading build %s", id)
	}
	if len(out.Builds) == 0 {
		return building.Build{}, fault.NotFound.Errorf("there is no build %s", id)
	}
	return buildOf(out.Builds[0]), nil
}

func buildOf(x types.Build) building.Build {
	build := building.Build{ID: aws.ToString(x.Id), Status: string(x.BuildStatus), Initiator: aws.ToString(x.Initiator)}
	variables := map[string]string{}
	if x.Environment != nil {
		for _, v := range x.Environment.EnvironmentVariables {
			variables[aws.ToString(v.Name)] = aws.ToString(v.Value)
		}
	}
	build.Order, build.Ordered = building.OrderOf(aws.ToString(x.ProjectName), variables)
	if x.Logs != nil {
		build.Group, build.Stream, build.Link = aws.ToString(x.Logs.GroupName), aws.ToString(x.Logs.StreamName), aws.ToString(x.Logs.DeepLink)
	}
	for _, p := range x.Phases {
		if build.Phase != "" || p.PhaseStatus == "" || p.PhaseStatus == types.StatusTypeSucceeded {
			continue
		}
		build.Phase = string(p.PhaseType)
		for _, c := range p.Contexts {
			if m := aws.ToString(c.Message); m != "" {
				build.Why = m
			}
		}
	}
	return build
}

// Tail fills checking's builds. A build that came to no log has none.
func (b *Builds) Tail(ctx context.Context, build building.Build, lines int) ([]string, error) {
	if build.Group == "" || build.Stream == "" {
		return nil, nil
	}
	out, err := b.logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &build.Group, LogStreamName: &build.Stream, Limit: aws.Int32(int32(lines)), StartFromHead: aws.Bool(false),
	})
	if awsfault.Kind(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, awsfault.Errorf(err, "reading the log of build %s", build.ID)
	}
	var all []string
	for _, e := range out.Events {
		all = append(all, strings.TrimRight(aws.ToString(e.Message), "\n"))
	}
	return all, nil
}
