package dynamodb

import (
	"maps"
	"slices"
	"strings"
)

// maxTags is how many tags a table may have. Source: tagging restrictions, API reference.
const maxTags = 50

type resource struct{ ResourceArn string }

func (r *resource) arn() string { return r.ResourceArn }

type nothing struct{}

func (s *Service) tagged(arn string) (*table, error) {
	name, ok := strings.CutPrefix(arn, Arn(""))
	if !ok {
		return nil, invalid("Invalid TableArn: Invalid ResourceArn provided as input %s", arn)
	}
	if t := s.tables[name]; t != nil {
		return t, nil
	}
	return nil, notFound("Requested resource not found: ResourcArn: %s not found", arn) // the typing error is DynamoDB's
}

type tagIn struct {
	resource
	Tags []Tag
}

func (s *Service) tagResource(_ *call, in *tagIn) (*nothing, error) {
	t, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	after := maps.Clone(t.tags)
	for _, x := range in.Tags {
		after[x.Key] = x.Value
	}
	switch {
	case len(in.Tags) == 0:
		return nil, invalid("Atleast one Tag needs to be provided as Input.")
	case len(after) > maxTags:
		return nil, invalid("Too many tags: a table can have %d", maxTags)
	}
	t.tags = after
	return &nothing{}, nil
}

type untagIn struct {
	resource
	TagKeys []string
}

func (s *Service) untagResource(_ *call, in *untagIn) (*nothing, error) {
	t, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if len(in.TagKeys) == 0 {
		return nil, invalid("Atleast one Tag Key needs to be provided as Input.")
	}
	for _, k := range in.TagKeys {
		delete(t.tags, k)
	}
	return &nothing{}, nil
}

type listTagsIn struct {
	resource
	NextToken string
}

type listTagsOut struct{ Tags []Tag }

// listTags answers all tags on one page: there are at most fifty.
func (s *Service) listTags(_ *call, in *listTagsIn) (*listTagsOut, error) {
	t, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &listTagsOut{Tags: []Tag{}}
	for _, k := range slices.Sorted(maps.Keys(t.tags)) {
		out.Tags = append(out.Tags, Tag{k, t.tags[k]})
	}
	return out, nil
}
