package cloudformation

// stateMachine expands an AWS::Serverless::StateMachine.
func (e *expansion) stateMachine() {
	r, p := e.source, e.source.properties
	e.only(p, "", "DefinitionUri", "Definition", "DefinitionSubstitutions", "Name", "Type", "Role", "RolePath", "Policies",
		"Logging", "Tracing", "Tags", "PropagateTags", "Events")
	m := object("DefinitionUri", p.get("DefinitionUri"), "Definition", p.get("Definition"),
		"DefinitionSubstitutions", p.get("DefinitionSubstitutions"), "StateMachineName", p.get("Name"), "StateMachineType", p.get("Type"),
		"LoggingConfiguration", p.get("Logging"), "TracingConfiguration", p.get("Tracing"), "Tags", e.tags("stateMachine:createdBy"))
	switch own := p.get("Role"); {
	case own != nil && p.get("Policies") != nil:
		e.problem(own, "", "has both Role and Policies; SAM takes one of them")
	case own != nil:
		m.set("RoleArn", own)
	default:
		m.set("RoleArn", getAtt(r.id+"Role", "Arn"))
		role := &role{service: "states.amazonaws.com", mark: "stateMachine:createdBy"}
		if p.get("Tracing").get("Enabled").text() == "true" {
			role.managed = append(role.managed, text(managedARN("AWSXrayWriteOnlyAccess")))
		}
		e.add(r.id+"Role", "AWS::IAM::Role", role.node(e, p))
	}
	e.add(r.id, "AWS::StepFunctions::StateMachine", m).dependsOn = r.dependsOn
	to := invoker{arn: ref(r.id), target: "StepFunctionsTarget", machine: true}
	for _, ev := range mustMap(p.get("Events"), r.id+".Events", e.problems).Fields {
		kind, props, ok := e.event(ev)
		switch {
		case !ok:
		case kind == "EventBridgeRule", kind == "Schedule":
			e.ruleEvent(ev.Key, kind, props, to)
		case kind == "ScheduleV2":
			e.scheduleEvent(ev.Key, props, to)
		default:
			e.problem(ev.Value, "Events."+ev.Key, "events of type %q are not implemented locally", kind)
		}
	}
}
