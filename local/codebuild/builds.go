package codebuild

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// The states of builds and phases.
const (
	inProgress = "IN_PROGRESS"
	succeeded  = "SUCCEEDED"
	failed     = "FAILED"
	stopped    = "STOPPED"
	timedOut   = "TIMED_OUT"
)

// Phase is a phase of a build.
type Phase string

// The phases, in order.
const (
	Submitted       Phase = "SUBMITTED"
	Queued          Phase = "QUEUED"
	Provisioning    Phase = "PROVISIONING"
	DownloadSource  Phase = "DOWNLOAD_SOURCE"
	Install         Phase = "INSTALL"
	PreBuild        Phase = "PRE_BUILD"
	Build           Phase = "BUILD"
	PostBuild       Phase = "POST_BUILD"
	UploadArtifacts Phase = "UPLOAD_ARTIFACTS"
	Finalizing      Phase = "FINALIZING"
	Completed       Phase = "COMPLETED"
)

var phases = []Phase{Submitted, Queued, Provisioning, DownloadSource, Install, PreBuild, Build, PostBuild, UploadArtifacts, Finalizing, Completed}

// takes is how long a phase takes that runs no commands.
var takes = map[Phase]time.Duration{Queued: time.Second, Provisioning: 20 * time.Second, DownloadSource: 3 * time.Second, Finalizing: 2 * time.Second}

// build is one build.
type build struct {
	id, token, initiator string
	number               int
	project              *Project
	version, commit      string
	variables            []Variable
	buildspec            string // as overridden
	start, end           time.Time
	status               string
	current              Phase
	since                time.Time
	past                 []phase
	timer                *sim.Timer
	run                  Run
	outcome              Outcome
	ending               string // what the build will end as, once a phase has failed
	order                *Order // of a build in a pipeline
}

// phase is a phase that is over, or COMPLETED.
type phase struct {
	Type     Phase          `json:"phaseType"`
	Status   string         `json:"phaseStatus,omitempty"`
	Start    *wire.Time     `json:"startTime"`
	End      *wire.Time     `json:"endTime,omitempty"`
	Seconds  *int           `json:"durationInSeconds,omitempty"`
	Contexts []phaseContext `json:"contexts,omitempty"`
}

type phaseContext struct {
	StatusCode string `json:"statusCode"`
	Message    string `json:"message"`
}

type startIn struct {
	ProjectName       string     `json:"projectName"`
	SourceVersion     string     `json:"sourceVersion"`
	Variables         []Variable `json:"environmentVariablesOverride"`
	BuildspecOverride string     `json:"buildspecOverride"`
	IdempotencyToken  string     `json:"idempotencyToken"`
	SortOrder         string     `json:"sortOrder"`
}

type buildOut struct {
	Build shape `json:"build"`
}

// tokenHolds is how long an idempotency token is remembered.
// Source: CodeBuild API reference, StartBuild, idempotencyToken.
const tokenHolds = 5 * time.Minute

func (s *Service) startBuild(c *wire.Call, in *startIn) (*buildOut, error) {
	p := s.projects[in.ProjectName]
	if p == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Project cannot be found: %s", arn("project", in.ProjectName))
	}
	for _, b := range s.builds {
		if in.IdempotencyToken == "" || b.token != in.IdempotencyToken || b.project != p || s.world.Now().Sub(b.start) > tokenHolds {
			continue
		}
		if b.version != in.SourceVersion || b.buildspec != in.BuildspecOverride || !slices.Equal(b.variables, merge(p.Variables, in.Variables)) {
			return nil, wire.Errorf("InvalidInputException", "The idempotency token was used for another StartBuild request")
		}
		return &buildOut{b.shape()}, nil
	}
	if p.InPipeline {
		return nil, wire.Errorf("InvalidInputException", "Project %s has the source type CODEPIPELINE: only CodePipeline starts its builds", p.Name)
	}
	b := &build{
		project: p, token: in.IdempotencyToken, initiator: strings.TrimPrefix(path.Base(s.outside.Caller(c.AccessKey)), ":"),
		version: in.SourceVersion, variables: merge(p.Variables, in.Variables), buildspec: in.BuildspecOverride,
	}
	s.begin(b)
	return &buildOut{b.shape()}, nil
}

// begin numbers a build and lets it go through its phases.
func (s *Service) begin(b *build) {
	s.numbers[b.project.Name]++
	b.id, b.number, b.start, b.status = b.project.Name+":"+s.world.UUID("build"), s.numbers[b.project.Name], s.world.Now(), inProgress
	s.builds = append(s.builds, b)
	s.enter(b, Submitted)
	s.changed(b)
}

// merge is variables with some overridden, in the order in which they came.
func merge(own, overrides []Variable) []Variable {
	all := []Variable{}
	for _, list := range [][]Variable{own, overrides} {
		for _, v := range list {
			v.Type = cmp.Or(v.Type, "PLAINTEXT")
			if i := slices.IndexFunc(all, func(o Variable) bool { return o.Name == v.Name }); i >= 0 {
				all[i] = v
			} else {
				all = append(all, v)
			}
		}
	}
	return all
}

