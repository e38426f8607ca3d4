package awsmetrics

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"sluice/shared/awsfault"
)

// Tags fills intake's alarms.
func (c *CloudWatch) Tags(ctx context.Context, arn string) (map[string]string, error) {
	out, err := c.client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return nil, awsfault.Errorf(err, "reading the tags of %s", arn)
	}
	tags := map[string]string{}
	for _, t := range out.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}
