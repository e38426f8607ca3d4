package cloudformation

import "slices"

// What SAM makes once for all functions with a DeploymentPreference.
const (
	deployApplication = "ServerlessDeploymentApplication"
	deployRole        = "CodeDeployServiceRole"
)

// deployConfigs are the deployment configurations of CodeDeploy that SAM names short.
var deployConfigs = []string{
	"Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes",
	"Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes", "AllAtOnce",
}

// deployment makes the deployment group that DeploymentPreference asks for, and lets
// updates of the alias go through it.
func (e *expansion) deployment(p *Node, alias *resource) {
	const where = "DeploymentPreference"
	c := p.get(where)
	if c == nil || c.get("Enabled").text() == "false" {
		return
	}
	e.only(c, where, "Type", "Alarms", "Hooks", "Enabled", "Role", "PassthroughCondition")
	e.only(c.get("Hooks"), where+".Hooks", "PreTraffic", "PostTraffic")
	kind := c.get("Type")
	switch {
	case alias == nil:
		e.problem(c, where, "needs AutoPublishAlias")
		return
	case kind == nil:
		e.problem(c, where, "needs a Type, such as Canary10Percent5Minutes")
		return
	case kind.scalar():
	default: // SAM looks into parameters to find its short names
		kind = text(e.string(kind, e.source.id+"."+where+".Type"))
	}
	if slices.Contains(deployConfigs, kind.text()) {
		kind = call("Fn::Sub", list(text("CodeDeployDefault.Lambda${ConfigName}"), object("ConfigName", kind)))
	}
	role := c.get("Role")
	if role == nil {
		role = getAtt(deployRole, "Arn")
	}
	id := e.source.id + "DeploymentGroup"
	e.add(id, "AWS::CodeDeploy::DeploymentGroup", object(
		"ApplicationName", ref(deployApplication), "DeploymentConfigName", kind, "ServiceRoleArn", role, "AlarmConfiguration", e.deployAlarms(c.get("Alarms")),
		"AutoRollbackConfiguration", object("Enabled", flag(true), "Events", list(text("DEPLOYMENT_FAILURE"), text("DEPLOYMENT_STOP_ON_ALARM"), text("DEPLOYMENT_STOP_ON_REQUEST"))),
		"DeploymentStyle", object("DeploymentType", text("BLUE_GREEN"), "DeploymentOption", text("WITH_TRAFFIC_CONTROL"))))
	alias.updatePolicy = object("CodeDeployLambdaAliasUpdate", object("ApplicationName", ref(deployApplication), "DeploymentGroupName", ref(id),
		"BeforeAllowTrafficHook", c.get("Hooks").get("PreTraffic"), "AfterAllowTrafficHook", c.get("Hooks").get("PostTraffic")))
	e.deploys = append(e.deploys, deploys{line: e.source.line, role: c.get("Role") == nil})
}

// deployAlarms is a group's AlarmConfiguration.
func (e *expansion) deployAlarms(alarms *Node) *Node {
	switch {
	case alarms == nil:
		return nil
	case alarms.Kind != List:
		e.problem(alarms, "DeploymentPreference.Alarms", "must be a list")
		return nil
	case len(alarms.Items) == 0:
		return object()
	}
	names := list()
	for _, a := range alarms.Items {
		names.Items = append(names.Items, object("Name", a))
	}
	return object("Enabled", flag(true), "Alarms", names)
}

// deploys is a function whose alias is updated through CodeDeploy.
type deploys struct {
	line int
	role bool // it needs the role that SAM makes
}

// deployResources are the application and the role of all deployment groups.
func (s *scope) deployResources() []*resource {
	var out []*resource
	add := func(id, kind string, properties *Node, line int) {
		out = append(out, &resource{id: id, kind: kind, properties: properties.at(line), line: line})
	}
	if len(s.deploys) > 0 {
		add(deployApplication, "AWS::CodeDeploy::Application", object("ComputePlatform", text("Lambda")), s.deploys[0].line)
	}
	if i := slices.IndexFunc(s.deploys, func(d deploys) bool { return d.role }); i >= 0 {
		add(deployRole, "AWS::IAM::Role", object("AssumeRolePolicyDocument", trusting("codedeploy.amazonaws.com"),
			"ManagedPolicyArns", list(text(managedARN("service-role/AWSCodeDeployRoleForLambda")))), s.deploys[i].line)
	}
	return out
}

func flag(on bool) *Node {
	if on {
		return &Node{Kind: Bool, Text: "true"}
	}
	return &Node{Kind: Bool, Text: "false"}
}
