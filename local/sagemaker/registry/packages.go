package registry

import (
	"cmp"
	"strconv"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/traffic"
	"sluice/local/wire"
)

// Inference is an InferenceSpecification.
type Inference struct {
	Containers                              []Container `json:"Containers"`
	SupportedTransformInstanceTypes         []string    `json:"SupportedTransformInstanceTypes,omitempty"`
	SupportedRealtimeInferenceInstanceTypes []string    `json:"SupportedRealtimeInferenceInstanceTypes,omitempty"`
	SupportedContentTypes                   []string    `json:"SupportedContentTypes,omitempty"`
	SupportedResponseMIMETypes              []string    `json:"SupportedResponseMIMETypes,omitempty"`
}

// Container is a ModelPackageContainerDefinition.
type Container struct {
	ContainerHostname string            `json:"ContainerHostname,omitempty"`
	Image             string            `json:"Image,omitempty"`
	ImageDigest       string            `json:"ImageDigest,omitempty"`
	ModelDataURL      string            `json:"ModelDataUrl,omitempty"`
	ModelDataSource   any               `json:"ModelDataSource,omitempty"`
	Environment       map[string]string `json:"Environment,omitempty"`
	Framework         string            `json:"Framework,omitempty"`
	FrameworkVersion  string            `json:"FrameworkVersion,omitempty"`
	NearestModelName  string            `json:"NearestModelName,omitempty"`
	ModelInput        any               `json:"ModelInput,omitempty"`
	ProductID         string            `json:"ProductId,omitempty"`
}

// Definition is what CreateModelPackage takes, and most of what
// DescribeModelPackage gives back. Nested members that only pass through are any.
type Definition struct {
	ModelPackageGroupName        string            `json:"ModelPackageGroupName,omitempty"`
	ModelPackageDescription      string            `json:"ModelPackageDescription,omitempty"`
	InferenceSpecification       *Inference        `json:"InferenceSpecification,omitempty"`
	CertifyForMarketplace        bool              `json:"CertifyForMarketplace"`
	ModelApprovalStatus          string            `json:"ModelApprovalStatus,omitempty"`
	MetadataProperties           any               `json:"MetadataProperties,omitempty"`
	ModelMetrics                 any               `json:"ModelMetrics,omitempty"`
	DriftCheckBaselines          any               `json:"DriftCheckBaselines,omitempty"`
	CustomerMetadataProperties   map[string]string `json:"CustomerMetadataProperties,omitempty"`
	Domain                       string            `json:"Domain,omitempty"`
	Task                         string            `json:"Task,omitempty"`
	SamplePayloadURL             string            `json:"SamplePayloadUrl,omitempty"`
	SkipModelValidation          string            `json:"SkipModelValidation,omitempty"`
	SourceURI                    string            `json:"SourceUri,omitempty"`
	ModelLifeCycle               *LifeCycle        `json:"ModelLifeCycle,omitempty"`
	ModelPackageRegistrationType string            `json:"ModelPackageRegistrationType,omitempty"`
}

// LifeCycle is a ModelLifeCycle.
type LifeCycle struct {
	Stage            string `json:"Stage"`
	StageStatus      string `json:"StageStatus"`
	StageDescription string `json:"StageDescription,omitempty"`
}

type createPackageIn struct {
	Definition
	ModelPackageName                  string    `json:"ModelPackageName"`
	ClientToken                       string    `json:"ClientToken"`
	Tags                              []api.Tag `json:"Tags"`
	ValidationSpecification           any       `json:"ValidationSpecification"`
	SourceAlgorithmSpecification      any       `json:"SourceAlgorithmSpecification"`
	AdditionalInferenceSpecifications any       `json:"AdditionalInferenceSpecifications"`
	ModelCard                         any       `json:"ModelCard"`
}

type packageARN struct {
	ModelPackageARN string `json:"ModelPackageArn"`
}

type packageName struct {
	ModelPackageName string `json:"ModelPackageName"`
}

type statusDetails struct {
	ValidationStatuses []any `json:"ValidationStatuses"`
	ImageScanStatuses  []any `json:"ImageScanStatuses"`
}

