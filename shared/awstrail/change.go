package awstrail

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// change is what is read of a CloudTrailEvent, which is JSON in a string.
type change struct {
	name string
	at   time.Time

	Identity struct {
		Type      string `json:"type"`
		ARN       string `json:"arn"`
		InvokedBy string `json:"invokedBy"` // the service that called on somebody's behalf
	} `json:"userIdentity"`
	Source     string `json:"eventSource"`
	From       string `json:"sourceIPAddress"`
	Error      string `json:"errorCode"`
	Parameters struct {
		Endpoint string    `json:"endpointName"`
		Config   string    `json:"endpointConfigName"`
		Desired  []desired `json:"desiredWeightsAndCapacities"`
	} `json:"requestParameters"`
}

// desired is what a call wants of one variant.
type desired struct {
	Variant string   `json:"variantName"`
	Weight  *float64 `json:"desiredWeight"`
	Count   *int     `json:"desiredInstanceCount"`
}

// autoscaling calls for instances on its own, and that is no news.
const autoscaling = "application-autoscaling.amazonaws.com"

// read reads an event. ok is false unless it is a change that SageMaker took, made by
// somebody.
func read(e types.Event) (c change, ok bool) {
	if json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &c) != nil {
		return change{}, false
	}
	c.name, c.at = aws.ToString(e.EventName), aws.ToTime(e.EventTime)
	return c, c.Source == "sagemaker.amazonaws.com" && c.Error == "" && c.Identity.InvokedBy != autoscaling
}

// ours reports whether a function of the stack made the change. CloudFormation begins
// the names of a function and of its role with the stack's, and Lambda names a session
// after the function: both must fit, or a person's role that is called alike would pass.
func (c change) ours(stack string) bool {
	_, rest, assumed := strings.Cut(c.Identity.ARN, ":assumed-role/")
	role, session, _ := strings.Cut(rest, "/")
	return assumed && strings.HasPrefix(role, stack+"-") && strings.HasPrefix(session, stack+"-")
}

// String says who did what, such as "UpdateEndpoint by
// arn:aws:sts::111122223333:assumed-role/ops/alice at 2026-03-02 12:04:11 from
// 203.0.113.7 to config other". Times are UTC.
func (c change) String() string {
	text := fmt.Sprintf("%s by %s at %s", c.name, cmp.Or(c.Identity.ARN, c.Identity.InvokedBy, c.Identity.Type, "somebody"), c.at.UTC().Format(time.DateTime))
	if c.From != "" {
		text += " from " + c.From
	}
	var to []string
	if c.Parameters.Config != "" {
		to = append(to, "config "+c.Parameters.Config)
	}
	for _, d := range c.Parameters.Desired {
		if d.Weight != nil {
			to = append(to, fmt.Sprintf("weight %g of %s", *d.Weight, d.Variant))
		}
		if d.Count != nil {
			to = append(to, fmt.Sprintf("%d instances of %s", *d.Count, d.Variant))
		}
	}
	if len(to) > 0 {
		text += " to " + strings.Join(to, ", ")
	}
	return text
}
