package git

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/utils/merkletrie"
)

// Kind says how a path differs.
type Kind string

// The kinds of change. A renamed file is a deleted and an added one.
const (
	Added    Kind = "A"
	Modified Kind = "M"
	Deleted  Kind = "D"
)

// Change is one path that differs. Before and After have no content; the zero File
// is none.
type Change struct {
	Kind          Kind
	Before, After File
}

// Path is the path that changed.
func (c Change) Path() string { return cmp.Or(c.After.Path, c.Before.Path) }

// Compare lists the paths that differ between two commits, sorted. An empty before
// is the empty tree.
func (r *Repository) Compare(before, after string) ([]Change, error) {
	key := [2]plumbing.Hash{plumbing.NewHash(before), plumbing.NewHash(after)}
	if known, ok := r.diffs[key]; ok {
		return known, nil
	}
	from, err := r.tree(before)
	if err != nil {
		return nil, err
	}
	to, err := r.tree(after)
	if err != nil {
		return nil, err
	}
	found, err := object.DiffTree(from, to)
	if err != nil {
		return nil, fmt.Errorf("comparing %s with %s: %w", before, after, err)
	}
	all := []Change{}
	for _, f := range found {
		action, err := f.Action()
		if err != nil {
			return nil, err
		}
		c := Change{Kind: Modified}
		if action != merkletrie.Insert {
			c.Before = side(f.From)
		}
		if action != merkletrie.Delete {
			c.After = side(f.To)
		}
		switch action {
		case merkletrie.Insert:
			c.Kind = Added
		case merkletrie.Delete:
			c.Kind = Deleted
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Change) int { return strings.Compare(a.Path(), b.Path()) })
	r.diffs[key] = all
	return all, nil
}

func side(e object.ChangeEntry) File {
	return File{Path: e.Name, Blob: e.TreeEntry.Hash.String(), Mode: mode(e.TreeEntry.Mode)}
}

// Base is the best common ancestor of two commits; "" if they have none.
func (r *Repository) Base(a, b string) (string, error) {
	ca, err := r.commit(a)
	if err != nil {
		return "", err
	}
	cb, err := r.commit(b)
	if err != nil {
		return "", err
	}
	bases, err := ca.MergeBase(cb)
	if err != nil || len(bases) == 0 {
		return "", err
	}
	return bases[0].Hash.String(), nil
}

// Merge is the edits that bring what source changed since base to destination. It
// lists the paths that both changed, each in its own way: there is no merge then.
// Files are merged whole, never line by line.
func (r *Repository) Merge(base, source, destination string) (edits map[string]Edit, conflicts []string, err error) {
	theirs, err := r.Compare(base, source)
	if err != nil {
		return nil, nil, err
	}
	ours, err := r.Compare(base, destination)
	if err != nil {
		return nil, nil, err
	}
	changed := map[string]Change{}
	for _, c := range ours {
		changed[c.Path()] = c
	}
	edits = map[string]Edit{}
	for _, c := range theirs {
		if mine, both := changed[c.Path()]; both {
			if mine.After.Blob != c.After.Blob || mine.After.Mode != c.After.Mode {
				conflicts = append(conflicts, c.Path())
			}
			continue
		}
		edits[c.Path()] = Edit{Blob: c.After.Blob, Mode: c.After.Mode, Delete: c.Kind == Deleted}
	}
	return edits, slices.Sorted(slices.Values(conflicts)), nil
}
