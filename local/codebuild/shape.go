package codebuild

import (
	"time"

	"sluice/local/wire"
)

// shape is a build as the API gives it.
type shape struct {
	ID                    string             `json:"id"`
	ARN                   string             `json:"arn"`
	BuildNumber           int                `json:"buildNumber"`
	StartTime             *wire.Time         `json:"startTime"`
	EndTime               *wire.Time         `json:"endTime,omitempty"`
	CurrentPhase          Phase              `json:"currentPhase"`
	BuildStatus           string             `json:"buildStatus"`
	BuildComplete         bool               `json:"buildComplete"`
	SourceVersion         string             `json:"sourceVersion,omitempty"`
	ResolvedSourceVersion string             `json:"resolvedSourceVersion,omitempty"`
	ProjectName           string             `json:"projectName"`
	Phases                []phase            `json:"phases"`
	Source                source             `json:"source"`
	Environment           environment        `json:"environment"`
	ServiceRole           string             `json:"serviceRole,omitempty"`
	Logs                  logs               `json:"logs"`
	TimeoutInMinutes      int                `json:"timeoutInMinutes"`
	Initiator             string             `json:"initiator"`
	Exported              []exportedVariable `json:"exportedEnvironmentVariables,omitempty"`
}

type source struct {
	Type     string `json:"type"`
	Location string `json:"location"`
}

type environment struct {
	Type           string     `json:"type"`
	Image          string     `json:"image"`
	ComputeType    string     `json:"computeType"`
	PrivilegedMode bool       `json:"privilegedMode"`
	Variables      []Variable `json:"environmentVariables"`
}

type logs struct {
	GroupName  string `json:"groupName"`
	StreamName string `json:"streamName"`
	DeepLink   string `json:"deepLink"`
}

func (b *build) link() string {
	return "https://console.aws.amazon.com/cloudwatch/home?region=" + wire.Region + "#logEvent:group=" + b.group() + ";stream=" + b.stream()
}

func (b *build) shape() shape {
	out := shape{
		ID: b.id, ARN: arn("build", b.id), BuildNumber: b.number, StartTime: wire.At(b.start), EndTime: wire.At(b.end), CurrentPhase: b.current,
		BuildStatus: b.status, BuildComplete: !b.end.IsZero(), SourceVersion: b.version, ResolvedSourceVersion: b.commit, ProjectName: b.project.Name,
		Phases: append([]phase{}, b.past...), Source: b.source(), ServiceRole: b.project.RoleARN, Initiator: b.initiator,
		Environment:      environment{"ARM_CONTAINER", b.project.Image, "BUILD_GENERAL1_SMALL", false, b.variables},
		Logs:             logs{b.group(), b.stream(), b.link()},
		TimeoutInMinutes: int(b.project.Timeout / time.Minute), Exported: b.exported(),
	}
	if b.end.IsZero() {
		out.Phases = append(out.Phases, phase{Type: b.current, Start: wire.At(b.since)})
	}
	return out
}

func (b *build) source() source {
	if b.order != nil {
		return source{"CODEPIPELINE", ""}
	}
	return source{"CODECOMMIT", "https://git-codecommit." + wire.Region + ".amazonaws.com/v1/repos/" + b.project.Repository}
}

// detail is the detail of "CodeBuild Build State Change".
type detail struct {
	BuildStatus         string     `json:"build-status"`
	ProjectName         string     `json:"project-name"`
	BuildID             string     `json:"build-id"`
	Information         additional `json:"additional-information"`
	CurrentPhase        Phase      `json:"current-phase"`
	CurrentPhaseContext string     `json:"current-phase-context"`
	Version             string     `json:"version"`
}

type additional struct {
	Artifact         *struct{}        `json:"artifact,omitempty"`
	Environment      eventEnvironment `json:"environment"`
	TimeoutInMinutes float64          `json:"timeout-in-minutes"`
	BuildComplete    bool             `json:"build-complete"`
	BuildNumber      float64          `json:"build-number"`
	Initiator        string           `json:"initiator"`
	BuildStartTime   string           `json:"build-start-time"`
	Source           source           `json:"source"`
	SourceVersion    string           `json:"source-version"`
	Logs             eventLogs        `json:"logs"`
	Phases           []eventPhase     `json:"phases,omitempty"`
}

type eventEnvironment struct {
	Image          string     `json:"image"`
	PrivilegedMode bool       `json:"privileged-mode"`
	ComputeType    string     `json:"compute-type"`
	Type           string     `json:"type"`
	Variables      []Variable `json:"environment-variables"`
}

type eventLogs struct {
	GroupName  string `json:"group-name"`
	StreamName string `json:"stream-name"`
	DeepLink   string `json:"deep-link"`
}

type eventPhase struct {
	Context  []string `json:"phase-context,omitempty"`
	Start    string   `json:"start-time"`
	End      string   `json:"end-time,omitempty"`
	Duration *int     `json:"duration-in-seconds,omitempty"`
	Type     Phase    `json:"phase-type"`
	Status   string   `json:"phase-status,omitempty"`
}

// eventTime is how build events write times.
const eventTime = "Jan 2, 2006 3:04:05 PM"

// changed sends the event of a build's present state.
func (s *Service) changed(b *build) {
	e := b.shape().Environment
	info := additional{
		Environment:      eventEnvironment{e.Image, e.PrivilegedMode, e.ComputeType, e.Type, e.Variables},
		TimeoutInMinutes: b.project.Timeout.Minutes(), BuildComplete: !b.end.IsZero(), BuildNumber: float64(b.number), Initiator: b.initiator,
		BuildStartTime: b.start.Format(eventTime), Source: b.source(), SourceVersion: b.version, Logs: eventLogs{b.group(), b.stream(), b.link()},
	}
	if info.BuildComplete {
		info.Artifact = &struct{}{}
		for _, p := range b.past {
			info.Phases = append(info.Phases, p.event())
		}
	}
	s.outside.Emit("aws.codebuild", "CodeBuild Build State Change", []string{arn("build", b.id)},
		detail{b.status, b.project.Name, arn("build", b.id), info, b.current, "[]", "1"})
}

func (p phase) event() eventPhase {
	out := eventPhase{Start: p.Start.Format(eventTime), Duration: p.Seconds, Type: p.Type, Status: p.Status}
	if p.End != nil {
		out.End = p.End.Format(eventTime)
	}
	for _, c := range p.Contexts {
		out.Context = append(out.Context, c.StatusCode+": "+c.Message)
	}
	return out
}
