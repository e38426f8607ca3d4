package catalog

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/wire"
)

// Variant is a ProductionVariant of an endpoint configuration.
type Variant struct {
	VariantName                        string      `json:"VariantName"`
	ModelName                          string      `json:"ModelName,omitempty"`
	InitialInstanceCount               *int        `json:"InitialInstanceCount,omitempty"`
	InstanceType                       string      `json:"InstanceType,omitempty"`
	InitialVariantWeight               *float64    `json:"InitialVariantWeight,omitempty"`
	ServerlessConfig                   *Serverless `json:"ServerlessConfig,omitempty"`
	VolumeSizeInGB                     *int        `json:"VolumeSizeInGB,omitempty"`
	ModelDataDownloadTimeoutInSeconds  *int        `json:"ModelDataDownloadTimeoutInSeconds,omitempty"`
	ContainerStartupHealthCheckTimeout *int        `json:"ContainerStartupHealthCheckTimeoutInSeconds,omitempty"`
	VariantInstanceProvisionTimeout    *int        `json:"VariantInstanceProvisionTimeoutInSeconds,omitempty"`
	RoutingConfig                      *Routing    `json:"RoutingConfig,omitempty"`
	InferenceAmiVersion                string      `json:"InferenceAmiVersion,omitempty"`
	EnableSSMAccess                    *bool       `json:"EnableSSMAccess,omitempty"`
	InstancePools                      any         `json:"InstancePools,omitempty"`
	ManagedInstanceScaling             any         `json:"ManagedInstanceScaling,omitempty"`
	CapacityReservationConfig          any         `json:"CapacityReservationConfig,omitempty"`
}

// Serverless is a ServerlessConfig.
type Serverless struct {
	MemorySizeInMB         *int `json:"MemorySizeInMB"`
	MaxConcurrency         *int `json:"MaxConcurrency"`
	ProvisionedConcurrency *int `json:"ProvisionedConcurrency,omitempty"`
}

// Routing is a RoutingConfig.
type Routing struct {
	RoutingStrategy string `json:"RoutingStrategy"`
}

// DataCapture is a DataCaptureConfig.
type DataCapture struct {
	EnableCapture             *bool           `json:"EnableCapture,omitempty"`
	InitialSamplingPercentage *int            `json:"InitialSamplingPercentage"`
	DestinationS3URI          string          `json:"DestinationS3Uri"`
	KMSKeyID                  string          `json:"KmsKeyId,omitempty"`
	CaptureOptions            []CaptureOption `json:"CaptureOptions"`
	CaptureContentTypeHeader  *ContentTypes   `json:"CaptureContentTypeHeader,omitempty"`
}

// CaptureOption is one of the directions that are captured.
type CaptureOption struct {
	CaptureMode string `json:"CaptureMode"`
}

// ContentTypes is a CaptureContentTypeHeader: what is not captured in base64.
type ContentTypes struct {
	CSVContentTypes  []string `json:"CsvContentTypes,omitempty"`
	JSONContentTypes []string `json:"JsonContentTypes,omitempty"`
}

// Explainer is an ExplainerConfig. It is kept and shown; nothing is explained.
type Explainer struct {
	ClarifyExplainerConfig *Clarify `json:"ClarifyExplainerConfig,omitempty"`
}

// Clarify is a ClarifyExplainerConfig.
type Clarify struct {
	EnableExplanations string `json:"EnableExplanations,omitempty"`
	InferenceConfig    any    `json:"InferenceConfig,omitempty"`
	ShapConfig         any    `json:"ShapConfig"`
}

// Metrics is a MetricsConfig.
type Metrics struct {
	EnableEnhancedMetrics           *bool `json:"EnableEnhancedMetrics,omitempty"`
	MetricPublishFrequencyInSeconds *int  `json:"MetricPublishFrequencyInSeconds,omitempty"`
}

// NewConfig is what CreateEndpointConfig takes.
type NewConfig struct {
	EndpointConfigName       string       `json:"EndpointConfigName"`
	ProductionVariants       []Variant    `json:"ProductionVariants"`
	ShadowProductionVariants []Variant    `json:"ShadowProductionVariants"`
	DataCaptureConfig        *DataCapture `json:"DataCaptureConfig"`
	MetricsConfig            *Metrics     `json:"MetricsConfig"`
	KMSKeyID                 string       `json:"KmsKeyId"`
	ExecutionRoleARN         string       `json:"ExecutionRoleArn"`
	VpcConfig                any          `json:"VpcConfig"`
	EnableNetworkIsolation   bool         `json:"EnableNetworkIsolation"`
	AsyncInferenceConfig     any          `json:"AsyncInferenceConfig"`
	ExplainerConfig          *Explainer   `json:"ExplainerConfig"`
	Tags                     []api.Tag    `json:"Tags"`
}

// Config is an endpoint configuration. It never changes.
type Config struct {
	NewConfig
	ARN     string
	Created time.Time
}

type configName struct {
	EndpointConfigName string `json:"EndpointConfigName"`
}

type configARN struct {
	EndpointConfigARN string `json:"EndpointConfigArn"`
}

type describeConfigOut struct {
	EndpointConfigName       string       `json:"EndpointConfigName"`
	EndpointConfigARN        string       `json:"EndpointConfigArn"`
	ProductionVariants       []Variant    `json:"ProductionVariants"`
	ShadowProductionVariants []Variant    `json:"ShadowProductionVariants,omitempty"`
	DataCaptureConfig        *DataCapture `json:"DataCaptureConfig,omitempty"`
	MetricsConfig            *Metrics     `json:"MetricsConfig,omitempty"`
	ExplainerConfig          *Explainer   `json:"ExplainerConfig,omitempty"`
	KMSKeyID                 string       `json:"KmsKeyId,omitempty"`
	ExecutionRoleARN         string       `json:"ExecutionRoleArn,omitempty"`
	VpcConfig                any          `json:"VpcConfig,omitempty"`
	EnableNetworkIsolation   bool         `json:"EnableNetworkIsolation"`
	CreationTime             *wire.Time   `json:"CreationTime"`
}

