package sluice_test

import (
	"cmp"
	"io/fs"
	"testing"

	"sluice"
	cf "sluice/local/cloudformation"

	"sluice/local/iam"
	"sluice/local/wire"
)

// planned is a template as it would be deployed into a stack.
func planned(t *testing.T, file, stack string) *cf.Stack {
	t.Helper()
	text, err := fs.ReadFile(sluice.Deployed, file)
	if err != nil {
		t.Fatal(err)
	}
	template, err := cf.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	parameters := map[string]string{}
	if file == "pipeline.yaml" {
		parameters["StagingTable"] = "sluice-staging-Table-1"
	}
	made, err := template.Plan(cf.Options{StackName: stack, Files: sluice.Deployed, Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// deployRole is what CloudFormation may do when pipeline.yaml deploys Sluice.
func deployRole(t *testing.T) (all []iam.Named) {
	t.Helper()
	r, _ := planned(t, "pipeline.yaml", "delivery").Resource("DeployRole")
	role, ok := r.Spec.(*cf.RoleSpec)
	if !ok {
		t.Fatal("pipeline.yaml has no DeployRole")
	}
	for _, p := range role.Policies {
		policy, err := iam.Parse(p.PolicyDocument, iam.Identity)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, iam.Named{Name: p.PolicyName, Policy: policy})
	}
	return all
}

// makes are actions that CloudFormation needs for resources of a type, besides others.
var makes = map[string][]string{
	"AWS::Lambda::Function": {"lambda:CreateFunction", "lambda:GetFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
		"lambda:PutFunctionConcurrency", "lambda:DeleteFunction", "lambda:TagResource"},
	"AWS::StepFunctions::StateMachine": {"states:CreateStateMachine", "states:DescribeStateMachine", "states:UpdateStateMachine", "states:DeleteStateMachine", "states:TagResource"},
	"AWS::IAM::Role":                   {"iam:CreateRole", "iam:GetRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"},
	"AWS::SQS::Queue":                  {"sqs:CreateQueue", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "sqs:DeleteQueue"},
	"AWS::SNS::Topic":                  {"sns:CreateTopic", "sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:DeleteTopic"},
	"AWS::Events::Rule":                {"events:PutRule", "events:DescribeRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule"},
	"AWS::DynamoDB::Table":             {"dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive", "dynamodb:UpdateContinuousBackups"},
	"AWS::S3::Bucket":                  {"s3:CreateBucket", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketPublicAccessBlock"},
	"AWS::CloudWatch::Alarm":           {"cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"},
	"AWS::Logs::LogGroup":              {"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"},
}

// TestTheDeployRoleMakesTheStack holds the role against what the template has.
func TestTheDeployRoleMakesTheStack(t *testing.T) {
	policies := deployRole(t)
	may := func(what, action, resource string, conditions map[string][]string) {
		t.Helper()
		if !iam.Evaluate(policies, wire.Access{Action: action, Resource: resource, Conditions: conditions}).Allowed {
			t.Errorf("pipeline.yaml: DeployRole may not %s on %s, which %s needs", action, resource, what)
		}
	}
	seen := map[string]bool{}
	for _, r := range planned(t, "template.yaml", "sluice").Resources {
		seen[r.Type] = true
		for _, action := range makes[r.Type] {
			may(r.LogicalID, action, cmp.Or(r.Attributes["Arn"], r.Attributes["TopicArn"]), nil)
		}
		switch x := r.Spec.(type) {
		case *cf.RoleSpec:
			for _, arn := range x.ManagedPolicyArns {
				may(r.LogicalID, "iam:AttachRolePolicy", r.Attributes["Arn"], map[string][]string{"iam:PolicyARN": {arn}})
			}
		case *cf.FunctionSpec:
			may(r.LogicalID, "iam:PassRole", x.Role, map[string][]string{"iam:PassedToService": {"lambda.amazonaws.com"}})
		case *cf.StateMachineSpec:
			may(r.LogicalID, "iam:PassRole", x.RoleArn, map[string][]string{"iam:PassedToService": {"states.amazonaws.com"}})
		case *cf.DashboardSpec:
			may(r.LogicalID, "cloudwatch:PutDashboard", "arn:aws:cloudwatch::111122223333:dashboard/"+x.DashboardName, nil)
		}
	}
	for kind := range makes {
		if !seen[kind] {
			t.Errorf("template.yaml has no %s any more: take it from the list", kind)
		}
	}
}

// TestTheDeployRoleDoesNoMore asks for what would let it do anything.
func TestTheDeployRoleDoesNoMore(t *testing.T) {
	policies := deployRole(t)
	const role = "arn:aws:iam::111122223333:role/"
	for _, x := range []wire.Access{
		{Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:us-east-1:111122223333:function:sluice-OnDataFunction-1"},
		{Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:us-east-1:111122223333:table/sluice-Table-1"},
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::sluice-store-1/manifest"},
		{Action: "iam:PutRolePolicy", Resource: role + "Admin"},
		{Action: "iam:CreateRole", Resource: role + "Admin"},
		{Action: "iam:CreateUser", Resource: "arn:aws:iam::111122223333:user/sluice-x"},
		{Action: "iam:AttachRolePolicy", Resource: role + "sluice-x", Conditions: map[string][]string{"iam:PolicyARN": {"arn:aws:iam::aws:policy/AdministratorAccess"}}},
		{Action: "iam:PassRole", Resource: role + "sluice-x", Conditions: map[string][]string{"iam:PassedToService": {"ec2.amazonaws.com"}}},
		{Action: "iam:PassRole", Resource: role + "Admin", Conditions: map[string][]string{"iam:PassedToService": {"lambda.amazonaws.com"}}},
	} {
		if iam.Evaluate(policies, x).Allowed {
			t.Errorf("pipeline.yaml: DeployRole may %s on %s", x.Action, x.Resource)
		}
	}
}
