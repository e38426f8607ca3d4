package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

// What AWS denies is named, with the permissions that the command takes.
func TestDenied(t *testing.T) {
	c := &call{account: &account{Table: "sluice-Table", Region: "us-east-1"}}
	tests := []struct{ service, operation, text, fix string }{
		{"DynamoDB", "Query", "AWS denies DynamoDB Query on table sluice-Table: no", "dynamodb:GetItem"},
		{"SageMaker", "DescribeEndpoint", "AWS denies SageMaker DescribeEndpoint: no", "sagemaker:DescribeEndpoint"},
		{"CloudWatch", "DescribeAlarms", "AWS denies CloudWatch DescribeAlarms: no", "cloudwatch:DescribeAlarms on *"},
		{"Application Auto Scaling", "DescribeScalableTargets", "AWS denies Application Auto Scaling DescribeScalableTargets: no", "application-autoscaling:DescribeScalableTargets"},
		{"SFN", "SendTaskSuccess", "AWS denies SFN SendTaskSuccess: no", ""},
	}
	for _, tt := range tests {
		err := fmt.Errorf("reading: %w", &smithy.OperationError{ServiceID: tt.service, OperationName: tt.operation, Err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}})
		if f := c.explain(err); f.code != exitAWS || f.text != tt.text || !strings.Contains(f.fix, tt.fix) || tt.fix == "" && f.fix != "" {
			t.Errorf("%s: got %+v", tt.service, f)
		}
	}
}
