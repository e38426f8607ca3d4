package cloudformation

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// role is the role that SAM makes for a serverless resource.
type role struct {
	service string // who assumes it
	mark    string // key of SAM's tag
	managed []*Node
	inline  []*Node
	sources []*Node // managed policies of event sources, which SAM puts last
	sending []*Node // inline policies of event sources, which it leaves out if the role has the like
}

// node is the role's properties, with the policies of the serverless resource p.
func (r *role) node(e *expansion, p *Node) *Node {
	managed, inline := slices.Clone(r.managed), slices.Clone(r.inline)
	addManaged := func(n *Node) {
		if !slices.ContainsFunc(managed, func(m *Node) bool { return m.scalar() && n.scalar() && m.Text == n.Text }) {
			managed = append(managed, n)
		}
	}
	policies := p.get("Policies")
	items := policies.items()
	if policies != nil && policies.Kind != List {
		items = []*Node{policies}
	}
	for i, item := range items {
		where := fmt.Sprintf("Policies[%d]", i)
		switch doc := e.policy(item, where); {
		case doc == nil:
		case doc.Kind == Map && doc.get("Statement") != nil:
			inline = append(inline, inlinePolicy(fmt.Sprintf("%sRolePolicy%d", e.source.id, i), doc))
		default:
			addManaged(doc)
		}
	}
	for _, n := range r.sources {
		addManaged(n)
	}
	for _, n := range r.sending {
		if !slices.ContainsFunc(inline, func(own *Node) bool { return equal(own.get("PolicyDocument"), n.get("PolicyDocument")) }) {
			inline = append(inline, n)
		}
	}
	trust := p.get("AssumeRolePolicyDocument")
	if trust == nil {
		trust = trusting(r.service)
	}
	out := object("RoleName", p.get("RoleName"), "Path", p.get("RolePath"), "AssumeRolePolicyDocument", trust, "Tags", e.tags(r.mark))
	if len(managed) > 0 {
		out.set("ManagedPolicyArns", list(managed...))
	}
	if len(inline) > 0 {
		out.set("Policies", list(inline...))
	}
	return out
}

// equal reports whether two nodes are the same JSON.
func equal(a, b *Node) bool {
	read := func(n *Node) (v any) {
		text, err := json.Marshal(n)
		if err == nil {
			err = json.Unmarshal(text, &v)
		}
		if err != nil {
			panic(err) // nodes are JSON
		}
		return v
	}
	return reflect.DeepEqual(read(a), read(b))
}

func (n *Node) items() []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

func trusting(service string) *Node {
	return object("Version", text("2012-10-17"), "Statement", list(object(
		"Action", list(text("sts:AssumeRole")), "Effect", text("Allow"), "Principal", object("Service", list(text(service))))))
}

func inlinePolicy(name string, doc *Node) *Node {
	return object("PolicyName", text(name), "PolicyDocument", doc)
}

func managedARN(name string) string { return "arn:aws:iam::aws:policy/" + name }

// managedNames are the AWS managed policies that a template may give by name.
var managedNames = map[string]string{
	"AWSLambdaBasicExecutionRole":    "service-role/AWSLambdaBasicExecutionRole",
	"AWSLambdaSQSQueueExecutionRole": "service-role/AWSLambdaSQSQueueExecutionRole",
	"AWSLambdaDynamoDBExecutionRole": "service-role/AWSLambdaDynamoDBExecutionRole",
	"AWSLambdaRole":                  "service-role/AWSLambdaRole",
	"AWSXRayDaemonWriteAccess":       "AWSXRayDaemonWriteAccess",
	"AWSXrayWriteOnlyAccess":         "AWSXrayWriteOnlyAccess",
}

// policy turns an entry of Policies into a policy document or the ARN of a managed
// policy. It returns nil for what is neither.
func (e *expansion) policy(n *Node, where string) *Node {
	name, _ := n.intrinsic()
	switch {
	case name != "":
		return n
	case n.scalar() && strings.HasPrefix(n.Text, "arn:"):
		return n
	case n.scalar():
		full, ok := managedNames[n.Text]
		if !ok {
			e.problem(n, where, "no managed policy %q exists locally", n.Text)
			return nil
		}
		return text(managedARN(full))
	case n.Kind == Map && n.get("Statement") != nil:
		e.only(n, where, "Version", "Id", "Statement")
		return n
	case n.Kind == Map && len(n.Fields) == 1:
		return e.policyTemplate(n.Fields[0], where)
	}
	e.problem(n, where, "must be a managed policy, a policy document or a SAM policy template")
	return nil
}

