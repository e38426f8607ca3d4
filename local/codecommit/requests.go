package codecommit

import (
	"strconv"
	"strings"
	"time"

	"sluice/local/wire"
)

const (
	open   = "OPEN"
	closed = "CLOSED"
)

// request is a pull request. Its source and destination are full reference names.
type request struct {
	id, title, description, author, token string
	repo                                  *repository
	source, destination                   string
	sourceCommit, destinationCommit       string
	base, revision, status                string
	mergeCommit, mergeOption, mergedBy    string
	created, active                       time.Time
	rules                                 []*rule
	approvals                             []approval
}

type target struct {
	RepositoryName       string `json:"repositoryName"`
	SourceReference      string `json:"sourceReference"`
	DestinationReference string `json:"destinationReference"`
}

type createRequestIn struct {
	Title              string   `json:"title"`
	Description        string   `json:"description"`
	Targets            []target `json:"targets"`
	ClientRequestToken string   `json:"clientRequestToken"`
}

func (in *createRequestIn) repository() string {
	if len(in.Targets) == 0 {
		return ""
	}
	return in.Targets[0].RepositoryName
}

type requestIn struct {
	PullRequestID     string `json:"pullRequestId"`
	PullRequestStatus string `json:"pullRequestStatus"`
	RepositoryName    string `json:"repositoryName"`
	AuthorARN         string `json:"authorArn"`
	NextToken         string `json:"nextToken"`
	MaxResults        *int   `json:"maxResults"`
}

type requestOut struct {
	PullRequest requestShape `json:"pullRequest"`
}

type requestShape struct {
	PullRequestID      string        `json:"pullRequestId"`
	Title              string        `json:"title"`
	Description        string        `json:"description,omitempty"`
	LastActivityDate   *wire.Time    `json:"lastActivityDate"`
	CreationDate       *wire.Time    `json:"creationDate"`
	PullRequestStatus  string        `json:"pullRequestStatus"`
	AuthorARN          string        `json:"authorArn"`
	Targets            []targetShape `json:"pullRequestTargets"`
	ClientRequestToken string        `json:"clientRequestToken,omitempty"`
	RevisionID         string        `json:"revisionId"`
	ApprovalRules      []ruleShape   `json:"approvalRules"`
}

type targetShape struct {
	target
	SourceCommit      string        `json:"sourceCommit"`
	DestinationCommit string        `json:"destinationCommit"`
	MergeBase         string        `json:"mergeBase,omitempty"`
	MergeMetadata     mergeMetadata `json:"mergeMetadata"`
}

type mergeMetadata struct {
	IsMerged      bool   `json:"isMerged"`
	MergedBy      string `json:"mergedBy,omitempty"`
	MergeCommitID string `json:"mergeCommitId,omitempty"`
	MergeOption   string `json:"mergeOption,omitempty"`
}

func (s *Service) wireRequests(svc *wire.Service) {
	handle(svc, "CreatePullRequest", (*createRequestIn).repository, s.createRequest)
	handle(svc, "GetPullRequest", func(in *requestIn) string { return s.repositoryOf(in.PullRequestID) }, func(_ *wire.Call, in *requestIn) (*requestOut, error) {
		p, err := s.request(in.PullRequestID)
		return p.out(), err
	})
	handle(svc, "ListPullRequests", func(in *requestIn) string { return in.RepositoryName }, func(_ *wire.Call, in *requestIn) (*requestsOut, error) { return s.listRequests(in) })
	handle(svc, "UpdatePullRequestStatus", func(in *requestIn) string { return s.repositoryOf(in.PullRequestID) }, func(c *wire.Call, in *requestIn) (*requestOut, error) {
		p, err := s.openRequest(in.PullRequestID)
		switch {
		case err != nil:
			return nil, err
		case in.PullRequestStatus != closed:
			return nil, wire.Errorf("InvalidPullRequestStatusUpdateException", "The pull request status update is not valid. The only valid update is from OPEN to CLOSED.")
		}
		p.status, p.active = closed, s.world.Now()
		s.requestChanged(p, "pullRequestStatusChanged", s.caller(c.AccessKey), "", "")
		return p.out(), nil
	})
}

// repositoryOf is the name of a pull request's repository; "" if there is none.
func (s *Service) repositoryOf(id string) string {
	p, err := s.request(id)
	if err != nil {
		return ""
	}
	return p.repo.name
}

