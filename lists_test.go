package sluice_test

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"

	cf "sluice/local/cloudformation"

	"sluice/local/asl/parse"
)

// One function, four places: its folder, its resource, its handler in the rehearsal,
// and whoever calls it. What is missing in one of them is not deployed, not rehearsed
// or never called.
func TestFourListsOfFunctionsAreEqual(t *testing.T) {
	folder := map[string]string{} // by logical id
	var declared, called []string
	asynchronous := callers(t)
	for _, f := range resources[cf.FunctionSpec](t) {
		name, ok := strings.CutPrefix(path.Clean(f.Code.LocalPath), "functions/")
		if !ok {
			t.Errorf("template.yaml: the CodeUri of %s is %q; it must be a folder in functions/", f.LogicalID, f.Code.LocalPath)
		}
		if want := camel(name) + "Function"; f.LogicalID != want {
			t.Errorf("template.yaml: %s runs functions/%s and must be called %s: one name, four spellings", f.LogicalID, name, want)
		}
		folder[f.LogicalID] = name
		declared = append(declared, name)
		if len(asynchronous[live(t, f)]) > 0 || mapped(t, f) || slices.Contains(hooks(t), f.FunctionName) {
			called = append(called, name)
		}
	}
	each(t, func(place string, s parse.State) {
		task, ok := s.(*parse.Task)
		if !ok {
			return
		}
		name, ok := folder[invoked(task)]
		if !ok {
			t.Errorf("%s invokes %q; it must invoke ${X}, X being a function of template.yaml", place, invoked(task))
			return
		}
		if !slices.Contains(called, name) {
			called = append(called, name)
		}
	})
	folders := listed(t, "functions")
	same(t, "folders of functions/", folders, "functions of template.yaml", declared)
	same(t, "folders of functions/", folders, "keys of Functions in local/functions.go", handlers(t))
	same(t, "folders of functions/", folders, "functions that states or events invoke", called)
}

// A substitution must lead to the function whose name it carries, or the definition
// reads as something else than what runs.
func TestSubstitutionsAreWhatTheySay(t *testing.T) {
	arns := map[string]string{}
	for _, f := range resources[cf.FunctionSpec](t) {
		arns[f.LogicalID] = live(t, f)
	}
	for _, m := range resources[cf.StateMachineSpec](t) {
		for _, name := range keys(m.DefinitionSubstitutions) {
			if got := m.DefinitionSubstitutions[name]; strings.HasSuffix(name, "Function") && got != arns[name] {
				t.Errorf("template.yaml: in %s, %s is %s, which is not %s", m.LogicalID, name, got, name)
			}
		}
	}
}

// camel turns take-lease into TakeLease.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// mapped reports whether Lambda polls a queue or a stream for a function.
func mapped(t *testing.T, f cf.FunctionSpec) bool {
	t.Helper()
	return slices.ContainsFunc(resources[cf.MappingSpec](t), func(m cf.MappingSpec) bool { return m.FunctionName == live(t, f) })
}

// handlers are the keys of the map Functions in local/functions.go.
func handlers(t *testing.T) []string {
	t.Helper()
	var keys []string
	for _, s := range sources(t) {
		if s.path != "local/functions.go" {
			continue
		}
		for n := range ast.Preorder(s.syntax) {
			v, ok := n.(*ast.ValueSpec)
			if !ok || v.Names[0].Name != "Functions" || len(v.Values) != 1 {
				continue
			}
			table, ok := v.Values[0].(*ast.CompositeLit)
			if !ok {
				t.Fatalf("%s: Functions must be a literal", where(v))
			}
			for _, e := range table.Elts {
				keys = append(keys, literal(e.(*ast.KeyValueExpr).Key))
			}
		}
	}
	return keys
}
