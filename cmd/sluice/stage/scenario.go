// Package stage rehearses: it sets up an account on the laptop as a scenario asks,
// deploys Sluice into it, lets things happen, tells the story, and checks what was
// expected. The subcommands rehearse, demo, local and sim play on it.
//
// It never decides how Sluice behaves: everything on stage runs as it would in AWS,
// through template, state machines and functions.
package stage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"sluice/shared/spec"
)

// Scenario is a rehearsal, as its file says it. Files are named relative to it.
type Scenario struct {
	Name     string        `yaml:"name"`
	About    string        `yaml:"about"`
	Seed     uint64        `yaml:"seed"`
	Spec     string        `yaml:"spec"`     // default ../sluice.yaml
	Rollout  any           `yaml:"rollout"`  // instead of the spec's rollout block
	Pipeline string        `yaml:"pipeline"` // default ../pipeline.json
	Change   yaml.MapSlice `yaml:"change"`   // top-level blocks of the spec, in place of the file's
	Traffic  Traffic       `yaml:"traffic"`
	Capture  *Capture      `yaml:"capture"` // of the endpoint's requests
	Champion Model         `yaml:"champion"`
	First    bool          `yaml:"first"`     // there is no endpoint yet
	Count    int           `yaml:"instances"` // of the champion; default the spec's
	Scaling  *Scaling      `yaml:"scaling"`   // of the champion's variant
	History  spec.Duration `yaml:"history"`   // for which the champion has been serving; default 1d
	Models   []Model       `yaml:"models"`    // what each pipeline execution yields; the last one repeats
	Others   []Other       `yaml:"others"`    // models beside it
	Alarms   []Alarm       `yaml:"alarms"`
	Code     *Code         `yaml:"code"` // the Git repository of the model, with its builds
	Do       []Action      `yaml:"do"`
	Limit    spec.Duration `yaml:"limit"` // virtual time after which the rehearsal ends anyway; default 1d
	Expect   Expect        `yaml:"expect"`

	file  string
	spec  []byte
	sp    spec.Spec
	pipe  []byte
	build []byte // the buildspec that is pushed
}

// Traffic is the requests to the endpoint.
type Traffic struct {
	RPM        float64   `yaml:"rpm"` // requests per minute
	Pattern    string    `yaml:"pattern"`
	Features   []Feature `yaml:"features"`   // what a request holds, in the order of a CSV row; for captures
	Prediction *Values   `yaml:"prediction"` // what is answered
}

// Model is a trained model: its numbers in the evaluation report, and how it
// answers.
type Model struct {
	AUC    float64       `yaml:"auc"`
	Loss   float64       `yaml:"loss"`   // logarithmic; 0 is none
	Errors spec.Percent  `yaml:"errors"` // answers of class 5XX
	P50    Milliseconds  `yaml:"p50"`
	P90    Milliseconds  `yaml:"p90"`
	Turns  []Turn        `yaml:"turns"`
	Fail   *Failure      `yaml:"fail"` // the pipeline fails instead
	Takes  spec.Duration `yaml:"takes"`
}

// Milliseconds is a length of time written as a number of milliseconds.
type Milliseconds float64

// Duration is m as a duration.
func (m Milliseconds) Duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Millisecond))
}

// Turn changes how a model answers once it has enough weight and time.
type Turn struct {
	AtWeight int           `yaml:"atWeight"` // whole percent
	After    spec.Duration `yaml:"after"`    // of serving
	Errors   spec.Percent  `yaml:"errors"`
	P50      Milliseconds  `yaml:"p50"`
	P90      Milliseconds  `yaml:"p90"`
}

// Failure is a pipeline step that fails.
type Failure struct {
	Step   string   `yaml:"step"`
	Reason string   `yaml:"reason"`
	Log    []string `yaml:"log"` // lines that its job logs
}

