package simulate

import (
	"fmt"
	"time"

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
	switch d.IntN(5) {
	case 0:
		return act{at, "the next update of the endpoint will be rolled back", func(p *play) error {
			p.aws().SageMaker.Hosting.NextUpdate(endpoint, hosting.Fate{Ending: hosting.RollsBack, Reason: reason})
			return nil
		}}
	case 1:
		return act{at, "the next update of the endpoint can neither succeed nor be rolled back", func(p *play) error {
			p.aws().SageMaker.Hosting.NextUpdate(endpoint, hosting.Fate{Ending: hosting.RollbackFails, Reason: reason})
			return nil
		}}
	case 2:
		return act{at, "the next change of weights will be undone", func(p *play) error {
			p.aws().SageMaker.Hosting.NextWeights(endpoint, hosting.Fate{Ending: hosting.RollsBack, Reason: reason})
			return nil
		}}
	case 3:
		takes := d.minutes(10, 90)
		return act{at, fmt.Sprintf("the next update of the endpoint takes %s", takes), func(p *play) error {
			p.aws().SageMaker.Hosting.NextUpdate(endpoint, hosting.Fate{Takes: takes})
			return nil
		}}
	}
	takes := d.minutes(2, 40)
	return act{at, fmt.Sprintf("AWS maintains the endpoint for %s", takes), func(p *play) error {
		p.aws().SageMaker.Hosting.Maintain(endpoint, p.world().Now(), takes)
		return nil
	}}
}
