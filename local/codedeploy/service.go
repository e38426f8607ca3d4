// Package codedeploy is AWS CodeDeploy on a laptop, for Lambda: a deployment runs the
// hook before traffic, moves an alias to a new version in the steps of its
// configuration, runs the hook after traffic, and goes back when a hook fails, an
// alarm of its group rings, or a person stops it. It sends the events of all this.
//
// It acts on Lambda with the permissions of the group's service role. Not modelled:
// the other compute platforms, triggers, custom configurations, and revisions in S3.
// What AWS does not document is marked as assumed where it stands.
package codedeploy

import (
	"regexp"
	"slices"

	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Outside is what the service is wired to. Roles and AlarmState may be nil, which
// permits all and has no alarm.
type Outside struct {
	// Emit puts an event on the default bus.
	Emit      func(source, detailType string, resources []string, detail any)
	Functions Functions
	Roles     Roles
	// AlarmState is OK, ALARM or INSUFFICIENT_DATA, or "" of an alarm that is not there.
	AlarmState func(name string) string
}

// Functions is what deployments do to Lambda.
type Functions interface {
	Function(nameOrARN string) (lambda.Function, error)
	Alias(function, name string) (lambda.Alias, error)
	UpdateAlias(function string, a lambda.Alias) error
	InvokeAsync(arn string, payload []byte) (string, error)
}

// Roles is what deployments ask of IAM.
type Roles interface {
	Trusts(roleARN, service string) bool
	AllowRole(roleARN string, need wire.Access) error
}

// Service is the applications, groups and deployments of one account.
type Service struct {
	// Changed hears of each state that a deployment enters, when its event is sent.
	Changed func(Deployment)

	world        *sim.World
	outside      Outside
	applications []string
	groups       []*Group
	deployments  []*deployment // in order of creation
}

// Group is a deployment group of an application for Lambda.
type Group struct {
	Application  string
	Name         string
	ID           string // chosen by CreateGroup
	Config       string // name of a deployment configuration; "" is AllAtOnce
	RoleARN      string
	Alarms       []string
	AlarmsOn     bool
	IgnorePolls  bool // a deployment goes on where alarms cannot be read
	RollbackOn   bool
	RollbackWhen []string // DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM, DEPLOYMENT_STOP_ON_REQUEST
}

// New returns an account without applications.
func New(w *sim.World, outside Outside) *Service { return &Service{world: w, outside: outside} }

var nameForm = regexp.MustCompile(`^.{1,100}$`)

// CreateApplication makes an application for Lambda. Errors:
// ApplicationAlreadyExistsException, InvalidApplicationNameException,
// InvalidComputePlatformException.
func (s *Service) CreateApplication(name, platform string) error {
	switch {
	case !nameForm.MatchString(name):
		return wire.Errorf("InvalidApplicationNameException", "an application's name has 1 to 100 characters, not %d", len(name))
	case platform != "Lambda":
		return wire.Errorf("InvalidComputePlatformException", "local AWS deploys to Lambda only, not to %q", platform)
	case slices.Contains(s.applications, name):
		return wire.Errorf("ApplicationAlreadyExistsException", "Application already exists: %s", name)
	}
	s.applications = append(s.applications, name)
	return nil
}

// CreateGroup makes a deployment group. Errors: ApplicationDoesNotExistException,
// DeploymentGroupAlreadyExistsException, DeploymentConfigDoesNotExistException,
// InvalidRoleException, InvalidAutoRollbackConfigException.
func (s *Service) CreateGroup(g Group) error {
	if g.Config == "" {
		g.Config = prefix + "AllAtOnce"
	}
	_, known := configs[g.Config]
	switch {
	case !slices.Contains(s.applications, g.Application):
		return noApplication(g.Application)
	case s.group(g.Application, g.Name) != nil:
		return wire.Errorf("DeploymentGroupAlreadyExistsException", "Deployment group already exists: %s", g.Name)
	case !nameForm.MatchString(g.Name):
		return wire.Errorf("InvalidDeploymentGroupNameException", "a deployment group's name has 1 to 100 characters, not %d", len(g.Name))
	case !known:
		return noConfig(g.Config)
	case s.outside.Roles != nil && !s.outside.Roles.Trusts(g.RoleARN, "codedeploy.amazonaws.com"):
		return wire.Errorf("InvalidRoleException", "AWS CodeDeploy does not have the permissions required to assume the role %s.", g.RoleARN)
	case g.RollbackOn && len(g.RollbackWhen) == 0:
		return wire.Errorf("InvalidAutoRollbackConfigException", "automatic rollback needs the events that call for it")
	}
	g.ID = s.world.UUID("codedeploy/group")
	s.groups = append(s.groups, &g)
	return nil
}

func (s *Service) group(application, name string) *Group {
	i := slices.IndexFunc(s.groups, func(g *Group) bool { return g.Application == application && g.Name == name })
	if i < 0 {
		return nil
	}
	return s.groups[i]
}

func noApplication(name string) error {
	return wire.Errorf("ApplicationDoesNotExistException", "No application found for name: %s", name)
}

func noConfig(name string) error {
	return wire.Errorf("DeploymentConfigDoesNotExistException", "No Deployment Configuration found for name: %s", name)
}

// arn is the ARN of an application, a deployment group or a deployment configuration.
func arn(kind, name string) string {
	return "arn:aws:codedeploy:" + wire.Region + ":" + wire.Account + ":" + kind + ":" + name
}

func (g *Group) arn() string { return arn("deploymentgroup", g.Application+"/"+g.Name) }
