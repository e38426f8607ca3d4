package codecommit

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"sluice/local/codecommit/git"
	"sluice/local/wire"
)

type mergeIn struct {
	PullRequestID              string `json:"pullRequestId"`
	RepositoryName             string `json:"repositoryName"`
	SourceCommitID             string `json:"sourceCommitId"`
	CommitMessage              string `json:"commitMessage"`
	AuthorName                 string `json:"authorName"`
	Email                      string `json:"email"`
	ConflictDetailLevel        string `json:"conflictDetailLevel"`
	ConflictResolutionStrategy string `json:"conflictResolutionStrategy"`
}

func (s *Service) wireMerges(svc *wire.Service) {
	for name, option := range map[string]string{
		"MergePullRequestByFastForward": "FAST_FORWARD_MERGE", "MergePullRequestBySquash": "SQUASH_MERGE", "MergePullRequestByThreeWay": "THREE_WAY_MERGE",
	} {
		handle(svc, name, func(in *mergeIn) string { return s.repositoryOf(in.PullRequestID) }, func(c *wire.Call, in *mergeIn) (*requestOut, error) { return s.merge(c, in, option) })
	}
}

// merge brings a pull request's source into its destination and closes it.
func (s *Service) merge(c *wire.Call, in *mergeIn, option string) (*requestOut, error) {
	p, err := s.openRequest(in.PullRequestID)
	switch {
	case err != nil:
		return nil, err
	case in.RepositoryName != p.repo.name:
		return nil, wire.Errorf("RepositoryNotAssociatedWithPullRequestException", "Repository %s is not associated with pull request %s", in.RepositoryName, p.id)
	case in.SourceCommitID != "" && in.SourceCommitID != p.sourceCommit:
		return nil, wire.Errorf("TipOfSourceReferenceIsDifferentException", "The tip of the source branch is %s, not %s", p.sourceCommit, in.SourceCommitID)
	}
	if e := p.evaluate(); !e.Approved {
		return nil, wire.Errorf("PullRequestApprovalRulesNotSatisfiedException", "The pull request cannot be merged because one or more approval rules have not been satisfied: %s", strings.Join(e.NotSatisfied, ", "))
	}
	tip, ok := p.repo.Reference(p.destination)
	if !ok {
		return nil, wire.Errorf("ReferenceDoesNotExistException", "Reference does not exist: %s", p.destination)
	}
	base, err := p.repo.Base(p.sourceCommit, tip)
	if err != nil {
		return nil, err
	}
	by := s.caller(c.AccessKey)
	id, err := s.mergeCommit(p, in, option, base, tip, by)
	if err != nil {
		return nil, err
	}
	m := &merged{
		base, p.sourceCommit, tip, option,
		cmp.Or(in.ConflictDetailLevel, "FILE_LEVEL"), cmp.Or(in.ConflictResolutionStrategy, "NONE"),
	}
	p.status, p.active = closed, s.world.Now()
	p.mergeCommit, p.mergeOption, p.mergedBy = id, option, by
	if err := s.move(p.repo, p.destination, id, m); err != nil {
		return nil, err
	}
	s.requestChanged(p, "pullRequestMergeStatusUpdated", by, "", option)
	return p.out(), nil
}

// mergeCommit is the commit that the destination gets.
func (s *Service) mergeCommit(p *request, in *mergeIn, option, base, tip, by string) (string, error) {
	conflict := func(paths ...string) error {
		return wire.Errorf("ManualMergeRequiredException", "The pull request cannot be merged automatically into the destination branch. You must manually merge the branches and resolve any conflicts: %s", strings.Join(paths, ", "))
	}
	if option == "FAST_FORWARD_MERGE" {
		if base != tip {
			return "", conflict(p.destination + " has commits of its own")
		}
		return p.sourceCommit, nil
	}
	edits, conflicts, err := p.repo.Merge(base, p.sourceCommit, tip)
	if err != nil {
		return "", err
	}
	if len(conflicts) > 0 {
		return "", conflict(conflicts...)
	}
	parents := []string{tip}
	if option == "THREE_WAY_MERGE" {
		parents = append(parents, p.sourceCommit)
	}
	message := cmp.Or(in.CommitMessage, fmt.Sprintf("Merge pull request %s: %s", p.id, p.title))
	id, err := p.repo.Write(parents, edits, git.Signature{Name: cmp.Or(in.AuthorName, by), Email: in.Email, At: s.world.Now()}, message)
	if errors.Is(err, git.ErrConflict) {
		return "", conflict(err.Error())
	}
	return id, err
}
