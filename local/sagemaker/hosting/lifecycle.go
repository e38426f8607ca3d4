package hosting

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/traffic"
	"sluice/local/wire"
)

type createEndpointIn struct {
	EndpointName       string              `json:"EndpointName"`
	EndpointConfigName string              `json:"EndpointConfigName"`
	DeploymentConfig   *catalog.Deployment `json:"DeploymentConfig"`
	Tags               []api.Tag           `json:"Tags"`
}

type endpointName struct {
	EndpointName string `json:"EndpointName"`
}

type endpointARN struct {
	EndpointARN string `json:"EndpointArn"`
}

type listEndpointsIn struct {
	api.Query
	StatusEquals string `json:"StatusEquals"`
}

type listEndpointsOut struct {
	Endpoints []endpointSummary `json:"Endpoints"`
	NextToken string            `json:"NextToken,omitempty"`
}

type endpointSummary struct {
	EndpointName     string     `json:"EndpointName"`
	EndpointARN      string     `json:"EndpointArn"`
	CreationTime     *wire.Time `json:"CreationTime"`
	LastModifiedTime *wire.Time `json:"LastModifiedTime"`
	EndpointStatus   string     `json:"EndpointStatus"`
}

func (h *Hosting) registerEndpoints(svc *wire.Service) {
	both := func(action string) func(endpoint, config string) []wire.Access {
		return func(endpoint, config string) []wire.Access {
			return append(one(action, api.ARN("endpoint", endpoint)), one(action, api.ARN("endpoint-config", config))...)
		}
	}
	wire.Handle(svc, "CreateEndpoint", func(in *createEndpointIn) []wire.Access {
		return both("CreateEndpoint")(in.EndpointName, in.EndpointConfigName)
	}, h.createEndpoint)
	wire.Handle(svc, "UpdateEndpoint", func(in *updateEndpointIn) []wire.Access {
		return both("UpdateEndpoint")(in.EndpointName, in.EndpointConfigName)
	}, h.updateEndpoint)
	wire.Handle(svc, "DescribeEndpoint", func(in *endpointName) []wire.Access {
		return one("DescribeEndpoint", api.ARN("endpoint", in.EndpointName))
	}, func(_ *wire.Call, in *endpointName) (*Endpoint, error) { return h.Describe(in.EndpointName) })
	wire.Handle(svc, "DeleteEndpoint", func(in *endpointName) []wire.Access {
		return one("DeleteEndpoint", api.ARN("endpoint", in.EndpointName))
	}, h.deleteEndpoint)
	wire.Handle(svc, "ListEndpoints", func(*listEndpointsIn) []wire.Access { return one("ListEndpoints", "*") }, h.listEndpoints)
}

func (h *Hosting) createEndpoint(_ *wire.Call, in *createEndpointIn) (*endpointARN, error) {
	if err := api.First(api.CheckName("endpointName", in.EndpointName, 63), api.CheckName("endpointConfigName", in.EndpointConfigName, 63), api.CheckTags(in.Tags)); err != nil {
		return nil, err
	}
	if old, ok := h.endpoints.Get(api.Key("endpoint", in.EndpointName)); ok {
		return nil, api.Invalid("Cannot create already existing endpoint \"%s\".", old.arn)
	}
	c, err := h.catalog.SeenConfig(in.EndpointConfigName)
	if err != nil {
		return nil, err
	}
	if err := catalog.CheckDeployment(in.DeploymentConfig, c); err != nil {
		return nil, err
	}
	e := h.newEndpoint(in.EndpointName, c, in.Tags)
	f, err := h.newFleet(e, c)
	if err != nil {
		return nil, err
	}
	h.endpoints.Put(api.Key("endpoint", e.name), e)
	h.tags[e.arn] = in.Tags
	fate := h.Truths(e.name).take(&h.Truths(e.name).Creates)
	e.last = in.DeploymentConfig
	e.deploy = &deployment{h: h, e: e, green: f, started: h.w.Now(), fate: fate}
	f.mark("Creating", "", h.w.Now())
	h.become(e, creating)
	h.startTraffic(e)
	h.w.After(fate.within(h, e, h.FleetMin, h.FleetMax), "sagemaker: endpoint "+e.name+" created", func() {
		if fate.Ending != Succeeds {
			e.reason = fate.Reason
			h.become(e, failed) // the event still shows what was to be created
			e.deploy = nil
			return
		}
		e.deploy = nil
		h.account(e)
		f.mark("", "", time.Time{})
		f.provision()
		f.share = 1
		e.fleet = f
		h.become(e, inService)
	})
	return &endpointARN{e.arn}, nil
}

func (h *Hosting) newEndpoint(name string, c *catalog.Config, tags []api.Tag) *endpoint {
	now := h.w.Now()
	e := &endpoint{name: name, arn: api.ARN("endpoint", name), created: now, modified: now, configName: c.EndpointConfigName,
		dice: h.w.Rand("sagemaker/traffic/" + name), settled: now}
	e.arrivals = traffic.NewArrivals(h.arrivals[api.Key("endpoint", name)], e.dice)
	if h.out.Capture != nil {
		e.captures = capture.NewRecorder(h.w.Rand, h.out.Capture)
	}
	return e
}

// become changes the status and tells the world.
func (h *Hosting) become(e *endpoint, status string) {
	e.status, e.modified = status, h.w.Now()
	h.emitEndpoint(e)
}

// deleteEndpoint deregisters the endpoint's variants from Application Auto Scaling,
// which the caller must be allowed to do. Source: AWS.md B.7.
func (h *Hosting) deleteEndpoint(c *wire.Call, in *endpointName) (*empty, error) {
	e, err := h.findEndpoint(in.EndpointName)
	if err != nil {
		return nil, err
	}
	if err := e.busy(); err != nil {
		return nil, err
	}
	if h.out.Deregister != nil && h.out.Deregister(c, e.name) != nil {
		return nil, api.Invalid("An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to deregister the scalable target.")
	}
	h.account(e)
	e.fleet, e.green = nil, nil
	h.become(e, deleting)
	h.w.After(h.takes(e.name, h.CleanupMin, h.CleanupMax), "sagemaker: endpoint "+e.name+" deleted", func() {
		e.tick.Stop()
		e.captures.Close()
		h.endpoints.Drop(api.Key("endpoint", e.name))
		delete(h.tags, e.arn)
	})
	return &empty{}, nil
}

func (h *Hosting) listEndpoints(_ *wire.Call, in *listEndpointsIn) (*listEndpointsOut, error) {
	if err := api.CheckOneOf("statusEquals", in.StatusEquals, "OutOfService", creating, updating, systemUpdating, rollingBack, inService, deleting, failed, updateRollbackFailed); err != nil {
		return nil, err
	}
	var kept []*endpoint
	for _, e := range h.endpoints.All() {
		if in.StatusEquals == "" || e.status == in.StatusEquals {
			kept = append(kept, e)
		}
	}
	page, next, err := api.List(in.Query, kept, "Descending", func(e *endpoint) api.Row {
		return api.Row{Name: e.name, Status: e.status, Created: e.created, Modified: e.modified}
	})
	if err != nil {
		return nil, err
	}
	out := &listEndpointsOut{Endpoints: []endpointSummary{}, NextToken: next}
	for _, e := range page {
		out.Endpoints = append(out.Endpoints, endpointSummary{e.name, e.arn, wire.At(e.created), wire.At(e.modified), e.status})
	}
	return out, nil
}
