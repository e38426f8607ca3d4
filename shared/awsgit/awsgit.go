// Package awsgit reads and comments on CodeCommit repositories and pull requests. It
// fills committing's Git and checking's requests.
package awsgit

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"

	"sluice/shared/awsfault"
	"sluice/shared/checking"
)

// Git is CodeCommit.
type Git struct{ client *codecommit.Client }

// Open returns CodeCommit.
func Open(cfg aws.Config) *Git { return &Git{client: codecommit.NewFromConfig(cfg)} }

// Tip fills committing's Git.
func (g *Git) Tip(ctx context.Context, repository, branch string) (string, bool, error) {
	out, err := g.client.GetBranch(ctx, &codecommit.GetBranchInput{RepositoryName: &repository, BranchName: &branch})
	var gone *types.BranchDoesNotExistException
	var deleted *types.RepositoryDoesNotExistException
	if errors.As(err, &gone) || errors.As(err, &deleted) {
		return "", false, nil
	}
	if err != nil {
		return "", false, awsfault.Errorf(err, "reading branch %s of %s", branch, repository)
	}
	return aws.ToString(out.Branch.CommitId), true, nil
}

// File fills committing's Git.
func (g *Git) File(ctx context.Context, repository, commit, path string) ([]byte, bool, error) {
	out, err := g.client.GetFile(ctx, &codecommit.GetFileInput{RepositoryName: &repository, CommitSpecifier: &commit, FilePath: &path})
	var gone *types.FileDoesNotExistException
	if errors.As(err, &gone) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, awsfault.Errorf(err, "reading %s of %s at %s", path, repository, commit)
	}
	return out.FileContent, true, nil
}

// Changed fills committing's Git, through all pages.
func (g *Git) Changed(ctx context.Context, repository, before, after string) ([]string, error) {
	in := &codecommit.GetDifferencesInput{RepositoryName: &repository, AfterCommitSpecifier: &after}
	if before != "" {
		in.BeforeCommitSpecifier = &before
	}
	var all []string
	pages := codecommit.NewGetDifferencesPaginator(g.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsfault.Errorf(err, "comparing %s with %s in %s", before, after, repository)
		}
		for _, d := range page.Differences {
			for _, b := range []*types.BlobMetadata{d.BeforeBlob, d.AfterBlob} { // of a rename, both
				if b != nil && (len(all) == 0 || all[len(all)-1] != aws.ToString(b.Path)) {
					all = append(all, aws.ToString(b.Path))
				}
			}
		}
	}
	return all, nil
}

// Comment fills committing's Git.
func (g *Git) Comment(ctx context.Context, repository, commit, text, token string) error {
	_, err := g.client.PostCommentForComparedCommit(ctx, &codecommit.PostCommentForComparedCommitInput{
		RepositoryName: &repository, AfterCommitId: &commit, Content: &text, ClientRequestToken: &token,
	})
	return awsfault.Errorf(err, "commenting on %s of %s", commit, repository)
}

// Request fills checking's requests.
func (g *Git) Request(ctx context.Context, id string) (checking.Request, error) {
	out, err := g.client.GetPullRequest(ctx, &codecommit.GetPullRequestInput{PullRequestId: &id})
	if err != nil {
		return checking.Request{}, awsfault.Errorf(err, "reading pull request %s", id)
	}
	p := out.PullRequest
	r := checking.Request{ID: id, Open: p.PullRequestStatus == types.PullRequestStatusEnumOpen, Revision: aws.ToString(p.RevisionId)}
	if len(p.PullRequestTargets) > 0 {
		t := p.PullRequestTargets[0]
		r.Repository, r.Head = aws.ToString(t.RepositoryName), aws.ToString(t.SourceCommit)
		if r.Base = aws.ToString(t.MergeBase); r.Base == "" {
			r.Base = aws.ToString(t.DestinationCommit)
		}
	}
	return r, nil
}

// CommentOn fills checking's requests.
func (g *Git) CommentOn(ctx context.Context, r checking.Request, text, token string) (string, error) {
	out, err := g.client.PostCommentForPullRequest(ctx, &codecommit.PostCommentForPullRequestInput{
		PullRequestId: &r.ID, RepositoryName: &r.Repository, BeforeCommitId: &r.Base, AfterCommitId: &r.Head, Content: &text, ClientRequestToken: &token,
	})
	if err != nil {
		return "", awsfault.Errorf(err, "commenting on pull request %s", r.ID)
	}
	return aws.ToString(out.Comment.CommentId), nil
}

// Rewrite fills checking's requests. A comment that somebody has deleted stays so.
func (g *Git) Rewrite(ctx context.Context, id, text string) error {
	_, err := g.client.UpdateComment(ctx, &codecommit.UpdateCommentInput{CommentId: &id, Content: &text})
	var deleted *types.CommentDeletedException
	if errors.As(err, &deleted) {
		return nil
	}
	return awsfault.Errorf(err, "updating comment %s", id)
}

// Approve fills checking's requests. A request that has changed or closed meanwhile
// needs no approval of what it was.
func (g *Git) Approve(ctx context.Context, request, revision string, yes bool) error {
	state := types.ApprovalStateRevoke
	if yes {
		state = types.ApprovalStateApprove
	}
	_, err := g.client.UpdatePullRequestApprovalState(ctx, &codecommit.UpdatePullRequestApprovalStateInput{PullRequestId: &request, RevisionId: &revision, ApprovalState: state})
	var changed *types.RevisionNotCurrentException
	var closed *types.PullRequestAlreadyClosedException
	if errors.As(err, &changed) || errors.As(err, &closed) {
		return nil
	}
	return awsfault.Errorf(err, "approving pull request %s", request)
}
