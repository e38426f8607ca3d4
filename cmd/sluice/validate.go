package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sluice/cmd/sluice/ui"
	"sluice/shared/definition"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// validate shows every problem of sluice.yaml files.
type validate struct {
	Files    []string `arg:"" name:"file" help:"The sluice.yaml of a model; - for standard input."`
	Pipeline string   `placeholder:"FILE" help:"The definition of the files' pipeline, as JSON: their parameters are checked against it, and whether it writes where they look for new data."`
	JSON     jsonFlag `name:"json" help:"Print one JSON object a file."`
}

// Help is the text of sluice validate --help.
func (validate) Help() string {
	return "It talks to nobody: a file that passes here is one that apply takes. A problem is printed as file:line:column, with what would be right below it. The exit code is 1 if there is one."
}

// checked is one file with what is wrong with it.
type checked struct {
	File     string         `json:"file"`
	Valid    bool           `json:"valid"`
	Model    string         `json:"model,omitempty"`
	Version  string         `json:"version,omitempty"` // of the spec, as status shows it
	Problems []spec.Problem `json:"problems"`

	spec *spec.Spec
}

func (v *validate) Run(c *call) error {
	files := c.check(v.Files)
	if v.Pipeline != "" {
		if err := c.against(v.Pipeline, files); err != nil {
			return err
		}
	}
	circles(files)
	valid := ui.Table{Columns: []ui.Column{{Name: "file", Wide: true}, {Name: "model", Wide: true}, {Name: "endpoint", Wide: true}, {Name: "rollout", Wide: true}, {Name: "version"}}}
	var problems, bad int
	for _, f := range files {
		if c.json {
			if err := c.emit("file", f); err != nil {
				return err
			}
		} else if f.Valid {
			plan, err := rollout.MakePlan(f.spec.Rollout)
			if err != nil {
				return err
			}
			valid.Rows = append(valid.Rows, []string{f.File, f.Model, f.spec.Endpoint.Name, steps(plan), short(f.Version)})
		}
		problems += len(f.Problems)
		if !f.Valid {
			bad++
		}
	}
	if c.json {
		return noIf(bad > 0)
	}
	// The problems are what was asked for: they go where results go.
	result := ui.NewText(c.out, c.out)
	showProblems(result, files)
	if len(valid.Rows) > 0 {
		result.Table(valid)
	}
	if bad > 0 {
		c.print.Note(fmt.Sprintf("%s in %d of %s", counted(int64(problems), "problem"), bad, counted(int64(len(files)), "file")))
	}
	if err := result.Close(); err != nil {
		return err
	}
	return noIf(bad > 0)
}

// noIf ends the command with the answer no, or well.
func noIf(no bool) error {
	if no {
		return answer(exitNo)
	}
	return nil
}

func showProblems(to ui.Printer, files []checked) {
	for _, f := range files {
		for _, p := range f.Problems {
			where, text := p.File, p.Message
			if p.Line > 0 {
				where = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
			}
			if p.Field != "" {
				text = p.Field + ": " + text
			}
			to.Problem(ui.Problem{Where: where, Text: text, Fix: p.Fix})
		}
	}
}

// check reads files and parses them. One that cannot be read has that one problem,
// without a line.
func (c *call) check(names []string) []checked {
	files := make([]checked, len(names))
	for i, name := range names {
		f := checked{File: name, Problems: []spec.Problem{}}
		src, err := c.read(name)
		if name == "-" {
			f.File = "stdin"
		}
		var found *spec.Error
		if err == nil {
			f.spec, err = spec.Parse(f.File, src)
		} else {
			err = &spec.Error{Problems: []spec.Problem{{File: f.File, Message: reason(err), Fix: "name a file that can be read"}}}
		}
		switch {
		case errors.As(err, &found):
			f.Problems = found.Problems
		case err != nil:
			f.Problems = []spec.Problem{{File: f.File, Message: err.Error()}}
		default:
			f.Valid, f.Model, f.Version = true, f.spec.Model, f.spec.Version()
		}
		files[i] = f
	}
	return files
}

// against adds what is wrong with starting a pipeline of this definition for the specs
// of files.
func (c *call) against(name string, files []checked) error {
	text, err := c.read(name)
	if err != nil {
		return no("name the pipeline's definition", "%s: %s", name, reason(err))
	}
	d, err := definition.Parse(text)
	if err != nil {
		return no("write it with the pipeline's definition() or aws sagemaker describe-pipeline", "%s: %s", name, err)
	}
	for i := range files {
		f := &files[i]
		if !f.Valid {
			continue
		}
		values := map[string]string{}
		for _, word := range spec.Placeholders {
			values[word] = "1" // a number and a text
		}
		parameters, err := f.spec.Pipeline.Expand(values)
		if err == nil {
			err = d.Check(parameters)
		}
		if err != nil {
			f.Problems = append(f.Problems, spec.Problem{File: f.File, Field: "pipeline.parameters", Message: strings.ReplaceAll(err.Error(), "\n", "; "), Fix: "compare with Parameters in " + name})
		}
		if loop := f.spec.Loop(d.Outputs(parameters)); loop != "" {
			f.Problems = append(f.Problems, spec.Problem{File: f.File, Field: "triggers.data", Message: loop})
		}
		f.Valid = len(f.Problems) == 0
	}
	return nil
}

// circles adds where the promotions of files come round to a model. What is in force
// beside them apply holds them against.
func circles(files []checked) {
	after := map[string][]string{}
	for _, f := range files {
		if f.spec != nil {
			after[f.Model] = f.spec.Triggers.After()
		}
	}
	for i := range files {
		f := &files[i]
		way, _ := spec.Circle(f.Model, func(model string) ([]string, error) { return after[model], nil })
		if way != "" {
			f.Valid = false
			f.Problems = append(f.Problems, spec.Problem{File: f.File, Field: "triggers.promotion", Message: "promotions would train in a circle: " + way, Fix: "take one of them out"})
		}
	}
}

func (c *call) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.in)
	}
	return os.ReadFile(name)
}

// reason is an error of the file system without the name, which stands before it.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return "cannot be read: " + err.Error()
}
