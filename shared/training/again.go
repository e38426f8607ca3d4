package training

import (
	"context"

	"sluice/shared/demand"
)

// lookBack is how many earlier generations are asked whether a commit was theirs: a
// repeated event is late by minutes.
const lookBack = 5

// again is the manifest of the last run that trained, for a generation without new
// objects that a commit asks for: new code trains on what the old code had. manifest is
// "" if no commit asks, or if there is no such run. runs are newest first.
func (t *Training) again(ctx context.Context, s Step, chunks []demand.Chunk, runs []Run) (manifest string, summary demand.Summary, err error) {
	asked := map[string]bool{}
	for _, c := range chunks {
		if c.Cause.Kind == demand.Commit {
			asked[c.Name] = true
		}
	}
	for g := s.Generation - 1; g >= max(1, s.Generation-lookBack) && len(asked) > 0; g-- {
		earlier, err := t.Table.Chunks(ctx, s.Model, g)
		if err != nil {
			return "", summary, err
		}
		for _, c := range earlier {
			delete(asked, c.Name)
		}
	}
	if len(asked) == 0 {
		return "", summary, nil
	}
	for _, r := range runs {
		if r.Generation < s.Generation && r.Manifest != "" && r.State != Failed {
			return r.Manifest, r.Summary, nil
		}
	}
	return "", summary, nil
}
