package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/lambda"
)

// invoke runs one function on one event.
type invoke struct {
	JSON      jsonFlag `name:"json" help:"Print one JSON object."`
	Function  string   `arg:"" help:"The function, by folder or by resource: on-commit or OnCommitFunction."`
	Event     string   `short:"e" required:"" placeholder:"FILE" help:"The event, such as one of events/; - for standard input."`
	Scenario  string   `placeholder:"FILE" help:"Scenario that sets the stage. Without it examples/churn/scenarios/healthy.yaml, if that is there."`
	Functions string   `help:"Run the function as its compiled binary, over Lambda's Runtime API (process), or inside sluice (in-process)." enum:"process,in-process" default:"process"`
	Binaries  string   `help:"Where the compiled functions are kept." placeholder:"DIR" default:"build/local" type:"path"`
}

// Help is the text of sluice invoke --help.
func (invoke) Help() string {
	return `Does what sam local invoke does, without a container: deploys the template into AWS on this machine, with the scenario's model in production, and runs the function as it would run there, with its environment, its role and the Runtime API. Its log and its answer are printed. What it changed is gone afterwards.

The exit code is 1 if the function fails.`
}

// invoked is what an invocation came to.
type invoked struct {
	Function string          `json:"function"`
	Log      []string        `json:"log"`
	Answer   json.RawMessage `json:"answer,omitempty"`
	Error    string          `json:"error,omitempty"` // its kind
	Message  string          `json:"message,omitempty"`
}

func (i invoke) Run(c *call) error {
	payload, err := i.read(c)
	if err != nil {
		return err
	}
	s, err := laptop{Scenario: i.Scenario}.scenario(c)
	if err != nil {
		return err
	}
	door, err := stage.OpenDoor("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer door.Close()
	hosts := local.InProcess
	if i.Functions == "process" {
		if err := i.compile(c); err != nil {
			return err
		}
		hosts = local.Binaries(i.Binaries, door.URL)
	}
	a, _, err := raise(c.ctx, s, c.now().Truncate(time.Minute), hosts)
	if err != nil {
		return err
	}
	defer a.Close()
	door.Admit(a)
	var out invoked
	a.World.Do(func() { out, err = once(a, i.Function, payload) })
	if err != nil {
		return err
	}
	if c.json {
		if err := c.emit("invoked", out); err != nil {
			return err
		}
	} else {
		out.show(c.print)
	}
	if out.Error != "" {
		return answer(exitNo)
	}
	return nil
}

// compile compiles the function.
func (i invoke) compile(c *call) error {
	folder, folders := "", slices.Sorted(maps.Keys(local.Functions))
	for _, f := range folders {
		if is(f, i.Function) {
			folder = f
		}
	}
	if folder == "" {
		return unknown(i.Function, folders)
	}
	if err := stage.BuildOne(c.ctx, ".", i.Binaries, folder); err != nil {
		return no("run it in a checkout of the repository and repair what the compiler names, or use --functions in-process", "%v", err)
	}
	return nil
}

// is reports whether name means the function in a folder.
func is(folder, name string) bool {
	return name == folder || strings.EqualFold(name, strings.ReplaceAll(folder, "-", "")+"function")
}

func unknown(name string, folders []string) error {
	return no("name one of "+strings.Join(folders, ", "), "there is no function %s", name)
}

func (i invoke) read(c *call) ([]byte, error) {
	var src []byte
	var err error
	if i.Event == "-" {
		src, err = io.ReadAll(c.in)
	} else {
		src, err = os.ReadFile(i.Event)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, no("name a file with an event, such as events/sluice-git-push.json", "there is no file %s", i.Event)
	}
	if err == nil && !json.Valid(src) {
		return nil, no("write one JSON object", "%s is no JSON", i.Event)
	}
	return src, err
}

// once runs a function that is deployed in a. The caller holds the world.
func once(a *local.AWS, name string, payload []byte) (invoked, error) {
	f, folders := named(a, name)
	if f.Name == "" {
		return invoked{}, unknown(name, folders)
	}
	out := invoked{Function: path.Base(f.CodePath), Log: []string{}}
	group := f.LogGroup
	if group == "" {
		group = "/aws/lambda/" + f.Name
	}
	before := len(a.Logs.Lines(group))
	r := a.Lambda.InvokeNow(f.Name, payload)
	if r.Err != nil {
		return out, r.Err
	}
	for _, line := range a.Logs.Lines(group)[before:] {
		out.Log = append(out.Log, line.Text)
	}
	if r.FunctionError != "" {
		out.Error, out.Message = r.ErrorType, r.ErrorMessage
	} else {
		out.Answer = r.Payload
	}
	return out, nil
}

// named finds a function by its folder or its resource, and lists the folders of all.
func named(a *local.AWS, name string) (found lambda.Function, folders []string) {
	for _, n := range a.Lambda.Names() {
		f, err := a.Lambda.Function(n)
		if err != nil {
			continue
		}
		folder := path.Base(filepath.ToSlash(f.CodePath))
		folders = append(folders, folder)
		if is(folder, name) {
			found = f
		}
	}
	slices.Sort(folders)
	return found, folders
}

func (o invoked) show(p ui.Printer) {
	for _, line := range o.Log {
		p.Note(line)
	}
	r := ui.Report{Mark: ui.Done, Title: o.Function + " answers", Text: []string{string(o.Answer)}}
	if o.Error != "" {
		r = ui.Report{Mark: ui.Failed, Title: fmt.Sprintf("%s fails: %s", o.Function, o.Error), Text: []string{o.Message}}
	}
	p.Report(r)
}
