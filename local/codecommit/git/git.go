// Package git is Git repositories in memory: blobs, trees, commits and references
// as Git has them, written and compared by go-git.
//
// It knows no API and no events: codecommit is made of it. Times and authors come
// from the caller, so that the same history has the same commit ids. Not modelled:
// submodules, packs, the transfer protocols and rename detection.
package git

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

// Repository is one repository without a work tree.
type Repository struct {
	store *memory.Storage
	diffs map[[2]plumbing.Hash][]Change // objects never change, so neither do these
}

// New returns a repository without commits.
func New() *Repository {
	return &Repository{store: memory.NewStorage(), diffs: map[[2]plumbing.Hash][]Change{}}
}

// Mode is what kind of file an entry is, in CodeCommit's words.
type Mode string

// The modes.
const (
	Normal     Mode = "NORMAL"
	Executable Mode = "EXECUTABLE"
	Symlink    Mode = "SYMLINK"
)

var modes = map[Mode]filemode.FileMode{Normal: filemode.Regular, Executable: filemode.Executable, Symlink: filemode.Symlink}

// mode is m in CodeCommit's words.
func mode(m filemode.FileMode) Mode {
	for _, name := range []Mode{Executable, Symlink} {
		if modes[name] == m {
			return name
		}
	}
	return Normal
}

// Octal is m as Git writes it in trees, such as 100644.
func (m Mode) Octal() string { return strings.TrimPrefix(modes[m].String(), "0") }

// File is a file at one commit.
type File struct {
	Path    string
	Blob    string
	Mode    Mode
	Content []byte
}

// Commit is what a commit says of itself.
type Commit struct {
	ID      string
	Tree    string
	Parents []string
	Message string
	Author  Signature
}

// Signature is who made a commit, and when.
type Signature struct {
	Name, Email string
	At          time.Time
}

// ErrNotFound is returned for a commit, a file or a folder that is not there.
var ErrNotFound = errors.New("not found")

// Commit reads a commit by its id.
func (r *Repository) Commit(id string) (Commit, error) {
	c, err := r.commit(id)
	if err != nil {
		return Commit{}, err
	}
	out := Commit{ID: c.Hash.String(), Tree: c.TreeHash.String(), Parents: []string{}, Message: c.Message, Author: Signature{c.Author.Name, c.Author.Email, c.Author.When}}
	for _, p := range c.ParentHashes {
		out.Parents = append(out.Parents, p.String())
	}
	return out, nil
}

func (r *Repository) commit(id string) (*object.Commit, error) {
	if !plumbing.IsHash(id) {
		return nil, fmt.Errorf("commit %q: %w", id, ErrNotFound)
	}
	c, err := object.GetCommit(r.store, plumbing.NewHash(id))
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", id, err)
	}
	return c, nil
}

// tree is the root of a commit; of "", an empty one.
func (r *Repository) tree(id string) (*object.Tree, error) {
	if id == "" {
		return &object.Tree{}, nil
	}
	c, err := r.commit(id)
	if err != nil {
		return nil, err
	}
	t, err := object.GetTree(r.store, c.TreeHash)
	if err != nil {
		return nil, fmt.Errorf("tree of commit %s: %w", id, err)
	}
	return t, nil
}

// Resolve is the commit that a branch, a tag, a full reference name or a commit id
// stands for.
func (r *Repository) Resolve(specifier string) (string, error) {
	for _, name := range []string{specifier, "refs/heads/" + specifier, "refs/tags/" + specifier} {
		if ref, err := r.store.Reference(plumbing.ReferenceName(name)); err == nil {
			return ref.Hash().String(), nil
		}
	}
	c, err := r.commit(specifier)
	if err != nil {
		return "", err
	}
	return c.Hash.String(), nil
}

// Reference is the commit of a full reference name; ok is false if there is none.
func (r *Repository) Reference(name string) (id string, ok bool) {
	ref, err := r.store.Reference(plumbing.ReferenceName(name))
	if err != nil {
		return "", false
	}
	return ref.Hash().String(), true
}

// References lists the full names of all references, sorted.
func (r *Repository) References() []string {
	var all []string
	for name := range r.store.ReferenceStorage {
		all = append(all, name.String())
	}
	slices.Sort(all)
	return all
}

// Point makes a reference lead to a commit; "" removes it.
func (r *Repository) Point(name, id string) error {
	if id == "" {
		return r.store.RemoveReference(plumbing.ReferenceName(name))
	}
	if _, err := r.commit(id); err != nil {
		return err
	}
	return r.store.SetReference(plumbing.NewHashReference(plumbing.ReferenceName(name), plumbing.NewHash(id)))
}

// File reads a file at a commit.
func (r *Repository) File(id, name string) (File, error) {
	tree, err := r.tree(id)
	if err != nil {
		return File{}, err
	}
	entry, err := tree.FindEntry(path.Clean(name))
	if err != nil || entry.Mode == filemode.Dir {
		return File{}, fmt.Errorf("file %s at commit %s: %w", name, id, ErrNotFound)
	}
	content, err := r.blob(entry.Hash)
	return File{Path: path.Clean(name), Blob: entry.Hash.String(), Mode: mode(entry.Mode), Content: content}, err
}

func (r *Repository) blob(h plumbing.Hash) ([]byte, error) {
	b, err := object.GetBlob(r.store, h)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", h, err)
	}
	in, err := b.Reader()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(in)
	return content, errors.Join(err, in.Close())
}

// Folder lists the entries of a folder at a commit, sorted as Git sorts; "" and "/"
// are the root. Folders have the mode "".
func (r *Repository) Folder(id, name string) (tree string, entries []File, err error) {
	t, err := r.tree(id)
	if err != nil {
		return "", nil, err
	}
	if name = strings.Trim(name, "/"); name != "" {
		if t, err = t.Tree(name); err != nil {
			return "", nil, fmt.Errorf("folder %s at commit %s: %w", name, id, ErrNotFound)
		}
	}
	for _, e := range t.Entries {
		f := File{Path: path.Join(name, e.Name), Blob: e.Hash.String(), Mode: mode(e.Mode)}
		if e.Mode == filemode.Dir {
			f.Mode = ""
		}
		entries = append(entries, f)
	}
	return t.Hash.String(), entries, nil
}

// Files reads all files at a commit, by path.
func (r *Repository) Files(id string) (map[string]File, error) {
	all := map[string]File{}
	err := r.each(id, func(name string, e object.TreeEntry) error {
		content, err := r.blob(e.Hash)
		all[name] = File{Path: name, Blob: e.Hash.String(), Mode: mode(e.Mode), Content: content}
		return err
	})
	return all, err
}

// each visits the files at a commit.
func (r *Repository) each(id string, visit func(name string, e object.TreeEntry) error) error {
	tree, err := r.tree(id)
	if err != nil {
		return err
	}
	walker := object.NewTreeWalker(tree, true, nil)
	defer walker.Close()
	for {
		name, e, err := walker.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && e.Mode != filemode.Dir {
			err = visit(name, e)
		}
		if err != nil {
			return err
		}
	}
}
