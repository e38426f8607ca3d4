package states

import (
	"maps"
	"slices"

	"sluice/local/wire"
)

type tagInput struct {
	ARN  string   `json:"resourceArn"`
	Tags []tag    `json:"tags"`
	Keys []string `json:"tagKeys"`
}

type tagOutput struct {
	Tags []tag `json:"tags"`
}

// maxTags is how many tags a machine may have.
const maxTags = 50

func (s *Service) tagged(arn string) (*machine, error) {
	m := s.machines[arn]
	if m == nil {
		return nil, wire.Errorf("ResourceNotFound", "Resource not found: '%s'", arn)
	}
	return m, nil
}

func (s *Service) wireTags(svc *wire.Service) {
	handle := func(op string, run func(m *machine, in *tagInput) error) {
		wire.Handle(svc, op,
			func(in *tagInput) []wire.Access { return access(op, in.ARN) },
			func(_ *wire.Call, in *tagInput) (*empty, error) {
				m, err := s.tagged(in.ARN)
				if err != nil {
					return nil, err
				}
				return &empty{}, run(m, in)
			})
	}
	handle("TagResource", func(m *machine, in *tagInput) error {
		all := maps.Clone(m.tags)
		for _, t := range in.Tags {
			all[t.Key] = t.Value
		}
		if len(all) > maxTags {
			return &wire.Error{Code: "TooManyTags", Message: "a state machine can have 50 tags", Members: map[string]any{"resourceName": in.ARN}}
		}
		m.tags = all
		return nil
	})
	handle("UntagResource", func(m *machine, in *tagInput) error {
		for _, k := range in.Keys {
			delete(m.tags, k)
		}
		return nil
	})
	wire.Handle(svc, "ListTagsForResource",
		func(in *tagInput) []wire.Access { return access("ListTagsForResource", in.ARN) },
		func(_ *wire.Call, in *tagInput) (*tagOutput, error) {
			m, err := s.tagged(in.ARN)
			if err != nil {
				return nil, err
			}
			out := &tagOutput{Tags: []tag{}}
			for _, k := range slices.Sorted(maps.Keys(m.tags)) {
				out.Tags = append(out.Tags, tag{k, m.tags[k]})
			}
			return out, nil
		})
}