// Alarm is a CloudWatch alarm on a metric of the endpoint's champion variant, on an
// expression of such metrics, or on other alarms.
type Alarm struct {
	Name      string  `yaml:"name"`
	Rule      string  `yaml:"rule"`       // of a composite alarm, which has no more
	Math      string  `yaml:"expression"` // of Metrics
	Metrics   IDs     `yaml:"metrics"`    // by id in the expression
	Tags      IDs     `yaml:"tags"`
	Metric    string  `yaml:"metric"` // of AWS/SageMaker
	Stat      string  `yaml:"stat"`
	Threshold float64 `yaml:"threshold"`
	Periods   int     `yaml:"periods"`
	Variant   string  `yaml:"variant"`
	Missing   string  `yaml:"missing"` // what minutes without data are; default notBreaching
}

// IDs leads from short names to what they stand for.
type IDs map[string]string

// Scaling is autoscaling by requests per minute and instance.
type Scaling struct {
	Min    int     `yaml:"min"`
	Max    int     `yaml:"max"`
	Target float64 `yaml:"target"`
}

// Action is one thing that happens. Exactly one of its parts is set, beside At and
// When.
type Action struct {
	At       spec.Duration   `yaml:"at"`   // after the beginning, or after When
	When     *When           `yaml:"when"` // a state machine enters a state
	Command  *Command        `yaml:"command"`
	Package  *Package        `yaml:"package"`
	Registry *Approval       `yaml:"registry"`
	Foreign  *Foreign        `yaml:"foreign"`
	Unlock   string          `yaml:"unlock"` // a rollout, whose endpoint a person has looked at
	Put      *Put            `yaml:"put"`
	Delete   *Delete         `yaml:"delete"`
	Drift    *Drift          `yaml:"drift"`
	Ask      *string         `yaml:"ask"`     // a person asks for training, and says why
	Message  *string         `yaml:"message"` // sent to the data queue as it is
	Alarm    *SetAlarm       `yaml:"alarm"`
	Endpoint *EndpointAction `yaml:"endpoint"`
	Apply    *string         `yaml:"apply"` // a spec file
	Push     *Push           `yaml:"push"`
	Request  *OpenRequest    `yaml:"request"`    // a pull request
	Review   *Review         `yaml:"review"`     // of a pipeline's approval
	Retry    string          `yaml:"retryStage"` // a failed stage of the pipeline, whose failed actions are run again
	Deploy   *Deploy         `yaml:"deploy"`     // a new version of one of Sluice's functions
	Image    *PushImage      `yaml:"image"`
	Stop     string          `yaml:"stop"` // a pipeline, whose executions somebody stops
	Kill     string          `yaml:"kill"` // an execution of the training machine, which somebody stops
	Event    *SendEvent      `yaml:"event"`
}

// Put puts objects into a bucket.
type Put struct {
	Bucket     string        `yaml:"bucket"`
	Prefix     string        `yaml:"prefix"`
	Suffix     string        `yaml:"suffix"`
	Count      int           `yaml:"count"`
	Duplicates int           `yaml:"duplicates"` // events that are delivered a second time; Count for all
	Over       spec.Duration `yaml:"over"`
}

// When is the moment at which an execution enters a state for the Nth time, from 1.
type When struct {
	Rollout string `yaml:"rollout"` // name of the execution
	State   string `yaml:"state"`
	Nth     int    `yaml:"nth"` // default 1
}

// Command is written to the table as a person with the right to may write it.
type Command struct {
	Rollout string `yaml:"rollout"`
	Verb    string `yaml:"verb"`
	Full    bool   `yaml:"full"`
	Gate    string `yaml:"gate"`
	By      string `yaml:"by"`
	Why     string `yaml:"why"`
}

// Package registers a model package by hand.
type Package struct {
	Model    Model  `yaml:"model"`
	Image    string `yaml:"image"` // default: the champion's
	Data     string `yaml:"data"`  // model data; default: the champion's
	Approval string `yaml:"approval"`
}

// Approval changes the approval of a version in the registry.
type Approval struct {
	Version  int    `yaml:"version"`
	Approval string `yaml:"approval"`
}

