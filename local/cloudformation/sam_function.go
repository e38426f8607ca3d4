package cloudformation

import "strings"

// function expands an AWS::Serverless::Function.
func (e *expansion) function() {
	r, p := e.source, e.source.properties
	e.only(p, "", "FunctionName", "CodeUri", "Handler", "Runtime", "Architectures", "Description", "MemorySize", "Timeout",
		"Role", "RolePath", "RoleName", "AssumeRolePolicyDocument", "Policies", "Environment", "Tags", "PropagateTags", "Tracing", "Events", "DeadLetterQueue",
		"EventInvokeConfig", "AutoPublishAlias", "AutoPublishAliasAllProperties", "VersionDeletionPolicy", "DeploymentPreference",
		"ReservedConcurrentExecutions", "LoggingConfig", "EphemeralStorage", "PackageType")
	f := object(
		"FunctionName", p.get("FunctionName"), "Code", e.code(p.get("CodeUri")), "Handler", p.get("Handler"),
		"Runtime", p.get("Runtime"), "Architectures", p.get("Architectures"), "Description", p.get("Description"),
		"MemorySize", p.get("MemorySize"), "Timeout", p.get("Timeout"), "Environment", p.get("Environment"),
		"ReservedConcurrentExecutions", p.get("ReservedConcurrentExecutions"), "LoggingConfig", p.get("LoggingConfig"),
		"EphemeralStorage", p.get("EphemeralStorage"), "PackageType", p.get("PackageType"),
		"Tags", e.tags("lambda:createdBy"),
	)
	if mode := p.get("Tracing"); mode != nil && mode.Text != "Disabled" {
		f.set("TracingConfig", object("Mode", mode))
	}
	role := e.functionRole(f)
	fn := e.add(r.id, "AWS::Lambda::Function", f)
	fn.dependsOn = r.dependsOn
	alias := e.alias(p)
	e.deployment(p, alias)
	e.eventInvoke(p.get("EventInvokeConfig"), alias, role)
	for _, ev := range mustMap(p.get("Events"), r.id+".Events", e.problems).Fields {
		e.functionEvent(ev, alias, role)
	}
	if role != nil {
		e.add(r.id+"Role", "AWS::IAM::Role", role.node(e, p))
	}
}

// code is where the function's code is. A CodeUri is a local path until `sam package`
// puts it into S3.
func (e *expansion) code(uri *Node) *Node {
	switch {
	case uri == nil:
		e.problem(nil, "CodeUri", "is missing; local AWS knows no inline code and no images")
		return nil
	case !uri.scalar():
		e.problem(uri, "CodeUri", "must be a path")
		return nil
	case strings.HasPrefix(uri.Text, "s3://"):
		bucket, key, _ := strings.Cut(strings.TrimPrefix(uri.Text, "s3://"), "/")
		return object("S3Bucket", text(bucket), "S3Key", text(key))
	}
	return object("LocalPath", text(uri.Text))
}

// tags are SAM's mark and the resource's own, in the form of plain CloudFormation.
func (e *expansion) tags(mark string) *Node {
	out := list(object("Key", text(mark), "Value", text("SAM")))
	for _, f := range mustMap(e.source.properties.get("Tags"), e.source.id+".Tags", e.problems).Fields {
		out.Items = append(out.Items, object("Key", text(f.Key), "Value", f.Value))
	}
	return out
}

