package committing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"sluice/shared/applying"
	"sluice/shared/building"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/flow"
	"sluice/shared/reporting"
	"sluice/shared/spec"
)

// handle does what a push asks for, for each spec file by itself.
func (c *Committing) handle(ctx context.Context, p push) (Committed, error) {
	edge.Note(ctx, "repository", p.repository)
	edge.Note(ctx, "branch", p.branch)
	tip, ok, err := p.git.Tip(ctx, p.repository, p.branch)
	if err != nil || !ok {
		return Committed{}, err // a branch that is gone asks for nothing
	}
	edge.Note(ctx, "commit", tip)
	out := Committed{Commit: tip, Models: []Model{}}
	inForce, err := c.Table.SpecFiles(ctx, p.repository)
	if err != nil {
		return out, err
	}
	changed, _, err := paths(ctx, p.git, p.repository, p.previous, tip)
	if err != nil {
		return out, err
	}
	files, err := c.files(ctx, p, tip, inForce, changed)
	if err != nil {
		return out, err
	}
	for _, f := range files {
		m, handled, err := c.one(ctx, p, f, tip)
		if err != nil {
			return out, err
		}
		if handled {
			out.Models = append(out.Models, m)
		}
	}
	return out, nil
}

// files are the spec files at the tip. A host that does not send them with the push
// leaves those in force as they are.
func (c *Committing) files(ctx context.Context, p push, tip string, inForce map[string]string, changed []string) ([]File, error) {
	all, err := Read(ctx, p.git, p.repository, tip, inForce, changed)
	if err != nil || !p.ordered {
		return all, err
	}
	sent := map[string]bool{}
	for _, f := range all {
		sent[f.Path] = true
	}
	for name, model := range inForce {
		if sent[name] {
			continue
		}
		a, ok, err := c.Table.Applied(ctx, model)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, File{Path: name, Model: model, Spec: &a.Spec})
		}
	}
	return all, nil
}

// line is the name under which the commit stands that was deployed last, from
// whichever branch: hotfixes and main take turns.
const line = ""

// one does what a push asks for of one spec file. handled is false if it was done
// before. The commit counts as handled last of all: what fails is done again, and
// everything that is done can be repeated.
func (c *Committing) one(ctx context.Context, p push, f File, tip string) (m Model, handled bool, err error) {
	head, err := c.Table.Head(ctx, p.repository, p.branch, f.Path)
	if err != nil || head.Commit == tip || p.ordered && p.at.Before(head.At) {
		return m, false, err
	}
	m = Model{Model: f.Model, Problem: f.Problem, Do: []spec.Do{}}
	if f.Problem != "" {
		return m, true, c.refuse(ctx, p, f, tip)
	}
	if f.Spec == nil {
		return m, false, nil
	}
	d, deployed, err := c.decide(ctx, p, f, tip, head)
	if err != nil {
		return m, false, err
	}
	if d.Deploys {
		if m.Applied, m.Problem, err = c.apply(ctx, p, f, tip); err != nil {
			return m, false, err
		}
		if f.Problem = m.Problem; f.Problem != "" {
			return m, true, c.refuse(ctx, p, f, tip)
		}
	}
	for _, choice := range d.Choices {
		if err := c.do(ctx, p, f, tip, choice); err != nil {
			return m, false, err
		}
		m.Do = append(m.Do, choice.Do)
	}
	edge.Note(ctx, "did for "+f.Model, m.Do)
	if d.Deploys {
		if err := c.Table.PutHead(ctx, p.repository, line, f.Path, Head{Commit: tip, At: p.at, Rev: deployed.Rev + 1}); err != nil {
			return m, false, err
		}
	}
	return m, true, c.Table.PutHead(ctx, p.repository, p.branch, f.Path, Head{Commit: tip, At: p.at, Rev: head.Rev + 1})
}

// decide compares the tip with what was deployed last, if the branch deploys, and else
// with what was handled last of the branch.
func (c *Committing) decide(ctx context.Context, p push, f File, tip string, head Head) (d flow.Decision, deployed Head, err error) {
	if deployed, err = c.Table.Head(ctx, p.repository, line, f.Path); err != nil {
		return d, deployed, err
	}
	what := flow.Push{Branch: p.branch}
	d = flow.Decide(*f.Spec.Code, c.Environment, what)
	before := cmp.Or(head.Commit, deployed.Commit, p.previous)
	if d.Deploys {
		before = cmp.Or(deployed.Commit, head.Commit, p.previous)
	}
	known := true
	if what.Paths, known, err = paths(ctx, p.git, p.repository, before, tip); err != nil {
		return d, deployed, err
	}
	what.All = !known
	return flow.Decide(*f.Spec.Code, c.Environment, what), deployed, nil
}

