package worlds

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"path"
	"strings"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local/dynamodb"
	"sluice/local/events"
	"sluice/local/faults"
	"sluice/local/lambda"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/wire"
)

// watch sees everything that happens in one world, keeps what the invariants need,
// and asks them after every step. Its methods run while the world is held.
type watch struct {
	p       *play
	callers map[string]string // folders of functions, by access key
	broken  *Broken

	now      invocation // of the function that runs, if one does
	leases   map[string]lease
	rollouts map[string]*rollout
	runs     map[int]*run
	open     int               // the generation that takes new demand
	writer   string            // the rollout that changed the endpoint last
	foreign  bool              // somebody else has changed the endpoint
	training map[string]bool   // pipeline executions under way
	newest   map[object]string // sequencers of what was put
	unheard  map[string]bool   // approved packages whose event was lost

	digest  hash.Hash
	calls   int
	exactly []faults.Fired
	story   story
}

func newWatch(p *play) *watch {
	return &watch{
		p: p, callers: map[string]string{}, leases: map[string]lease{}, rollouts: map[string]*rollout{}, runs: map[int]*run{}, open: 1,
		training: map[string]bool{}, newest: map[object]string{}, unheard: map[string]bool{}, digest: sha256.New(),
	}
}

// invocation is what the function that runs was asked.
type invocation struct {
	function string
	Rollout  string `json:"rollout"`
	Run      string `json:"run"`
}

type lease struct {
	owner   string
	expires time.Time
}

// object is one key of one bucket.
type object struct{ bucket, key string }

// enter and leave enclose the run of a function.
func (w *watch) enter(function string, payload []byte) {
	w.now = invocation{function: function}
	if function != "on-data" {
		_ = json.Unmarshal(payload, &w.now) // events of AWS have neither member
	}
}

func (w *watch) leave(function string, out lambda.Outcome) {
	w.now = invocation{}
	switch {
	case out.Died != "":
		w.tell(ui.Failed, function, "%s: %s", out.Died, strings.Join(out.Log, " "))
	case out.Error != nil:
		w.tell(ui.Failed, function, "%s: %s", out.Error.Type, out.Error.Message)
	}
	verify(w, ofInvocations, end{function, out})
}

// end is how a function ended.
type end struct {
	function string
	lambda.Outcome
}

// call is an API call of one of Sluice's functions.
type call struct {
	wire.Record
	by invocation
	asked
}

// asked are the members of calls that change an endpoint.
type asked struct {
	EndpointName                string
	EndpointConfigName          string
	DesiredWeightsAndCapacities []struct {
		VariantName   string
		DesiredWeight *float64
	}
}

// changes reports whether the call changes an endpoint, and was not refused.
func (c call) changes() bool {
	switch c.Operation {
	case "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "CreateEndpoint", "DeleteEndpoint":
		return c.Err == nil && c.happened()
	}
	return false
}

// happened reports whether a fault let the call have its effect.
func (c call) happened() bool {
	switch c.Effect {
	case wire.Throttle, wire.Unavailable, wire.LostRequest, wire.CrashBefore:
		return false
	}
	return true
}

// called sees each call after it was answered.
func (w *watch) called(r wire.Record) {
	if w.callers[r.AccessKey] == "" {
		return
	}
	w.calls++
	c := call{Record: r, by: w.now}
	if c.Service == "sagemaker" && strings.HasPrefix(c.Operation, "UpdateEndpoint") {
		raw, err := json.Marshal(r.Input)
		if err == nil {
			err = json.Unmarshal(raw, &c.asked)
		}
		w.p.fail(err)
		w.tell(ui.Shift, c.by.Rollout, "%s %s%v: %s", c.Operation, c.EndpointConfigName, c.DesiredWeightsAndCapacities, outcomeOf(c))
	}
	verify(w, ofCalls, c)
	if c.changes() {
		w.writer = c.by.Rollout
		w.rollout(c.by.Rollout).changed = true
	}
}

