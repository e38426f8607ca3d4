package hosting

import (
	"math/rand/v2"
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
)

// The statuses of an endpoint. Source: AWS.md B.6.
const (
	creating             = "Creating"
	updating             = "Updating"
	systemUpdating       = "SystemUpdating"
	rollingBack          = "RollingBack"
	inService            = "InService"
	deleting             = "Deleting"
	failed               = "Failed"
	updateRollbackFailed = "UpdateRollbackFailed"
)

type endpoint struct {
	name, arn         string
	created, modified time.Time
	status            string
	reason            string
	fleet             *fleet      // what DescribeEndpoint shows; nil until created
	green             *fleet      // the fleet of an update under way, or the other half of a mixed endpoint
	deploy            *deployment // nil unless a new configuration is on its way
	last              *catalog.Deployment
	configName        string

	arrivals *traffic.Arrivals
	dice     *rand.Rand
	settled  time.Time // requests are accounted for until here
	minute   time.Time // that rate is of
	rate     float64
	rows     []*row // of the present minute
	past     history
	captures *capture.Recorder // nil if nothing can be captured
	tick     *sim.Timer
}

// fleet is the instances that run one endpoint configuration. share is its part of
// the endpoint's requests.
type fleet struct {
	config            *catalog.Config
	share             float64
	variants, shadows []*variant
}

type variant struct {
	spec             catalog.Variant
	model            *catalog.Model
	weight, desired  float64
	count, wanted    int
	status           []VariantStatus
	since            time.Time // of its first request
	dice             *rand.Rand
	dims, dimsConfig map[string]string
}

// VariantStatus is what a variant is going through during an update.
type VariantStatus struct {
	Status        string     `json:"Status"`
	StatusMessage string     `json:"StatusMessage,omitempty"`
	StartTime     *wire.Time `json:"StartTime,omitempty"`
}

// VariantSummary is a variant as DescribeEndpoint shows it.
type VariantSummary struct {
	VariantName             string              `json:"VariantName"`
	DeployedImages          []deployedImage     `json:"DeployedImages,omitempty"`
	CurrentWeight           float64             `json:"CurrentWeight"`
	DesiredWeight           float64             `json:"DesiredWeight"`
	CurrentInstanceCount    int                 `json:"CurrentInstanceCount"`
	DesiredInstanceCount    int                 `json:"DesiredInstanceCount"`
	VariantStatus           []VariantStatus     `json:"VariantStatus,omitempty"`
	CurrentServerlessConfig *catalog.Serverless `json:"CurrentServerlessConfig,omitempty"`
	RoutingConfig           *catalog.Routing    `json:"RoutingConfig,omitempty"`
}

type deployedImage struct {
	SpecifiedImage string     `json:"SpecifiedImage"`
	ResolvedImage  string     `json:"ResolvedImage"`
	ResolutionTime *wire.Time `json:"ResolutionTime"`
}

// PendingDeployment is PendingDeploymentSummary: there while a new configuration is
// on its way.
type PendingDeployment struct {
	EndpointConfigName       string           `json:"EndpointConfigName"`
	StartTime                *wire.Time       `json:"StartTime"`
	ProductionVariants       []VariantSummary `json:"ProductionVariants,omitempty"`
	ShadowProductionVariants []VariantSummary `json:"ShadowProductionVariants,omitempty"`
}

// Endpoint is what DescribeEndpoint answers.
type Endpoint struct {
	EndpointName             string              `json:"EndpointName"`
	EndpointARN              string              `json:"EndpointArn"`
	EndpointConfigName       string              `json:"EndpointConfigName"`
	ProductionVariants       []VariantSummary    `json:"ProductionVariants,omitempty"`
	ShadowProductionVariants []VariantSummary    `json:"ShadowProductionVariants,omitempty"`
	DataCaptureConfig        *captureSummary     `json:"DataCaptureConfig,omitempty"`
	EndpointStatus           string              `json:"EndpointStatus"`
	FailureReason            string              `json:"FailureReason,omitempty"`
	CreationTime             *wire.Time          `json:"CreationTime"`
	LastModifiedTime         *wire.Time          `json:"LastModifiedTime"`
	LastDeploymentConfig     *catalog.Deployment `json:"LastDeploymentConfig,omitempty"`
	PendingDeploymentSummary *PendingDeployment  `json:"PendingDeploymentSummary,omitempty"`
	MetricsConfig            *catalog.Metrics    `json:"MetricsConfig,omitempty"`
	ExplainerConfig          *catalog.Explainer  `json:"ExplainerConfig,omitempty"`
}

