package codecommit

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"
	"github.com/google/go-cmp/cmp"
)

var repo = aws.String("churn-model")

// feature opens a pull request of feature-x into main, and returns what mary sees.
func (w *world) feature() *types.PullRequest {
	w.Helper()
	w.push("main", "", map[string]string{"README.md": "a"})
	w.push("feature-x", "main", map[string]string{"training/train.py": "b"})
	out, err := w.client.CreatePullRequest(ctx, &codecommit.CreatePullRequestInput{
		Title: aws.String("My Example Pull Request"), Description: aws.String("An example description."), ClientRequestToken: aws.String("t1"),
		Targets: []types.Target{{RepositoryName: repo, SourceReference: aws.String("feature-x"), DestinationReference: aws.String("main")}},
	})
	w.ok(err)
	return out.PullRequest
}

// now is the pull request as it is.
func (w *world) now() *types.PullRequest {
	w.Helper()
	out, err := w.client.GetPullRequest(ctx, &codecommit.GetPullRequestInput{PullRequestId: aws.String("1")})
	w.ok(err)
	return out.PullRequest
}

func TestAPullRequestSendsTheEventsOfTheSamples(t *testing.T) {
	w := newWorld(t)
	p := w.feature()
	w.like(w.sent[2], "codecommit-pull-request-created")
	w.sent = nil
	head := w.push("feature-x", "", map[string]string{"training/train.py": "c"})
	w.like(w.sent[1], "codecommit-pull-request-source-branch-updated")
	after := w.now()
	if *after.RevisionId == *p.RevisionId || *after.PullRequestTargets[0].SourceCommit != head || w.sent[1].Detail["sourceCommit"] != head {
		t.Errorf("after a push the request is %+v", after)
	}
	approve := &codecommit.UpdatePullRequestApprovalStateInput{PullRequestId: p.PullRequestId, RevisionId: p.RevisionId, ApprovalState: types.ApprovalStateApprove}
	_, err := w.other.UpdatePullRequestApprovalState(ctx, approve)
	w.refused(err, "RevisionNotCurrentException")
	approve.RevisionId = after.RevisionId
	_, err = w.client.UpdatePullRequestApprovalState(ctx, approve)
	w.refused(err, "PullRequestCannotBeApprovedByAuthorException")
	w.sent = nil
	for range 2 { // the second changes nothing
		_, err = w.other.UpdatePullRequestApprovalState(ctx, approve)
		w.ok(err)
	}
	w.like(w.sent[0], "codecommit-pull-request-approval-state-changed")
	if got := w.sent[0].Detail["callerUserArn"]; len(w.sent) != 1 || got != "arn:aws:sts::111122223333:assumed-role/checks/s" {
		t.Errorf("approvals sent %d events, the first of %v", len(w.sent), got)
	}
	w.sent = nil
	_, err = w.client.UpdatePullRequestStatus(ctx, &codecommit.UpdatePullRequestStatusInput{PullRequestId: p.PullRequestId, PullRequestStatus: types.PullRequestStatusEnumClosed})
	w.ok(err)
	w.like(w.sent[0], "codecommit-pull-request-status-changed")
	_, err = w.other.UpdatePullRequestApprovalState(ctx, approve)
	w.refused(err, "PullRequestAlreadyClosedException")
	w.sent = nil
	w.push("feature-x", "", map[string]string{"training/train.py": "d"})
	if got := w.events(); !cmp.Equal(got, []string{"referenceUpdated feature-x"}) {
		t.Errorf("a push to a closed request sends %q", got)
	}
}