// pkg is a model package, in the shape of DescribeModelPackage.
type pkg struct {
	Definition
	ModelPackageName          string        `json:"ModelPackageName,omitempty"`
	ModelPackageVersion       int           `json:"ModelPackageVersion"`
	ModelPackageARN           string        `json:"ModelPackageArn"`
	CreationTime              *wire.Time    `json:"CreationTime"`
	LastModifiedTime          *wire.Time    `json:"LastModifiedTime,omitempty"`
	ModelPackageStatus        string        `json:"ModelPackageStatus"`
	ModelPackageStatusDetails statusDetails `json:"ModelPackageStatusDetails"`
	ApprovalDescription       string        `json:"ApprovalDescription,omitempty"`

	group     *group
	behaviour traffic.Behaviour
}

func (r *Registry) registerPackages(svc *wire.Service) {
	wire.Handle(svc, "CreateModelPackage", func(in *createPackageIn) []wire.Access {
		next := "1"
		if g, err := r.findGroup(in.ModelPackageGroupName); err == nil {
			next = strconv.Itoa(g.last + 1)
		}
		return one("CreateModelPackage", api.ARN("model-package", api.Key("model-package-group", in.ModelPackageGroupName)+"/"+next))
	}, r.createPackage)
	access := func(action string) func(*packageName) []wire.Access {
		return func(in *packageName) []wire.Access {
			return one(action, api.ARN("model-package", api.Key("model-package", in.ModelPackageName)))
		}
	}
	wire.Handle(svc, "DescribeModelPackage", access("DescribeModelPackage"), r.describePackage)
	wire.Handle(svc, "DeleteModelPackage", access("DeleteModelPackage"), r.deletePackage)
	wire.Handle(svc, "UpdateModelPackage", func(in *updatePackageIn) []wire.Access {
		return one("UpdateModelPackage", in.ModelPackageARN)
	}, r.updatePackage)
	wire.Handle(svc, "ListModelPackages", func(in *listPackagesIn) []wire.Access {
		if in.ModelPackageGroupName == "" {
			return one("ListModelPackages", "*")
		}
		return one("ListModelPackages", api.ARN("model-package-group", api.Key("model-package-group", in.ModelPackageGroupName)))
	}, r.listPackages)
}

func (r *Registry) createPackage(_ *wire.Call, in *createPackageIn) (*packageARN, error) {
	switch {
	case in.ModelPackageName != "" && in.ModelPackageGroupName != "":
		return nil, api.Invalid("Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to use.")
	case in.ModelPackageName != "":
		return nil, api.NotImplemented("model packages without a group")
	case in.ModelPackageGroupName == "":
		return nil, api.Invalid("Missing ARN.")
	case in.ValidationSpecification != nil:
		return nil, api.NotImplemented("CreateModelPackage ValidationSpecification")
	case in.SourceAlgorithmSpecification != nil:
		return nil, api.NotImplemented("CreateModelPackage SourceAlgorithmSpecification")
	case in.AdditionalInferenceSpecifications != nil:
		return nil, api.NotImplemented("CreateModelPackage AdditionalInferenceSpecifications")
	case in.ModelCard != nil:
		return nil, api.NotImplemented("CreateModelPackage ModelCard")
	case len(in.Tags) > 0:
		return nil, api.Invalid("Tags are not supported for versioned model packages; tag the model package group.")
	}
	if in.ClientToken != "" {
		if err := api.CheckLength("clientToken", in.ClientToken, 1, 36); err != nil {
			return nil, err
		}
		if arn, ok := r.tokens[in.ClientToken]; ok {
			return &packageARN{arn}, nil
		}
	}
	p, err := r.create(in.Definition, r.weights(in.Definition))
	if err != nil {
		return nil, err
	}
	if in.ClientToken != "" {
		r.tokens[in.ClientToken] = p.ModelPackageARN
	}
	r.emitPackage(p, nil)
	return &packageARN{p.ModelPackageARN}, nil
}

// weights is how the model of a definition answers: as the package whose weights it
// has, whatever image they run in.
func (r *Registry) weights(d Definition) traffic.Behaviour {
	for _, p := range r.packages.All() {
		if d.InferenceSpecification != nil && p.InferenceSpecification != nil && p.InferenceSpecification.Containers[0].ModelDataURL == d.InferenceSpecification.Containers[0].ModelDataURL {
			return p.behaviour
		}
	}
	return traffic.Behaviour{}
}