// Foreign is somebody else at work on the endpoint: exactly one of its parts is set.
type Foreign struct {
	Config  string         `yaml:"config"`  // a copy of the champion's config under this name, and the endpoint updated to it
	Weights map[string]int `yaml:"weights"` // whole percent by variant
}

// Delete deletes the first Count objects that Put put there.
type Delete struct {
	Bucket string `yaml:"bucket"`
	Prefix string `yaml:"prefix"`
	Count  int    `yaml:"count"`
}

// SetAlarm sets an alarm's state.
type SetAlarm struct {
	Name  string `yaml:"name"`
	State string `yaml:"state"`
}

// EndpointAction makes AWS, or somebody else, do something to the endpoint.
type EndpointAction struct {
	NextCreate  string        `yaml:"nextCreate"`  // rollsBack: the endpoint is Failed
	NextUpdate  string        `yaml:"nextUpdate"`  // rollsBack, rollbackFails
	NextWeights string        `yaml:"nextWeights"` // rollsBack
	Reason      string        `yaml:"reason"`
	Maintain    spec.Duration `yaml:"maintain"`
}

// Load reads a scenario from files. Unknown fields are errors that name the line.
func Load(files fs.FS, name string) (*Scenario, error) {
	src, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("reading scenario %s: %w", name, err)
	}
	s := &Scenario{file: name, Spec: "../sluice.yaml", Pipeline: "../pipeline.json", Seed: 1, Limit: spec.Duration(24 * time.Hour), History: spec.Duration(24 * time.Hour)}
	s.Traffic.RPM, s.Champion = 3000, Model{AUC: 0.84, Errors: 0.001}
	if err := yaml.NewDecoder(bytes.NewReader(src), yaml.Strict()).Decode(s); err != nil {
		return nil, fmt.Errorf("scenario %s: %s", name, yaml.FormatError(err, false, false))
	}
	if s.Name == "" || len(s.Do) == 0 {
		return nil, fmt.Errorf("scenario %s: name and do must both be there", name)
	}
	read := func(file string) ([]byte, error) {
		b, err := fs.ReadFile(files, path.Join(path.Dir(name), file))
		if err != nil {
			return nil, fmt.Errorf("scenario %s: %w", name, err)
		}
		return b, nil
	}
	if err := errors.Join(s.checkCapture(src), s.checkDeploys(src)); err != nil {
		return nil, err
	}
	if s.spec, err = read(s.Spec); err != nil {
		return nil, err
	}
	if s.Rollout != nil {
		s.Change = append(s.Change, yaml.MapItem{Key: "rollout", Value: s.Rollout})
	}
	if s.spec, err = changed(s.spec, s.Change); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", name, err)
	}
	sp, err := spec.Parse(path.Join(path.Dir(name), s.Spec), s.spec)
	if err != nil {
		return nil, err
	}
	s.sp = *sp
	if err := s.readOthers(); err != nil {
		return nil, err
	}
	if s.Count == 0 {
		s.Count = sp.Endpoint.InstanceCount
	}
	if s.Code != nil && s.Code.Pipeline != "" {
		if s.build, err = read("../buildspec.yml"); err != nil {
			return nil, err
		}
	}
	s.pipe, err = read(s.Pipeline)
	return s, err
}

// changed is a spec with blocks in place of its own.
func changed(text []byte, blocks yaml.MapSlice) ([]byte, error) {
	if len(blocks) == 0 {
		return text, nil
	}
	var all yaml.MapSlice
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	for _, b := range blocks {
		i := slices.IndexFunc(all, func(it yaml.MapItem) bool { return it.Key == b.Key })
		if i < 0 {
			all = append(all, b)
		} else {
			all[i] = b
		}
	}
	return yaml.Marshal(all)
}

// IsScenario reports whether src looks like a scenario: it says what to do.
func IsScenario(src []byte) bool {
	var s struct {
		Name string `yaml:"name"`
		Do   []any  `yaml:"do"`
	}
	return yaml.Unmarshal(src, &s) == nil && s.Name != "" && len(s.Do) > 0
}
