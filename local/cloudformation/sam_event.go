package cloudformation

// invoker is what an event of SAM starts: a function or a state machine.
type invoker struct {
	arn     *Node
	target  string // of the rule target's id, such as LambdaTarget
	machine bool
}

// functionEvent expands one of a function's Events.
func (e *expansion) functionEvent(ev Field, alias *resource, r *role) {
	kind, p, ok := e.event(ev)
	if !ok {
		return
	}
	id := e.source.id
	name := ref(id)
	to := invoker{arn: getAtt(id, "Arn"), target: "LambdaTarget"}
	if alias != nil {
		name, to.arn = ref(alias.id), ref(alias.id)
	}
	switch kind {
	case "SQS":
		e.queueEvent(ev.Key, p, name, r)
	case "DynamoDB":
		e.streamEvent(ev.Key, p, name, r)
	case "EventBridgeRule", "Schedule":
		e.ruleEvent(ev.Key, kind, p, to)
		rule := id + ev.Key
		e.add(rule+"Permission", "AWS::Lambda::Permission", object("Action", text("lambda:InvokeFunction"), "FunctionName", name,
			"Principal", text("events.amazonaws.com"), "SourceArn", getAtt(rule, "Arn")))
	case "ScheduleV2":
		e.scheduleEvent(ev.Key, p, to)
	default:
		e.problem(ev.Value, "Events."+ev.Key, "events of type %q are not implemented locally", kind)
	}
}

func (e *expansion) event(ev Field) (kind string, p *Node, ok bool) {
	where := "Events." + ev.Key
	e.only(ev.Value, where, "Type", "Properties")
	kind = ev.Value.get("Type").text()
	if kind == "" {
		e.problem(ev.Value, where, "has no Type")
		return "", nil, false
	}
	return kind, mustMap(ev.Value.get("Properties"), e.source.id+"."+where, e.problems), true
}

