package codedeploy

import (
	"slices"

	"sluice/local/wire"
)

// Wire is the service with its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "codedeploy", Target: "CodeDeploy_20141006"}
	wire.Handle(svc, "CreateDeployment", func(in *startIn) []wire.Access {
		return may("CreateDeployment", (&Group{Application: in.Application, Name: in.Group}).arn())
	}, s.createDeployment)
	wire.Handle(svc, "GetDeployment", s.ofDeployment("GetDeployment"), s.getDeployment)
	wire.Handle(svc, "StopDeployment", s.ofDeployment("StopDeployment"), s.stopDeployment)
	wire.Handle(svc, "PutLifecycleEventHookExecutionStatus", s.ofDeployment("PutLifecycleEventHookExecutionStatus"), s.putStatus)
	wire.Handle(svc, "ListDeploymentTargets", s.ofDeployment("ListDeploymentTargets"), s.listTargets)
	wire.Handle(svc, "GetDeploymentTarget", s.ofDeployment("GetDeploymentTarget"), s.getTarget)
	ofGroup := func(action string) func(*groupIn) []wire.Access {
		return func(in *groupIn) []wire.Access {
			return may(action, (&Group{Application: in.Application, Name: in.Group}).arn())
		}
	}
	wire.Handle(svc, "GetDeploymentGroup", ofGroup("GetDeploymentGroup"), s.getGroup)
	wire.Handle(svc, "ListDeployments", ofGroup("ListDeployments"), s.listDeployments)
	wire.Handle(svc, "GetApplicationRevision", func(in *revisionIn) []wire.Access {
		return may("GetApplicationRevision", arn("application", in.Application))
	}, s.getRevision)
	wire.Handle(svc, "GetDeploymentConfig", func(in *configIn) []wire.Access { return may("GetDeploymentConfig", arn("deploymentconfig", in.Name)) }, s.getConfig)
	return svc
}

func may(action, resource string) []wire.Access {
	return []wire.Access{{Action: "codedeploy:" + action, Resource: resource}}
}

// ofDeployment is permission on a deployment, which is that on its group. Of one that is
// not there it is on nothing: that it is missing, anybody may hear. Assumed.
func (s *Service) ofDeployment(action string) func(*idIn) []wire.Access {
	return func(in *idIn) []wire.Access {
		d, err := s.deployment(in.ID)
		if err != nil {
			return nil
		}
		return may(action, d.group.arn())
	}
}

type startIn struct {
	Application string          `json:"applicationName"`
	Group       string          `json:"deploymentGroupName"`
	Config      string          `json:"deploymentConfigName"`
	Description string          `json:"description"`
	Revision    *revisionShape  `json:"revision"`
	Rollback    *rollbackConfig `json:"autoRollbackConfiguration"`
	Alarms      *struct{}       `json:"overrideAlarmConfiguration"`
}

type idOut struct {
	ID string `json:"deploymentId"`
}

func (s *Service) createDeployment(_ *wire.Call, in *startIn) (*idOut, error) {
	if in.Alarms != nil {
		return nil, notHere("overrideAlarmConfiguration of CreateDeployment")
	}
	r, err := in.Revision.read()
	if err != nil {
		return nil, err
	}
	id, err := s.Start(in.Application, in.Group, in.Config, "user", in.Description, r, nil)
	if err != nil {
		return nil, err
	}
	if in.Rollback != nil {
		d := s.deployments[len(s.deployments)-1]
		d.group.RollbackOn, d.group.RollbackWhen = in.Rollback.Enabled, in.Rollback.Events
	}
	return &idOut{id}, nil
}

func notHere(what string) error {
	return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement " + what, Status: 501}
}

// idIn is the input of all calls about one deployment.
type idIn struct {
	ID       string `json:"deploymentId"`
	Rollback *bool  `json:"autoRollbackEnabled"`
	Hook     string `json:"lifecycleEventHookExecutionId"`
	Status   string `json:"status"`
	Target   string `json:"targetId"`
}

type infoOut struct {
	Info infoShape `json:"deploymentInfo"`
}

func (s *Service) getDeployment(_ *wire.Call, in *idIn) (*infoOut, error) {
	d, err := s.deployment(in.ID)
	if err != nil {
		return nil, err
	}
	return &infoOut{d.info()}, nil
}

type stopOut struct {
	Status  string `json:"status"`
	Message string `json:"statusMessage"`
}

func (s *Service) stopDeployment(_ *wire.Call, in *idIn) (*stopOut, error) {
	if err := s.Stop(in.ID, in.Rollback); err != nil {
		return nil, err
	}
	return &stopOut{succeeded, "No more traffic is being shifted"}, nil
}

type hookOut struct {
	Hook string `json:"lifecycleEventHookExecutionId"`
}

// putStatus takes the word of a hook.
func (s *Service) putStatus(_ *wire.Call, in *idIn) (*hookOut, error) {
	d, err := s.deployment(in.ID)
	switch {
	case err != nil:
		return nil, err
	case in.Status != succeeded && in.Status != failed:
		return nil, wire.Errorf("InvalidLifecycleEventHookExecutionStatusException", "status is %q; it must be Succeeded or Failed", in.Status)
	case in.Hook == "":
		return nil, wire.Errorf("InvalidLifecycleEventHookExecutionIdException", "lifecycleEventHookExecutionId is required")
	case d.hook != in.Hook && slices.Contains(d.hooks, in.Hook):
		return nil, wire.Errorf("LifecycleEventAlreadyCompletedException", "The lifecycle event of the hook execution %s has already been completed.", in.Hook)
	case d.hook != in.Hook:
		return nil, wire.Errorf("InvalidLifecycleEventHookExecutionIdException", "%s is no hook execution of deployment %s", in.Hook, in.ID)
	}
	d.hooked(in.Status, "it reported Failed")
	return &hookOut{in.Hook}, nil
}

