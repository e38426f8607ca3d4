package iam

// awsManaged holds the policies of AWS that exist locally, by ARN: those that SAM
// attaches to the roles it makes. The documents are AWS's, in their default
// versions; Sids are left out.
var awsManaged = map[string]string{
	"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
		"Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"]}]}`,
	"arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
		"Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"]}]}`,
	"arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
		"Action":["dynamodb:DescribeStream","dynamodb:GetRecords","dynamodb:GetShardIterator","dynamodb:ListStreams","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"]}]}`,
	"arn:aws:iam::aws:policy/service-role/AWSLambdaRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
		"Action":["lambda:InvokeFunction"]}]}`,
	"arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Resource":"*","Action":["cloudwatch:DescribeAlarms","lambda:UpdateAlias","lambda:GetAlias","lambda:GetProvisionedConcurrencyConfig","sns:Publish"]},
		{"Effect":"Allow","Resource":"arn:aws:s3:::*/CodeDeploy/*","Action":["s3:GetObject","s3:GetObjectVersion"]},
		{"Effect":"Allow","Resource":"*","Action":["s3:GetObject","s3:GetObjectVersion"],"Condition":{"StringEquals":{"s3:ExistingObjectTag/UseWithCodeDeploy":"true"}}},
		{"Effect":"Allow","Resource":"arn:aws:lambda:*:*:function:CodeDeployHook_*","Action":["lambda:InvokeFunction"]}]}`,
	"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess": xrayWrite,
	"arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess":   xrayWrite,
}

const xrayWrite = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
	"Action":["xray:PutTraceSegments","xray:PutTelemetryRecords","xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"]}]}`
