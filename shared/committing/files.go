package committing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/shared/spec"
)

// File is a sluice.yaml at a commit. Spec is nil if it is wrong or says nothing of
// code, and then Problem says what is wrong, if anything.
type File struct {
	Path    string
	Model   string // whose spec it is, or was; "" if that is not known
	Spec    *spec.Spec
	Problem string
}

// Read reads the spec files of a repository at a commit: the one in the root, those in
// force, given as models by file, and those among changed. Files that are not there
// are left out.
func Read(ctx context.Context, git Git, repository, commit string, inForce map[string]string, changed []string) ([]File, error) {
	names := map[string]bool{"sluice.yaml": true}
	for name := range inForce {
		names[name] = true
	}
	for _, name := range changed {
		if path.Base(name) == "sluice.yaml" {
			names[name] = true
		}
	}
	var all []File
	for _, name := range slices.Sorted(maps.Keys(names)) {
		content, ok, err := git.File(ctx, repository, commit, name)
		if err != nil {
			return nil, err
		}
		if ok {
			f := File{Path: name, Model: inForce[name]}
			f.read(repository, content)
			all = append(all, f)
		}
	}
	return all, nil
}

// read parses the file and holds it against where it stands.
func (f *File) read(repository string, content []byte) {
	sp, err := spec.Parse(f.Path, content)
	if err != nil {
		f.Problem = problems(err)
		return
	}
	if sp.Code == nil {
		return // its model is not kept in Git
	}
	switch {
	case sp.Code.Repository != repository:
		f.Problem = fmt.Sprintf("%s: code.repository is %s, but the file stands in %s; write the repository that it stands in", f.Path, sp.Code.Repository, repository)
	case sp.Code.File() != f.Path:
		f.Problem = fmt.Sprintf("%s: code.path is %q, but the file stands in %q; write the folder that it stands in", f.Path, sp.Code.Path, strings.TrimPrefix(path.Dir(f.Path), "."))
	case f.Model != "" && f.Model != sp.Model:
		f.Problem = fmt.Sprintf("%s: model is %s, but the file in force is that of model %s; a model keeps its name", f.Path, sp.Model, f.Model)
	default:
		f.Spec, f.Model = sp, sp.Model
	}
}

// problems are the problems of a spec, one a line.
func problems(err error) string {
	var e *spec.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}
