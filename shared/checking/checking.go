// Package checking tests pull requests: one run of each CodeBuild project for the
// newest commit of a request, older runs stopped, and the result in one comment, which
// is updated in place, and as an approval. It has the handler of on-request, which
// hears of the results, too: only who has written a comment may change it.
//
// A request is read again whenever an event tells of it. Which projects test it, the
// specs at its commit say; a spec that is wrong fails the check by itself.
package checking

import (
	"context"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/shared/building"
	"sluice/shared/committing"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// Request is a pull request as it is now.
type Request struct {
	ID, Repository string
	Open           bool
	Base           string // the commit of the destination
	Head           string // the commit of the source
	Revision       string
}

// Check is what is known of the checks of a pull request. Builds are the ids of its
// builds by project, Results the outcome of those that are over.
type Check struct {
	Head     string            `json:"head"`
	Revision string            `json:"revision"`
	Builds   map[string]string `json:"builds"`
	Results  map[string]Result `json:"results"`
	Problems string            `json:"problems"` // of specs
	Comment  string            `json:"comment"`  // id
	Rev      int               `json:"rev"`
}

// Result is the outcome of one build.
type Result struct {
	Status string `json:"status"`
	Text   string `json:"text"` // for the comment
}

type requests interface {
	committing.Git
	// Request reads a pull request. Errors: NotFound.
	Request(ctx context.Context, id string) (Request, error)
	// CommentOn comments on a pull request, once for a token, and returns the id.
	CommentOn(ctx context.Context, r Request, text, token string) (id string, err error)
	// Rewrite replaces the text of a comment of ours.
	Rewrite(ctx context.Context, id, text string) error
	// Approve gives our approval to a revision, or takes it back.
	Approve(ctx context.Context, request, revision string, yes bool) error
}

type builds interface {
	// Start starts the build of an order. The same order gives the same build.
	Start(ctx context.Context, o building.Order) (id string, err error)
	// Build reads a build by its id or ARN. Errors: NotFound.
	Build(ctx context.Context, id string) (building.Build, error)
	// Stop stops a build. One that is over stays as it is.
	Stop(ctx context.Context, id string) error
	// Tail is the end of a build's log.
	Tail(ctx context.Context, b building.Build, lines int) ([]string, error)
}

type table interface {
	// SpecFiles lists the files of a repository whose specs are in force, with their
	// models.
	SpecFiles(ctx context.Context, repository string) (map[string]string, error)
	// Check is the zero Check for a request that has none.
	Check(ctx context.Context, repository, request string) (Check, error)
	// PutCheck replaces the Check before next.Rev. Errors: Conflict if it has changed.
	PutCheck(ctx context.Context, repository, request string, next Check) error
}

// Checking has the handler of on-request.
type Checking struct {
	Table    table
	Requests requests
	Builds   builds
}

// Checked says what became of an event.
type Checked struct {
	Head   string            `json:"head"`
	Builds map[string]string `json:"builds"` // that run, by project
}

// OnRequest is the handler of on-request: pull requests that have changed, and builds
// that are over.
func (c *Checking) OnRequest(ctx context.Context, raw json.RawMessage) (Checked, error) {
	e, err := event.Parse(raw)
	if err != nil {
		return Checked{}, err
	}
	if e.DetailType == event.BuildStateType {
		return c.built(ctx, e)
	}
	p, err := event.PullRequestState(e)
	if err != nil {
		return Checked{}, err
	}
	r, err := c.Requests.Request(ctx, p.ID)
	if err != nil {
		return Checked{}, err
	}
	edge.Note(ctx, "request", r.ID)
	edge.Note(ctx, "head", r.Head)
	last, err := c.Table.Check(ctx, r.Repository, r.ID)
	if err != nil {
		return Checked{}, err
	}
	if !r.Open {
		return Checked{Head: r.Head}, c.stop(ctx, last, nil)
	}
	if last.Head == r.Head && last.Revision == r.Revision && last.Comment != "" {
		return Checked{Head: r.Head, Builds: last.Builds}, c.show(ctx, r.ID, last)
	}
	next, err := c.begin(ctx, r, last)
	return Checked{Head: r.Head, Builds: next.Builds}, err
}

// begin starts the checks of a new head. Builds are started, and older ones stopped,
// before the check is written: their tokens make them the same ones in a second try,
// which still knows of the older ones.
func (c *Checking) begin(ctx context.Context, r Request, last Check) (Check, error) {
	next := Check{Head: r.Head, Revision: r.Revision, Builds: map[string]string{}, Results: map[string]Result{}, Comment: last.Comment, Rev: last.Rev + 1}
	projects, problems, err := c.projects(ctx, r)
	if err != nil {
		return next, err
	}
	next.Problems = problems
	for _, project := range projects {
		o := building.Order{Project: project, Repository: r.Repository, Commit: r.Head, Do: spec.DoTest, Request: r.ID}
		if next.Builds[project], err = c.Builds.Start(ctx, o); err != nil {
			return next, err
		}
	}
	if len(projects) == 0 && problems == "" {
		return next, nil // nothing tests this request
	}
	if next.Comment == "" { // the token makes it one comment in a second try
		if next.Comment, err = c.Requests.CommentOn(ctx, r, next.text(), "request-"+r.Repository+"-"+r.ID); err != nil {
			return next, err
		}
	}
	if err := c.stop(ctx, last, next.Builds); err != nil {
		return next, err
	}
	if err := c.Table.PutCheck(ctx, r.Repository, r.ID, next); err != nil {
		return next, err
	}
	return next, c.show(ctx, r.ID, next)
}

// stop stops the builds of an older check that a newer one does not have.
func (c *Checking) stop(ctx context.Context, last Check, keep map[string]string) error {
	for _, project := range slices.Sorted(maps.Keys(last.Builds)) {
		id := last.Builds[project]
		if _, over := last.Results[project]; over || keep[project] == id {
			continue
		}
		if err := c.Builds.Stop(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// projects are the CodeBuild projects that test a request, sorted: those of the specs
// whose folders it changes. problems are what is wrong with specs.
func (c *Checking) projects(ctx context.Context, r Request) (projects []string, problems string, err error) {
	inForce, err := c.Table.SpecFiles(ctx, r.Repository)
	if err != nil {
		return nil, "", err
	}
	changed, err := c.Requests.Changed(ctx, r.Repository, r.Base, r.Head)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, "", err
	}
	files, err := committing.Read(ctx, c.Requests, r.Repository, r.Head, inForce, changed)
	if err != nil {
		return nil, "", err
	}
	var wrong []string
	for _, f := range files {
		folder := strings.TrimPrefix(path.Dir(f.Path)+"/", "./")
		touched := slices.ContainsFunc(changed, func(name string) bool { return strings.HasPrefix(name, folder) })
		switch {
		case !touched:
		case f.Problem != "":
			wrong = append(wrong, f.Problem)
		case f.Spec != nil && f.Spec.Code.Checks != "":
			projects = append(projects, f.Spec.Code.Checks)
		}
	}
	slices.Sort(projects)
	return slices.Compact(projects), strings.Join(wrong, "\n"), nil
}

// built takes the result of a build that is the check of a request.
func (c *Checking) built(ctx context.Context, e event.Envelope) (Checked, error) {
	s, err := event.BuildState(e)
	if err != nil {
		return Checked{}, err
	}
	b, err := c.Builds.Build(ctx, s.ARN)
	if err != nil || !b.Over() || b.Order.Request == "" {
		return Checked{}, err
	}
	edge.Note(ctx, "request", b.Order.Request)
	edge.Note(ctx, "build", b.ID)
	edge.Note(ctx, "status", b.Status)
	return Checked{Head: b.Order.Commit}, c.finish(ctx, b)
}

// finish writes the result of a build. One of an older head says nothing of the
// request as it is.
func (c *Checking) finish(ctx context.Context, b building.Build) error {
	check, err := c.Table.Check(ctx, b.Order.Repository, b.Order.Request)
	if err != nil {
		return err
	}
	if check.Head != b.Order.Commit || check.Builds[b.Order.Project] != b.ID {
		edge.Note(ctx, "outdated", check.Head)
		return nil
	}
	result := Result{Status: b.Status}
	if b.Failed() {
		tail, err := c.Builds.Tail(ctx, b, maxTail)
		if err != nil {
			return err
		}
		result.Text = failure(b, tail)
	}
	if check.Results[b.Order.Project] != result {
		if check.Results == nil {
			check.Results = map[string]Result{}
		}
		check.Results[b.Order.Project] = result
		check.Rev++
		if err := c.Table.PutCheck(ctx, b.Order.Repository, b.Order.Request, check); err != nil {
			return err
		}
	}
	return c.show(ctx, b.Order.Request, check)
}

// show writes the comment as it should be and, once all results are in, approves or
// takes the approval back. A request that has changed or closed meanwhile gets neither
// from an older check.
func (c *Checking) show(ctx context.Context, request string, check Check) error {
	if err := c.Requests.Rewrite(ctx, check.Comment, check.text()); err != nil {
		return err
	}
	r, err := c.Requests.Request(ctx, request)
	if err != nil || !r.Open || r.Revision != check.Revision || !check.over() {
		return err
	}
	return c.Requests.Approve(ctx, request, check.Revision, check.passed())
}
