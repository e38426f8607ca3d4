package preflight

import "strings"

// captures finds a drift block that nothing comes to: rollouts keep an endpoint's data
// capture as it is, and do not switch it on.
func (c *check) captures() {
	d := c.Spec.Drift
	if d == nil || c.Endpoint.Status != "" && len(c.Config.Variants) == 0 { // could not be read, and that was said
		return
	}
	const on = "switch it on in an endpoint config of your own, and EventBridge notifications on the bucket"
	bare := func(uri string) string { return strings.TrimRight(uri, "/") }
	switch {
	case c.Endpoint.Status == "":
		c.add(Warn, "drift.captures", c.place(), on+", once the endpoint is there", "drift is watched in %s, and the rollout creates endpoint %s without data capture", d.Captures, c.Spec.Endpoint.Name)
	case c.Config.Captures == "":
		c.add(Warn, "drift.captures", c.place(), on, "drift is watched in %s, and endpoint %s has no data capture", d.Captures, c.Spec.Endpoint.Name)
	case bare(c.Config.Captures) != bare(d.Captures):
		c.add(Warn, "drift.captures", c.place(), "write it as drift.captures", "drift is watched in %s, and endpoint %s captures into %s", d.Captures, c.Spec.Endpoint.Name, c.Config.Captures)
	}
}