func (s *Service) request(id string) (*request, error) {
	n, err := strconv.Atoi(id)
	switch {
	case err != nil:
		return nil, wire.Errorf("InvalidPullRequestIdException", "The pull request ID is not valid: %q", id)
	case n < 1 || n > len(s.requests):
		return nil, wire.Errorf("PullRequestDoesNotExistException", "Pull request %s does not exist", id)
	}
	return s.requests[n-1], nil
}

// openRequest is a pull request that can still change.
func (s *Service) openRequest(id string) (*request, error) {
	p, err := s.request(id)
	if err == nil && p.status == closed {
		err = wire.Errorf("PullRequestAlreadyClosedException", "The pull request status cannot be updated because it is already closed.")
	}
	return p, err
}

func (s *Service) createRequest(c *wire.Call, in *createRequestIn) (*requestOut, error) {
	switch {
	case in.Title == "":
		return nil, wire.Errorf("TitleRequiredException", "A pull request title is required.")
	case len(in.Targets) != 1:
		return nil, wire.Errorf("TargetsRequiredException", "A pull request has one target, not %d", len(in.Targets))
	}
	t := in.Targets[0]
	r, err := s.repository(t.RepositoryName)
	if err != nil {
		return nil, err
	}
	p := &request{
		id: strconv.Itoa(len(s.requests) + 1), title: in.Title, description: in.Description, author: s.caller(c.AccessKey), token: in.ClientRequestToken, repo: r,
		source: reference(t.SourceReference), status: open, created: s.world.Now(), active: s.world.Now(),
	}
	if p.destination = reference(t.DestinationReference); t.DestinationReference == "" {
		p.destination = reference(r.fallback)
	}
	for _, known := range s.requests {
		if in.ClientRequestToken != "" && known.token == in.ClientRequestToken {
			if known.title != p.title || known.repo != r || known.source != p.source || known.destination != p.destination {
				return nil, wire.Errorf("IdempotencyParameterMismatchException", "The client request token is not valid: another request had it")
			}
			return known.out(), nil
		}
	}
	if err := p.read(); err != nil {
		return nil, err
	}
	p.revision = s.world.ID("revision", 64)
	s.requests = append(s.requests, p)
	s.requestChanged(p, "pullRequestCreated", p.author, "", "")
	return p.out(), nil
}

// read reads the commits that a new pull request compares.
func (p *request) read() (err error) {
	if p.source == p.destination {
		return wire.Errorf("SourceAndDestinationAreSameException", "The source branch and destination branch are the same: %s", p.source)
	}
	for _, end := range []struct {
		name string
		at   *string
	}{{p.source, &p.sourceCommit}, {p.destination, &p.destinationCommit}} {
		id, ok := p.repo.Reference(end.name)
		if !ok {
			return wire.Errorf("ReferenceDoesNotExistException", "Reference does not exist: %s", end.name)
		}
		*end.at = id
	}
	p.base, err = p.repo.Base(p.sourceCommit, p.destinationCommit)
	return err
}

// reference is the full name of a branch given by either name.
func reference(name string) string { return heads + strings.TrimPrefix(name, heads) }

func (p *request) out() *requestOut {
	if p == nil {
		return nil
	}
	out := requestShape{
		PullRequestID: p.id, Title: p.title, Description: p.description, LastActivityDate: wire.At(p.active), CreationDate: wire.At(p.created),
		PullRequestStatus: p.status, AuthorARN: p.author, ClientRequestToken: p.token, RevisionID: p.revision, ApprovalRules: []ruleShape{},
		Targets: []targetShape{{
			target: target{p.repo.name, p.source, p.destination}, SourceCommit: p.sourceCommit, DestinationCommit: p.destinationCommit, MergeBase: p.base,
			MergeMetadata: mergeMetadata{p.mergeCommit != "", p.mergedBy, p.mergeCommit, p.mergeOption},
		}},
	}
	for _, r := range p.rules {
		out.ApprovalRules = append(out.ApprovalRules, r.shape())
	}
	return &requestOut{out}
}

type requestsOut struct {
	PullRequestIDs []string `json:"pullRequestIds"`
	NextToken      string   `json:"nextToken,omitempty"`
}

// listRequests lists the newest first.
func (s *Service) listRequests(in *requestIn) (*requestsOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for i := len(s.requests) - 1; i >= 0; i-- {
		p := s.requests[i]
		if p.repo == r && (in.PullRequestStatus == "" || p.status == in.PullRequestStatus) && (in.AuthorARN == "" || p.author == in.AuthorARN) {
			all = append(all, p.id)
		}
	}
	page, next, err := cut(all, in.NextToken, in.MaxResults, 100)
	return &requestsOut{page, next}, err
}
