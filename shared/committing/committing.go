// Package committing makes Git the source of truth: a push puts the specs of its
// commit in force and starts what the changed paths ask for. It has the handler of
// on-commit, for CodeCommit and for any other Git host by our own event.
//
// Events are wake-ups: what a branch leads to is read again, and compared with the
// commit that was handled last, so that lost, late, repeated and reordered events, and
// forced pushes, come to the same. A spec that is wrong changes nothing, is commented
// on, and what its push changed is done when it has been put right.
//
// What a push asks for decides flow.
package committing

import (
	"context"
	"encoding/json"
	"time"

	"sluice/shared/applying"
	"sluice/shared/building"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/reporting"
	"sluice/shared/spec"
)

// Git is what is read of a repository.
type Git interface {
	// Tip is the commit that a branch leads to; ok is false if there is no such branch.
	Tip(ctx context.Context, repository, branch string) (commit string, ok bool, err error)
	// File reads a file at a commit; ok is false if it is not there.
	File(ctx context.Context, repository, commit, path string) (content []byte, ok bool, err error)
	// Changed lists the paths that differ between two commits; before may be "".
	// Errors: NotFound if a commit is gone.
	Changed(ctx context.Context, repository, before, after string) (paths []string, err error)
	// Comment comments on a commit, once for a token.
	Comment(ctx context.Context, repository, commit, text, token string) error
}

// Head is the commit of a branch that was handled last, for one spec file.
type Head struct {
	Commit string    `json:"commit"`
	At     time.Time `json:"at"` // of the event
	Rev    int       `json:"rev"`
}

type table interface {
	// Applied is the spec of a model in force; ok is false if there is none.
	Applied(ctx context.Context, model string) (a applying.Applied, ok bool, err error)
	// Apply and OwnerOf are applying's.
	Apply(ctx context.Context, next applying.Applied, last *applying.Applied) error
	OwnerOf(ctx context.Context, kind applying.Kind, name string) (string, error)
	// SpecFiles lists the files of a repository whose specs are in force, with their
	// models.
	SpecFiles(ctx context.Context, repository string) (map[string]string, error)
	// Head is the last commit handled; the zero Head is none.
	Head(ctx context.Context, repository, branch, file string) (Head, error)
	// PutHead replaces the Head before next.Rev. Errors: Conflict if it has changed.
	PutHead(ctx context.Context, repository, branch, file string, next Head) error
	// PutImageOrder remembers an order for an image, for when it has been scanned.
	PutImageOrder(ctx context.Context, imageRepository string, o building.Order) error
}

type builds interface {
	// Start starts the build of an order. The same order gives the same build.
	Start(ctx context.Context, o building.Order) (id string, err error)
}

type trainer interface {
	// Commit puts a commit into the demand of a model.
	Commit(ctx context.Context, model, commit, text string, at time.Time) error
}

// Committing has the handler of on-commit.
type Committing struct {
	Table       table
	Git         Git // CodeCommit
	Builds      builds
	Trainer     trainer
	Reports     *reporting.Desk
	Environment string // that this deployment of Sluice is, such as production
}

// Committed says what became of a push.
type Committed struct {
	Commit string  `json:"commit"` // that the branch leads to; "" if it is gone
	Models []Model `json:"models"`
}

// Model is what a push came to for one model.
type Model struct {
	Model   string    `json:"model"`
	Applied bool      `json:"applied"` // its spec has changed
	Do      []spec.Do `json:"do"`
	Problem string    `json:"problem"` // with its spec; "" if none
}

// push is a branch that has changed, with where its commits are read.
type push struct {
	git                  Git
	repository, branch   string
	previous, author, id string
	at                   time.Time
	ordered              bool // the event itself says what the tip is, so an old one must not win
}

// OnCommit is the handler of on-commit.
func (c *Committing) OnCommit(ctx context.Context, raw json.RawMessage) (Committed, error) {
	e, err := event.Parse(raw)
	if err != nil {
		return Committed{}, err
	}
	if e.DetailType == event.GitPushType {
		p, err := event.GitPush(e)
		if err != nil {
			return Committed{}, err
		}
		return c.handle(ctx, push{git: pushed{p}, repository: p.Repository, branch: p.Branch, previous: p.Previous, author: p.Author, id: e.ID, at: e.Time, ordered: true})
	}
	r, err := event.ReferenceState(e)
	if err != nil {
		return Committed{}, err
	}
	if r.Tag {
		edge.Note(ctx, "tag", r.Name)
		return Committed{}, nil // a tag moves nothing
	}
	return c.handle(ctx, push{git: c.Git, repository: r.Repository, branch: r.Name, previous: r.Previous, id: e.ID, at: e.Time})
}
