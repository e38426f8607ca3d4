package catalog

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/traffic"
	"sluice/local/wire"
)

// Container is a ContainerDefinition; members that local AWS cannot honour are
// refused.
type Container struct {
	ContainerHostname string            `json:"ContainerHostname,omitempty"`
	Image             string            `json:"Image,omitempty"`
	Mode              string            `json:"Mode,omitempty"`
	ModelDataURL      string            `json:"ModelDataUrl,omitempty"`
	ModelDataSource   any               `json:"ModelDataSource,omitempty"`
	Environment       map[string]string `json:"Environment,omitempty"`
	ModelPackageName  string            `json:"ModelPackageName,omitempty"`
	ImageConfig       any               `json:"ImageConfig,omitempty"`
}

// Model is a model. Only its Behaviour may change, which AWS does not know of.
type Model struct {
	Name, ARN string
	Created   time.Time
	In        NewModel
	Behaviour traffic.Behaviour
}

// NewModel is what CreateModel takes.
type NewModel struct {
	ModelName                string      `json:"ModelName"`
	PrimaryContainer         *Container  `json:"PrimaryContainer"`
	Containers               []Container `json:"Containers"`
	ExecutionRoleARN         string      `json:"ExecutionRoleArn"`
	VpcConfig                any         `json:"VpcConfig"`
	EnableNetworkIsolation   bool        `json:"EnableNetworkIsolation"`
	InferenceExecutionConfig any         `json:"InferenceExecutionConfig"`
	Tags                     []api.Tag   `json:"Tags"`
}

type modelName struct {
	ModelName string `json:"ModelName"`
}

type modelARN struct {
	ModelARN string `json:"ModelArn"`
}

type describeModelOut struct {
	ModelName              string      `json:"ModelName"`
	ModelARN               string      `json:"ModelArn"`
	PrimaryContainer       *Container  `json:"PrimaryContainer,omitempty"`
	Containers             []Container `json:"Containers,omitempty"`
	ExecutionRoleARN       string      `json:"ExecutionRoleArn,omitempty"`
	VpcConfig              any         `json:"VpcConfig,omitempty"`
	EnableNetworkIsolation bool        `json:"EnableNetworkIsolation"`
	CreationTime           *wire.Time  `json:"CreationTime"`
}

type listModelsOut struct {
	Models    []modelSummary `json:"Models"`
	NextToken string         `json:"NextToken,omitempty"`
}

type modelSummary struct {
	ModelName    string     `json:"ModelName"`
	ModelARN     string     `json:"ModelArn"`
	CreationTime *wire.Time `json:"CreationTime"`
}

func (c *Catalog) registerModels(svc *wire.Service) {
	wire.Handle(svc, "CreateModel", func(in *NewModel) []wire.Access {
		need := one("CreateModel", api.ARN("model", in.ModelName))
		if in.ExecutionRoleARN != "" {
			need = append(need, wire.Access{Action: "iam:PassRole", Resource: in.ExecutionRoleARN,
				Conditions: map[string][]string{"iam:PassedToService": {"sagemaker.amazonaws.com"}}})
		}
		return need
	}, c.createModel)
	access := func(action string) func(*modelName) []wire.Access {
		return func(in *modelName) []wire.Access { return one(action, api.ARN("model", in.ModelName)) }
	}
	wire.Handle(svc, "DescribeModel", access("DescribeModel"), c.describeModel)
	wire.Handle(svc, "DeleteModel", func(in *modelName) []wire.Access {
		return c.tagged("DeleteModel", api.ARN("model", in.ModelName))
	}, c.deleteModel)
	wire.Handle(svc, "ListModels", func(*api.Query) []wire.Access { return one("ListModels", "*") }, c.listModels)
}

func (c *Catalog) createModel(_ *wire.Call, in *NewModel) (*modelARN, error) {
	m, err := c.AddModel(in)
	if err != nil {
		return nil, err
	}
	return &modelARN{m.ARN}, nil
}

