package sluice_test

import (
	"go/ast"
	"go/build/constraint"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// A package says what it decides, what it does not and who calls it, in one place.
func TestEveryPackageHasOneComment(t *testing.T) {
	for _, folder := range folders(t) {
		var code, tests []string
		onlyTests := true
		for _, s := range sources(t) {
			if s.folder != folder {
				continue
			}
			onlyTests = onlyTests && s.test
			switch {
			case s.syntax.Doc.Text() == "":
			case s.test:
				tests = append(tests, s.path)
			default:
				code = append(code, s.path)
			}
		}
		if onlyTests {
			code = tests
		}
		switch {
		case len(code) == 0:
			t.Errorf("%s: no file says in a package comment what the package is for", folder)
		case len(code) > 1:
			t.Errorf("%s: more than one file has a package comment: %s", folder, strings.Join(code, ", "))
		}
	}
}

// A test behind a build tag is not seen by go vet and go test, and rots.
func TestNoTestHidesBehindABuildTag(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		for _, group := range s.syntax.Comments {
			for _, c := range group.List {
				if constraint.IsGoBuild(c.Text) {
					t.Errorf("%s: a test must run wherever go test runs", where(c))
				}
			}
		}
	}
}

// mainLines is how long a main of a function may be.
const mainLines = 40

func TestMainsOnlyWire(t *testing.T) {
	for _, name := range listed(t, "functions") {
		folder := path.Join("functions", name)
		var files []source
		for _, s := range sources(t) {
			if s.folder == folder {
				files = append(files, s)
			}
		}
		if len(files) != 1 || files[0].path != folder+"/main.go" {
			t.Errorf("%s: needs one file, main.go: what it wires is in shared/, and is tested there", folder)
			continue
		}
		text, err := os.ReadFile(files[0].path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > mainLines {
			t.Errorf("%s: has %d lines, more than %d: it does more than wire", files[0].path, n, mainLines)
		}
		for n := range ast.Preorder(files[0].syntax) {
			switch n.(type) {
			case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
				t.Errorf("%s: a main decides nothing: no test reaches this branch", where(n))
			}
		}
		if got := started(files[0].syntax); !slices.Equal(got, []string{name}) {
			t.Errorf("%s: starts %q; it must start itself, as %q: its log and metrics carry this name", files[0].path, got, name)
		}
	}
}

// started are the names that f gives to edge.Start.
func started(f *ast.File) []string {
	var names []string
	for n := range ast.Preorder(f) {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			continue
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Start" {
			continue
		}
		if name, ok := call.Args[0].(*ast.BasicLit); ok {
			names = append(names, strings.Trim(name.Value, `"`))
		}
	}
	return names
}
