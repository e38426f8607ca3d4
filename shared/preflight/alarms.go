package preflight

import (
	"sluice/shared/alarm"
)

// nativeAlarms is how many alarms SageMaker's guardrails take. Source: AWS.md B.4.
const nativeAlarms = 10

// alarms finds alarms that keep the rollout from beginning, and those that will not do
// what their owners think.
func (c *check) alarms(steps []Step) {
	switch n := len(c.Alarms); {
	case n == 0 && len(c.Spec.Rollout.Alarms) == 0 && !c.record.First:
		c.add(Note, "alarm.none", "alarms", "", "no alarm watches the rollout: only the judge can roll it back")
	case n > nativeAlarms:
		c.add(Note, "alarm.many", "alarms", "", "Sluice watches all %d alarms; SageMaker's own guardrails take %d", n, nativeAlarms)
	}
	for _, a := range c.Alarms {
		if !c.state(a) || c.record.First || !c.known() || len(steps) == 0 {
			continue // without steps and sides, there is nothing to see or to miss
		}
		w := &watch{check: c, top: a, steps: steps}
		w.at = alarm.Place{Endpoint: c.Spec.Endpoint.Name, Config: c.record.Baseline.Config, Baseline: c.record.Baseline.Variant, Candidate: c.record.Candidate.Variant}
		w.look()
	}
}

// state looks at how an alarm stands now. A rollout does not begin while one of its
// alarms is missing or rings: it would roll back whatever the candidate does.
func (c *check) state(a alarm.Alarm) (exists bool) {
	subject := "alarm " + a.Name
	switch a.State {
	case "":
		c.add(Refuse, "alarm.missing", subject, "create it or take it out of rollout.alarms", "alarm %s does not exist", a.Name)
		return false
	case "ALARM":
		if c.busy() {
			c.add(Warn, "alarm.rings", subject, "", "alarm %s is in ALARM; the rollout is refused if it still is when the endpoint is free: %s", a.Name, a.Reason)
			return true
		}
		c.add(Refuse, "alarm.rings", subject, "", "alarm %s is in ALARM already: %s", a.Name, a.Reason)
	case "INSUFFICIENT_DATA":
		c.add(Note, "alarm.insufficient", subject, "", "alarm %s is in INSUFFICIENT_DATA, which is no reason to wait or to roll back: %s", a.Name, a.Reason)
	}
	return true
}
