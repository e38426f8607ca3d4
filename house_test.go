// The tests at the root hold the house in order: which package may import which, what
// code may not do, and that code, template.yaml and the state machines agree. They
// read text and syntax only; what the product does, its packages test.
//
// When one of them fails, its message gives the reason for the rule. Change the code,
// or argue with the reason where it stands, in the table.
package sluice_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// direction is a rule about imports. Folders and imports are written as within reads
// them.
type direction struct {
	of    []string // folders that the rule is about
	but   []string // folders among them that it spares
	not   []string // imports that they must not have
	save  []string // imports among those that they may have
	only  []string // if given, the only imports they may have; std is the standard library
	tests bool     // whether test files must keep the rule, too
	why   string
}

const (
	sdk  = "github.com/aws/aws-sdk-go-v2/..."
	host = "github.com/aws/aws-lambda-go/..."
)

// values are the packages of the standard library that only compute. Of time, a test
// of its own leaves the types.
var values = []string{
	"bufio", "bytes", "cmp", "compress/gzip", "container/*", "crypto/sha256", "encoding/*", "errors", "fmt", "hash", "hash/*", "io", "iter", "maps",
	"math", "math/bits", "math/cmplx", "net/netip", "path", "reflect", "regexp", "slices", "sort", "strconv", "strings", "time",
	"unicode", "unicode/*",
}

// pure are the packages that decide.
var pure = []string{
	"sluice/shared/alarm", "sluice/shared/capture", "sluice/shared/definition", "sluice/shared/demand", "sluice/shared/drift", "sluice/shared/fault", "sluice/shared/flow", "sluice/shared/gate",
	"sluice/shared/judge", "sluice/shared/preflight", "sluice/shared/rollout", "sluice/shared/schedule", "sluice/shared/spec",
}

const purity = "it decides, so it takes values and returns values: no SDK, clock, environment, log or goroutine. " +
	"Only then can a decision be replayed and rehearsed. Let the caller pass in what it knows"

var directions = []direction{
	{
		of:   []string{"shared/alarm", "shared/capture", "shared/definition", "shared/demand", "shared/gate", "shared/judge/...", "shared/preflight", "shared/rollout"},
		only: slices.Concat(values, pure), why: purity,
	},
	{
		of:   []string{"shared/flow"},
		only: slices.Concat(values, pure, []string{"github.com/bmatcuk/doublestar/v4"}), why: purity,
	},
	{
		of:   []string{"shared/spec"},
		only: slices.Concat(values, pure, []string{"embed", "time/tzdata", "github.com/bmatcuk/doublestar/v4", "github.com/goccy/go-yaml/..."}), why: purity,
	},
	{
		of:   []string{"shared/drift"},
		only: slices.Concat(values, pure, []string{"github.com/DataDog/sketches-go/..."}), why: purity,
	},
	{
		of:   []string{"shared/schedule"},
		only: slices.Concat(values, []string{"time/tzdata", "github.com/adhocore/gronx"}), why: purity,
	},
	{
		of:   []string{"shared/fault"},
		only: slices.Concat(values, []string{"github.com/aws/aws-lambda-go/lambda/messages"}), why: purity + "; messages is the one type that carries a kind's name to Step Functions",
	},
	{
		of: []string{"shared/..."}, but: []string{"shared/edge"},
		not: []string{"os", "os/...", "log", "log/...", "net", "net/http", "net/http/...", "syscall", "flag"},
		why: "libraries get values; only shared/edge knows the process it runs in, its environment and its log",
	},
	{
		of: []string{"shared/..."}, but: []string{"shared/aws*", "shared/edge"},
		not: []string{sdk}, why: "adapters alone speak to AWS: a use case that knows SDK types can be tested only through them",
	},
	{
		of: []string{"shared/..."}, but: []string{"shared/fault", "shared/edge", "shared/intake", "shared/capturing"},
		not: []string{host}, why: "only the rim of a function knows that Lambda runs it",
	},
	{
		of: []string{"shared/..."}, but: []string{"shared/aws*"},
		not: []string{"sluice/shared/aws*"}, why: "the domain says what it needs and an adapter fills it, so the domain does not know the adapter",
	},
	{
		of: []string{"shared/aws*"}, not: []string{"sluice/shared/aws*"}, save: []string{"sluice/shared/awsfault"},
		why: "adapters stand side by side: each fills one port, and a use case joins them. " +
			"They share shared/awsfault only, which turns AWS's errors into kinds",
	},
	{
		of: []string{"shared/..."}, not: []string{"sluice/local/..."},
		why: "what runs in AWS must not know its rehearsal, or a fake ships in a binary",
	},
	{
		of: []string{"functions/..."}, only: []string{"sluice/shared/..."}, tests: true,
		why: "a main wires what shared/ offers and does nothing itself; whatever else it needs belongs there, where it is tested",
	},
	{
		of: []string{"."}, only: []string{"std"},
		why: "the root only carries the template and the state machines",
	},
	{
		of: []string{"./..."}, not: []string{"sluice/functions/..."}, tests: true,
		why: "mains are ends: what two of them need belongs into shared/",
	},
	{
		of: []string{"./..."}, but: []string{"cmd/..."}, not: []string{"sluice/cmd/..."}, tests: true,
		why: "mains are ends: what others need of a command belongs into shared/ or local/",
	},
	{
		of: []string{"local/..."}, but: []string{"local", "local/benchjudge", "local/benchintake"}, not: []string{"sluice/shared/..."}, tests: true,
		why: "an emulator that knows our types will lie in our favour: its types come from the AWS API reference. " +
			"Only local itself, which wires, and local/benchjudge and local/benchintake, which measure and emulate nothing, know the domain",
	},
	{
		of: []string{"local/..."}, but: []string{"local", "local/benchintake"}, not: []string{sdk},
		why: "a service that is made of its client's types cannot find the client wrong; tests drive it with the SDK",
	},
	{
		of: []string{"./..."}, but: []string{"local/...", "cmd/..."}, not: []string{"sluice/local/..."},
		why: "the rehearsal stage is for local/, the commands and tests",
	},
}

