// Package awstrail asks CloudTrail who has changed an endpoint. It fills shifting's
// trail. CloudTrail's event history needs no trail, costs nothing, is some minutes
// late, and takes two lookups a second in an account.
//
// Events are looked up by their names, and the endpoint is read from the request's
// parameters. Looking up by the resource's name would be one call, but whether SageMaker's
// events name their endpoint as a resource is UNVERIFIED: the one that its developer
// guide shows does not. UNVERIFIED, too: the parameters of other events than
// CreateEndpoint, taken to be the API's members in lower case as they are there, and
// that invokedBy names Application Auto Scaling.
package awstrail

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"sluice/shared/awsfault"
)

// Trail is CloudTrail's event history.
type Trail struct {
	client *cloudtrail.Client
	stack  string
}

// Open returns the event history. What the functions of the stack do is left out: their
// roles and sessions are named after it, as CloudFormation does. With stack "" all is told.
func Open(cfg aws.Config, stack string) *Trail {
	return &Trail{client: cloudtrail.NewFromConfig(cfg), stack: stack}
}

// names are the events that change an endpoint.
var names = []string{"UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "DeleteEndpoint", "CreateEndpoint"}

const (
	most  = 3 // changes that are told
	pages = 2 // that are read of one event's name, 50 events each
)

// Changes is who changed the endpoint since then, in words, the newest three changes
// first; "" if nothing is known. Left out are calls that were refused, those of the
// stack's own functions, and autoscaling's. Errors: Throttled.
// Source: LookupEvents; CloudTrail user guide, "CloudTrail record contents".
func (t *Trail) Changes(ctx context.Context, endpoint string, since time.Time) (string, error) {
	var all []change
	for _, name := range names {
		found, err := t.lookUp(ctx, endpoint, name, since)
		if err != nil {
			return "", err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b change) int { return b.at.Compare(a.at) })
	var words []string
	for _, c := range all[:min(most, len(all))] {
		words = append(words, c.String())
	}
	return strings.Join(words, "; "), nil
}

// lookUp reads the endpoint's events of one name, newest first.
func (t *Trail) lookUp(ctx context.Context, endpoint, name string, since time.Time) ([]change, error) {
	var all []change
	next := cloudtrail.NewLookupEventsPaginator(t.client, &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &name}},
		StartTime:        aws.Time(since.Truncate(time.Second)), // events have whole seconds
	})
	for page := 0; page < pages && next.HasMorePages(); page++ {
		out, err := next.NextPage(ctx)
		if err != nil {
			return nil, awsfault.Errorf(err, "looking up who has called %s", name)
		}
		for _, e := range out.Events {
			if c, ok := read(e); ok && strings.EqualFold(c.Parameters.Endpoint, endpoint) && !c.ours(t.stack) {
				all = append(all, c)
			}
		}
	}
	return all, nil
}
