package committing

import (
	"context"

	"sluice/shared/event"
	"sluice/shared/fault"
)

// pushed is Git as far as our own event tells of it: one branch, at one commit.
type pushed struct{ event.Push }

// Tip is the commit that was pushed.
func (p pushed) Tip(context.Context, string, string) (string, bool, error) {
	return p.Commit, !p.Deleted, nil
}

// File is one that the event carries.
func (p pushed) File(_ context.Context, _, _, path string) ([]byte, bool, error) {
	text, ok := p.Specs[path]
	return []byte(text), ok, nil
}

// Changed are the paths of the event, which knows those between two commits only.
func (p pushed) Changed(_ context.Context, _, before, _ string) ([]string, error) {
	if p.AllPaths || before != p.Previous {
		return nil, fault.NotFound.Errorf("the push to %s of %s does not say what differs from %.7s", p.Branch, p.Repository, before)
	}
	return p.Paths, nil
}

// Comment does nothing: Sluice may not write there. The report tells of it.
func (p pushed) Comment(context.Context, string, string, string, string) error { return nil }