// policyTemplates are the SAM policy templates that exist locally: the parameters,
// and the document as JSON. Source: SAM's policy_templates.json.
var policyTemplates = map[string]struct {
	parameter string
	document  string
}{
	"SQSPollerPolicy": {"QueueName", statement(resourceSub("sqs", "${queueName}", "queueName", "QueueName"),
		"sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch", "sqs:DeleteMessage", "sqs:DeleteMessageBatch", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")},
	"SQSSendMessagePolicy": {"QueueName", statement(resourceSub("sqs", "${queueName}", "queueName", "QueueName"), "sqs:SendMessage*")},
	"DynamoDBCrudPolicy": {"TableName", statement(tableSubs, "dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:Query",
		"dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:ConditionCheckItem")},
	"DynamoDBReadPolicy": {"TableName", statement(tableSubs, "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:DescribeTable")},
	"S3ReadPolicy":       {"BucketName", statement(bucketSubs, "s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObjectVersion", "s3:GetLifecycleConfiguration")},
	"S3CrudPolicy": {"BucketName", statement(bucketSubs, "s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObjectVersion", "s3:PutObject",
		"s3:PutObjectAcl", "s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration", "s3:DeleteObject")},
	"SNSPublishMessagePolicy": {"TopicName", statement(resourceSub("sns", "${topicName}", "topicName", "TopicName"), "sns:Publish")},
	"LambdaInvokePolicy":      {"FunctionName", statement(resourceSub("lambda", "function:${functionName}*", "functionName", "FunctionName"), "lambda:InvokeFunction")},
	"StepFunctionsExecutionPolicy": {"StateMachineName",
		statement(resourceSub("states", "stateMachine:${stateMachineName}", "stateMachineName", "StateMachineName"), "states:StartExecution")},
	"CloudWatchPutMetricPolicy": {"", statement(`"*"`, "cloudwatch:PutMetricData")},
}

var (
	tableSubs = "[" + resourceSub("dynamodb", "table/${tableName}", "tableName", "TableName") + "," +
		resourceSub("dynamodb", "table/${tableName}/index/*", "tableName", "TableName") + "]"
	bucketSubs = "[" + sub("arn:${AWS::Partition}:s3:::${bucketName}", "bucketName", "BucketName") + "," +
		sub("arn:${AWS::Partition}:s3:::${bucketName}/*", "bucketName", "BucketName") + "]"
)

func resourceSub(service, rest, variable, parameter string) string {
	return sub("arn:${AWS::Partition}:"+service+":${AWS::Region}:${AWS::AccountId}:"+rest, variable, parameter)
}

func sub(text, variable, parameter string) string {
	return fmt.Sprintf(`{"Fn::Sub":[%q,{%q:{"Ref":%q}}]}`, text, variable, parameter)
}

func statement(resource string, actions ...string) string {
	list, err := json.Marshal(actions)
	if err != nil {
		panic(err) // strings
	}
	return fmt.Sprintf(`{"Statement":[{"Action":%s,"Effect":"Allow","Resource":%s}]}`, list, resource)
}

// policyTemplate fills in a SAM policy template.
func (e *expansion) policyTemplate(f Field, where string) *Node {
	t, ok := policyTemplates[f.Key]
	if !ok {
		e.problem(f.Value, where, "the SAM policy template %s is not implemented locally", f.Key)
		return nil
	}
	where += "." + f.Key
	value := f.Value.get(t.parameter)
	switch {
	case t.parameter == "":
		e.only(f.Value, where)
	case value == nil:
		e.problem(f.Value, where, "needs %s", t.parameter)
		return nil
	default:
		e.only(f.Value, where, t.parameter)
	}
	doc, err := parse([]byte(t.document))
	if err != nil {
		panic(err) // a constant of this file
	}
	clearLines(doc)
	return replaceRef(doc, t.parameter, value).at(f.Value.Line)
}

func clearLines(n *Node) {
	n.Line = 0
	for _, i := range n.Items {
		clearLines(i)
	}
	for _, f := range n.Fields {
		clearLines(f.Value)
	}
}

func replaceRef(n *Node, name string, with *Node) *Node {
	if fn, arg := n.intrinsic(); fn == "Ref" && arg.Text == name {
		return with
	}
	for i := range n.Items {
		n.Items[i] = replaceRef(n.Items[i], name, with)
	}
	for i := range n.Fields {
		n.Fields[i].Value = replaceRef(n.Fields[i].Value, name, with)
	}
	return n
}