// paths are the paths that differ between two commits. known is false if they cannot
// be told: a forced push may have taken the older commit away.
func paths(ctx context.Context, git Git, repository, before, after string) (changed []string, known bool, err error) {
	changed, err = git.Changed(ctx, repository, before, after)
	if fault.Is(err, fault.NotFound) {
		return nil, false, nil
	}
	return changed, err == nil, err
}

// apply puts a spec in force. problem says why it must not be.
func (c *Committing) apply(ctx context.Context, p push, f File, tip string) (changed bool, problem string, err error) {
	last, ok, err := c.Table.Applied(ctx, f.Model)
	if err != nil {
		return false, "", err
	}
	if kept := last.Spec.Code; ok && kept != nil && (kept.Repository != p.repository || kept.File() != f.Path) {
		return false, fmt.Sprintf("%s: model %s is kept in %s, as %s; change code there first", f.Path, f.Model, kept.Repository, kept.File()), nil
	}
	ch, err := applying.Apply(ctx, c.Table, *f.Spec, p.repository+"@"+tip, p.at)
	if fault.Is(err, fault.Conflict) && !ch.Changed { // a name that belongs to another model, and no race
		return false, fmt.Sprintf("%s: %v", f.Path, err), nil
	}
	return ch.Changed, "", err
}

// refuse tells of a spec that is wrong, on the commit and, if it would have come into
// force, in a report. Nothing changes, and the commit does not count as handled: what
// it changed is still to be done once the spec is right.
func (c *Committing) refuse(ctx context.Context, p push, f File, tip string) error {
	token := hash(p.repository, tip, f.Path)
	text := fmt.Sprintf("`%s` is not put in force:\n\n```\n%s\n```\n\nUntil it is right, what was in force stays, and this commit starts nothing.", f.Path, f.Problem)
	if err := p.git.Comment(ctx, p.repository, tip, text, token); err != nil {
		return err
	}
	deploys, err := c.deploys(ctx, p, f)
	if err != nil || !deploys {
		return err
	}
	return c.Reports.Report(ctx, reporting.Failure{
		Cause: "spec/" + token, What: fmt.Sprintf("spec of %s at %s", p.repository, building.Short(tip)), Where: f.Path + " on branch " + p.branch, Why: f.Problem,
		Do: "put the file right and push again; what was in force stays until then",
	}, p.at)
}

// deploys reports whether a wrong spec would have come into force: by what is in force,
// or by the flow that a spec follows which says nothing.
func (c *Committing) deploys(ctx context.Context, p push, f File) (bool, error) {
	code := spec.Code{Flow: spec.FlowGitHub}
	if f.Model != "" {
		last, ok, err := c.Table.Applied(ctx, f.Model)
		if err != nil {
			return false, err
		}
		if ok && last.Spec.Code != nil {
			code = *last.Spec.Code
		}
	}
	return flow.Decide(code, c.Environment, flow.Push{Branch: p.branch}).Deploys, nil
}

// do does one thing that a push asks for.
func (c *Committing) do(ctx context.Context, p push, f File, tip string, choice flow.Choice) error {
	code := f.Spec.Code
	o := building.Order{Repository: p.repository, Commit: tip, Model: f.Model, Do: choice.Do}
	switch choice.Do {
	case spec.DoTest:
		o.Project = code.Checks
	case spec.DoBuild, spec.DoRollout:
		o.Project = code.Image.Project
		// before the build: its image may be scanned before we are back
		if err := c.Table.PutImageOrder(ctx, code.Image.Repository, o); err != nil {
			return err
		}
	case spec.DoTrain:
		text := fmt.Sprintf("%s of %s, %s", building.Short(tip), p.repository, choice.Reason())
		if p.author != "" {
			text += ", by " + p.author
		}
		return c.Trainer.Commit(ctx, f.Model, tip, text, p.at)
	}
	_, err := c.Builds.Start(ctx, o)
	return err
}

// hash names a thing made of parts.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%s\x00", p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