// functionRole begins the role of the function, or returns nil if it has one.
func (e *expansion) functionRole(f *Node) *role {
	r, p := e.source, e.source.properties
	out := &role{service: "lambda.amazonaws.com", mark: "lambda:createdBy", managed: []*Node{text(managedARN("service-role/AWSLambdaBasicExecutionRole"))}}
	if mode := p.get("Tracing"); mode != nil && mode.Text != "Disabled" {
		out.managed = append(out.managed, text(managedARN("AWSXrayWriteOnlyAccess")))
	}
	if q := p.get("DeadLetterQueue"); q != nil {
		e.only(q, "DeadLetterQueue", "Type", "TargetArn")
		target := q.get("TargetArn")
		f.set("DeadLetterConfig", object("TargetArn", target))
		action := map[string]string{"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}[q.get("Type").text()]
		if action == "" || target == nil {
			e.problem(q, "DeadLetterQueue", "needs a Type, SQS or SNS, and a TargetArn")
			return nil
		}
		out.inline = append(out.inline, inlinePolicy("DeadLetterQueuePolicy", object("Version", text("2012-10-17"),
			"Statement", list(object("Action", text(action), "Resource", target, "Effect", text("Allow"))))))
	}
	if own := p.get("Role"); own != nil {
		f.set("Role", own)
		if p.get("Policies") != nil {
			e.problem(p.get("Policies"), "Policies", "SAM leaves Policies out of account when Role is given; remove one")
		}
		return nil
	}
	f.set("Role", getAtt(r.id+"Role", "Arn"))
	return out
}

// text is the text of a scalar, and "" for everything else.
func (n *Node) text() string {
	if n == nil {
		return ""
	}
	return n.Text
}

// alias adds the version and alias that AutoPublishAlias asks for, and returns the
// alias's resource, or nil.
func (e *expansion) alias(p *Node) *resource {
	name := p.get("AutoPublishAlias")
	if name == nil {
		return nil
	}
	if v := e.prune(name, e.source.id); v != nil {
		name = v
	}
	alias := e.string(name, e.source.id+".AutoPublishAlias")
	id := e.source.id
	version := e.add(id+"Version"+shortHash(p.get("CodeUri").text()), "AWS::Lambda::Version", object("FunctionName", ref(id)))
	made := e.add(id+"Alias"+strings.Map(alphanumeric, alias), "AWS::Lambda::Alias",
		object("Name", text(alias), "FunctionName", ref(id), "FunctionVersion", getAtt(version.id, "Version")))
	e.parts[id+".Alias"] = made.id
	e.parts[id+".Version"] = version.id
	return made
}

func alphanumeric(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}

// eventInvoke adds the function's EventInvokeConfig.
func (e *expansion) eventInvoke(c *Node, alias *resource, r *role) {
	if c == nil {
		return
	}
	e.only(c, "EventInvokeConfig", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
	id := e.source.id + "EventInvokeConfig"
	p := object("FunctionName", ref(e.source.id), "Qualifier", text("$LATEST"),
		"MaximumRetryAttempts", c.get("MaximumRetryAttempts"), "MaximumEventAgeInSeconds", c.get("MaximumEventAgeInSeconds"))
	destinations := object()
	for _, d := range c.get("DestinationConfig").fields() {
		where := "EventInvokeConfig.DestinationConfig." + d.Key
		if d.Key != "OnSuccess" && d.Key != "OnFailure" {
			e.problem(d.Value, where, "this property is not implemented locally")
			continue
		}
		e.only(d.Value, where, "Type", "Destination")
		target := d.Value.get("Destination")
		send, ok := map[string][2]string{
			"SQS": {"SQSPolicy", "sqs:SendMessage"}, "SNS": {"SNSPolicy", "sns:publish"},
			"Lambda": {"LambdaPolicy", "lambda:InvokeFunction"}, "EventBridge": {"EventBridgePolicy", "events:PutEvents"},
		}[d.Value.get("Type").text()]
		if !ok || target == nil {
			e.problem(d.Value, where, "needs a Type, SQS, SNS, Lambda or EventBridge, and a Destination")
			continue
		}
		destinations.set(d.Key, object("Destination", target))
		if r != nil {
			r.inline = append(r.inline, inlinePolicy(id+d.Key+send[0], object("Statement",
				list(object("Action", text(send[1]), "Effect", text("Allow"), "Resource", target)))))
		}
	}
	p.set("DestinationConfig", destinations)
	made := e.add(id, "AWS::Lambda::EventInvokeConfig", p)
	if alias != nil {
		p.set("Qualifier", alias.properties.get("Name"))
		made.dependsOn = []string{alias.id}
	}
}
