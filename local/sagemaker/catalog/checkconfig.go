package catalog

import (
	"slices"
	"strings"

	"sluice/local/sagemaker/api"
)

// CheckConfig refuses what CreateEndpointConfig refuses. Source: AWS.md B.2, B.8.
func (c *Catalog) CheckConfig(in *NewConfig) error {
	if err := api.First(api.CheckName("endpointConfigName", in.EndpointConfigName, 63), api.CheckTags(in.Tags)); err != nil {
		return err
	}
	switch n := len(in.ProductionVariants); {
	case n == 0:
		return api.Constraint("[]", "productionVariants", "Member must have length greater than or equal to 1")
	case n > 10:
		return api.Constraint(n, "productionVariants", "Member must have length less than or equal to 10")
	case len(in.ShadowProductionVariants) > 10:
		return api.Constraint(len(in.ShadowProductionVariants), "shadowProductionVariants", "Member must have length less than or equal to 10")
	case in.AsyncInferenceConfig != nil:
		return api.NotImplemented("CreateEndpointConfig AsyncInferenceConfig")
	case len(in.ShadowProductionVariants) > 0 && (n != 1 || len(in.ShadowProductionVariants) != 1):
		return api.Invalid("If you use ShadowProductionVariants, you can only specify one variant for ProductionVariants and one variant for ShadowProductionVariants.")
	}
	seen := map[string]bool{}
	for _, v := range slices.Concat(in.ProductionVariants, in.ShadowProductionVariants) {
		if err := c.checkVariant(v); err != nil {
			return err
		}
		if seen[v.VariantName] {
			return api.Invalid("The variant name \"%s\" was non-unique within the request.", v.VariantName)
		}
		seen[v.VariantName] = true
		if len(in.ShadowProductionVariants) > 0 && (v.ServerlessConfig != nil || strings.HasPrefix(v.InstanceType, "ml.inf1.")) {
			return api.Invalid("Shadow variants are supported neither for serverless variants nor for ml.inf1 instances.")
		}
	}
	return api.First(checkCapture(in.DataCaptureConfig), checkExplainer(in.ExplainerConfig), checkMetrics(in.MetricsConfig))
}

func (c *Catalog) checkVariant(v Variant) error {
	const at = "productionVariants.member."
	if err := api.CheckName(at+"variantName", v.VariantName, 63); err != nil {
		return err
	}
	switch {
	case v.InstancePools != nil:
		return api.NotImplemented("ProductionVariant InstancePools")
	case v.ManagedInstanceScaling != nil:
		return api.NotImplemented("ProductionVariant ManagedInstanceScaling")
	case v.CapacityReservationConfig != nil:
		return api.NotImplemented("ProductionVariant CapacityReservationConfig")
	case v.ModelName == "":
		return api.NotImplemented("a ProductionVariant without ModelName (inference components)")
	case v.ServerlessConfig != nil && (v.InstanceType != "" || v.InitialInstanceCount != nil):
		return api.Invalid("ServerlessConfig cannot be combined with InstanceType or InitialInstanceCount for variant \"%s\".", v.VariantName)
	case v.ServerlessConfig == nil && v.InstanceType == "":
		return api.Missing(at + "instanceType")
	case v.ServerlessConfig == nil && v.InitialInstanceCount == nil:
		return api.Missing(at + "initialInstanceCount")
	case v.InitialVariantWeight != nil && *v.InitialVariantWeight < 0:
		return api.Constraint(*v.InitialVariantWeight, at+"initialVariantWeight", "Member must have value greater than or equal to 0")
	}
	checks := []error{
		api.CheckRange(at+"initialInstanceCount", v.InitialInstanceCount, 1, 1<<31-1),
		api.CheckRange(at+"volumeSizeInGB", v.VolumeSizeInGB, 1, 512),
		api.CheckRange(at+"modelDataDownloadTimeoutInSeconds", v.ModelDataDownloadTimeoutInSeconds, 60, 3600),
		api.CheckRange(at+"containerStartupHealthCheckTimeoutInSeconds", v.ContainerStartupHealthCheckTimeout, 60, 3600),
		api.CheckRange(at+"variantInstanceProvisionTimeoutInSeconds", v.VariantInstanceProvisionTimeout, 300, 3600),
	}
	if v.RoutingConfig != nil {
		checks = append(checks, api.CheckOneOf(at+"routingConfig.routingStrategy", v.RoutingConfig.RoutingStrategy, "LEAST_OUTSTANDING_REQUESTS", "RANDOM"))
	}
	if v.ServerlessConfig != nil {
		checks = append(checks, checkServerless(*v.ServerlessConfig))
	}
	if err := api.First(checks...); err != nil {
		return err
	}
	_, err := c.Model(v.ModelName)
	return err
}

func checkServerless(s Serverless) error {
	const at = "productionVariants.member.serverlessConfig."
	switch {
	case s.MemorySizeInMB == nil:
		return api.Missing(at + "memorySizeInMB")
	case s.MaxConcurrency == nil:
		return api.Missing(at + "maxConcurrency")
	case *s.MemorySizeInMB%1024 != 0:
		return api.Constraint(*s.MemorySizeInMB, at+"memorySizeInMB", "Member must be a multiple of 1024")
	}
	return api.First(
		api.CheckRange(at+"memorySizeInMB", s.MemorySizeInMB, 1024, 6144),
		api.CheckRange(at+"maxConcurrency", s.MaxConcurrency, 1, 200),
		api.CheckRange(at+"provisionedConcurrency", s.ProvisionedConcurrency, 1, 200),
	)
}

// checkMetrics accepts every frequency, but enhanced metrics only at a minute:
// metrics of less than a minute are not made here.
func checkMetrics(m *Metrics) error {
	if m == nil || m.MetricPublishFrequencyInSeconds == nil {
		return nil
	}
	f := *m.MetricPublishFrequencyInSeconds
	if !slices.Contains([]int{10, 30, 60, 120, 180, 240, 300}, f) {
		return api.Constraint(f, "metricsConfig.metricPublishFrequencyInSeconds", "Member must satisfy enum value set: [10, 30, 60, 120, 180, 240, 300]")
	}
	if m.EnableEnhancedMetrics != nil && *m.EnableEnhancedMetrics && f != 60 {
		return api.NotImplemented("MetricsConfig with enhanced metrics every %d seconds; use 60", f)
	}
	return nil
}
