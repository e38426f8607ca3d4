package stage

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sluice/shared/awsendpoints"
	"sluice/shared/rollout"
)

// left reads what rollouts have left behind: their events, autoscaling, and what
// they made that nothing uses.
func (st *Stage) left(ctx context.Context, f *Facts) error {
	for _, l := range st.AWS.Events.Log() {
		if l.Event.Source == rollout.Source {
			f.Events = append(f.Events, l.Event.DetailType)
		}
	}
	for _, e := range st.AWS.States.Executions("") {
		if strings.HasSuffix(e.Machine, "-rollout") {
			f.Longest = max(f.Longest, e.Events)
		}
	}
	out, err := applicationautoscaling.NewFromConfig(st.AWS.AdminConfig()).DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceSagemaker})
	if err != nil {
		return err
	}
	f.Scaled = map[string]int{}
	for _, t := range out.ScalableTargets {
		id := aws.ToString(t.ResourceId)
		f.Scaled[id[strings.LastIndex(id, "/")+1:]] = int(aws.ToInt32(t.MaxCapacity))
	}
	return st.waste(ctx, f)
}

// waste lists the configs and models that rollouts made and that nothing uses.
func (st *Stage) waste(ctx context.Context, f *Facts) error {
	client, attic := sagemaker.NewFromConfig(st.AWS.AdminConfig()), awsendpoints.Open(st.AWS.AdminConfig())
	configs, err := client.ListEndpointConfigs(ctx, &sagemaker.ListEndpointConfigsInput{MaxResults: aws.Int32(100)})
	if err != nil {
		return err
	}
	for _, c := range configs.EndpointConfigs {
		name := aws.ToString(c.EndpointConfigName)
		ours, err := attic.ConfigOurs(ctx, name)
		if err != nil {
			return err
		}
		user, err := attic.ConfigUsed(ctx, name, aws.ToTime(c.CreationTime))
		if err != nil {
			return err
		}
		if ours && user == "" {
			f.Waste = append(f.Waste, name)
		}
	}
	models, err := client.ListModels(ctx, &sagemaker.ListModelsInput{MaxResults: aws.Int32(100)})
	if err != nil {
		return err
	}
	for _, m := range models.Models {
		name := aws.ToString(m.ModelName)
		ours, err := attic.ModelOurs(ctx, name)
		if err != nil {
			return err
		}
		user, err := attic.ModelUsed(ctx, name)
		if err != nil {
			return err
		}
		if ours && user == "" {
			f.Waste = append(f.Waste, name)
		}
	}
	return nil
}

// controlled checks what people, autoscaling and other systems see of rollouts.
func (c *checker) controlled(x Expect) {
	for _, want := range x.Commands {
		found := false
		for _, got := range c.facts.Commands[want.Rollout] {
			if string(got.Verb) == want.Verb && !found && got.Accepted == want.Accepted && strings.Contains(got.Answer, want.Answer) {
				found = !got.HandledAt.IsZero()
			}
		}
		c.check(found, "no command %s to %s was answered like %+v: %+v", want.Verb, want.Rollout, want, c.facts.Commands[want.Rollout])
	}
	c.inOrder("event", x.Events, c.facts.Events)
	var lines []string
	for _, r := range c.facts.Rollouts {
		for _, e := range c.facts.History[r.ID] {
			lines = append(lines, r.ID+" "+e.Kind+": "+e.Text)
		}
	}
	c.inOrder("line of history", x.History, lines)
	c.check(strings.Contains(c.facts.Endpoint, x.Endpoint), "endpoint is %s; %q expected to be part of it", c.facts.Endpoint, x.Endpoint)
	if x.Scaled != nil {
		same := len(x.Scaled) == len(c.facts.Scaled)
		for variant, most := range x.Scaled {
			same = same && c.facts.Scaled[variant] == most
		}
		c.check(same, "autoscaling is %v, %v expected", c.facts.Scaled, x.Scaled)
	}
	c.check(!x.Tidy || len(c.facts.Waste) == 0, "nothing uses %s any more", strings.Join(c.facts.Waste, ", "))
	c.check(x.MaxEvents == 0 || c.facts.Longest <= x.MaxEvents, "the longest execution has %d events, at most %d expected", c.facts.Longest, x.MaxEvents)
}

// inOrder checks that parts of got come in this order, with others between them.
func (c *checker) inOrder(what string, want, got []string) {
	i := 0
	for _, g := range got {
		if i < len(want) && strings.Contains(g, want[i]) {
			i++
		}
	}
	if i < len(want) {
		c.check(false, "no %s %q after %q among:\n  %s", what, want[i], want[:i], strings.Join(got, "\n  "))
	}
}
