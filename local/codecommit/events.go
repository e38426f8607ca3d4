package codecommit

import (
	"fmt"
	"strings"

	"sluice/local/wire"
)

// merged is what the event of a reference says of the merge that changed it.
type merged struct {
	BaseCommitID       string `json:"baseCommitId"`
	SourceCommitID     string `json:"sourceCommitId"`
	DestinationID      string `json:"destinationCommitId"`
	MergeOption        string `json:"mergeOption"`
	ConflictDetails    string `json:"conflictDetailsLevel"`
	ConflictResolution string `json:"conflictResolutionStrategy"`
}

// referenceDetail is the detail of "CodeCommit Repository State Change".
// Source: AWS.md A.2; which members a plain push has is not documented.
type referenceDetail struct {
	Event             string `json:"event"`
	RepositoryName    string `json:"repositoryName"`
	RepositoryID      string `json:"repositoryId"`
	ReferenceType     string `json:"referenceType"`
	ReferenceName     string `json:"referenceName"`
	ReferenceFullName string `json:"referenceFullName"`
	CommitID          string `json:"commitId,omitempty"`
	OldCommitID       string `json:"oldCommitId,omitempty"`
	*merged
}

func (s *Service) referenceChanged(r *repository, reference, old, id string, m *merged) {
	d := referenceDetail{
		Event: "referenceUpdated", RepositoryName: r.name, RepositoryID: r.id, ReferenceType: "branch", ReferenceName: strings.TrimPrefix(reference, heads),
		ReferenceFullName: reference, CommitID: id, OldCommitID: old, merged: m,
	}
	if name, isTag := strings.CutPrefix(reference, "refs/tags/"); isTag {
		d.ReferenceType, d.ReferenceName = "tag", name
	}
	switch {
	case old == "":
		d.Event = "referenceCreated"
	case id == "":
		d.Event = "referenceDeleted"
	}
	s.emit("aws.codecommit", "CodeCommit Repository State Change", []string{ARN(r.name)}, d)
}

// requestDate is how pull request events write times.
const requestDate = "Mon Jan 02 15:04:05 MST 2006"

// requestDetail is the detail of "CodeCommit Pull Request State Change". IsMerged is
// text, and dates are not RFC 3339.
type requestDetail struct {
	ApprovalStatus       string   `json:"approvalStatus,omitempty"`
	Author               string   `json:"author"`
	CallerUserARN        string   `json:"callerUserArn"`
	CreationDate         string   `json:"creationDate"`
	Description          string   `json:"description,omitempty"`
	DestinationCommit    string   `json:"destinationCommit"`
	DestinationReference string   `json:"destinationReference"`
	Event                string   `json:"event"`
	IsMerged             string   `json:"isMerged"`
	LastModifiedDate     string   `json:"lastModifiedDate"`
	MergeOption          string   `json:"mergeOption,omitempty"`
	NotificationBody     string   `json:"notificationBody"`
	PullRequestID        string   `json:"pullRequestId"`
	PullRequestStatus    string   `json:"pullRequestStatus"`
	RepositoryNames      []string `json:"repositoryNames"`
	RevisionID           string   `json:"revisionId"`
	SourceCommit         string   `json:"sourceCommit"`
	SourceReference      string   `json:"sourceReference"`
	Title                string   `json:"title"`
}

// requestChanged sends the event of a pull request.
func (s *Service) requestChanged(p *request, event, caller, approval, mergeOption string) {
	d := requestDetail{
		ApprovalStatus: approval, Author: p.author, CallerUserARN: caller, CreationDate: p.created.Format(requestDate), Description: p.description,
		DestinationCommit: p.destinationCommit, DestinationReference: p.destination, Event: event, IsMerged: "False", LastModifiedDate: p.active.Format(requestDate),
		MergeOption: mergeOption, PullRequestID: p.id, PullRequestStatus: "Open", RepositoryNames: []string{p.repo.name}, RevisionID: p.revision,
		SourceCommit: p.sourceCommit, SourceReference: p.source, Title: p.title,
	}
	if p.mergeCommit != "" {
		d.IsMerged = "True"
	}
	if p.status == closed {
		d.PullRequestStatus = "Closed"
	}
	d.NotificationBody = fmt.Sprintf("A pull request event occurred in the following AWS CodeCommit repository: %s. User: %s. Event: %s. Pull request: %s, %s. "+
		"For more information, go to the AWS CodeCommit console https://%s.console.aws.amazon.com/codesuite/codecommit/repositories/%s/pull-requests/%s",
		p.repo.name, caller, strings.TrimPrefix(event, "pullRequest"), p.id, p.title, wire.Region, p.repo.name, p.id)
	s.emit("aws.codecommit", "CodeCommit Pull Request State Change", []string{ARN(p.repo.name)}, d)
}