func TestARuleGuardsTheMerge(t *testing.T) {
	w := newWorld(t)
	p := w.feature()
	_, err := w.client.CreatePullRequestApprovalRule(ctx, &codecommit.CreatePullRequestApprovalRuleInput{
		PullRequestId: p.PullRequestId, ApprovalRuleName: aws.String("checks"),
		ApprovalRuleContent: aws.String(`{"Version":"2018-11-08","Statements":[{"Type":"Approvers","NumberOfApprovalsNeeded":1,"ApprovalPoolMembers":["arn:aws:sts::111122223333:assumed-role/checks/*"]}]}`),
	})
	w.ok(err)
	merge := &codecommit.MergePullRequestByFastForwardInput{PullRequestId: p.PullRequestId, RepositoryName: repo}
	_, err = w.client.MergePullRequestByFastForward(ctx, merge)
	w.refused(err, "PullRequestApprovalRulesNotSatisfiedException")
	_, err = w.other.UpdatePullRequestApprovalState(ctx, &codecommit.UpdatePullRequestApprovalStateInput{PullRequestId: p.PullRequestId, RevisionId: p.RevisionId, ApprovalState: types.ApprovalStateApprove})
	w.ok(err)
	e, err := w.client.EvaluatePullRequestApprovalRules(ctx, &codecommit.EvaluatePullRequestApprovalRulesInput{PullRequestId: p.PullRequestId, RevisionId: p.RevisionId})
	if err != nil || !e.Evaluation.Approved || !cmp.Equal(e.Evaluation.ApprovalRulesSatisfied, []string{"checks"}) {
		t.Errorf("evaluation %+v %v", e, err)
	}
	states, err := w.client.GetPullRequestApprovalStates(ctx, &codecommit.GetPullRequestApprovalStatesInput{PullRequestId: p.PullRequestId, RevisionId: p.RevisionId})
	if err != nil || len(states.Approvals) != 1 {
		t.Errorf("approvals %+v %v", states, err)
	}
	w.sent = nil
	out, err := w.client.MergePullRequestByFastForward(ctx, merge)
	w.ok(err)
	w.like(w.sent[1], "codecommit-pull-request-merge-status-updated")
	if d := w.sent[1].Detail; d["isMerged"] != "True" || d["pullRequestStatus"] != "Closed" {
		t.Errorf("a merge is sent as %v", d)
	}
	if m := out.PullRequest.PullRequestTargets[0].MergeMetadata; !m.IsMerged || *m.MergeCommitId != *p.PullRequestTargets[0].SourceCommit {
		t.Errorf("merged as %+v", m)
	}
}

func TestMerges(t *testing.T) {
	w := newWorld(t)
	p := w.feature()
	tip := w.push("main", "", map[string]string{"docs/a.md": "x"}) // main goes on
	_, err := w.client.MergePullRequestByFastForward(ctx, &codecommit.MergePullRequestByFastForwardInput{PullRequestId: p.PullRequestId, RepositoryName: repo})
	w.refused(err, "ManualMergeRequiredException")
	w.sent = nil
	out, err := w.client.MergePullRequestByThreeWay(ctx, &codecommit.MergePullRequestByThreeWayInput{PullRequestId: p.PullRequestId, RepositoryName: repo, ConflictDetailLevel: types.ConflictDetailLevelTypeEnumLineLevel})
	w.ok(err)
	w.like(w.sent[0], "codecommit-reference-updated-merge")
	merged := *out.PullRequest.PullRequestTargets[0].MergeMetadata.MergeCommitId
	c, err := w.client.GetCommit(ctx, &codecommit.GetCommitInput{RepositoryName: repo, CommitId: &merged})
	if err != nil || !cmp.Equal(c.Commit.Parents, []string{tip, *p.PullRequestTargets[0].SourceCommit}) {
		t.Errorf("the merge commit is %+v %v", c, err)
	}
	if got, _ := w.differences(tip, merged); !cmp.Equal(got, []string{"A training/train.py"}) {
		t.Errorf("the merge brought %q", got)
	}

	// Both sides change one file, in two ways.
	w.push("feature-y", "main", map[string]string{"README.md": "mine"})
	w.push("main", "", map[string]string{"README.md": "yours"})
	second, err := w.client.CreatePullRequest(ctx, &codecommit.CreatePullRequestInput{Title: aws.String("y"), Targets: []types.Target{{RepositoryName: repo, SourceReference: aws.String("refs/heads/feature-y")}}})
	w.ok(err)
	_, err = w.client.MergePullRequestBySquash(ctx, &codecommit.MergePullRequestBySquashInput{PullRequestId: second.PullRequest.PullRequestId, RepositoryName: repo})
	w.refused(err, "ManualMergeRequiredException")
	list, err := w.client.ListPullRequests(ctx, &codecommit.ListPullRequestsInput{RepositoryName: repo, PullRequestStatus: types.PullRequestStatusEnumOpen})
	if err != nil || !cmp.Equal(list.PullRequestIds, []string{"2"}) {
		t.Errorf("open requests %v %v", list, err)
	}
}

