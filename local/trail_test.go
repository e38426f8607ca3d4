package local_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/local/lambda"
	"sluice/local/wire"
)

// The history of an account knows who called, also whom IAM refused, minutes later.
// Who watches the account sees the calls as before.
func TestTheHistoryKnowsWhoCalled(t *testing.T) {
	a := newAccount(t, 100)
	seen := 0
	a.Server.Observe = func(wire.Record) { seen++ }
	a.do(func() error {
		role, err := a.IAM.CreateRole("ops", "/", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`))
		if err != nil {
			return err
		}
		bob := a.Config(lambda.Function{Name: "bob", RoleARN: role.ARN})
		if _, err := sdk.NewFromConfig(bob).DeleteEndpoint(ctx, &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")}); err == nil {
			t.Error("a role without any policy may delete")
		}
		if _, err := cloudtrail.NewFromConfig(bob).LookupEvents(ctx, &cloudtrail.LookupEventsInput{}); err == nil {
			t.Error("a role without any policy may look up")
		}
		_, err = a.models.UpdateEndpointWeightsAndCapacities(ctx, &sdk.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: aws.String("churn"),
			DesiredWeightsAndCapacities: []types.DesiredWeightAndCapacity{{VariantName: aws.String("blue"), DesiredWeight: aws.Float32(2)}}})
		return err
	})
	if seen != 3 {
		t.Errorf("%d calls were seen, not 3", seen)
	}
	lookUp := func() (events []string) {
		a.do(func() error {
			out, err := cloudtrail.NewFromConfig(a.AdminConfig()).LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
			if err != nil {
				return err
			}
			for _, e := range out.Events {
				events = append(events, *e.CloudTrailEvent)
			}
			return nil
		})
		return events
	}
	if got := lookUp(); len(got) > 0 {
		t.Errorf("at once: %v", got)
	}
	a.World.RunFor(5 * time.Minute)
	got := lookUp()
	if len(got) != 2 {
		t.Fatalf("later: %v", got)
	}
	for i, parts := range [][]string{
		{`"eventName":"UpdateEndpointWeightsAndCapacities"`, `"arn":"arn:aws:iam::111122223333:user/admin"`, `"variantName":"blue"`, `"desiredWeight":2`},
		{`"eventName":"DeleteEndpoint"`, `"arn":"arn:aws:sts::111122223333:assumed-role/ops/bob"`, `"errorCode":"AccessDeniedException"`},
	} {
		for _, part := range parts {
			if !strings.Contains(got[i], part) {
				t.Errorf("event %d lacks %s: %s", i, part, got[i])
			}
		}
	}
}