func outcomeOf(c call) string {
	switch {
	case !c.happened():
		return "never arrives"
	case c.Err != nil:
		return c.Err.Error()
	}
	return "accepted"
}

// write is one change of an item of Sluice's table.
type write struct {
	pk, sk        string
	before, after dynamodb.Item // nil if there is none
}

// wrote sees each change of the table.
func (w *watch) wrote(_ string, before, after dynamodb.Item) {
	x := write{before: before, after: after}
	item := after
	if item == nil {
		item = before
	}
	x.pk, x.sk = item["pk"].Text, item["sk"].Text
	raw, err := json.Marshal(after)
	w.p.fail(err)
	fmt.Fprintf(w.digest, "%d %s %s %s\n", w.p.world().Now().UnixNano(), x.pk, x.sk, raw)
	verify(w, ofWrites, x)
	w.learn(x)
}

// moved sees executions enter and leave states.
func (w *watch) moved(arn, state string, entered bool, _ json.RawMessage) {
	if !entered {
		return
	}
	name := path.Base(strings.ReplaceAll(arn, ":", "/"))
	w.tell(ui.Info, name, "enters %s", state)
	verify(w, ofSteps, step{name, state})
	w.p.entered(state)
}

// trains sees a pipeline execution begin.
func (w *watch) trains(r pipelines.Run) {
	w.tell(ui.Train, r.Pipeline, "execution %d begins with manifest %s", r.Ordinal, path.Base(r.Parameters["Manifest"]))
	verify(w, ofTrainings, r)
	w.training[r.ExecutionARN] = true
}

// sent sees each event on its way to each target, and what is to become of it.
func (w *watch) sent(e events.Event, t events.Target, fate []time.Duration) {
	var d struct {
		Bucket                         struct{ Name string }
		Object                         struct{ Key, Sequencer string }
		PipelineExecutionArn           string
		CurrentPipelineExecutionStatus string
		ModelPackageArn                string
		ModelApprovalStatus            string
	}
	if json.Unmarshal(e.Detail, &d) != nil {
		return
	}
	switch {
	case e.Source == "aws.s3" && w.wanted(d.Bucket.Name, d.Object.Key):
		w.newest[object{d.Bucket.Name, d.Object.Key}] = d.Object.Sequencer // S3 counts up
	case d.PipelineExecutionArn != "" && d.CurrentPipelineExecutionStatus != "Executing":
		delete(w.training, d.PipelineExecutionArn)
	case d.ModelApprovalStatus == "Approved" && fate != nil && len(fate) == 0:
		w.unheard[d.ModelPackageArn] = true
	}
}

// wanted reports whether a trigger of the spec wants an object.
func (w *watch) wanted(bucket, key string) bool {
	for _, t := range w.p.c.spec.Triggers.Data {
		if t.Match(bucket, key) {
			return true
		}
	}
	return false
}

func (w *watch) struck(f faults.Fired) {
	w.exactly = append(w.exactly, f)
	w.tell(ui.Fault, f.Exactly.Service, "%s", f.Exactly)
}

// outcome is what came of the world.
func (w *watch) outcome() Outcome {
	c := w.p.c
	o := Outcome{
		Seed: c.Seed, About: c.About, Faults: c.Faults, Broken: w.broken, Digest: hex.EncodeToString(w.digest.Sum(nil)), Exactly: w.exactly,
		Trainings: map[string]int{}, Rollouts: map[string]int{}, Struck: map[string]int{}, Virtual: w.p.world().Now().Sub(stage.Opening), Calls: w.calls,
	}
	for _, r := range w.runs {
		o.Trainings[r.state]++
	}
	for _, r := range w.rollouts {
		o.Rollouts[r.state]++
	}
	for _, f := range w.exactly {
		o.Struck[string(f.Exactly.Effect)]++
	}
	if w.broken != nil {
		o.Story = w.story.rows()
	}
	return o
}