func (h *Hosting) findEndpoint(name string) (*endpoint, error) {
	if e, ok := h.endpoints.Get(api.Key("endpoint", name)); ok {
		return e, nil
	}
	return nil, api.Invalid("Could not find endpoint \"%s\".", api.ARN("endpoint", name))
}

// busy refuses a change of an endpoint that is changing. Source: AWS.md B.1.
func (e *endpoint) busy() error {
	switch e.status {
	case creating, updating, rollingBack, systemUpdating, deleting:
		return api.Invalid("Cannot update in-progress endpoint \"%s\".", e.arn)
	}
	return nil
}

// Describe is DescribeEndpoint.
func (h *Hosting) Describe(name string) (*Endpoint, error) {
	e, err := h.findEndpoint(name)
	if err != nil {
		return nil, err
	}
	out := &Endpoint{EndpointName: e.name, EndpointARN: e.arn, EndpointConfigName: e.configName, EndpointStatus: e.status, FailureReason: e.reason,
		CreationTime: wire.At(e.created), LastModifiedTime: wire.At(e.modified), LastDeploymentConfig: e.last, PendingDeploymentSummary: e.pending()}
	if e.fleet != nil {
		out.ProductionVariants, out.ShadowProductionVariants = summaries(e.fleet.variants), summaries(e.fleet.shadows)
		out.MetricsConfig, out.ExplainerConfig = e.fleet.config.MetricsConfig, e.fleet.config.ExplainerConfig
		out.DataCaptureConfig = summary(e.fleet.config.DataCaptureConfig)
	}
	return out, nil
}

func (e *endpoint) pending() *PendingDeployment {
	if e.deploy == nil {
		return nil
	}
	g := e.deploy.green
	return &PendingDeployment{g.config.EndpointConfigName, wire.At(e.deploy.started), summaries(g.variants), summaries(g.shadows)}
}

func summaries(vs []*variant) []VariantSummary {
	var out []VariantSummary
	for _, v := range vs {
		s := VariantSummary{VariantName: v.spec.VariantName, CurrentWeight: v.weight, DesiredWeight: v.desired,
			CurrentInstanceCount: v.count, DesiredInstanceCount: v.wanted, VariantStatus: v.status,
			CurrentServerlessConfig: v.spec.ServerlessConfig, RoutingConfig: v.spec.RoutingConfig}
		if c := v.model.In.PrimaryContainer; c != nil && c.Image != "" {
			s.DeployedImages = []deployedImage{{c.Image, c.Image, wire.At(v.model.Created)}}
		}
		out = append(out, s)
	}
	return out
}

// newFleet is the fleet of a configuration before it has any instance. It fails if
// a model is gone.
func (h *Hosting) newFleet(e *endpoint, c *catalog.Config) (*fleet, error) {
	f := &fleet{config: c}
	build := func(specs []catalog.Variant) ([]*variant, error) {
		var vs []*variant
		for _, spec := range specs {
			m, err := h.catalog.Model(spec.ModelName)
			if err != nil {
				return nil, err
			}
			v := &variant{spec: spec, model: m, weight: 1, dice: h.w.Rand("sagemaker/answers/" + e.name + "/" + c.EndpointConfigName + "/" + spec.VariantName)}
			if spec.InitialVariantWeight != nil {
				v.weight = *spec.InitialVariantWeight
			}
			if spec.InitialInstanceCount != nil {
				v.wanted = *spec.InitialInstanceCount
			}
			v.desired = v.weight
			v.dims = map[string]string{"EndpointName": e.name, "VariantName": spec.VariantName}
			v.dimsConfig = map[string]string{"EndpointName": e.name, "VariantName": spec.VariantName, "EndpointConfigName": c.EndpointConfigName}
			vs = append(vs, v)
		}
		return vs, nil
	}
	var err error
	if f.variants, err = build(c.ProductionVariants); err != nil {
		return nil, err
	}
	f.shadows, err = build(c.ShadowProductionVariants)
	return f, err
}

// each calls do for every variant of the fleet, shadows too.
func (f *fleet) each(do func(*variant)) {
	for _, v := range f.variants {
		do(v)
	}
	for _, v := range f.shadows {
		do(v)
	}
}

// provision gives the fleet the instances it wants.
func (f *fleet) provision() { f.each(func(v *variant) { v.count = v.wanted }) }

// mark sets what every variant of the fleet is going through; "" is nothing.
func (f *fleet) mark(status, message string, at time.Time) {
	f.each(func(v *variant) {
		v.status = nil
		if status != "" {
			v.status = []VariantStatus{{status, message, wire.At(at)}}
		}
	})
}
