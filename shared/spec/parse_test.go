package spec

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files match %s", pattern)
	}
	return paths
}

func problems(t *testing.T, err error) []Problem {
	t.Helper()
	var wrong *Error
	if err != nil && !errors.As(err, &wrong) {
		t.Fatalf("Parse returned %T, want *Error: %v", err, err)
	}
	if wrong == nil {
		return nil
	}
	return wrong.Problems
}

// chunk is one spec of a file in testdata/invalid. Chunks are separated by lines
// of equals signs; each is padded so that its line numbers are those of the file.
// A comment on a failing line holds what is expected of it, as
//
//	# WORD: field: message; fix
//
// where WORD says who notices: yaml (it cannot be read), schema (an editor does
// too) or parse (only Parse does).
type chunk struct {
	path string
	line int
	text string
	want map[int][]string // by line
	word map[string]bool
}

func chunks(t *testing.T) []chunk {
	t.Helper()
	var all []chunk
	for _, path := range glob(t, "testdata/invalid/*.yaml") {
		c := chunk{path: path, line: 1, want: map[int][]string{}, word: map[string]bool{}}
		lines := strings.Split(string(read(t, path)), "\n")
		for i, line := range append(lines, "====") {
			if strings.HasPrefix(line, "====") {
				all = append(all, c)
				c = chunk{path: path, line: i + 2, text: strings.Repeat("\n", i+1), want: map[int][]string{}, word: map[string]bool{}}
				continue
			}
			c.text += line + "\n"
			for _, word := range []string{"yaml", "schema", "parse"} {
				parts := strings.Split(line, "# "+word+": ")
				for _, want := range parts[1:] {
					want, _, _ = strings.Cut(want, " # ")
					c.want[i+1] = append(c.want[i+1], strings.TrimSpace(want))
					c.word[word] = true
				}
			}
		}
	}
	return all
}

func TestInvalid(t *testing.T) {
	for _, c := range chunks(t) {
		s, err := Parse(c.path, []byte(c.text))
		if err == nil {
			t.Errorf("%s:%d: Parse accepts this spec: %+v", c.path, c.line, s)
			continue
		}
		got := map[int][]string{}
		for _, p := range problems(t, err) {
			text := p.Message + "; " + p.Fix
			if p.Field != "" {
				text = p.Field + ": " + text
			}
			got[p.Line] = append(got[p.Line], text)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:%d: problems by line (-want +got):\n%s", c.path, c.line, diff)
		}
	}
}

func TestValid(t *testing.T) {
	for _, path := range append(glob(t, "testdata/valid/*.yaml"), "../../examples/churn/sluice.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s, err := Parse(path, read(t, path))
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if diff := cmp.Diff(*s, s.Normalised()); diff != "" {
				t.Errorf("what Parse returns is not normalised (-got +normalised):\n%s", diff)
			}
			written, err := s.YAML()
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse("again.yaml", written)
			if err != nil {
				t.Fatalf("Parse of what YAML wrote: %v\n%s", err, written)
			}
			if diff := cmp.Diff(s, again); diff != "" {
				t.Errorf("read back (-first +second):\n%s", diff)
			}
		})
	}
}

// TestGolden holds the complete output of a file with many mistakes, places included.
func TestGolden(t *testing.T) {
	for _, path := range glob(t, "testdata/golden/*.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := Parse(filepath.Base(path), read(t, path))
			if err == nil {
				t.Fatal("Parse accepts it")
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, golden)), err.Error()+"\n"); diff != "" {
				t.Errorf("(-golden +got):\n%s", diff)
			}
		})
	}
}

// TestBounds: files made to cost a reader dearly are refused before they do.
func TestBounds(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"size", "model: " + strings.Repeat("x", maxFile), "f:1:1: the file has 65543 bytes; a spec has at most 65536"},
		{"brackets", "model: " + strings.Repeat("[", 9000), "f:1:24: too many brackets are open here; nest at most 16"},
		{"keys", strings.Repeat("a: b\n", 12000), "f:3334:2: the file is too long; a spec has at most 10000 words and signs"},
		{"laughs", "model: &a x\npipeline: &b [*a, *a]", "f:1:8: anchors (&) have no place in a spec; write the value out, or quote it if it is text\n" +
			"f:2:11: anchors (&) have no place in a spec; write the value out, or quote it if it is text\n" +
			"f:2:15: aliases (*) have no place in a spec; write the value out, or quote it if it is text\n" +
			"f:2:19: aliases (*) have no place in a spec; write the value out, or quote it if it is text"},
		{"empty", "", "f:1:1: the file is empty; begin with model: and the model's name"},
		{"comment", "# only\n", "f:1:1: the file is empty; begin with model: and the model's name"},
		{"bytes", "model: churn\npipeline: \xff", "f:2:11: the byte 0xff is not UTF-8; save the file as UTF-8"},
		{"control", "model: churn\x00", "f:1:13: the control character U+0000 stands here; remove it"},
		{"text", "churn", `f:1:1: "churn" is text, not a block of keys; write its keys, each with a value, indented below it`},
		{"list", "- churn", "f:1:1: is a list, not a block of keys; write its keys, each with a value, indented below it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.text))
			if err == nil {
				t.Fatal("Parse accepts it")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyProblems(t *testing.T) {
	var text strings.Builder
	for i := range 150 {
		text.WriteString(strings.Repeat("x", i+50) + ": 1\n")
	}
	_, err := Parse("f", []byte(text.String()))
	all := problems(t, err)
	if len(all) != maxProblems {
		t.Fatalf("%d problems, want %d", len(all), maxProblems)
	}
	// 150 unknown keys and four required ones that are missing.
	if got, want := all[maxProblems-1].Message, "55 further problems not shown"; got != want {
		t.Errorf("last problem %q, want %q", got, want)
	}
}

func TestByteOrderMark(t *testing.T) {
	text := append([]byte("\ufeff"), read(t, "testdata/valid/minimal.yaml")...)
	if _, err := Parse("f", text); err != nil {
		t.Error(err)
	}
}