func (r *Registry) create(d Definition, b traffic.Behaviour) (*pkg, error) {
	if err := checkDefinition(d); err != nil {
		return nil, err
	}
	g, err := r.findGroup(d.ModelPackageGroupName)
	if err != nil {
		return nil, err
	}
	g.last++
	d.ModelPackageGroupName = g.name
	d.ModelApprovalStatus = cmp.Or(d.ModelApprovalStatus, "PendingManualApproval")
	p := &pkg{Definition: d, ModelPackageVersion: g.last, ModelPackageARN: api.ARN("model-package", g.name+"/"+strconv.Itoa(g.last)),
		CreationTime: wire.At(r.w.Now()), ModelPackageStatus: "Completed", ModelPackageStatusDetails: statusDetails{[]any{}, []any{}}, group: g, behaviour: b}
	r.packages.Put(p.ModelPackageARN, p)
	return p, nil
}

// Add registers a model package from inside, creating its group if need be, as a
// RegisterModel step does. It returns the ARN.
func (r *Registry) Add(d Definition, b traffic.Behaviour) (string, error) {
	arn, err := r.Seed(d, b)
	if err == nil {
		p, _ := r.find(arn)
		r.emitPackage(p, nil)
	}
	return arn, err
}

// Seed is Add of a package that has been there all along: without an event.
func (r *Registry) Seed(d Definition, b traffic.Behaviour) (string, error) {
	if _, err := r.findGroup(d.ModelPackageGroupName); err != nil {
		if err := api.CheckName("modelPackageGroupName", api.Key("model-package-group", d.ModelPackageGroupName), 63); err != nil {
			return "", err
		}
		r.addGroup(d.ModelPackageGroupName)
	}
	p, err := r.create(d, b)
	if err != nil {
		return "", err
	}
	return p.ModelPackageARN, nil
}

func checkDefinition(d Definition) error {
	if s := d.InferenceSpecification; s != nil {
		if len(s.Containers) < 1 || len(s.Containers) > 15 {
			return api.Constraint(len(s.Containers), "inferenceSpecification.containers", "Member must have length between 1 and 15")
		}
		for _, c := range s.Containers {
			if c.Image == "" && c.ModelDataURL == "" && c.ModelDataSource == nil {
				return api.Missing("inferenceSpecification.containers.member.image")
			}
		}
	}
	if len(d.CustomerMetadataProperties) > 50 {
		return api.Constraint(len(d.CustomerMetadataProperties), "customerMetadataProperties", "Member must have length less than or equal to 50")
	}
	return api.First(
		api.CheckOneOf("modelApprovalStatus", d.ModelApprovalStatus, "Approved", "Rejected", "PendingManualApproval"),
		api.CheckLength("modelPackageDescription", d.ModelPackageDescription, 0, 1024),
		checkLifeCycle(d.ModelLifeCycle),
	)
}

func checkLifeCycle(l *LifeCycle) error {
	switch {
	case l == nil:
		return nil
	case l.Stage == "":
		return api.Missing("modelLifeCycle.stage")
	case l.StageStatus == "":
		return api.Missing("modelLifeCycle.stageStatus")
	}
	return nil
}

func (r *Registry) describePackage(_ *wire.Call, in *packageName) (*pkg, error) {
	if in.ModelPackageName == "" {
		return nil, api.Missing("modelPackageName")
	}
	if err := api.CheckLength("modelPackageName", in.ModelPackageName, 1, 176); err != nil {
		return nil, err
	}
	p, ok := r.find(in.ModelPackageName)
	if !ok {
		return nil, missing(in.ModelPackageName)
	}
	return p, nil
}

func (r *Registry) deletePackage(_ *wire.Call, in *packageName) (*empty, error) {
	p, ok := r.find(in.ModelPackageName)
	if !ok {
		return nil, missing(in.ModelPackageName)
	}
	r.packages.Drop(p.ModelPackageARN)
	return &empty{}, nil
}
