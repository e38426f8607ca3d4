package worlds

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/local"
	"sluice/local/sagemaker/hosting"
)

// knobs are the habits of AWS in one world: how slow, how repetitive, in how small
// pages.
type knobs struct {
	fleet, weights, cleanup, step time.Duration
	repeats                       int
	silent                        bool
	pageItems                     int
	conflicts                     float64
	late                          time.Duration // of metrics
}

func drawKnobs(d dice) knobs {
	return knobs{
		fleet: d.minutes(2, 8), weights: time.Duration(d.between(10, 120)) * time.Second, cleanup: time.Duration(d.between(10, 120)) * time.Second,
		step: d.minutes(1, 10), repeats: pick(d, 1, 1, 2, 3), silent: d.often(50), pageItems: pick(d, 0, 0, 1, 3),
		conflicts: pick(d, 0, 0, 0.1, 0.3), late: d.minutes(1, 4),
	}
}

func (k knobs) turn(a *local.AWS) {
	h := a.SageMaker.Hosting
	h.FleetMin, h.FleetMax = k.fleet, k.fleet+time.Minute
	h.WeightsMin, h.WeightsMax = k.weights, k.weights+10*time.Second
	h.CleanupMin, h.CleanupMax = k.cleanup, k.cleanup+10*time.Second
	h.Repeats, h.SilentRollback = k.repeats, k.silent
	a.SageMaker.Pipelines.StepMin, a.SageMaker.Pipelines.StepMax = k.step, k.step+time.Minute
	a.Table.PageItems, a.Table.TransactionConflicts, a.Table.StaleReads = k.pageItems, k.conflicts, true
	a.CloudWatch.Metrics.Publication.Delay = k.late
	a.CloudWatch.Metrics.Publication.ReviseShare = 0.05
}

// mishap is one thing that SageMaker does to the endpoint by itself.
func mishap(d dice, at time.Duration) act {
	reason := pick(d, "", "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.")
	switch d.IntN(6) {
	case 0:
		return act{at: at, text: "the next update of the endpoint will be rolled back", do: func(p *play) error {
			p.aws().SageMaker.Hosting.NextUpdate(endpoint, hosting.Fate{Ending: hosting.RollsBack, Reason: reason})
			return nil
		}}
	case 1:
		return act{at: at, text: "the next update of the endpoint can neither succeed nor be rolled back", do: func(p *play) error {
			p.aws().SageMaker.Hosting.NextUpdate(endpoint, hosting.Fate{Ending: hosting.RollbackFails, Reason: reason})
			return nil
		}}
	case 2:
		return act{at: at, text: "the next change of weights will be undone", do: func(p *play) error {
			p.aws().SageMaker.Hosting.NextWeights(endpoint, hosting.Fate{Ending: hosting.RollsBack, Reason: reason})
			return nil
		}}
	case 3:
		takes := d.minutes(10, 90)
		if d.often(10) {
			takes += 4 * time.Hour
		}
		return act{at: at, text: fmt.Sprintf("the next update of the endpoint takes %s", takes), do: func(p *play) error {
			p.aws().SageMaker.Hosting.NextUpdate(endpoint, hosting.Fate{Takes: takes})
			return nil
		}}
	}
	takes := d.minutes(2, 40)
	if d.often(10) {
		takes += 3 * time.Hour
	}
	return act{at: at, text: fmt.Sprintf("AWS maintains the endpoint for %s", takes), do: func(p *play) error {
		p.aws().SageMaker.Hosting.Maintain(endpoint, p.world().Now(), takes)
		return nil
	}}
}

// meddle is somebody else who changes the endpoint, past Sluice: its weights, or
// everything.
func meddle(d dice, at time.Duration) act {
	if share := float64(d.between(1, 100)); d.often(50) {
		return act{at: at, text: fmt.Sprintf("somebody else gives %s a weight of %v", variant, share), do: func(p *play) error {
			// Refused while the endpoint is busy, and when the variant is gone.
			p.watch.foreign = p.aws().SageMaker.Hosting.ForeignWeights(endpoint, variant, share) == nil || p.watch.foreign
			return nil
		}}
	}
	return act{at: at, text: "somebody else updates the endpoint to a config of their own", do: func(p *play) error {
		const name = endpoint + "-by-hand"
		client := sagemaker.NewFromConfig(p.aws().AdminConfig())
		_, err := client.CreateEndpointConfig(p.ctx, &sagemaker.CreateEndpointConfigInput{EndpointConfigName: aws.String(name), ProductionVariants: []types.ProductionVariant{{
			VariantName: aws.String("by-hand"), ModelName: aws.String(variant), InstanceType: types.ProductionVariantInstanceTypeMlM5Large, InitialInstanceCount: aws.Int32(1),
		}}})
		if err != nil {
			return err
		}
		p.watch.foreign = p.aws().SageMaker.Hosting.ForeignUpdate(endpoint, name) == nil || p.watch.foreign
		return nil
	}}
}
