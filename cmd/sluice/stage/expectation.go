package stage

import "sluice/shared/spec"

// Expect is what must have come true at the end. What is not written is not
// checked.
type Expect struct {
	Runs        *int            `yaml:"runs"`
	Trained     []ExpectRun     `yaml:"trained"`  // by generation, from the first
	Objects     *int            `yaml:"objects"`  // in the manifests of all runs that trained
	Others      Runs            `yaml:"others"`   // the training runs of other models, all of them
	Rollouts    []ExpectRollout `yaml:"rollouts"` // from the first
	Variant     string          `yaml:"variant"`  // that has all requests
	DeadLetters *int            `yaml:"deadLetters"`
	Reports     []string        `yaml:"reports"` // each must be part of a subject of a report
	Commands    []ExpectCommand `yaml:"commands"`
	Events      []string        `yaml:"events"`   // detail types of Sluice's own events, in this order among others
	History     []string        `yaml:"history"`  // each must be part of a line of a rollout's history, in this order
	Endpoint    string          `yaml:"endpoint"` // part of the endpoint in one line; "no endpoint"
	Scaled      map[string]int  `yaml:"scaled"`   // autoscaling at the end: the most instances by variant, and no other
	Tidy        bool            `yaml:"tidy"`     // no config or model is left that nothing uses
	MaxEvents   int             `yaml:"maxEvents"`
	Captured    map[string]int  `yaml:"captured"` // the endpoint captures, at least so many files by variant, and of no other
	Pending     *int            `yaml:"pending"`  // objects in the open demand
	NoLeases    bool            `yaml:"noLeases"`
	Builds      []string        `yaml:"builds"`      // "project status", from the first
	Comments    []string        `yaml:"comments"`    // on pull requests and commits; each must be part of one
	Approved    *bool           `yaml:"approved"`    // whether the first pull request is
	Delivered   []string        `yaml:"delivered"`   // what executions of the pipeline came to, from the first
	OnlyReports bool            `yaml:"onlyReports"` // there are no reports but those of Reports, one each
	// Deployments are "function status", with the code of what went wrong behind it,
	// from the first; a rollback is one, too. Live is the version of a function's alias.
	Deployments []string          `yaml:"deployments"`
	Live        map[string]string `yaml:"live"`
}

// Runs are expected of models, by name.
type Runs map[string][]ExpectRun

// ExpectRun is expected of a training run.
type ExpectRun struct {
	State    string        `yaml:"state"`
	Objects  *int          `yaml:"objects"`
	Reason   string        `yaml:"reason"`   // part of it
	Causes   string        `yaml:"causes"`   // part of them
	Class    string        `yaml:"class"`    // of its failure
	Approval string        `yaml:"approval"` // of its package
	Tried    int           `yaml:"tried"`    // executions before the last one
	Log      string        `yaml:"log"`      // part of the lines in the report
	AtLeast  spec.Duration `yaml:"atLeast"`  // when its demand was closed, after the beginning
	Within   spec.Duration `yaml:"within"`
}

// ExpectCommand is expected of the answer to a command.
type ExpectCommand struct {
	Rollout  string `yaml:"rollout"`
	Verb     string `yaml:"verb"`
	Accepted bool   `yaml:"accepted"`
	Answer   string `yaml:"answer"` // part of it
}

// ExpectRollout is expected of a rollout.
type ExpectRollout struct {
	ID       string        `yaml:"id"`
	State    string        `yaml:"state"`
	Weight   *int          `yaml:"weight"` // of the last step asked for
	Reason   string        `yaml:"reason"` // part of it
	Within   spec.Duration `yaml:"within"`
	AtLeast  spec.Duration `yaml:"atLeast"`  // how long it took
	MaxBad   *int64        `yaml:"maxBad"`   // bad answers that the candidate really gave
	Verified string        `yaml:"verified"` // part of the last reading of the endpoint
}
