// Package awslogs reads the logs of SageMaker's jobs. It fills training's logs, and
// judges nothing.
package awslogs

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
)

// Logs is CloudWatch Logs.
type Logs struct{ client *cloudwatchlogs.Client }

// Open returns CloudWatch Logs.
func Open(cfg aws.Config) *Logs { return &Logs{client: cloudwatchlogs.NewFromConfig(cfg)} }

// groups are where SageMaker's jobs log, by kind. Streams begin with the job's name.
// Source: SageMaker developer guide, log groups and streams.
var groups = map[string]string{
	"training-job":   "/aws/sagemaker/TrainingJobs",
	"processing-job": "/aws/sagemaker/ProcessingJobs",
	"transform-job":  "/aws/sagemaker/TransformJobs",
}

// maxLine bounds a line, in bytes: a report is mail.
const maxLine = 500

// Last fills training's logs. Of a job with several instances, the first one's log is
// read.
func (l *Logs) Last(ctx context.Context, job string, lines int) ([]string, error) {
	kind, name, _ := strings.Cut(job, "/")
	group := groups[kind]
	if group == "" {
		return nil, nil
	}
	streams, err := l.client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{
		LogGroupName: &group, LogStreamNamePrefix: aws.String(name + "/"), Limit: aws.Int32(1),
	})
	if awsfault.Kind(err) == fault.NotFound || err == nil && len(streams.LogStreams) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, awsfault.Errorf(err, "looking for the log of %s", job)
	}
	out, err := l.client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &group, LogStreamName: streams.LogStreams[0].LogStreamName, Limit: aws.Int32(int32(lines)), StartFromHead: aws.Bool(false),
	})
	if err != nil {
		return nil, awsfault.Errorf(err, "reading the log of %s", job)
	}
	var last []string
	for _, e := range out.Events {
		line := strings.TrimRight(aws.ToString(e.Message), "\r\n")
		if len(line) > maxLine {
			line = strings.ToValidUTF8(line[:maxLine-3], "") + "..."
		}
		last = append(last, line)
	}
	return last, nil
}
