// Package codecommit is AWS CodeCommit on a laptop: repositories, pull requests with
// comments and approvals, and the events that pushes and reviews send. The Git
// underneath is real.
//
// What people do with git push is Push, Move and Tag; everything else comes over the
// API. Not modelled: triggers, approval rule templates and overrides, reactions,
// replies, merges by line, the Git protocol, and the events of comments, of which no
// sample is known.
package codecommit

import (
	"cmp"
	"errors"
	"regexp"
	"strconv"

	"sluice/local/codecommit/git"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Service is the repositories of one account.
type Service struct {
	world    *sim.World
	emit     func(source, detailType string, resources []string, detail any)
	caller   func(accessKey string) string
	repos    map[string]*repository
	requests []*request // the n-th has the id n+1
	comments map[string]*comment
	threads  []*thread
}

// repository is a repository as CodeCommit keeps it. fallback is its default branch:
// the first one that was made.
type repository struct {
	*git.Repository
	name, id, fallback string
}

// New returns a service without repositories. emit puts an event on the default bus;
// caller is the ARN behind an access key.
func New(w *sim.World, emit func(source, detailType string, resources []string, detail any), caller func(accessKey string) string) *Service {
	return &Service{world: w, emit: emit, caller: caller, repos: map[string]*repository{}, comments: map[string]*comment{}}
}

// ARN is the ARN of a repository.
func ARN(name string) string {
	return "arn:aws:codecommit:" + wire.Region + ":" + wire.Account + ":" + name
}

// Wire is the service with its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "codecommit", Target: "CodeCommit_20150413"}
	s.wireRepositories(svc)
	s.wireFiles(svc)
	s.wireCommits(svc)
	s.wireRequests(svc)
	s.wireApprovals(svc)
	s.wireMerges(svc)
	s.wireComments(svc)
	return svc
}

// handle registers an operation on one repository, which of names.
func handle[In, Out any](svc *wire.Service, name string, of func(*In) string, run func(*wire.Call, *In) (*Out, error)) {
	wire.Handle(svc, name, func(in *In) []wire.Access {
		return []wire.Access{{Action: "codecommit:" + name, Resource: ARN(of(in))}}
	}, run)
}

// empty is the answer of operations that have none.
type empty struct{}

func (s *Service) repository(name string) (*repository, error) {
	if name == "" {
		return nil, wire.Errorf("RepositoryNameRequiredException", "A repository name is required.")
	}
	if r := s.repos[name]; r != nil {
		return r, nil
	}
	return nil, wire.Errorf("RepositoryDoesNotExistException", "%s does not exist", name)
}

// resolve is the commit of a specifier; an empty one is the tip of the default branch.
func (r *repository) resolve(specifier string) (string, error) {
	id, err := r.Resolve(cmp.Or(specifier, r.fallback))
	if errors.Is(err, git.ErrNotFound) {
		return "", wire.Errorf("CommitDoesNotExistException", "Commit does not exist: %s", cmp.Or(specifier, "HEAD"))
	}
	return id, err
}

// full is a whole commit id, which operations on commits insist on.
var full = regexp.MustCompile(`^[0-9a-f]{40}$`)

// cut is one page of a list. A token is the number of entries before the page.
func cut[T any](all []T, token string, limit *int, most int) ([]T, string, error) {
	n := most
	if limit != nil {
		n = *limit
	}
	if n < 1 || n > most {
		return nil, "", wire.Errorf("InvalidMaxResultsException", "The specified number of maximum results is not valid: write 1 to %d", most)
	}
	from := 0
	if token != "" {
		var err error
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(all) {
			return nil, "", wire.Errorf("InvalidContinuationTokenException", "The specified continuation token is not valid.")
		}
	}
	to := min(from+n, len(all))
	if to < len(all) {
		return all[from:to], strconv.Itoa(to), nil
	}
	return all[from:to], "", nil
}
