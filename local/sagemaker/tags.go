package sagemaker

import (
	"slices"

	"sluice/local/sagemaker/api"
	"sluice/local/wire"
)

type tagsIn struct {
	ResourceARN string    `json:"ResourceArn"`
	Tags        []api.Tag `json:"Tags"`
	TagKeys     []string  `json:"TagKeys"`
	MaxResults  *int      `json:"MaxResults"`
	NextToken   string    `json:"NextToken"`
}

type tagsOut struct {
	Tags      []api.Tag `json:"Tags"`
	NextToken string    `json:"NextToken,omitempty"`
}

type empty struct{}

func (s *Service) registerTags(svc *wire.Service) {
	access := func(action string) func(*tagsIn) []wire.Access {
		return func(in *tagsIn) []wire.Access {
			return []wire.Access{{Action: "sagemaker:" + action, Resource: in.ResourceARN}}
		}
	}
	wire.Handle(svc, "AddTags", access("AddTags"), s.addTags)
	wire.Handle(svc, "ListTags", access("ListTags"), s.listTags)
	wire.Handle(svc, "DeleteTags", access("DeleteTags"), s.deleteTags)
}

// keeper finds who keeps the tags of a resource.
func (s *Service) keeper(arn string) (tagged, []api.Tag, error) {
	for _, k := range []tagged{s.Hosting, s.Catalog, s.Registry, s.Pipelines} {
		if tags, ok := k.Tags(arn); ok {
			return k, tags, nil
		}
	}
	return nil, nil, api.Invalid("Could not find resource \"%s\".", arn)
}

func (s *Service) addTags(_ *wire.Call, in *tagsIn) (*tagsOut, error) {
	k, have, err := s.keeper(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	next := slices.DeleteFunc(slices.Clone(have), func(t api.Tag) bool {
		return slices.ContainsFunc(in.Tags, func(n api.Tag) bool { return n.Key == t.Key })
	})
	next = append(next, in.Tags...)
	if err := api.CheckTags(next); err != nil {
		return nil, err
	}
	k.SetTags(in.ResourceARN, next)
	return &tagsOut{Tags: next}, nil
}

func (s *Service) listTags(_ *wire.Call, in *tagsIn) (*tagsOut, error) {
	_, have, err := s.keeper(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	page, next, err := api.Page(have, in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	return &tagsOut{append([]api.Tag{}, page...), next}, nil
}

func (s *Service) deleteTags(_ *wire.Call, in *tagsIn) (*empty, error) {
	k, have, err := s.keeper(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	k.SetTags(in.ResourceARN, slices.DeleteFunc(slices.Clone(have), func(t api.Tag) bool { return slices.Contains(in.TagKeys, t.Key) }))
	return &empty{}, nil
}
