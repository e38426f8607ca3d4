package sluice_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// source is one Go file of this repository.
type source struct {
	path   string // from the root, such as shared/judge/run.go
	folder string // "." is the root
	test   bool
	syntax *ast.File
}

// positions resolves the positions of all sources.
var positions = token.NewFileSet()

// tree parses every Go file of the repository but those in testdata, once. It reads
// them in this process, and not by way of the go command, so that go test knows what
// its cached result rests on.
var tree = sync.OnceValues(func() ([]source, error) {
	var all []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		switch {
		case d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || name == "build"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go"):
			return nil
		}
		name = filepath.ToSlash(name)
		f, err := parser.ParseFile(positions, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{name, path.Dir(name), strings.HasSuffix(name, "_test.go"), f})
		return nil
	})
	return all, err
})

func sources(t *testing.T) []source {
	t.Helper()
	all, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// folders lists the packages by folder.
func folders(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, s := range sources(t) {
		all = append(all, s.folder)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// where is the place of a node as editors open it.
func where(n ast.Node) string { return positions.Position(n.Pos()).String() }

// within reports whether name is what pattern says: itself, or with "/..." at its end
// also everything below, or with "*" as the last character everything that begins so.
func within(pattern, name string) bool {
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == above || strings.HasPrefix(name, above+"/")
	}
	if start, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, start)
	}
	return name == pattern
}

// among reports whether one of patterns is name.
func among(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return within(p, name) })
}

// imported is the path of an import.
func imported(i *ast.ImportSpec) string {
	s, err := strconv.Unquote(i.Path.Value)
	if err != nil {
		panic(err) // the parser takes no other
	}
	return s
}

// standard reports whether an import is of the standard library.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return first != "sluice" && !strings.Contains(first, ".")
}

// listed are the folders in folder.
func listed(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
