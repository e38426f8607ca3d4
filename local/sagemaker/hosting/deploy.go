package hosting

import (
	"fmt"
	"math"
	"time"
)

// deployment is an update of an endpoint to another configuration, under way: the
// new fleet is provisioned, requests move to it share by share, each share bakes
// while alarms are watched, and the old fleet goes. Whatever goes wrong, the
// endpoint is InService with its old configuration in the end, and SageMaker may
// or may not say why.
type deployment struct {
	h       *Hosting
	e       *endpoint
	green   *fleet
	started time.Time
	fate    Fate

	kind     string    // for messages
	shares   []float64 // of requests, step by step; the last is 1
	at       int       // the step
	step     time.Duration
	bake     time.Duration
	deadline time.Time // zero: none
	alarms   []string
}

// wait lets d pass, then goes on with next. While watching, an alarm ends the
// deployment; the deadline ends it at any time.
func (d *deployment) wait(left time.Duration, watching bool, next func()) {
	if watching {
		if name := d.ringing(); name != "" {
			d.rollBack(d.reason(fmt.Sprintf("Alarm %s went into ALARM during the deployment.", name)))
			return
		}
	}
	if left <= 0 {
		next()
		return
	}
	part := left
	if watching && len(d.alarms) > 0 && d.h.AlarmPoll > 0 {
		part = min(part, d.h.AlarmPoll)
	}
	now := d.h.w.Now()
	if !d.deadline.IsZero() && now.Add(part).After(d.deadline) {
		d.h.w.After(d.deadline.Sub(now), "sagemaker: update of "+d.e.name+" times out", func() {
			d.rollBack(d.reason("The deployment did not finish within MaximumExecutionTimeoutInSeconds."))
		})
		return
	}
	d.h.w.After(part, "sagemaker: update of "+d.e.name, func() { d.wait(left-part, watching, next) })
}

func (d *deployment) ringing() string {
	if d.h.out.AlarmState == nil {
		return ""
	}
	for _, a := range d.alarms {
		if d.h.out.AlarmState(a) == "ALARM" {
			return a
		}
	}
	return ""
}

func (d *deployment) reason(text string) string {
	if d.h.SilentRollback {
		return ""
	}
	return text
}

// provisioned: the new fleet is there. A fated failure shows here when everything
// was to move at once, else after the first share has baked.
func (d *deployment) provisioned() {
	d.green.provision()
	if d.fate.Ending != Succeeds && len(d.shares) == 1 {
		d.fail()
		return
	}
	d.shift()
}

// shift moves the next share of requests to the new fleet and lets it bake.
func (d *deployment) shift() {
	share := d.shares[d.at]
	d.route(share)
	last := d.at == len(d.shares)-1
	d.at++
	bake := d.step
	what := "WaitIntervalInSeconds"
	if last {
		bake, what = d.bake, "TerminationWaitInSeconds"
	}
	now := d.h.w.Now()
	if bake == 0 {
		d.green.mark("ActivatingTraffic", "", now)
	} else {
		n := int(math.Ceil(share * float64(d.green.variants[0].count)))
		d.green.mark("Baking", fmt.Sprintf("Baking for %d seconds (%s) with traffic enabled on %s capacity of %d instance(s).", int(bake.Seconds()), what, d.kind, n), now)
	}
	d.h.emitDeployment(d.e)
	d.wait(bake, true, func() {
		switch {
		case d.fate.Ending != Succeeds:
			d.fail()
		case last:
			d.succeed()
		default:
			d.shift()
		}
	})
}

// route sends share of the requests to the new fleet.
func (d *deployment) route(share float64) {
	d.h.account(d.e)
	d.e.green = d.green
	d.green.share, d.e.fleet.share = share, 1-share
}

// succeed makes the new fleet the only one. SageMaker is Updating until the old
// fleet is gone.
func (d *deployment) succeed() {
	d.e.fleet.mark("Deleting", "", d.h.w.Now())
	d.h.w.After(d.h.takes(d.e.name, d.h.CleanupMin, d.h.CleanupMax), "sagemaker: update of "+d.e.name+" done", func() {
		d.h.account(d.e)
		d.green.mark("", "", time.Time{})
		d.e.fleet, d.e.green, d.e.deploy = d.green, nil, nil
		d.e.configName = d.green.config.EndpointConfigName
		d.h.become(d.e, inService)
	})
}

// fail is the end that was fated.
func (d *deployment) fail() {
	if d.fate.Ending == RollsBack {
		d.rollBack(d.fate.Reason)
		return
	}
	d.route(0.5)
	d.green.mark("", "", time.Time{})
	d.e.deploy, d.e.reason = nil, d.fate.Reason
	d.h.become(d.e, updateRollbackFailed)
}

// rollBack returns all requests to the old fleet at once, and to InService when the
// new fleet is gone. The status stays Updating meanwhile: RollingBack is for weights.
func (d *deployment) rollBack(reason string) {
	d.route(0)
	d.green.mark("Deleting", "", d.h.w.Now())
	d.h.emitDeployment(d.e)
	d.h.w.After(d.h.takes(d.e.name, d.h.CleanupMin, d.h.CleanupMax), "sagemaker: update of "+d.e.name+" rolled back", func() {
		d.h.account(d.e)
		d.e.green, d.e.deploy, d.e.reason = nil, nil, reason
		d.h.become(d.e, inService)
	})
}
