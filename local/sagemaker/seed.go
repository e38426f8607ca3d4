package sagemaker

import (
	"cmp"
	"fmt"
	"time"

	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/registry"
	"sluice/local/sagemaker/traffic"
)

// Champion is a starting point: one model in production. Only Endpoint is required.
type Champion struct {
	Endpoint     string
	Group        string // model package group; default: the endpoint's name
	Model        string // default: Group + "-v1"
	Config       string // default: Endpoint + "-v1"
	Variant      string // default "AllTraffic"
	InstanceType string // default "ml.m5.large"
	Instances    int    // default 2
	Image        string // of the package's container; a default is made up
	ModelDataURL string // likewise
	RoleARN      string // ExecutionRoleArn of the model
	Metrics      any    // ModelMetrics of the package: where its evaluation report is
	Behaviour    traffic.Behaviour
	Traffic      traffic.Traffic
	History      time.Duration // of requests served, and of metrics, before now
	Capture      *catalog.DataCapture
}

// Seed makes the champion: an Approved package, a model, a configuration and an
// endpoint that is InService, with history, as if they had always been there: no
// event is sent. It returns the package's ARN.
func (s *Service) Seed(c Champion) (string, error) {
	if err := c.Traffic.Check(); err != nil {
		return "", err
	}
	c.Group = cmp.Or(c.Group, c.Endpoint)
	c.Model = cmp.Or(c.Model, c.Group+"-v1")
	c.Config = cmp.Or(c.Config, c.Endpoint+"-v1")
	c.Image = cmp.Or(c.Image, "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1")
	c.ModelDataURL = cmp.Or(c.ModelDataURL, "s3://models/"+c.Group+"/1/model.tar.gz")
	arn, err := s.Registry.Seed(registry.Definition{ModelPackageGroupName: c.Group, ModelApprovalStatus: "Approved", ModelMetrics: c.Metrics,
		InferenceSpecification: &registry.Inference{Containers: []registry.Container{{Image: c.Image, ModelDataURL: c.ModelDataURL}},
			SupportedContentTypes: []string{"text/csv"}, SupportedResponseMIMETypes: []string{"text/csv"}}}, c.Behaviour)
	if err != nil {
		return "", fmt.Errorf("seeding %s: %w", c.Endpoint, err)
	}
	err = s.Hosting.Seed(hosting.Start{Endpoint: c.Endpoint, Config: c.Config, Model: c.Model, Package: arn, RoleARN: c.RoleARN,
		Variant: cmp.Or(c.Variant, "AllTraffic"), InstanceType: cmp.Or(c.InstanceType, "ml.m5.large"), Instances: cmp.Or(c.Instances, 2),
		Traffic: c.Traffic, History: c.History, Capture: c.Capture})
	if err != nil {
		return "", fmt.Errorf("seeding %s: %w", c.Endpoint, err)
	}
	return arn, nil
}