// queueEvent maps a queue to the function, and lets its role read queues.
func (e *expansion) queueEvent(event string, p, function *Node, r *role) {
	e.only(p, "Events."+event, "Queue", "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "ScalingConfig", "Enabled")
	if p.get("Queue") == nil {
		e.problem(p, "Events."+event, "needs a Queue")
		return
	}
	if r != nil {
		r.sources = append(r.sources, text(managedARN("service-role/AWSLambdaSQSQueueExecutionRole")))
	}
	e.add(e.source.id+event, "AWS::Lambda::EventSourceMapping", object("EventSourceArn", p.get("Queue"), "FunctionName", function,
		"BatchSize", p.get("BatchSize"), "MaximumBatchingWindowInSeconds", p.get("MaximumBatchingWindowInSeconds"),
		"FunctionResponseTypes", p.get("FunctionResponseTypes"), "ScalingConfig", p.get("ScalingConfig"), "Enabled", p.get("Enabled")))
}

// streamEvent maps a table's stream to the function, lets its role read streams, and
// send to the queue of what was given up.
func (e *expansion) streamEvent(event string, p, function *Node, r *role) {
	id, where := e.source.id+event, "Events."+event
	passed := []string{
		"StartingPosition", "BatchSize", "MaximumBatchingWindowInSeconds", "FilterCriteria", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds",
		"BisectBatchOnFunctionError", "ParallelizationFactor", "FunctionResponseTypes", "Enabled",
	}
	e.only(p, where, append([]string{"Stream", "DestinationConfig"}, passed...)...)
	for _, name := range []string{"Stream", "StartingPosition"} {
		if p.get(name) == nil {
			e.problem(p, where, "needs a %s", name)
		}
	}
	mapping := object("EventSourceArn", p.get("Stream"), "FunctionName", function)
	for _, name := range passed {
		mapping.set(name, p.get(name))
	}
	if r != nil {
		r.sources = append(r.sources, text(managedARN("service-role/AWSLambdaDynamoDBExecutionRole")))
	}
	if c := p.get("DestinationConfig"); c != nil {
		e.only(c, where+".DestinationConfig", "OnFailure")
		failed, where := c.get("OnFailure"), where+".DestinationConfig.OnFailure"
		e.only(failed, where, "Type", "Destination")
		kind, queue := failed.get("Type").text(), failed.get("Destination")
		switch {
		case queue == nil || kind != "" && kind != "SQS":
			e.problem(c, where, "needs a Destination, of Type SQS or of none locally")
		case kind != "" && r != nil:
			r.sending = append(r.sending, inlinePolicy(id+"SQSPolicy",
				object("Statement", list(object("Action", text("sqs:SendMessage"), "Effect", text("Allow"), "Resource", queue)))))
		}
		mapping.set("DestinationConfig", object("OnFailure", object("Destination", queue)))
	}
	e.add(id, "AWS::Lambda::EventSourceMapping", mapping)
}

// ruleEvent makes a rule of an EventBridgeRule or Schedule event.
func (e *expansion) ruleEvent(event, kind string, p *Node, to invoker) {
	id, where := e.source.id+event, "Events."+event
	known := []string{"State", "Input", "RetryPolicy", "DeadLetterConfig"}
	var rule *Node
	target := object("Arn", to.arn, "Id", text(id+to.target), "Input", p.get("Input"), "RetryPolicy", p.get("RetryPolicy"))
	if kind == "Schedule" {
		known = append(known, "Schedule", "Name", "Description", "Enabled")
		if p.get("Schedule") == nil {
			e.problem(p, where, "needs a Schedule")
		}
		rule = object("ScheduleExpression", p.get("Schedule"), "Name", p.get("Name"), "Description", p.get("Description"), "State", p.get("State"))
		if on := p.get("Enabled"); on != nil {
			state := "DISABLED"
			if on.Text == "true" {
				state = "ENABLED"
			}
			rule.set("State", text(state))
		}
	} else {
		known = append(known, "Pattern", "EventBusName", "RuleName", "InputPath", "InputTransformer", "Target")
		if p.get("Pattern") == nil {
			e.problem(p, where, "needs a Pattern")
		}
		rule = object("EventPattern", p.get("Pattern"), "EventBusName", p.get("EventBusName"), "Name", p.get("RuleName"), "State", p.get("State"))
		target.set("InputPath", p.get("InputPath"))
		target.set("InputTransformer", p.get("InputTransformer"))
		if t := p.get("Target"); t != nil {
			e.only(t, where+".Target", "Id")
			target.set("Id", t.get("Id"))
		}
	}
	if to.machine && kind == "Schedule" {
		known = append(known, "RoleArn")
		if r := p.get("RoleArn"); r != nil && !r.scalar() {
			e.problem(r, where+".RoleArn", "SAM takes no function here, only a string")
		}
	}
	e.only(p, where, known...)
	if to.machine {
		target.set("RoleArn", p.get("RoleArn"))
		if p.get("RoleArn") == nil {
			target.set("RoleArn", getAtt(id+"Role", "Arn"))
			e.starterRole(id+"Role", "events.amazonaws.com", id+"RoleStartExecutionPolicy", "states:StartExecution", to.arn)
		}
	}
	target.set("DeadLetterConfig", e.deadLetters(id, where, p.get("DeadLetterConfig")))
	rule.set("Targets", list(target))
	e.add(id, "AWS::Events::Rule", rule)
}

// deadLetters returns a target's DeadLetterConfig, and makes the queue if SAM is to.
func (e *expansion) deadLetters(rule, where string, c *Node) *Node {
	if c == nil {
		return nil
	}
	where += ".DeadLetterConfig"
	e.only(c, where, "Arn", "Type", "QueueLogicalId")
	if (c.get("Arn") == nil) == (c.get("Type") == nil) || c.get("Type") != nil && c.get("Type").Text != "SQS" {
		e.problem(c, where, "needs either an Arn or Type: SQS")
		return nil
	}
	if c.get("Arn") != nil {
		return object("Arn", c.get("Arn"))
	}
	queue := rule + "Queue"
	if id := c.get("QueueLogicalId").text(); id != "" {
		queue = id
	}
	e.add(queue, "AWS::SQS::Queue", object())
	e.add(rule+"QueuePolicy", "AWS::SQS::QueuePolicy", object("Queues", list(ref(queue)), "PolicyDocument", object(
		"Version", text("2012-10-17"), "Statement", list(object("Action", text("sqs:SendMessage"), "Effect", text("Allow"),
			"Principal", object("Service", text("events.amazonaws.com")), "Resource", getAtt(queue, "Arn"),
			"Condition", object("ArnEquals", object("aws:SourceArn", getAtt(rule, "Arn"))))))))
	return object("Arn", getAtt(queue, "Arn"))
}

// scheduleEvent makes a schedule of a ScheduleV2 event, and the role that it needs.
func (e *expansion) scheduleEvent(event string, p *Node, to invoker) {
	id, where := e.source.id+event, "Events."+event
	e.only(p, where, "ScheduleExpression", "ScheduleExpressionTimezone", "State", "Name", "Description", "StartDate", "EndDate",
		"FlexibleTimeWindow", "Input", "RetryPolicy", "DeadLetterConfig", "RoleArn")
	if d := p.get("DeadLetterConfig"); d != nil && d.get("Arn") == nil {
		e.problem(d, where+".DeadLetterConfig", "needs an Arn locally")
	}
	target := object("Arn", to.arn, "RoleArn", p.get("RoleArn"), "Input", p.get("Input"), "RetryPolicy", p.get("RetryPolicy"), "DeadLetterConfig", p.get("DeadLetterConfig"))
	if p.get("RoleArn") == nil {
		target.set("RoleArn", getAtt(id+"Role", "Arn"))
		policy, action := id+"LambdaPolicy", "lambda:InvokeFunction"
		if to.machine {
			policy, action = id+"StartExecutionPolicy", "states:StartExecution"
		}
		starter := e.starterRole(id+"Role", "scheduler.amazonaws.com", policy, action, to.arn)
		if d := p.get("DeadLetterConfig").get("Arn"); d != nil {
			starter.properties.get("Policies").Items = append(starter.properties.get("Policies").Items, inlinePolicy(id+"SQSPolicy",
				object("Statement", list(object("Action", text("sqs:SendMessage"), "Effect", text("Allow"), "Resource", d)))))
		}
	}
	window, name := p.get("FlexibleTimeWindow"), p.get("Name")
	if window == nil {
		window = object("Mode", text("OFF"))
	}
	if name == nil {
		name = text(id)
	}
	e.add(id, "AWS::Scheduler::Schedule", object("Name", name, "ScheduleExpression", p.get("ScheduleExpression"),
		"ScheduleExpressionTimezone", p.get("ScheduleExpressionTimezone"), "State", p.get("State"), "Description", p.get("Description"),
		"StartDate", p.get("StartDate"), "EndDate", p.get("EndDate"), "FlexibleTimeWindow", window, "Target", target))
}

// starterRole lets a service start the target.
func (e *expansion) starterRole(id, service, policy, action string, target *Node) *resource {
	return e.add(id, "AWS::IAM::Role", object("AssumeRolePolicyDocument", trusting(service), "Policies", list(inlinePolicy(policy,
		object("Statement", list(object("Action", text(action), "Effect", text("Allow"), "Resource", target)))))))
}