func TestImportsKeepTheirDirection(t *testing.T) {
	for _, d := range directions {
		for _, s := range sources(t) {
			if s.test && !d.tests || !about(d.of, s.folder) || about(d.but, s.folder) {
				continue
			}
			for _, i := range s.syntax.Imports {
				name := imported(i)
				allowed := d.only == nil || among(d.only, name) || standard(name) && slices.Contains(d.only, "std")
				if !allowed || among(d.not, name) && !among(d.save, name) {
					t.Errorf("%s: %s must not import %s: %s", where(i), s.folder, name, d.why)
				}
			}
		}
	}
}

// about is among for folders: "./..." is all of them.
func about(patterns []string, folder string) bool {
	return slices.Contains(patterns, "./...") || among(patterns, folder)
}

// A rule about a folder that is gone guards nothing, and nobody would notice.
func TestDirectionsNameWhatExists(t *testing.T) {
	there := folders(t)
	packages := []string{}
	for _, f := range there {
		packages = append(packages, "sluice/"+f)
	}
	for _, d := range directions {
		for _, p := range slices.Concat(d.of, d.but) {
			if !slices.ContainsFunc(there, func(f string) bool { return about([]string{p}, f) }) {
				t.Errorf("a rule names folder %s, which is gone: say where its code went, or drop it. The rule: %s", p, d.why)
			}
		}
		for _, p := range slices.Concat(d.not, d.save, d.only) {
			if strings.HasPrefix(p, "sluice/") && !slices.ContainsFunc(packages, func(f string) bool { return within(p, f) }) {
				t.Errorf("a rule names package %s, which is gone: say where its code went, or drop it. The rule: %s", p, d.why)
			}
		}
	}
}

// same fails unless two lists have the same elements, and says which are in one only.
func same(t *testing.T, nameA string, a []string, nameB string, b []string) {
	t.Helper()
	for _, x := range missing(a, b) {
		t.Errorf("%s is among %s, but not among %s", x, nameA, nameB)
	}
	for _, x := range missing(b, a) {
		t.Errorf("%s is among %s, but not among %s", x, nameB, nameA)
	}
	if len(a) == 0 || len(b) == 0 {
		t.Errorf("found %s and %s: neither may be empty", count(len(a), nameA), count(len(b), nameB))
	}
}

func count(n int, what string) string { return fmt.Sprintf("%d %s", n, what) }

// missing are the elements of a that b lacks.
func missing(a, b []string) []string {
	var out []string
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
