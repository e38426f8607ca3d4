package catalog

import (
	"fmt"

	"sluice/local/sagemaker/api"
)

// Deployment is a DeploymentConfig: how UpdateEndpoint moves requests to the new fleet. Source:
// AWS.md B.4.
type Deployment struct {
	BlueGreenUpdatePolicy     *blueGreen    `json:"BlueGreenUpdatePolicy,omitempty"`
	RollingUpdatePolicy       *rolling      `json:"RollingUpdatePolicy,omitempty"`
	AutoRollbackConfiguration *autoRollback `json:"AutoRollbackConfiguration,omitempty"`
}

type blueGreen struct {
	TrafficRoutingConfiguration      *routingPolicy `json:"TrafficRoutingConfiguration"`
	TerminationWaitInSeconds         *int           `json:"TerminationWaitInSeconds,omitempty"`
	MaximumExecutionTimeoutInSeconds *int           `json:"MaximumExecutionTimeoutInSeconds,omitempty"`
}

type routingPolicy struct {
	Type                  string    `json:"Type"`
	WaitIntervalInSeconds *int      `json:"WaitIntervalInSeconds"`
	CanarySize            *capacity `json:"CanarySize,omitempty"`
	LinearStepSize        *capacity `json:"LinearStepSize,omitempty"`
}

type capacity struct {
	Type  string `json:"Type"`
	Value *int   `json:"Value"`
}

type rolling struct {
	MaximumBatchSize                 *capacity `json:"MaximumBatchSize"`
	WaitIntervalInSeconds            *int      `json:"WaitIntervalInSeconds"`
	MaximumExecutionTimeoutInSeconds *int      `json:"MaximumExecutionTimeoutInSeconds,omitempty"`
	RollbackMaximumBatchSize         *capacity `json:"RollbackMaximumBatchSize,omitempty"`
}

type autoRollback struct {
	Alarms []alarm `json:"Alarms"`
}

type alarm struct {
	AlarmName string `json:"AlarmName"`
}

// CheckDeployment refuses a deployment to c that breaks a rule.
func CheckDeployment(d *Deployment, c *Config) error {
	if d == nil {
		return nil
	}
	if (d.BlueGreenUpdatePolicy == nil) == (d.RollingUpdatePolicy == nil) {
		return api.Invalid("Exactly one of BlueGreenUpdatePolicy and RollingUpdatePolicy must be specified in DeploymentConfig.")
	}
	if a := d.AutoRollbackConfiguration; a != nil {
		if len(a.Alarms) < 1 || len(a.Alarms) > 10 {
			return api.Constraint(len(a.Alarms), "deploymentConfig.autoRollbackConfiguration.alarms", "Member must have length between 1 and 10")
		}
		for _, one := range a.Alarms {
			if err := api.CheckLength("deploymentConfig.autoRollbackConfiguration.alarms.member.alarmName", one.AlarmName, 1, 255); err != nil {
				return err
			}
		}
	}
	if d.RollingUpdatePolicy != nil {
		return checkRolling(d.RollingUpdatePolicy, c)
	}
	return checkBlueGreen(d.BlueGreenUpdatePolicy, c)
}

func checkBlueGreen(p *blueGreen, c *Config) error {
	const at = "deploymentConfig.blueGreenUpdatePolicy."
	r := p.TrafficRoutingConfiguration
	switch {
	case r == nil:
		return api.Missing(at + "trafficRoutingConfiguration")
	case r.Type == "":
		return api.Missing(at + "trafficRoutingConfiguration.type")
	case r.WaitIntervalInSeconds == nil:
		return api.Missing(at + "trafficRoutingConfiguration.waitIntervalInSeconds")
	case r.Type == "CANARY" && r.CanarySize == nil:
		return api.Missing(at + "trafficRoutingConfiguration.canarySize")
	case r.Type == "LINEAR" && r.LinearStepSize == nil:
		return api.Missing(at + "trafficRoutingConfiguration.linearStepSize")
	}
	if err := api.First(
		api.CheckOneOf(at+"trafficRoutingConfiguration.type", r.Type, "ALL_AT_ONCE", "CANARY", "LINEAR"),
		api.CheckRange(at+"trafficRoutingConfiguration.waitIntervalInSeconds", r.WaitIntervalInSeconds, 0, 3600),
		api.CheckRange(at+"terminationWaitInSeconds", p.TerminationWaitInSeconds, 0, 3600),
		api.CheckRange(at+"maximumExecutionTimeoutInSeconds", p.MaximumExecutionTimeoutInSeconds, 600, 28800),
		checkCapacity(at+"trafficRoutingConfiguration.canarySize", r.CanarySize, 1, 50, c),
		checkCapacity(at+"trafficRoutingConfiguration.linearStepSize", r.LinearStepSize, 10, 50, c),
	); err != nil {
		return err
	}
	waits := max(0, len(r.Shares(c))-1)**r.WaitIntervalInSeconds + ValueOr(p.TerminationWaitInSeconds, 0)
	if t := p.MaximumExecutionTimeoutInSeconds; t != nil && *t <= waits {
		return api.Invalid("MaximumExecutionTimeoutInSeconds %d must be greater than the total of the wait intervals, %d seconds.", *t, waits)
	}
	return nil
}

