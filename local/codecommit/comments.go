package codecommit

import (
	"encoding/json"
	"time"

	"sluice/local/wire"
)

// maxContent bounds a comment, in bytes.
// Source: CodeCommit user guide, quotas.
const maxContent = 10240

// comment is one comment; thread is where it stands.
type comment struct {
	id, content, author, token string
	created, modified          time.Time
	deleted                    bool
	in                         *thread
}

// thread is a comment on a pull request, or on the comparison of two commits.
type thread struct {
	repo          string
	request       string // "" on a comparison
	before, after string
	location      json.RawMessage
	comment       *comment
}

type commentIn struct {
	PullRequestID      string          `json:"pullRequestId"`
	RepositoryName     string          `json:"repositoryName"`
	BeforeCommitID     string          `json:"beforeCommitId"`
	AfterCommitID      string          `json:"afterCommitId"`
	Location           json.RawMessage `json:"location"`
	Content            string          `json:"content"`
	ClientRequestToken string          `json:"clientRequestToken"`
	CommentID          string          `json:"commentId"`
	NextToken          string          `json:"nextToken"`
	MaxResults         *int            `json:"maxResults"`
}

func (in *commentIn) repository() string { return in.RepositoryName }

type commentShape struct {
	CommentID          string     `json:"commentId"`
	Content            string     `json:"content,omitempty"`
	CreationDate       *wire.Time `json:"creationDate"`
	LastModifiedDate   *wire.Time `json:"lastModifiedDate"`
	AuthorARN          string     `json:"authorArn"`
	Deleted            bool       `json:"deleted"`
	ClientRequestToken string     `json:"clientRequestToken,omitempty"`
}

func (c *comment) shape() commentShape {
	out := commentShape{c.id, c.content, wire.At(c.created), wire.At(c.modified), c.author, c.deleted, c.token}
	if c.deleted {
		out.Content = ""
	}
	return out
}

type postedOut struct {
	threadShape
	Comment commentShape `json:"comment"`
}

type threadShape struct {
	PullRequestID  string          `json:"pullRequestId,omitempty"`
	RepositoryName string          `json:"repositoryName"`
	BeforeCommitID string          `json:"beforeCommitId,omitempty"`
	AfterCommitID  string          `json:"afterCommitId"`
	Location       json.RawMessage `json:"location,omitempty"`
}

type dataShape struct {
	threadShape
	Comments []commentShape `json:"comments"`
}

func (t *thread) shape() threadShape {
	return threadShape{t.request, t.repo, t.before, t.after, t.location}
}

type commentOut struct {
	Comment commentShape `json:"comment"`
}

type requestCommentsOut struct {
	Data      []dataShape `json:"commentsForPullRequestData"`
	NextToken string      `json:"nextToken,omitempty"`
}

type comparedCommentsOut struct {
	Data      []dataShape `json:"commentsForComparedCommitData"`
	NextToken string      `json:"nextToken,omitempty"`
}

func (s *Service) wireComments(svc *wire.Service) {
	of := func(in *commentIn) string { // operations on a comment name no repository
		if c := s.comments[in.CommentID]; c != nil {
			return c.in.repo
		}
		return ""
	}
	handle(svc, "PostCommentForPullRequest", (*commentIn).repository, s.postForRequest)
	handle(svc, "PostCommentForComparedCommit", (*commentIn).repository, func(c *wire.Call, in *commentIn) (*postedOut, error) {
		in.PullRequestID = ""
		return s.post(c, in)
	})
	handle(svc, "UpdateComment", of, s.updateComment)
	handle(svc, "GetComment", of, func(_ *wire.Call, in *commentIn) (*commentOut, error) {
		c, err := s.comment(in.CommentID)
		if err != nil {
			return nil, err
		}
		return &commentOut{c.shape()}, nil
	})
	handle(svc, "DeleteCommentContent", of, func(_ *wire.Call, in *commentIn) (*commentOut, error) {
		c, err := s.comment(in.CommentID)
		if err != nil {
			return nil, err
		}
		c.deleted, c.modified = true, s.world.Now()
		return &commentOut{c.shape()}, nil
	})
	handle(svc, "GetCommentsForPullRequest", func(in *commentIn) string { return s.repositoryOf(in.PullRequestID) }, func(_ *wire.Call, in *commentIn) (*requestCommentsOut, error) {
		if _, err := s.request(in.PullRequestID); err != nil {
			return nil, err
		}
		page, next, err := s.page(in, func(t *thread) bool {
			return t.request == in.PullRequestID && (in.AfterCommitID == "" || t.after == in.AfterCommitID)
		})
		return &requestCommentsOut{page, next}, err
	})
	handle(svc, "GetCommentsForComparedCommit", (*commentIn).repository, func(_ *wire.Call, in *commentIn) (*comparedCommentsOut, error) {
		if _, err := s.repository(in.RepositoryName); err != nil {
			return nil, err
		}
		page, next, err := s.page(in, func(t *thread) bool {
			return t.request == "" && t.repo == in.RepositoryName && t.after == in.AfterCommitID && t.before == in.BeforeCommitID
		})
		return &comparedCommentsOut{page, next}, err
	})
}

