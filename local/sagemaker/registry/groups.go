package registry

import (
	"sluice/local/sagemaker/api"
	"sluice/local/wire"
)

type createGroupIn struct {
	ModelPackageGroupName        string    `json:"ModelPackageGroupName"`
	ModelPackageGroupDescription string    `json:"ModelPackageGroupDescription"`
	Tags                         []api.Tag `json:"Tags"`
}

type groupARN struct {
	ModelPackageGroupARN string `json:"ModelPackageGroupArn"`
}

type groupName struct {
	ModelPackageGroupName string `json:"ModelPackageGroupName"`
}

type groupOut struct {
	ModelPackageGroupName        string     `json:"ModelPackageGroupName"`
	ModelPackageGroupARN         string     `json:"ModelPackageGroupArn"`
	ModelPackageGroupDescription string     `json:"ModelPackageGroupDescription,omitempty"`
	CreationTime                 *wire.Time `json:"CreationTime"`
	ModelPackageGroupStatus      string     `json:"ModelPackageGroupStatus"`
}

type listGroupsIn struct {
	api.Query
	CrossAccountFilterOption string `json:"CrossAccountFilterOption"`
}

type listGroupsOut struct {
	ModelPackageGroupSummaryList []groupOut `json:"ModelPackageGroupSummaryList"`
	NextToken                    string     `json:"NextToken,omitempty"`
}

type empty struct{}

func (r *Registry) registerGroups(svc *wire.Service) {
	wire.Handle(svc, "CreateModelPackageGroup", func(in *createGroupIn) []wire.Access {
		return one("CreateModelPackageGroup", api.ARN("model-package-group", in.ModelPackageGroupName))
	}, r.createGroup)
	access := func(action string) func(*groupName) []wire.Access {
		return func(in *groupName) []wire.Access {
			return one(action, api.ARN("model-package-group", api.Key("model-package-group", in.ModelPackageGroupName)))
		}
	}
	wire.Handle(svc, "DescribeModelPackageGroup", access("DescribeModelPackageGroup"), r.describeGroup)
	wire.Handle(svc, "DeleteModelPackageGroup", access("DeleteModelPackageGroup"), r.deleteGroup)
	wire.Handle(svc, "ListModelPackageGroups", func(*listGroupsIn) []wire.Access { return one("ListModelPackageGroups", "*") }, r.listGroups)
}

func (r *Registry) createGroup(_ *wire.Call, in *createGroupIn) (*groupARN, error) {
	if err := api.First(
		api.CheckName("modelPackageGroupName", in.ModelPackageGroupName, 63),
		api.CheckLength("modelPackageGroupDescription", in.ModelPackageGroupDescription, 0, 1024),
		api.CheckTags(in.Tags),
	); err != nil {
		return nil, err
	}
	if g, ok := r.groups.Get(api.Key("model-package-group", in.ModelPackageGroupName)); ok {
		return nil, api.Invalid("Model Package Group already exists: %s", g.arn)
	}
	g := r.addGroup(in.ModelPackageGroupName)
	g.description = in.ModelPackageGroupDescription
	r.tags[g.arn] = in.Tags
	return &groupARN{g.arn}, nil
}

func (r *Registry) addGroup(name string) *group {
	g := &group{name: name, arn: api.ARN("model-package-group", name), created: r.w.Now()}
	r.groups.Put(api.Key("model-package-group", name), g)
	r.tags[g.arn] = nil
	return g
}

func (r *Registry) findGroup(nameOrARN string) (*group, error) {
	key := api.Key("model-package-group", nameOrARN)
	if g, ok := r.groups.Get(key); ok {
		return g, nil
	}
	return nil, api.Invalid("ModelPackageGroup %s does not exist.", api.ARN("model-package-group", key))
}

func (g *group) out() groupOut {
	return groupOut{g.name, g.arn, g.description, wire.At(g.created), "Completed"}
}

func (r *Registry) describeGroup(_ *wire.Call, in *groupName) (*groupOut, error) {
	g, err := r.findGroup(in.ModelPackageGroupName)
	if err != nil {
		return nil, err
	}
	out := g.out()
	return &out, nil
}

func (r *Registry) deleteGroup(_ *wire.Call, in *groupName) (*empty, error) {
	g, err := r.findGroup(in.ModelPackageGroupName)
	if err != nil {
		return nil, err
	}
	if len(r.versions(g)) > 0 {
		return nil, wire.Errorf("ConflictException", "ModelPackageGroup %s still has model packages.", g.arn)
	}
	r.groups.Drop(api.Key("model-package-group", g.name))
	delete(r.tags, g.arn)
	return &empty{}, nil
}

func (r *Registry) listGroups(_ *wire.Call, in *listGroupsIn) (*listGroupsOut, error) {
	if in.CrossAccountFilterOption == "CrossAccount" {
		return nil, api.NotImplemented("ListModelPackageGroups across accounts")
	}
	page, next, err := api.List(in.Query, r.groups.All(), "Ascending", func(g *group) api.Row {
		return api.Row{Name: g.name, Created: g.created, Modified: g.created}
	})
	if err != nil {
		return nil, err
	}
	out := &listGroupsOut{ModelPackageGroupSummaryList: []groupOut{}, NextToken: next}
	for _, g := range page {
		out.ModelPackageGroupSummaryList = append(out.ModelPackageGroupSummaryList, g.out())
	}
	return out, nil
}

func (r *Registry) versions(g *group) []*pkg {
	var out []*pkg
	for _, p := range r.packages.All() {
		if p.group == g {
			out = append(out, p)
		}
	}
	return out
}