// AddModel makes a model, or refuses what CreateModel refuses. Source: AWS.md B.2.
func (c *Catalog) AddModel(in *NewModel) (*Model, error) {
	if err := api.First(api.CheckName("modelName", in.ModelName, 63), api.CheckTags(in.Tags)); err != nil {
		return nil, err
	}
	containers := in.Containers
	switch {
	case in.PrimaryContainer != nil && len(in.Containers) > 0:
		return nil, api.Invalid("Cannot specify both PrimaryContainer and Containers")
	case in.PrimaryContainer != nil:
		containers = []Container{*in.PrimaryContainer}
	case len(in.Containers) == 0:
		return nil, api.Invalid("Either PrimaryContainer or Containers must be specified")
	case len(in.Containers) > 15:
		return nil, api.Constraint(len(in.Containers), "containers", "Member must have length less than or equal to 15")
	}
	m := &Model{Name: in.ModelName, ARN: api.ARN("model", in.ModelName), Created: c.w.Now(), In: *in}
	for _, one := range containers {
		b, err := c.checkContainer(one)
		if err != nil {
			return nil, err
		}
		if b != nil {
			m.Behaviour = *b
		}
	}
	key := api.Key("model", in.ModelName)
	if old, ok := c.models.Get(key); ok {
		return nil, api.Invalid("Cannot create already existing model \"%s\".", old.ARN)
	}
	c.models.Put(key, m)
	c.tags[m.ARN] = in.Tags
	return m, nil
}

// checkContainer refuses a container that SageMaker would refuse. The behaviour is
// that of the model package, if the container names one.
func (c *Catalog) checkContainer(d Container) (*traffic.Behaviour, error) {
	if len(d.Environment) > 100 {
		return nil, api.Constraint(len(d.Environment), "environment", "Member must have length less than or equal to 100")
	}
	for k, v := range d.Environment {
		if len(k) > 1024 || len(v) > 1024 {
			return nil, api.Constraint(k, "environment", "Map keys and values must have length less than or equal to 1024")
		}
	}
	if d.Mode == "MultiModel" {
		return nil, api.NotImplemented("multi-model containers")
	}
	if d.ModelPackageName == "" {
		if d.Image == "" {
			return nil, api.Invalid("Container must specify either Image or ModelPackageName")
		}
		return nil, nil
	}
	if c.lookup == nil {
		return nil, api.NotImplemented("ModelPackageName without a registry")
	}
	arn, status, b, ok := c.lookup(d.ModelPackageName)
	if !ok {
		return nil, api.Invalid("ModelPackage %s does not exist.", d.ModelPackageName)
	}
	if status != "Completed" {
		return nil, api.Invalid("ModelPackage %s is not in Completed status, its status is %s.", arn, status)
	}
	return &b, nil
}

// Model finds a model by name.
func (c *Catalog) Model(name string) (*Model, error) {
	if m, ok := c.models.Get(api.Key("model", name)); ok {
		return m, nil
	}
	return nil, api.Invalid("Could not find model \"%s\".", api.ARN("model", name))
}

func (c *Catalog) describeModel(_ *wire.Call, in *modelName) (*describeModelOut, error) {
	m, err := c.Model(in.ModelName)
	if err != nil {
		return nil, err
	}
	return &describeModelOut{ModelName: m.Name, ModelARN: m.ARN, PrimaryContainer: m.In.PrimaryContainer, Containers: m.In.Containers,
		ExecutionRoleARN: m.In.ExecutionRoleARN, VpcConfig: m.In.VpcConfig, EnableNetworkIsolation: m.In.EnableNetworkIsolation,
		CreationTime: wire.At(m.Created)}, nil
}

func (c *Catalog) deleteModel(_ *wire.Call, in *modelName) (*empty, error) {
	m, err := c.Model(in.ModelName)
	if err != nil {
		return nil, err
	}
	c.models.Drop(api.Key("model", m.Name))
	delete(c.tags, m.ARN)
	return &empty{}, nil
}

func (c *Catalog) listModels(_ *wire.Call, in *api.Query) (*listModelsOut, error) {
	page, next, err := api.List(*in, c.models.All(), "Descending", func(m *Model) api.Row {
		return api.Row{Name: m.Name, Created: m.Created, Modified: m.Created}
	})
	if err != nil {
		return nil, err
	}
	out := &listModelsOut{Models: []modelSummary{}, NextToken: next}
	for _, m := range page {
		out.Models = append(out.Models, modelSummary{m.Name, m.ARN, wire.At(m.Created)})
	}
	return out, nil
}