type listConfigsOut struct {
	EndpointConfigs []configSummary `json:"EndpointConfigs"`
	NextToken       string          `json:"NextToken,omitempty"`
}

type configSummary struct {
	EndpointConfigName string     `json:"EndpointConfigName"`
	EndpointConfigARN  string     `json:"EndpointConfigArn"`
	CreationTime       *wire.Time `json:"CreationTime"`
}

func (c *Catalog) registerConfigs(svc *wire.Service) {
	wire.Handle(svc, "CreateEndpointConfig", func(in *NewConfig) []wire.Access {
		return one("CreateEndpointConfig", api.ARN("endpoint-config", in.EndpointConfigName))
	}, c.createConfig)
	access := func(action string) func(*configName) []wire.Access {
		return func(in *configName) []wire.Access {
			return one(action, api.ARN("endpoint-config", in.EndpointConfigName))
		}
	}
	wire.Handle(svc, "DescribeEndpointConfig", access("DescribeEndpointConfig"), c.describeConfig)
	wire.Handle(svc, "DeleteEndpointConfig", func(in *configName) []wire.Access {
		return c.tagged("DeleteEndpointConfig", api.ARN("endpoint-config", in.EndpointConfigName))
	}, c.deleteConfig)
	wire.Handle(svc, "ListEndpointConfigs", func(*api.Query) []wire.Access { return one("ListEndpointConfigs", "*") }, c.listConfigs)
}

func (c *Catalog) createConfig(_ *wire.Call, in *NewConfig) (*configARN, error) {
	if err := c.CheckConfig(in); err != nil {
		return nil, err
	}
	key := api.Key("endpoint-config", in.EndpointConfigName)
	if old, ok := c.configs.Get(key); ok {
		return nil, api.Invalid("Cannot create already existing endpoint configuration \"%s\".", old.ARN)
	}
	x := c.AddConfig(in)
	c.emitConfig(x)
	return &configARN{x.ARN}, nil
}

// AddConfig adds a configuration that has been checked, without an event.
func (c *Catalog) AddConfig(in *NewConfig) *Config {
	x := &Config{NewConfig: *in, ARN: api.ARN("endpoint-config", in.EndpointConfigName), Created: c.w.Now()}
	c.configs.Put(api.Key("endpoint-config", in.EndpointConfigName), x)
	c.tags[x.ARN] = in.Tags
	return x
}

// Config finds an endpoint configuration by name.
func (c *Catalog) Config(name string) (*Config, error) {
	if x, ok := c.configs.Get(api.Key("endpoint-config", name)); ok {
		return x, nil
	}
	return nil, api.Invalid("Could not find endpoint configuration \"%s\".", api.ARN("endpoint-config", name))
}

// SeenConfig is Config as endpoints see it: later than others. See ConfigLag.
func (c *Catalog) SeenConfig(name string) (*Config, error) {
	x, err := c.Config(name)
	if err == nil && c.w.Now().Before(x.Created.Add(c.ConfigLag)) {
		return nil, api.Invalid("Could not find endpoint configuration \"%s\".", x.ARN)
	}
	return x, err
}

func (c *Catalog) describeConfig(_ *wire.Call, in *configName) (*describeConfigOut, error) {
	x, err := c.Config(in.EndpointConfigName)
	if err != nil {
		return nil, err
	}
	return &describeConfigOut{EndpointConfigName: x.EndpointConfigName, EndpointConfigARN: x.ARN, ProductionVariants: x.ProductionVariants,
		ShadowProductionVariants: x.ShadowProductionVariants, DataCaptureConfig: x.DataCaptureConfig, MetricsConfig: x.MetricsConfig, ExplainerConfig: x.ExplainerConfig,
		KMSKeyID: x.KMSKeyID, ExecutionRoleARN: x.ExecutionRoleARN, VpcConfig: x.VpcConfig, EnableNetworkIsolation: x.EnableNetworkIsolation,
		CreationTime: wire.At(x.Created)}, nil
}

// deleteConfig deletes even what an endpoint uses, as SageMaker does. The endpoint
// serves on. Source: AWS.md B.6.
func (c *Catalog) deleteConfig(_ *wire.Call, in *configName) (*empty, error) {
	x, err := c.Config(in.EndpointConfigName)
	if err != nil {
		return nil, err
	}
	c.configs.Drop(api.Key("endpoint-config", x.EndpointConfigName))
	delete(c.tags, x.ARN)
	return &empty{}, nil
}

func (c *Catalog) listConfigs(_ *wire.Call, in *api.Query) (*listConfigsOut, error) {
	page, next, err := api.List(*in, c.configs.All(), "Descending", func(x *Config) api.Row {
		return api.Row{Name: x.EndpointConfigName, Created: x.Created, Modified: x.Created}
	})
	if err != nil {
		return nil, err
	}
	out := &listConfigsOut{EndpointConfigs: []configSummary{}, NextToken: next}
	for _, x := range page {
		out.EndpointConfigs = append(out.EndpointConfigs, configSummary{x.EndpointConfigName, x.ARN, wire.At(x.Created)})
	}
	return out, nil
}
