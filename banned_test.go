package sluice_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// ban is something that code may name only in some places.
type ban struct {
	of     string   // a package of the standard library
	names  []string // what of it is banned; nil is everything but save
	save   []string
	in     map[string]string // where it is allowed, and why there
	tests  bool              // whether test files must keep from it, too
	reason string
}

// people are where a person waits and watches.
const people = "a person waits here, in real time"

var bans = []ban{
	{
		of: "time", names: []string{"Now", "Since", "Until"}, tests: true,
		in: map[string]string{
			"local/sim": "the world's clock may be tied to the real one", "local/lambda/process": "a process of a function runs in real time",
			"cmd/...": people, "local/benchjudge": "it may say how long it took",
		},
		reason: "time comes in, it is not read: from the event or from sim.World. Else nothing can be replayed",
	},
	{
		of: "time", names: []string{"After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}, tests: true,
		in: map[string]string{
			"local/sim": "the world's clock may be tied to the real one", "local/lambda/process": "a process that hangs is killed in real time",
			"cmd/...": people,
		},
		reason: "waiting is done by state machines in AWS, and by World.After in local/",
	},
	{
		of: "time", names: []string{"Sleep"},
		in:     map[string]string{"local/sim": "the world's clock may be tied to the real one", "cmd/...": people},
		reason: "waiting is done by state machines in AWS, and by World.After in local/",
	},
	{of: "math/rand", save: constructors, tests: true, reason: chance},
	{of: "math/rand/v2", save: constructors, tests: true, reason: chance},
	{of: "crypto/rand", tests: true, reason: chance},
	{
		of: "os", names: []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv"},
		in: map[string]string{
			"shared/edge": "it is the rim of the process, and its Var lists every variable", "cmd/...": "a command has an environment",
			"local/lambda/process": "it gives processes their environment",
		},
		reason: "libraries get values; a variable that is not an edge.Var is missing in template.yaml",
	},
}

const chance = "all chance is seeded, so that a failure can be repeated: take a *rand.Rand, or make one of a seed"

var constructors = []string{"New", "NewPCG", "NewChaCha8", "NewSource", "NewZipf", "Rand", "PCG", "ChaCha8", "Source", "Source64", "Zipf"}

func (b ban) bans(name string) bool {
	if b.names != nil {
		return slices.Contains(b.names, name)
	}
	return !slices.Contains(b.save, name)
}

func (b ban) allows(folder string) bool {
	for p := range b.in {
		if within(p, folder) {
			return true
		}
	}
	return false
}

func TestNothingBannedIsUsed(t *testing.T) {
	for _, s := range sources(t) {
		for _, b := range bans {
			if s.test && !b.tests || b.allows(s.folder) {
				continue
			}
			for _, u := range uses(s.syntax, b.of) {
				if b.bans(u.Sel.Name) {
					t.Errorf("%s: %s.%s: %s", where(u), b.of, u.Sel.Name, b.reason)
				}
			}
		}
	}
}

// No place excuses a test that sleeps: it is slow where it works, and fails where the
// machine is slower than its author's.
func TestNoTestSleeps(t *testing.T) {
	for _, s := range sources(t) {
		for _, u := range uses(s.syntax, "time") {
			if s.test && u.Sel.Name == "Sleep" {
				t.Errorf("%s: a test must not sleep: let virtual time pass, or wait for the thing itself", where(u))
			}
		}
	}
}

// uses are the selectors of f that name something of package pkg.
func uses(f *ast.File, pkg string) []*ast.SelectorExpr {
	var local string
	for _, i := range f.Imports {
		if imported(i) != pkg {
			continue
		}
		local = strings.TrimSuffix(pkg, "/v2")
		local = local[strings.LastIndex(local, "/")+1:]
		if i.Name != nil {
			local = i.Name.Name
		}
	}
	if local == "" {
		return nil
	}
	var all []*ast.SelectorExpr
	for n := range ast.Preorder(f) {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				all = append(all, sel)
			}
		}
	}
	return all
}

// A dot import would hide from the tests above what a name belongs to.
func TestNoImportHidesNames(t *testing.T) {
	for _, s := range sources(t) {
		for _, i := range s.syntax.Imports {
			if i.Name != nil && i.Name.Name == "." {
				t.Errorf("%s: import %s under its name, so that readers see what is whose", where(i), imported(i))
			}
		}
	}
}

// threads are the folders and files where goroutines may start.
var threads = map[string]string{
	"local/sim":            "it is the one scheduler: it hands the world from one to the next",
	"local/lambda/process": "it speaks to processes, which run beside it",
	"local/benchjudge":     "it spreads simulations over the processors; the result does not depend on how",
	"cmd/...":              "a screen is drawn while work goes on",

	"shared/judge/protocol/serve_test.go": "it is both ends of a pipe, to see that an answer comes before the next line",
}

func TestGoroutinesStartWhereTheyMay(t *testing.T) {
	for _, s := range sources(t) {
		if among(keys(threads), s.folder) || among(keys(threads), s.path) {
			continue
		}
		for n := range ast.Preorder(s.syntax) {
			if starts(n) {
				t.Errorf("%s: no goroutine here: handlers and services run one after another, or no rehearsal could be repeated. Use World.After", where(n))
			}
		}
	}
}

// starts reports whether n starts a goroutine: a go statement, or the Go method of a
// sync.WaitGroup or an errgroup.Group.
func starts(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		return true
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		return ok && sel.Sel.Name == "Go"
	}
	return false
}

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// A place that is gone needs no leave any more.
func TestBansAllowWhatExists(t *testing.T) {
	places := keys(threads)
	for _, b := range bans {
		places = append(places, keys(b.in)...)
	}
	there := folders(t)
	for _, s := range sources(t) {
		there = append(there, s.path)
	}
	for _, p := range places {
		if !slices.ContainsFunc(there, func(name string) bool { return within(p, name) }) {
			t.Errorf("a ban is lifted in %s, which is gone: take it from the list", p)
		}
	}
}