type targetsOut struct {
	IDs []string `json:"targetIds"`
}

func (s *Service) listTargets(_ *wire.Call, in *idIn) (*targetsOut, error) {
	d, err := s.deployment(in.ID)
	if err != nil {
		return nil, err
	}
	return &targetsOut{[]string{d.targetID()}}, nil
}

type targetOut struct {
	Target targetShape `json:"deploymentTarget"`
}

func (s *Service) getTarget(_ *wire.Call, in *idIn) (*targetOut, error) {
	d, err := s.deployment(in.ID)
	if err != nil {
		return nil, err
	}
	if in.Target != d.targetID() {
		return nil, wire.Errorf("DeploymentTargetDoesNotExistException", "deployment %s has no target %s", in.ID, in.Target)
	}
	return &targetOut{d.targetShape()}, nil
}

type groupIn struct {
	Application string    `json:"applicationName"`
	Group       string    `json:"deploymentGroupName"`
	Only        []string  `json:"includeOnlyStatuses"`
	Created     *struct{} `json:"createTimeRange"`
	External    string    `json:"externalId"`
}

// find is the group of a call.
func (s *Service) find(in *groupIn) (*Group, error) {
	if !slices.Contains(s.applications, in.Application) {
		return nil, noApplication(in.Application)
	}
	g := s.group(in.Application, in.Group)
	if g == nil {
		return nil, wire.Errorf("DeploymentGroupDoesNotExistException", "No Deployment Group found for name: %s", in.Group)
	}
	return g, nil
}

type groupOut struct {
	Group groupShape `json:"deploymentGroupInfo"`
}

type groupShape struct {
	Application string         `json:"applicationName"`
	ID          string         `json:"deploymentGroupId"`
	Name        string         `json:"deploymentGroupName"`
	Config      string         `json:"deploymentConfigName"`
	Role        string         `json:"serviceRoleArn"`
	Revision    *revisionShape `json:"targetRevision,omitempty"`
	Alarms      alarmsShape    `json:"alarmConfiguration"`
	Rollback    rollbackConfig `json:"autoRollbackConfiguration"`
	Style       styleShape     `json:"deploymentStyle"`
	Succeeded   *lastShape     `json:"lastSuccessfulDeployment,omitempty"`
	Attempted   *lastShape     `json:"lastAttemptedDeployment,omitempty"`
	Platform    string         `json:"computePlatform"`
}

type alarmsShape struct {
	Enabled bool         `json:"enabled"`
	Ignore  bool         `json:"ignorePollAlarmFailure"`
	Alarms  []alarmShape `json:"alarms"`
}

type alarmShape struct {
	Name string `json:"name"`
}

type lastShape struct {
	ID      string     `json:"deploymentId"`
	Status  string     `json:"status"`
	Created *wire.Time `json:"createTime"`
	End     *wire.Time `json:"endTime,omitempty"`
}

func (s *Service) getGroup(_ *wire.Call, in *groupIn) (*groupOut, error) {
	g, err := s.find(in)
	if err != nil {
		return nil, err
	}
	out := groupShape{
		Application: g.Application, ID: g.ID, Name: g.Name, Config: g.Config, Role: g.RoleARN, Rollback: g.rollback(), Style: blueGreen, Platform: "Lambda",
		Alarms: alarmsShape{Enabled: g.AlarmsOn, Ignore: g.IgnorePolls, Alarms: []alarmShape{}},
	}
	for _, name := range g.Alarms {
		out.Alarms.Alarms = append(out.Alarms.Alarms, alarmShape{name})
	}
	for _, d := range s.deployments {
		if d.group.ID != g.ID {
			continue
		}
		out.Attempted = &lastShape{d.id, d.status, wire.At(d.created), wire.At(d.completed)}
		if d.status == succeeded {
			out.Succeeded, out.Revision = out.Attempted, d.revision.shape()
		}
	}
	return &groupOut{out}, nil
}

type listOut struct {
	IDs []string `json:"deployments"`
}

// listDeployments lists the deployments of a group, the newest first. One page holds 100.
func (s *Service) listDeployments(_ *wire.Call, in *groupIn) (*listOut, error) {
	if in.Created != nil || in.External != "" {
		return nil, notHere("createTimeRange and externalId of ListDeployments")
	}
	g, err := s.find(in)
	if err != nil {
		return nil, err
	}
	out := &listOut{IDs: []string{}}
	for _, d := range slices.Backward(s.deployments) {
		if d.group.ID == g.ID && (len(in.Only) == 0 || slices.Contains(in.Only, d.status)) {
			out.IDs = append(out.IDs, d.id)
		}
	}
	if len(out.IDs) > 100 {
		return nil, notHere("pages of ListDeployments")
	}
	return out, nil
}

type configIn struct {
	Name string `json:"deploymentConfigName"`
}

type configOut struct {
	Config configShape `json:"deploymentConfigInfo"`
}

type configShape struct {
	Name     string       `json:"deploymentConfigName"`
	Platform string       `json:"computePlatform"`
	Traffic  trafficShape `json:"trafficRoutingConfig"`
}

func (s *Service) getConfig(_ *wire.Call, in *configIn) (*configOut, error) {
	how, ok := configs[in.Name]
	if !ok {
		return nil, noConfig(in.Name)
	}
	return &configOut{configShape{in.Name, "Lambda", how.shape()}}, nil
}
