package codedeploy

import "time"

// prefix begins the names of CodeDeploy's own configurations for Lambda.
const prefix = "CodeDeployDefault.Lambda"

// routing is how traffic moves: all at once if percent is 100; by percent of it every
// interval; or, as a canary, by percent first, and by the rest after the interval.
type routing struct {
	canary   bool
	percent  int
	interval time.Duration
}

// configs are CodeDeploy's own configurations for Lambda.
var configs = map[string]routing{
	prefix + "AllAtOnce":                     {percent: 100},
	prefix + "Canary10Percent5Minutes":       {true, 10, 5 * time.Minute},
	prefix + "Canary10Percent10Minutes":      {true, 10, 10 * time.Minute},
	prefix + "Canary10Percent15Minutes":      {true, 10, 15 * time.Minute},
	prefix + "Canary10Percent30Minutes":      {true, 10, 30 * time.Minute},
	prefix + "Linear10PercentEvery1Minute":   {false, 10, time.Minute},
	prefix + "Linear10PercentEvery2Minutes":  {false, 10, 2 * time.Minute},
	prefix + "Linear10PercentEvery3Minutes":  {false, 10, 3 * time.Minute},
	prefix + "Linear10PercentEvery10Minutes": {false, 10, 10 * time.Minute},
}

// next is the percentage after percent, which is 0 at first.
func (r routing) next(percent int) int {
	if r.canary && percent > 0 {
		return 100
	}
	return min(percent+r.percent, 100)
}

type trafficShape struct {
	Type   string       `json:"type"` // TimeBasedCanary, TimeBasedLinear or AllAtOnce
	Canary *canaryShape `json:"timeBasedCanary,omitempty"`
	Linear *linearShape `json:"timeBasedLinear,omitempty"`
}

type canaryShape struct {
	Percentage int `json:"canaryPercentage"`
	Minutes    int `json:"canaryInterval"`
}

type linearShape struct {
	Percentage int `json:"linearPercentage"`
	Minutes    int `json:"linearInterval"`
}

func (r routing) shape() trafficShape {
	minutes := int(r.interval / time.Minute)
	switch {
	case r.canary:
		return trafficShape{Type: "TimeBasedCanary", Canary: &canaryShape{r.percent, minutes}}
	case r.percent < 100:
		return trafficShape{Type: "TimeBasedLinear", Linear: &linearShape{r.percent, minutes}}
	}
	return trafficShape{Type: "AllAtOnce"}
}