func (s *Service) comment(id string) (*comment, error) {
	c := s.comments[id]
	switch {
	case c == nil:
		return nil, wire.Errorf("CommentDoesNotExistException", "No comment exists with the provided ID: %q", id)
	case c.deleted:
		return nil, wire.Errorf("CommentDeletedException", "This comment has already been deleted: %s", id)
	}
	return c, nil
}

func (s *Service) postForRequest(c *wire.Call, in *commentIn) (*postedOut, error) {
	p, err := s.request(in.PullRequestID)
	switch {
	case err != nil:
		return nil, err
	case p.repo.name != in.RepositoryName:
		return nil, wire.Errorf("RepositoryNotAssociatedWithPullRequestException", "Repository %s is not associated with pull request %s", in.RepositoryName, p.id)
	case in.BeforeCommitID == "":
		return nil, wire.Errorf("CommitIdRequiredException", "A commit ID is required: write beforeCommitId")
	}
	return s.post(c, in)
}

// post adds a comment, once for each client request token.
func (s *Service) post(c *wire.Call, in *commentIn) (*postedOut, error) {
	if err := s.checkComment(in); err != nil {
		return nil, err
	}
	by := s.caller(c.AccessKey)
	for _, t := range s.threads {
		if in.ClientRequestToken == "" || t.comment.token != in.ClientRequestToken || t.comment.author != by {
			continue
		}
		if t.repo != in.RepositoryName || t.request != in.PullRequestID || t.before != in.BeforeCommitID || t.after != in.AfterCommitID {
			return nil, wire.Errorf("IdempotencyParameterMismatchException", "The client request token is not valid: another comment had it")
		}
		return &postedOut{t.shape(), t.comment.shape()}, nil
	}
	now := s.world.Now()
	t := &thread{in.RepositoryName, in.PullRequestID, in.BeforeCommitID, in.AfterCommitID, in.Location, nil}
	t.comment = &comment{id: s.world.ID("comment", 32) + ":" + s.world.UUID("comment"), content: in.Content, author: by, token: in.ClientRequestToken, created: now, modified: now, in: t}
	s.threads = append(s.threads, t)
	s.comments[t.comment.id] = t.comment
	return &postedOut{t.shape(), t.comment.shape()}, nil
}

func (s *Service) checkComment(in *commentIn) error {
	r, err := s.repository(in.RepositoryName)
	switch {
	case err != nil:
		return err
	case in.Content == "":
		return wire.Errorf("CommentContentRequiredException", "The comment is empty. You must provide some content for a comment.")
	case len(in.Content) > maxContent:
		return wire.Errorf("CommentContentSizeLimitExceededException", "The comment is too large. Comments are limited to 10,240 characters.")
	case in.AfterCommitID == "":
		return wire.Errorf("CommitIdRequiredException", "A commit ID is required: write afterCommitId")
	case in.BeforeCommitID == in.AfterCommitID:
		return wire.Errorf("BeforeCommitIdAndAfterCommitIdAreSameException", "The before commit ID and the after commit ID are the same: %s", in.AfterCommitID)
	}
	for _, id := range []string{in.BeforeCommitID, in.AfterCommitID} {
		if _, err := r.Commit(id); id != "" && err != nil {
			return wire.Errorf("CommitDoesNotExistException", "Commit does not exist: %s", id)
		}
	}
	return nil
}

func (s *Service) updateComment(c *wire.Call, in *commentIn) (*commentOut, error) {
	old, err := s.comment(in.CommentID)
	switch {
	case err != nil:
		return nil, err
	case old.author != s.caller(c.AccessKey):
		return nil, wire.Errorf("CommentNotCreatedByCallerException", "You cannot modify or delete this comment. Only comment authors can modify or delete their comments.")
	case in.Content == "" || len(in.Content) > maxContent:
		return nil, wire.Errorf("CommentContentSizeLimitExceededException", "A comment has 1 to %d characters, not %d", maxContent, len(in.Content))
	}
	old.content, old.modified = in.Content, s.world.Now()
	return &commentOut{old.shape()}, nil
}

// page is one page of the threads that belong to a question, oldest first.
func (s *Service) page(in *commentIn, belongs func(*thread) bool) ([]dataShape, string, error) {
	all := []dataShape{}
	for _, t := range s.threads {
		if belongs(t) {
			all = append(all, dataShape{t.shape(), []commentShape{t.comment.shape()}})
		}
	}
	return cut(all, in.NextToken, in.MaxResults, 100)
}

// Comments are the texts of all comments, the oldest first, for those who check.
func (s *Service) Comments() []string {
	all := []string{}
	for _, t := range s.threads {
		if !t.comment.deleted {
			all = append(all, t.comment.content)
		}
	}
	return all
}
