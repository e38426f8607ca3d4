package sagemaker_test

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

// op binds an SDK method for call and try.
func op[In, Out any](m func(*sdk.Client, context.Context, In, ...func(*sdk.Options)) (Out, error)) func(*sdk.Client, In) (Out, error) {
	return func(c *sdk.Client, in In) (Out, error) { return m(c, context.Background(), in) }
}

var (
	createModel      = op((*sdk.Client).CreateModel)
	describeModel    = op((*sdk.Client).DescribeModel)
	deleteModel      = op((*sdk.Client).DeleteModel)
	listModels       = op((*sdk.Client).ListModels)
	createConfig     = op((*sdk.Client).CreateEndpointConfig)
	describeConfig   = op((*sdk.Client).DescribeEndpointConfig)
	deleteConfig     = op((*sdk.Client).DeleteEndpointConfig)
	listConfigs      = op((*sdk.Client).ListEndpointConfigs)
	createEndpoint   = op((*sdk.Client).CreateEndpoint)
	describeEndpoint = op((*sdk.Client).DescribeEndpoint)
	updateEndpoint   = op((*sdk.Client).UpdateEndpoint)
	deleteEndpoint   = op((*sdk.Client).DeleteEndpoint)
	listEndpoints    = op((*sdk.Client).ListEndpoints)
	changeWeights    = op((*sdk.Client).UpdateEndpointWeightsAndCapacities)
	createGroup      = op((*sdk.Client).CreateModelPackageGroup)
	createPackage    = op((*sdk.Client).CreateModelPackage)
	describePackage  = op((*sdk.Client).DescribeModelPackage)
	listPackages     = op((*sdk.Client).ListModelPackages)
	updatePackage    = op((*sdk.Client).UpdateModelPackage)
	deletePackage    = op((*sdk.Client).DeleteModelPackage)
	createPipeline   = op((*sdk.Client).CreatePipeline)
	updatePipeline   = op((*sdk.Client).UpdatePipeline)
	describePipeline = op((*sdk.Client).DescribePipeline)
	listPipelines    = op((*sdk.Client).ListPipelines)
	startExecution   = op((*sdk.Client).StartPipelineExecution)
	describeRun      = op((*sdk.Client).DescribePipelineExecution)
	listSteps        = op((*sdk.Client).ListPipelineExecutionSteps)
	listRuns         = op((*sdk.Client).ListPipelineExecutions)
	listParameters   = op((*sdk.Client).ListPipelineParametersForExecution)
	stopExecution    = op((*sdk.Client).StopPipelineExecution)
	retryExecution   = op((*sdk.Client).RetryPipelineExecution)
	addTags          = op((*sdk.Client).AddTags)
	listTags         = op((*sdk.Client).ListTags)
	deleteTags       = op((*sdk.Client).DeleteTags)
)
