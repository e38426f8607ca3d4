package codedeploy

import (
	"slices"
	"time"

	"sluice/local/wire"
)

// Deployment is a deployment as it stands.
type Deployment struct {
	ID          string
	Application string
	Group       string
	Revision    Revision
	Status      string // Created, InProgress, Succeeded, Failed or Stopped
	Percent     int    // of traffic that it has moved to the target version
	Creator     string // user, CloudFormation or codeDeployRollback
	Code        string // of what went wrong, or ""
	Message     string
	Undoes      string // the deployment that this one rolls back, or ""
	UndoneBy    string // the deployment that rolls this one back, or ""
	Created     time.Time
	Completed   time.Time // zero while it is under way
}

// Deployments lists all deployments in order of creation.
func (s *Service) Deployments() []Deployment {
	var all []Deployment
	for _, d := range s.deployments {
		all = append(all, d.read())
	}
	return all
}

func (d *deployment) read() Deployment {
	out := Deployment{
		ID: d.id, Application: d.group.Application, Group: d.group.Name, Revision: d.revision, Status: d.status, Percent: d.percent, Creator: d.creator,
		Undoes: d.undoes, UndoneBy: d.undoneBy, Created: d.created, Completed: d.completed,
	}
	if d.fault != nil {
		out.Code, out.Message = d.fault.Code, d.fault.Message
	}
	return out
}

func (s *Service) deployment(id string) (*deployment, error) {
	if id == "" {
		return nil, wire.Errorf("DeploymentIdRequiredException", "Deployment Id is required")
	}
	i := slices.IndexFunc(s.deployments, func(d *deployment) bool { return d.id == id })
	if i < 0 {
		return nil, wire.Errorf("DeploymentDoesNotExistException", "The deployment %s could not be found", id)
	}
	return s.deployments[i], nil
}

// infoShape is DeploymentInfo.
type infoShape struct {
	Application  string         `json:"applicationName"`
	Group        string         `json:"deploymentGroupName"`
	Config       string         `json:"deploymentConfigName"`
	ID           string         `json:"deploymentId"`
	Revision     *revisionShape `json:"revision"`
	Status       string         `json:"status"`
	Fault        *faultShape    `json:"errorInformation,omitempty"`
	Created      *wire.Time     `json:"createTime"`
	Started      *wire.Time     `json:"startTime,omitempty"`
	Completed    *wire.Time     `json:"completeTime,omitempty"`
	Overview     map[string]int `json:"deploymentOverview"`
	Description  string         `json:"description,omitempty"`
	Creator      string         `json:"creator"`
	AutoRollback rollbackConfig `json:"autoRollbackConfiguration"`
	RollbackInfo *rollbackShape `json:"rollbackInfo,omitempty"`
	Style        styleShape     `json:"deploymentStyle"`
	Platform     string         `json:"computePlatform"`
}

type rollbackShape struct {
	ID      string `json:"rollbackDeploymentId,omitempty"`
	Trigger string `json:"rollbackTriggeringDeploymentId,omitempty"`
	Message string `json:"rollbackMessage,omitempty"`
}

type rollbackConfig struct {
	Enabled bool     `json:"enabled"`
	Events  []string `json:"events"`
}

type styleShape struct {
	Type   string `json:"deploymentType"`
	Option string `json:"deploymentOption"`
}

var blueGreen = styleShape{"BLUE_GREEN", "WITH_TRAFFIC_CONTROL"}

// overview counts targets by their state; Lambda has one.
func (d *deployment) overview() map[string]int {
	all := map[string]int{"Pending": 0, "InProgress": 0, "Succeeded": 0, "Failed": 0, "Skipped": 0, "Ready": 0}
	all[d.target()] = 1
	return all
}

// target is the status of the deployment's one target.
func (d *deployment) target() string {
	switch d.status {
	case created:
		return "Pending"
	case stopped:
		return failed
	}
	return d.status
}

func (d *deployment) info() infoShape {
	out := infoShape{
		Application: d.group.Application, Group: d.group.Name, Config: d.config, ID: d.id, Revision: d.revision.hashed(), Status: d.status, Fault: d.fault,
		Created: wire.At(d.created), Started: wire.At(d.started), Completed: wire.At(d.completed), Overview: d.overview(), Description: d.description,
		Creator: d.creator, AutoRollback: d.group.rollback(), Style: blueGreen, Platform: "Lambda",
	}
	if d.undoes != "" || d.undoneText != "" {
		out.RollbackInfo = &rollbackShape{ID: d.undoneBy, Trigger: d.undoes, Message: d.undoneText}
	}
	return out
}

func (g *Group) rollback() rollbackConfig {
	return rollbackConfig{g.RollbackOn, append([]string{}, g.RollbackWhen...)}
}

// targetShape is a DeploymentTarget.
type targetShape struct {
	Type   string       `json:"deploymentTargetType"`
	Lambda lambdaTarget `json:"lambdaTarget"`
}

type lambdaTarget struct {
	Deployment string        `json:"deploymentId"`
	ID         string        `json:"targetId"`
	ARN        string        `json:"targetArn"`
	Status     string        `json:"status"`
	Events     []eventShape  `json:"lifecycleEvents"`
	Function   functionShape `json:"lambdaFunctionInfo"`
}

type eventShape struct {
	Name   string     `json:"lifecycleEventName"`
	Status string     `json:"status"`
	Start  *wire.Time `json:"startTime,omitempty"`
	End    *wire.Time `json:"endTime,omitempty"`
}

type functionShape struct {
	Name    string  `json:"functionName"`
	Alias   string  `json:"functionAlias"`
	Current string  `json:"currentVersion"`
	Target  string  `json:"targetVersion"`
	Weight  float64 `json:"targetVersionWeight"`
}

// targetID is the id of the one target: the function and its alias. Assumed: its form.
func (d *deployment) targetID() string { return d.revision.Function + ":" + d.revision.Alias }

func (d *deployment) targetShape() targetShape {
	r := d.revision
	out := lambdaTarget{
		Deployment: d.id, ID: d.targetID(), ARN: functionARN(r.Function) + ":" + r.Alias, Status: d.target(),
		Function: functionShape{r.Function, r.Alias, r.CurrentVersion, r.TargetVersion, float64(d.percent) / 100},
	}
	for _, e := range d.events {
		out.Events = append(out.Events, eventShape{e.name, e.status, wire.At(e.start), wire.At(e.end)})
	}
	return targetShape{"LambdaTarget", out}
}