// enter begins a phase and does its work, whose end is in the future.
func (s *Service) enter(b *build, p Phase) {
	b.current, b.since = p, s.world.Now()
	s.log(b, "Entering phase %s", p)
	if p == Completed {
		s.finish(b, cmp.Or(b.ending, succeeded))
		return
	}
	d, status, code, message := s.work(b, p)
	left := b.start.Add(b.project.Timeout).Sub(s.world.Now())
	if d > left && b.ending == "" && status == succeeded {
		d, status, code, message = max(0, left), timedOut, "BUILD_TIMED_OUT", fmt.Sprintf("Build has timed out after %s", b.project.Timeout)
	}
	b.timer = s.world.After(d, "codebuild: "+b.id, func() {
		if p == Build && status == succeeded && b.outcome.Then != nil {
			if err := b.outcome.Then(); err != nil {
				status, code, message = failed, "COMMAND_EXECUTION_ERROR", err.Error()
				s.log(b, "%v", err)
			}
		}
		s.leave(b, status, code, message)
		s.enter(b, b.next(p, status))
	})
}

// next is the phase after p. A failed build phase still has its post_build; after any
// other failure, only the end is left.
func (b *build) next(p Phase, status string) Phase {
	following := phases[slices.Index(phases, p)+1]
	if status == succeeded && b.ending == "" || p == Build && status == failed || p == Finalizing {
		return following
	}
	return Finalizing
}

// leave ends the current phase.
func (s *Service) leave(b *build, status, code, message string) {
	seconds := int(s.world.Now().Sub(b.since) / time.Second)
	p := phase{Type: b.current, Status: status, Start: wire.At(b.since), End: wire.At(s.world.Now()), Seconds: &seconds}
	if code != "" {
		p.Contexts = []phaseContext{{code, message}}
	}
	b.past = append(b.past, p)
	state := "Succeeded"
	if status != succeeded {
		state = status
		b.ending = cmp.Or(b.ending, status)
	}
	s.log(b, "Phase complete: %s State: %s", b.current, state)
	s.log(b, "Phase context status code: %s Message: %s", code, message)
}

// finish ends the build.
func (s *Service) finish(b *build, status string) {
	b.status, b.end, b.current = status, s.world.Now(), Completed
	b.past = append(b.past, phase{Type: Completed, Start: wire.At(b.end)})
	s.changed(b)
	if b.order != nil {
		b.order.Done(End{b.status, b.link(), b.outcome.Exported, b.outcome.Files})
	}
}

// work does a phase, and says how long it takes and how it ends.
func (s *Service) work(b *build, p Phase) (d time.Duration, status, code, message string) {
	switch p {
	case DownloadSource:
		if err := s.download(b); err != nil {
			return takes[p], failed, "CLIENT_ERROR", err.Error()
		}
		b.run.Variables["CODEBUILD_RESOLVED_SOURCE_VERSION"] = b.commit
		b.outcome = s.outside.Script(b.run)
	case Install, PreBuild, Build, PostBuild:
		d = time.Second
		if p == Build {
			d = cmp.Or(b.outcome.Takes, time.Minute)
		}
		commands := b.run.Buildspec.Phases[strings.ToLower(string(p))].Commands
		if p == cmp.Or(b.outcome.FailPhase, Build) {
			for _, line := range b.outcome.Log {
				s.outside.Log(b.group(), b.stream(), line)
			}
		}
		if p == b.outcome.FailPhase {
			command := cmp.Or(b.outcome.Command, strings.Join(commands, "; "))
			s.log(b, "Command did not exit successfully %s %s", command, b.outcome.Reason)
			return d, cmp.Or(b.outcome.Status, failed), "COMMAND_EXECUTION_ERROR", fmt.Sprintf("Error while executing command: %s. Reason: %s", command, b.outcome.Reason)
		}
		return d, succeeded, "", ""
	}
	return takes[p], succeeded, "", ""
}

// download checks the source out and reads its buildspec.
func (s *Service) download(b *build) error {
	if s.outside.Permit != nil {
		for _, need := range b.needs() {
			if err := s.outside.Permit(b.project.RoleARN, need); err != nil {
				return err
			}
		}
	}
	commit, files, err := s.fetch(b)
	if err != nil {
		return err
	}
	b.commit = commit
	b.run = Run{Project: b.project.Name, Number: b.number, Commit: commit, Variables: map[string]string{}, Files: files}
	for _, v := range b.variables {
		b.run.Variables[v.Name] = v.Value
	}
	text := cmp.Or(b.buildspec, b.project.Buildspec, "buildspec.yml")
	if !strings.Contains(text, "\n") {
		content, ok := files[text]
		if !ok {
			return fmt.Errorf("YAML_FILE_ERROR: stat %s: no such file or directory", text)
		}
		text = string(content)
	}
	b.run.Buildspec, err = ReadBuildspec([]byte(text))
	return err
}

func (b *build) group() string  { return "/aws/codebuild/" + b.project.Name }
func (b *build) stream() string { return strings.TrimPrefix(b.id, b.project.Name+":") }

func (s *Service) log(b *build, format string, args ...any) {
	s.outside.Log(b.group(), b.stream(), fmt.Sprintf("[Container] %s %s", s.world.Now().Format("2006/01/02 15:04:05"), fmt.Sprintf(format, args...)))
}

// exported lists what the build exported, sorted.
func (b *build) exported() []exportedVariable {
	all := []exportedVariable{}
	for _, name := range slices.Sorted(maps.Keys(b.outcome.Exported)) {
		if !b.end.IsZero() && b.status == succeeded {
			all = append(all, exportedVariable{name, b.outcome.Exported[name]})
		}
	}
	return all
}

type exportedVariable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
