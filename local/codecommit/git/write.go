package git

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Edit is what becomes of one path in a commit: it gets Content and Mode, or it is
// deleted. A nil Content with a Blob keeps that blob.
type Edit struct {
	Content []byte
	Blob    string
	Mode    Mode
	Delete  bool
}

// ErrConflict is returned where a file and a folder would have the same path.
var ErrConflict = fmt.Errorf("a file and a folder have the same path")

// Write makes a commit of edits, by path, on top of the first parent; no reference
// leads to it yet. A repository's first commit has no parents.
func (r *Repository) Write(parents []string, edits map[string]Edit, by Signature, message string) (string, error) {
	base := plumbing.ZeroHash
	c := &object.Commit{Message: message}
	for i, id := range parents {
		p, err := r.commit(id)
		if err != nil {
			return "", err
		}
		if i == 0 {
			base = p.TreeHash
		}
		c.ParentHashes = append(c.ParentHashes, p.Hash)
	}
	entries := map[string]object.TreeEntry{}
	for name, e := range edits {
		entry, err := r.entry(e)
		if err != nil {
			return "", err
		}
		entries[strings.TrimPrefix(path.Clean("/"+name), "/")] = entry
	}
	tree, _, err := r.edit(base, entries)
	if err != nil {
		return "", err
	}
	c.TreeHash = tree
	c.Author = object.Signature{Name: by.Name, Email: by.Email, When: by.At}
	c.Committer = c.Author
	h, err := r.save(c)
	return h.String(), err
}

// entry stores the content of an edit. A deletion has the zero hash.
func (r *Repository) entry(e Edit) (object.TreeEntry, error) {
	if e.Delete {
		return object.TreeEntry{}, nil
	}
	if e.Mode == "" {
		e.Mode = Normal
	}
	if e.Content == nil && e.Blob != "" {
		return object.TreeEntry{Hash: plumbing.NewHash(e.Blob), Mode: modes[e.Mode]}, nil
	}
	o := r.store.NewEncodedObject()
	o.SetType(plumbing.BlobObject)
	w, err := o.Writer()
	if err != nil {
		return object.TreeEntry{}, err
	}
	if _, err := w.Write(e.Content); err != nil {
		return object.TreeEntry{}, err
	}
	if err := w.Close(); err != nil {
		return object.TreeEntry{}, err
	}
	h, err := r.store.SetEncodedObject(o)
	return object.TreeEntry{Hash: h, Mode: modes[e.Mode]}, err
}

// edit is a tree with edits made, and how many entries it has. Folders that become
// empty vanish, as in Git.
func (r *Repository) edit(base plumbing.Hash, edits map[string]object.TreeEntry) (plumbing.Hash, int, error) {
	entries := map[string]object.TreeEntry{}
	if !base.IsZero() {
		t, err := object.GetTree(r.store, base)
		if err != nil {
			return base, 0, fmt.Errorf("tree %s: %w", base, err)
		}
		for _, e := range t.Entries {
			entries[e.Name] = e
		}
	}
	below := map[string]map[string]object.TreeEntry{}
	for name, e := range edits {
		first, rest, nested := strings.Cut(name, "/")
		switch old, exists := entries[first]; {
		case nested:
			if below[first] == nil {
				below[first] = map[string]object.TreeEntry{}
			}
			below[first][rest] = e
		case e.Hash.IsZero():
			delete(entries, first)
		case exists && old.Mode == filemode.Dir:
			return base, 0, fmt.Errorf("%s: %w", name, ErrConflict)
		default:
			entries[first] = object.TreeEntry{Name: first, Mode: e.Mode, Hash: e.Hash}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(below)) {
		old := entries[name]
		if old.Mode != filemode.Dir && !old.Hash.IsZero() {
			return base, 0, fmt.Errorf("%s: %w", name, ErrConflict)
		}
		h, n, err := r.edit(old.Hash, below[name])
		if err != nil {
			return base, 0, err
		}
		if entries[name] = (object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: h}); n == 0 {
			delete(entries, name)
		}
	}
	t := &object.Tree{Entries: slices.Collect(maps.Values(entries))}
	sort.Sort(object.TreeEntrySorter(t.Entries))
	h, err := r.save(t)
	return h, len(entries), err
}

// save stores a tree or a commit.
func (r *Repository) save(encode interface {
	Encode(plumbing.EncodedObject) error
}) (plumbing.Hash, error) {
	o := r.store.NewEncodedObject()
	if err := encode.Encode(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return r.store.SetEncodedObject(o)
}