func TestCommentsAreUpdatedInPlace(t *testing.T) {
	w := newWorld(t)
	p := w.feature()
	to := p.PullRequestTargets[0]
	post := &codecommit.PostCommentForPullRequestInput{
		PullRequestId: p.PullRequestId, RepositoryName: repo, BeforeCommitId: to.DestinationCommit, AfterCommitId: to.SourceCommit,
		Content: aws.String("checking"), ClientRequestToken: aws.String("c1"),
	}
	first, err := w.other.PostCommentForPullRequest(ctx, post)
	w.ok(err)
	again, err := w.other.PostCommentForPullRequest(ctx, post) // the answer was lost
	if err != nil || *again.Comment.CommentId != *first.Comment.CommentId {
		t.Errorf("the same token makes %+v %v", again, err)
	}
	_, err = w.client.UpdateComment(ctx, &codecommit.UpdateCommentInput{CommentId: first.Comment.CommentId, Content: aws.String("mine")})
	w.refused(err, "CommentNotCreatedByCallerException")
	_, err = w.other.UpdateComment(ctx, &codecommit.UpdateCommentInput{CommentId: first.Comment.CommentId, Content: aws.String("passed")})
	w.ok(err)
	post.AfterCommitId = to.DestinationCommit
	_, err = w.other.PostCommentForPullRequest(ctx, post)
	w.refused(err, "BeforeCommitIdAndAfterCommitIdAreSameException")
	post.AfterCommitId, post.Content = to.SourceCommit, aws.String(strings.Repeat("x", 10241))
	_, err = w.other.PostCommentForPullRequest(ctx, post)
	w.refused(err, "CommentContentSizeLimitExceededException")
	all, err := w.client.GetCommentsForPullRequest(ctx, &codecommit.GetCommentsForPullRequestInput{PullRequestId: p.PullRequestId})
	w.ok(err)
	if d := all.CommentsForPullRequestData; len(d) != 1 || *d[0].Comments[0].Content != "passed" || *d[0].AfterCommitId != *to.SourceCommit {
		t.Errorf("comments %+v", all.CommentsForPullRequestData)
	}

	on, err := w.other.PostCommentForComparedCommit(ctx, &codecommit.PostCommentForComparedCommitInput{RepositoryName: repo, AfterCommitId: to.SourceCommit, Content: aws.String("spec is wrong")})
	w.ok(err)
	compared := &codecommit.GetCommentsForComparedCommitInput{RepositoryName: repo, AfterCommitId: to.SourceCommit}
	found, err := w.client.GetCommentsForComparedCommit(ctx, compared)
	if err != nil || len(found.CommentsForComparedCommitData) != 1 {
		t.Errorf("comments on the commit %+v %v", found, err)
	}
	_, err = w.other.DeleteCommentContent(ctx, &codecommit.DeleteCommentContentInput{CommentId: on.Comment.CommentId})
	w.ok(err)
	_, err = w.client.GetComment(ctx, &codecommit.GetCommentInput{CommentId: on.Comment.CommentId})
	w.refused(err, "CommentDeletedException")
}
