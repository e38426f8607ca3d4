// Package codebuild is AWS CodeBuild on a laptop: projects whose builds go through
// their phases, write to CloudWatch Logs, and send events.
//
// Builds check out their source for real, or take it from an artifact of CodePipeline,
// and must find a buildspec there. What its commands do, Script says. Not modelled:
// artifacts of their own, caches, batches, fleets, reports, webhooks, variables from
// Parameter Store, and the event of each phase, of which no sample is known.
package codebuild

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Outside is what the service is wired to.
type Outside struct {
	// Emit puts an event on the default bus.
	Emit func(source, detailType string, resources []string, detail any)
	// Source checks a version of a CodeCommit repository out.
	Source func(repository, version string) (commit string, files map[string][]byte, err error)
	// Log writes a line to CloudWatch Logs.
	Log func(group, stream, line string)
	// Permit asks whether a project's role may have this access; nil permits all.
	Permit func(roleARN string, need wire.Access) error
	// Caller is the ARN behind an access key.
	Caller func(accessKey string) string
	// Script says what a build's commands come to.
	Script func(Run) Outcome
}

// Service is the projects and builds of one account.
type Service struct {
	world    *sim.World
	outside  Outside
	projects map[string]*Project
	numbers  map[string]int
	builds   []*build // in order of start
}

// Project is a project as CreateProject makes it.
type Project struct {
	Name       string
	Repository string // in CodeCommit
	Buildspec  string // inline, or a path in the source; "" is buildspec.yml
	Image      string
	RoleARN    string
	Timeout    time.Duration // 0 is an hour
	Variables  []Variable
	// InPipeline is that source and artifacts are CodePipeline's: no other start a build.
	InPipeline bool
}

// Variable is an environment variable of a build.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

// Run is a build about to run its commands.
type Run struct {
	Project   string
	Number    int // of the project's builds, from 1
	Commit    string
	Variables map[string]string
	Buildspec Buildspec
	Files     map[string][]byte // of the source, by path
}

// Outcome is what the commands of a build come to. The zero Outcome is success.
type Outcome struct {
	FailPhase Phase  // the phase that fails; "" for none
	Status    string // FAILED, the default, or FAULT
	Reason    string // such as exit status 1
	Command   string // the command that fails
	Log       []string
	Takes     time.Duration     // of all commands; 0 is a minute
	Exported  map[string]string // exported environment variables
	Files     map[string][]byte // what a build in a pipeline leaves to be uploaded
	// Then happens when the build phase has succeeded, such as a push to ECR.
	Then func() error
}

// New returns a service without projects.
func New(w *sim.World, outside Outside) *Service {
	return &Service{world: w, outside: outside, projects: map[string]*Project{}, numbers: map[string]int{}}
}

// arn is the ARN of a project, or of a build with its id.
func arn(kind, name string) string {
	return "arn:aws:codebuild:" + wire.Region + ":" + wire.Account + ":" + kind + "/" + name
}

// CreateProject makes a project.
func (s *Service) CreateProject(p Project) error {
	if p.Name == "" {
		return wire.Errorf("InvalidInputException", "Project name is required")
	}
	if s.projects[p.Name] != nil {
		return wire.Errorf("ResourceAlreadyExistsException", "Project already exists: %s", arn("project", p.Name))
	}
	p.Timeout = cmp.Or(p.Timeout, time.Hour)
	p.Image = cmp.Or(p.Image, "aws/codebuild/amazonlinux-aarch64-standard:3.0")
	s.projects[p.Name] = &p
	return nil
}

// Wire is the service with its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "codebuild", Target: "CodeBuild_20161006"}
	project := func(action string) func(*startIn) []wire.Access {
		return func(in *startIn) []wire.Access {
			return []wire.Access{{Action: "codebuild:" + action, Resource: arn("project", in.ProjectName)}}
		}
	}
	wire.Handle(svc, "StartBuild", project("StartBuild"), func(c *wire.Call, in *startIn) (*buildOut, error) { return s.startBuild(c, in) })
	wire.Handle(svc, "ListBuildsForProject", project("ListBuildsForProject"), func(_ *wire.Call, in *startIn) (*listOut, error) { return s.list(in) })
	// Permission on a build is permission on its project.
	wire.Handle(svc, "StopBuild", func(in *idIn) []wire.Access { return ofProjects("StopBuild", in.ID) },
		func(_ *wire.Call, in *idIn) (*buildOut, error) { return s.stopBuild(in) })
	wire.Handle(svc, "BatchGetBuilds", func(in *idsIn) []wire.Access { return ofProjects("BatchGetBuilds", in.IDs...) },
		func(_ *wire.Call, in *idsIn) (*buildsOut, error) { return s.batchGet(in) })
	return svc
}

func ofProjects(action string, ids ...string) []wire.Access {
	var need []wire.Access
	for _, id := range ids {
		need = append(need, wire.Access{Action: "codebuild:" + action, Resource: arn("project", projectOf(id))})
	}
	return need
}

// projectOf is the project in the id or the ARN of a build.
func projectOf(id string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(id, arn("build", "")), ":")
	return name
}

type idIn struct {
	ID string `json:"id"`
}

type idsIn struct {
	IDs []string `json:"ids"`
}

type buildsOut struct {
	Builds   []shape  `json:"builds"`
	NotFound []string `json:"buildsNotFound"`
}

func (s *Service) batchGet(in *idsIn) (*buildsOut, error) {
	if len(in.IDs) < 1 || len(in.IDs) > 100 {
		return nil, wire.Errorf("InvalidInputException", "Invalid number of builds: %d; write 1 to 100", len(in.IDs))
	}
	out := &buildsOut{Builds: []shape{}, NotFound: []string{}}
	for _, id := range in.IDs {
		if b := s.build(id); b != nil {
			out.Builds = append(out.Builds, b.shape())
		} else {
			out.NotFound = append(out.NotFound, id)
		}
	}
	return out, nil
}

// build is the build of an id or an ARN, or nil.
func (s *Service) build(id string) *build {
	id = strings.TrimPrefix(id, arn("build", ""))
	i := slices.IndexFunc(s.builds, func(b *build) bool { return b.id == id })
	if i < 0 {
		return nil
	}
	return s.builds[i]
}

type listOut struct {
	IDs []string `json:"ids"`
}

// list lists a project's builds, the newest first unless asked otherwise. One page
// holds 100.
func (s *Service) list(in *startIn) (*listOut, error) {
	if s.projects[in.ProjectName] == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "The provided project %s does not exist", in.ProjectName)
	}
	out := &listOut{IDs: []string{}}
	for _, b := range s.builds {
		if b.project.Name == in.ProjectName {
			out.IDs = append(out.IDs, b.id)
		}
	}
	if in.SortOrder != "ASCENDING" {
		slices.Reverse(out.IDs)
	}
	if len(out.IDs) > 100 {
		return nil, &wire.Error{Code: "NotImplemented", Message: "local AWS lists no more than 100 builds", Status: 501}
	}
	return out, nil
}

func (s *Service) stopBuild(in *idIn) (*buildOut, error) {
	b := s.build(in.ID)
	if b == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Build %s not found", in.ID)
	}
	if b.end.IsZero() {
		b.timer.Stop()
		s.leave(b, stopped, "", "")
		s.finish(b, stopped)
	}
	return &buildOut{b.shape()}, nil
}
