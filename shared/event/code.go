package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"

	"sluice/shared/fault"
)

// Detail types of the events about code. GitPushType is ours: whoever has Git can
// send it, from the source GitSource.
const (
	ReferenceStateType   = "CodeCommit Repository State Change"
	PullRequestStateType = "CodeCommit Pull Request State Change"
	GitPushType          = "Push"
	GitSource            = "sluice.git"
)

// Reference is a branch or a tag of a CodeCommit repository that has changed. What
// it leads to now is read again: events of CodeCommit may be lost, and overtake each
// other.
type Reference struct {
	Repository string
	Name       string // without refs/heads/ or refs/tags/
	Tag        bool
	Commit     string // "" when it was deleted
	Previous   string // "" when it was created
}

// ReferenceState reads CodeCommit's event. Errors: Invalid without a repository or a
// full reference name.
func ReferenceState(e Envelope) (Reference, error) {
	d, err := detail[struct {
		RepositoryName    string
		ReferenceFullName string
		CommitID          string
		OldCommitID       string
	}](e, ReferenceStateType)
	if err != nil {
		return Reference{}, err
	}
	r := Reference{Repository: d.RepositoryName, Commit: d.CommitID, Previous: d.OldCommitID}
	branch, isBranch := strings.CutPrefix(d.ReferenceFullName, "refs/heads/")
	tag, isTag := strings.CutPrefix(d.ReferenceFullName, "refs/tags/")
	r.Name, r.Tag = branch, isTag
	if isTag {
		r.Name = tag
	}
	if r.Repository == "" || r.Name == "" || !isBranch && !isTag {
		return Reference{}, fault.Invalid.Errorf("event %s (%s): repositoryName and a referenceFullName like refs/heads/main must both be there", e.ID, e.DetailType)
	}
	return r, nil
}

// PullRequest is a CodeCommit pull request that has changed, a wake-up to read it.
type PullRequest struct {
	ID         string
	Repository string
	Event      string // pullRequestCreated, pullRequestSourceBranchUpdated, ...
	Open       bool
	Merged     bool
	Head       string // commit
	Revision   string
}

// PullRequestState reads CodeCommit's event, in which "True" is a text and there is a
// list of one repository. Errors: Invalid without id, repository or event.
func PullRequestState(e Envelope) (PullRequest, error) {
	d, err := detail[struct {
		PullRequestID     string
		RepositoryNames   []string
		Event             string
		PullRequestStatus string
		IsMerged          json.RawMessage
		SourceCommit      string
		RevisionID        string
	}](e, PullRequestStateType)
	if err != nil {
		return PullRequest{}, err
	}
	p := PullRequest{
		ID: d.PullRequestID, Event: d.Event, Open: strings.EqualFold(d.PullRequestStatus, "open"), Head: d.SourceCommit, Revision: d.RevisionID,
		Merged: strings.EqualFold(strings.Trim(string(d.IsMerged), `"`), "true"),
	}
	if len(d.RepositoryNames) > 0 {
		p.Repository = d.RepositoryNames[0]
	}
	if p.ID == "" || p.Repository == "" || p.Event == "" {
		return PullRequest{}, fault.Invalid.Errorf("event %s (%s): pullRequestId, repositoryNames and event must all be there", e.ID, e.DetailType)
	}
	return p, nil
}

// Push is the detail of our own event: a push to a branch of any Git repository, sent
// by a webhook, a partner source or a CI job.
type Push struct {
	Repository string `json:"repository"` // such as github.com/acme/churn
	Branch     string `json:"branch"`
	Commit     string `json:"commit"`             // 40 or 64 hexadecimal digits; of a deletion, the last one
	Previous   string `json:"previous,omitempty"` // "" for a new branch
	Deleted    bool   `json:"deleted,omitempty"`
	Author     string `json:"author,omitempty"`
	// Paths are the files that differ between Previous and Commit. AllPaths says that
	// there are too many to list: any may have changed.
	Paths    []string `json:"paths,omitempty"`
	AllPaths bool     `json:"allPaths,omitempty"`
	// Specs are the sluice.yaml files at Commit, content by path.
	Specs map[string]string `json:"specs,omitempty"`
}

// The limits of a Push. Source: EventBridge takes 256 KB at once; Git's own are wider.
const (
	maxPaths  = 3000
	maxBranch = 255
)

var (
	commitID   = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	repository = regexp.MustCompile(`^[\w.-]+(?:/[\w.~-]+)*$`)
)

// GitPush reads our event, strictly: a member that it does not know would be one that
// a sender relies on. Errors: Invalid, saying which member is wrong.
func GitPush(e Envelope) (Push, error) {
	wrong := func(format string, args ...any) (Push, error) {
		return Push{}, fault.Invalid.Errorf("event %s (%s %s): %s", e.ID, e.Source, e.DetailType, fmt.Sprintf(format, args...))
	}
	if e.DetailType != GitPushType || e.Source != GitSource {
		return wrong("it is no %s of %s", GitPushType, GitSource)
	}
	var p Push
	d := json.NewDecoder(bytes.NewReader(e.Detail))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return wrong("%v", err)
	}
	switch {
	case len(p.Repository) > maxBranch || !repository.MatchString(p.Repository):
		return wrong("repository is %.80q; write it like github.com/acme/churn", p.Repository)
	case p.Branch == "" || len(p.Branch) > maxBranch || strings.ContainsFunc(p.Branch, unicode.IsControl) || strings.HasPrefix(p.Branch, "refs/"):
		return wrong("branch is %.80q; write its short name, like main", p.Branch)
	case !commitID.MatchString(p.Commit):
		return wrong("commit is %.80q; write all its hexadecimal digits", p.Commit)
	case p.Previous != "" && !commitID.MatchString(p.Previous):
		return wrong("previous is %.80q; write all its hexadecimal digits, or leave it out", p.Previous)
	case len(p.Paths) > maxPaths || p.AllPaths && len(p.Paths) > 0:
		return wrong("it lists %d paths; list at most %d, or write allPaths instead", len(p.Paths), maxPaths)
	}
	for _, name := range p.Paths {
		if !inside(name) {
			return wrong("path %.80q is none from the root of the repository", name)
		}
	}
	for name := range p.Specs {
		if !inside(name) || path.Base(name) != "sluice.yaml" {
			return wrong("specs holds %.80q; only files called sluice.yaml belong there", name)
		}
	}
	return p, nil
}

// inside reports whether name is a path from the root of a repository.
func inside(name string) bool {
	return name != "" && name == path.Clean(name) && !path.IsAbs(name) && name != "." && name != ".." && !strings.HasPrefix(name, "../")
}