func checkRolling(p *rolling, c *Config) error {
	const at = "deploymentConfig.rollingUpdatePolicy."
	switch {
	case p.MaximumBatchSize == nil:
		return api.Missing(at + "maximumBatchSize")
	case p.WaitIntervalInSeconds == nil:
		return api.Missing(at + "waitIntervalInSeconds")
	}
	if err := api.First(
		api.CheckRange(at+"waitIntervalInSeconds", p.WaitIntervalInSeconds, 0, 3600),
		api.CheckRange(at+"maximumExecutionTimeoutInSeconds", p.MaximumExecutionTimeoutInSeconds, 600, 28800),
		checkCapacity(at+"maximumBatchSize", p.MaximumBatchSize, 5, 50, c),
		checkCapacity(at+"rollbackMaximumBatchSize", p.RollbackMaximumBatchSize, 1, 100, c),
	); err != nil {
		return err
	}
	waits := max(0, len(p.Shares(c))-1) * *p.WaitIntervalInSeconds
	if t := p.MaximumExecutionTimeoutInSeconds; t != nil && *t <= waits {
		return api.Invalid("MaximumExecutionTimeoutInSeconds %d must be greater than the total of the wait intervals, %d seconds.", *t, waits)
	}
	return nil
}

// checkCapacity holds size between least and most percent of the instances of
// every variant.
func checkCapacity(member string, size *capacity, least, most int, c *Config) error {
	if size == nil {
		return nil
	}
	if size.Type == "" {
		return api.Missing(member + ".type")
	}
	if size.Value == nil {
		return api.Missing(member + ".value")
	}
	if err := api.First(api.CheckOneOf(member+".type", size.Type, "INSTANCE_COUNT", "CAPACITY_PERCENT"), api.CheckRange(member+".value", size.Value, 1, 1<<31-1)); err != nil {
		return err
	}
	for _, v := range c.ProductionVariants {
		n := max(1, ValueOr(v.InitialInstanceCount, 1))
		if size.Type == "CAPACITY_PERCENT" {
			if *size.Value < least || *size.Value > most {
				return api.Constraint(*size.Value, member+".value", fmt.Sprintf("Member must be between %d and %d percent of the variant's capacity", least, most))
			}
			if n == 1 && most <= 50 {
				return api.NotImplemented("CAPACITY_PERCENT steps for variant %q of one instance: SageMaker's answer is not known", v.VariantName)
			}
			continue
		}
		if *size.Value*100 < least*n || *size.Value*100 > most*n {
			return api.Constraint(*size.Value, member+".value", fmt.Sprintf("Member must be between %d and %d percent of the %d instances of variant %s", least, most, n, v.VariantName))
		}
	}
	return nil
}

// share is the part of the first variant's capacity that the size is.
func (s *capacity) share(c *Config) float64 {
	if s.Type == "CAPACITY_PERCENT" {
		return float64(*s.Value) / 100
	}
	return float64(*s.Value) / float64(max(1, ValueOr(c.ProductionVariants[0].InitialInstanceCount, 1)))
}

// steps are equal steps up to 1.
func steps(size float64) []float64 {
	var out []float64
	for s := size; s < 1-1e-9; s += size {
		out = append(out, s)
	}
	return append(out, 1)
}

// Shares are the shares of requests of the new fleet, step by step; the last is 1.
func (r *routingPolicy) Shares(c *Config) []float64 {
	switch r.Type {
	case "CANARY":
		return []float64{r.CanarySize.share(c), 1}
	case "LINEAR":
		return steps(r.LinearStepSize.share(c))
	}
	return []float64{1}
}

// Shares are the shares of requests of the new fleet, batch by batch; the last is 1.
func (p *rolling) Shares(c *Config) []float64 { return steps(p.MaximumBatchSize.share(c)) }

// ValueOr is what p points to, or otherwise if p is nil.
func ValueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
