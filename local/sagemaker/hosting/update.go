package hosting

import (
	"slices"
	"strings"
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/catalog"
	"sluice/local/wire"
)

type updateEndpointIn struct {
	EndpointName                     string              `json:"EndpointName"`
	EndpointConfigName               string              `json:"EndpointConfigName"`
	RetainAllVariantProperties       bool                `json:"RetainAllVariantProperties"`
	ExcludeRetainedVariantProperties []variantProperty   `json:"ExcludeRetainedVariantProperties"`
	DeploymentConfig                 *catalog.Deployment `json:"DeploymentConfig"`
	RetainDeploymentConfig           bool                `json:"RetainDeploymentConfig"`
}

type variantProperty struct {
	VariantPropertyType string `json:"VariantPropertyType"`
}

// updateEndpoint begins to move the endpoint to another configuration. Source:
// AWS.md B.1, B.3.
func (h *Hosting) updateEndpoint(_ *wire.Call, in *updateEndpointIn) (*endpointARN, error) {
	if err := api.First(api.CheckName("endpointName", in.EndpointName, 63), api.CheckName("endpointConfigName", in.EndpointConfigName, 63)); err != nil {
		return nil, err
	}
	e, err := h.findEndpoint(in.EndpointName)
	if err != nil {
		return nil, err
	}
	if err := e.busy(); err != nil {
		return nil, err
	}
	if e.status == failed {
		return nil, api.Invalid("Cannot update endpoint \"%s\" with status \"%s\".", e.arn, e.status)
	}
	c, err := h.catalog.SeenConfig(in.EndpointConfigName)
	if err != nil {
		return nil, err
	}
	if _, err := h.catalog.Config(e.configName); err != nil {
		return nil, err // whoever deleted the configuration in use has blocked the endpoint: AWS.md B.6
	}
	policy := in.DeploymentConfig
	if policy == nil && in.RetainDeploymentConfig {
		policy = e.last
	}
	if err := api.First(catalog.CheckDeployment(policy, c), e.checkSameVariants(policy, c), checkExcluded(in.ExcludeRetainedVariantProperties), h.checkScaled(e, c)); err != nil {
		return nil, err
	}
	green, err := h.newFleet(e, c)
	if err != nil {
		return nil, err
	}
	if in.RetainAllVariantProperties {
		green.retain(e.fleet, in.ExcludeRetainedVariantProperties)
	}
	h.deployTo(e, green, policy)
	return &endpointARN{e.arn}, nil
}

// checkSameVariants: guardrails want the same variant names in both configurations.
func (e *endpoint) checkSameVariants(d *catalog.Deployment, c *catalog.Config) error {
	if d == nil {
		return nil
	}
	var is, will []string
	for _, v := range e.fleet.variants {
		is = append(is, v.spec.VariantName)
	}
	for _, v := range c.ProductionVariants {
		will = append(will, v.VariantName)
	}
	slices.Sort(is)
	slices.Sort(will)
	if !slices.Equal(is, will) {
		return api.Invalid("DeploymentConfig requires the same variant names in the current endpoint configuration (%s) and the new one (%s).", strings.Join(is, ", "), strings.Join(will, ", "))
	}
	return nil
}

// checkScaled: a variant that Application Auto Scaling scales must stay, and keep its
// instance type. Only that it is refused is documented, and that the variant must be
// deregistered first (AWS.md B.7); how it is refused is assumed.
func (h *Hosting) checkScaled(e *endpoint, c *catalog.Config) error {
	if h.out.Scaled == nil {
		return nil
	}
	for _, name := range h.out.Scaled(e.name) {
		i := slices.IndexFunc(c.ProductionVariants, func(v catalog.Variant) bool { return v.VariantName == name })
		is, what := e.fleet.variant(name), ""
		switch {
		case i < 0:
			what = "removed"
		case is != nil && is.spec.InstanceType != c.ProductionVariants[i].InstanceType:
			what = "given another instance type"
		default:
			continue
		}
		return api.Invalid("Variant \"%s\" of endpoint \"%s\" cannot be %s while it is a scalable target of Application Auto Scaling. Deregister it first.", name, e.arn, what)
	}
	return nil
}

