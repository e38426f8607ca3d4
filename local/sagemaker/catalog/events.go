package catalog

import "sluice/local/sagemaker/api"

// emitConfig sends the event of a new endpoint configuration, with the nulls that
// the real one has.
func (c *Catalog) emitConfig(x *Config) {
	variants := func(vs []Variant) any {
		if len(vs) == 0 {
			return nil
		}
		var out []map[string]any
		for _, v := range vs {
			out = append(out, map[string]any{"VariantName": v.VariantName, "ModelName": v.ModelName, "InitialInstanceCount": v.InitialInstanceCount,
				"InstanceType": v.InstanceType, "InitialVariantWeight": ValueOr(v.InitialVariantWeight, 1), "AcceleratorType": nil, "CoreDumpConfig": nil,
				"ServerlessConfig": v.ServerlessConfig, "VolumeSizeInGB": v.VolumeSizeInGB, "ModelDataDownloadTimeoutInSeconds": v.ModelDataDownloadTimeoutInSeconds,
				"ContainerStartupHealthCheckTimeoutInSeconds": v.ContainerStartupHealthCheckTimeout, "EnableSSMAccess": v.EnableSSMAccess})
		}
		return out
	}
	var kms any
	if x.KMSKeyID != "" {
		kms = x.KMSKeyID
	}
	c.emit("aws.sagemaker", "SageMaker Endpoint Config State Change", []string{x.ARN}, map[string]any{
		"EndpointConfigName": x.EndpointConfigName, "EndpointConfigArn": x.ARN, "ProductionVariants": variants(x.ProductionVariants),
		"DataCaptureConfig": x.DataCaptureConfig, "KmsKeyId": kms, "CreationTime": x.Created.UnixMilli(), "AsyncInferenceConfig": nil,
		"ExplainerConfig": x.ExplainerConfig, "ShadowProductionVariants": variants(x.ShadowProductionVariants), "Tags": api.TagMap(c.tags[x.ARN])})
}
