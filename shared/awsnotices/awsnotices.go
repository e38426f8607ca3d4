// Package awsnotices sends reports to people through an SNS topic.
package awsnotices

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"sluice/shared/awsfault"
)

// Notices is the topic.
type Notices struct {
	client *sns.Client
	topic  string // ARN
}

// Open returns the topic of this ARN.
func Open(cfg aws.Config, topic string) *Notices {
	return &Notices{client: sns.NewFromConfig(cfg), topic: topic}
}

const (
	maxSubject = 100     // characters, ASCII; SNS refuses more
	maxText    = 200_000 // bytes, under SNS's 256 KiB
)

// Publish sends a report. What is too long is cut.
func (n *Notices) Publish(ctx context.Context, subject, text string) error {
	if len(text) > maxText {
		text = text[:maxText] + "\n[cut]\n"
	}
	_, err := n.client.Publish(ctx, &sns.PublishInput{TopicArn: &n.topic, Subject: aws.String(plain(subject)), Message: aws.String(strings.ToValidUTF8(text, "?"))})
	return awsfault.Errorf(err, "publishing a report")
}

// plain is what SNS takes as a subject: printable ASCII in one line.
func plain(subject string) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, subject)
	return s[:min(len(s), maxSubject)]
}