func checkExcluded(props []variantProperty) error {
	if len(props) > 3 {
		return api.Constraint(len(props), "excludeRetainedVariantProperties", "Member must have length less than or equal to 3")
	}
	for _, p := range props {
		const at = "excludeRetainedVariantProperties.member.variantPropertyType"
		if p.VariantPropertyType == "" {
			return api.Missing(at)
		}
		if err := api.CheckOneOf(at, p.VariantPropertyType, "DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"); err != nil {
			return err
		}
		if p.VariantPropertyType == "DataCaptureConfig" {
			return api.NotImplemented("ExcludeRetainedVariantProperties DataCaptureConfig; SageMaker does not support it either")
		}
	}
	return nil
}

// retain takes weights and counts over from the variants of the same names. Data capture
// is what the new configuration says: SageMaker lists it among retained properties as not
// supported (AWS.md B.3). Whether it retains anything of shadow variants is not known:
// they begin anew.
func (f *fleet) retain(old *fleet, except []variantProperty) {
	excluded := func(p string) bool { return slices.Contains(except, variantProperty{p}) }
	for _, v := range f.variants {
		was := old.variant(v.spec.VariantName)
		if was == nil {
			continue
		}
		if !excluded("DesiredWeight") {
			v.weight, v.desired = was.desired, was.desired
		}
		if !excluded("DesiredInstanceCount") && was.wanted > 0 {
			v.wanted = was.wanted
		}
	}
}

// deployTo starts the deployment of green. A fleet that an earlier, failed roll back
// left behind goes with the old one.
func (h *Hosting) deployTo(e *endpoint, green *fleet, policy *catalog.Deployment) {
	d := &deployment{h: h, e: e, green: green, started: h.w.Now(), shares: []float64{1}}
	d.fate = h.Truths(e.name).take(&h.Truths(e.name).Updates)
	if policy != nil {
		e.last = policy
		d.follow(policy)
	}
	e.deploy, e.reason = d, ""
	green.mark("Creating", "", d.started)
	h.become(e, updating)
	h.emitDeployment(e)
	d.wait(d.fate.within(h, e, h.FleetMin, h.FleetMax), false, d.provisioned)
}

// follow takes the shape of the deployment from policy, unless the fleet is of a
// kind for which SageMaker silently moves everything at once.
func (d *deployment) follow(policy *catalog.Deployment) {
	seconds := func(n *int) time.Duration { return time.Duration(catalog.ValueOr(n, 0)) * time.Second }
	c := d.green.config
	if policy.AutoRollbackConfiguration != nil {
		for _, a := range policy.AutoRollbackConfiguration.Alarms {
			d.alarms = append(d.alarms, a.AlarmName)
		}
	}
	for _, v := range c.ProductionVariants {
		if strings.HasPrefix(v.InstanceType, "ml.inf1.") || policy.RollingUpdatePolicy != nil && (len(c.ProductionVariants) > 1 || v.ServerlessConfig != nil) {
			d.alarms = nil
			return
		}
	}
	timeout := time.Duration(0)
	if p := policy.BlueGreenUpdatePolicy; p != nil {
		d.kind = "canary"
		d.shares = p.TrafficRoutingConfiguration.Shares(c)
		d.step, d.bake = seconds(p.TrafficRoutingConfiguration.WaitIntervalInSeconds), seconds(p.TerminationWaitInSeconds)
		timeout = seconds(p.MaximumExecutionTimeoutInSeconds)
	}
	if p := policy.RollingUpdatePolicy; p != nil {
		d.kind = "batch"
		d.shares = p.Shares(c)
		d.step = seconds(p.WaitIntervalInSeconds)
		d.bake = d.step // each batch bakes, the last one too
		timeout = seconds(p.MaximumExecutionTimeoutInSeconds)
	}
	if timeout > 0 {
		d.deadline = d.started.Add(timeout)
	}
}
