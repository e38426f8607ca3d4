package codecommit

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"sluice/local/codecommit/git"
	"sluice/local/wire"
)

const heads = "refs/heads/"

var repositoryName = regexp.MustCompile(`^[\w.-]{1,100}$`)

// CreateRepository makes an empty repository.
func (s *Service) CreateRepository(name string) error {
	switch {
	case !repositoryName.MatchString(name) || strings.HasSuffix(name, ".git"):
		return wire.Errorf("InvalidRepositoryNameException", "%q is no name of a repository: write 1 to 100 letters, digits, periods, underscores or dashes", name)
	case s.repos[name] != nil:
		return wire.Errorf("RepositoryNameExistsException", "Repository named %s already exists", name)
	}
	s.repos[name] = &repository{Repository: git.New(), name: name, id: s.world.UUID("repository")}
	return nil
}

type repositoryIn struct {
	RepositoryName string `json:"repositoryName"`
	BranchName     string `json:"branchName"`
	CommitID       string `json:"commitId"`
	NextToken      string `json:"nextToken"`
}

func (in *repositoryIn) repository() string { return in.RepositoryName }

type metadata struct {
	AccountID      string `json:"accountId"`
	RepositoryID   string `json:"repositoryId"`
	RepositoryName string `json:"repositoryName"`
	DefaultBranch  string `json:"defaultBranch,omitempty"`
	CloneURLHTTP   string `json:"cloneUrlHttp"`
	ARN            string `json:"Arn"`
}

type metadataOut struct {
	Metadata metadata `json:"repositoryMetadata"`
}

func (s *Service) wireRepositories(svc *wire.Service) {
	describe := func(name string) (*metadataOut, error) {
		r, err := s.repository(name)
		if err != nil {
			return nil, err
		}
		url := "https://git-codecommit." + wire.Region + ".amazonaws.com/v1/repos/" + r.name
		return &metadataOut{metadata{wire.Account, r.id, r.name, r.fallback, url, ARN(r.name)}}, nil
	}
	handle(svc, "CreateRepository", (*repositoryIn).repository, func(_ *wire.Call, in *repositoryIn) (*metadataOut, error) {
		if err := s.CreateRepository(in.RepositoryName); err != nil {
			return nil, err
		}
		return describe(in.RepositoryName)
	})
	handle(svc, "GetRepository", (*repositoryIn).repository, func(_ *wire.Call, in *repositoryIn) (*metadataOut, error) {
		return describe(in.RepositoryName)
	})
	handle(svc, "GetBranch", (*repositoryIn).repository, func(_ *wire.Call, in *repositoryIn) (*branchOut, error) {
		_, id, err := s.branch(in.RepositoryName, in.BranchName)
		return &branchOut{branch{in.BranchName, id}}, err
	})
	handle(svc, "ListBranches", (*repositoryIn).repository, func(_ *wire.Call, in *repositoryIn) (*branchesOut, error) { return s.listBranches(in) })
	handle(svc, "CreateBranch", (*repositoryIn).repository, func(_ *wire.Call, in *repositoryIn) (*empty, error) {
		r, err := s.repository(in.RepositoryName)
		if err != nil {
			return nil, err
		}
		if _, exists := r.Reference(heads + in.BranchName); exists {
			return nil, wire.Errorf("BranchNameExistsException", "Branch %s already exists", in.BranchName)
		}
		return &empty{}, s.move(r, heads+in.BranchName, in.CommitID, nil)
	})
	handle(svc, "DeleteBranch", (*repositoryIn).repository, func(_ *wire.Call, in *repositoryIn) (*deletedOut, error) {
		r, id, err := s.branch(in.RepositoryName, in.BranchName)
		switch {
		case err != nil:
			return nil, err
		case in.BranchName == r.fallback:
			return nil, wire.Errorf("DefaultBranchCannotBeDeletedException", "The default branch cannot be deleted: %s", r.fallback)
		}
		return &deletedOut{branch{in.BranchName, id}}, s.move(r, heads+in.BranchName, "", nil)
	})
}

type branch struct {
	BranchName string `json:"branchName"`
	CommitID   string `json:"commitId"`
}

type branchOut struct {
	Branch branch `json:"branch"`
}

type deletedOut struct {
	Branch branch `json:"deletedBranch"`
}

// branch is a repository and the tip of one of its branches.
func (s *Service) branch(repo, name string) (*repository, string, error) {
	r, err := s.repository(repo)
	if err != nil {
		return nil, "", err
	}
	id, ok := r.Reference(heads + name)
	if !ok {
		return nil, "", wire.Errorf("BranchDoesNotExistException", "Branch does not exist: %s", name)
	}
	return r, id, nil
}

type branchesOut struct {
	Branches  []string `json:"branches"`
	NextToken string   `json:"nextToken,omitempty"`
}

func (s *Service) listBranches(in *repositoryIn) (*branchesOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for _, name := range r.References() {
		if short, ok := strings.CutPrefix(name, heads); ok {
			all = append(all, short)
		}
	}
	page, next, err := cut(all, in.NextToken, nil, 1000)
	return &branchesOut{page, next}, err
}

// move makes a reference lead to another commit, "" for none, and tells everybody:
// the event of the reference, and one for each open pull request that comes from it.
func (s *Service) move(r *repository, reference, id string, m *merged) error {
	old, existed := r.Reference(reference)
	if existed && old == id {
		return nil
	}
	if err := r.Point(reference, id); err != nil {
		return wire.Errorf("CommitDoesNotExistException", "Commit does not exist: %s", id)
	}
	if name, isBranch := strings.CutPrefix(reference, heads); isBranch && r.fallback == "" {
		r.fallback = name
	}
	s.referenceChanged(r, reference, old, id, m)
	for _, p := range s.requests {
		if id != "" && p.repo == r && p.status == open && p.source == reference {
			p.sourceCommit, p.revision = id, s.world.ID("revision", 64)
			p.active = s.world.Now()
			s.requestChanged(p, "pullRequestSourceBranchUpdated", p.author, "", "")
		}
	}
	return nil
}

// Push does what git push does after a commit of edits on the tip of a branch, which
// is made if it is not there, on the tip of from, "" for nothing. It returns the
// commit's id.
func (s *Service) Push(repo, branch, from, author, message string, edits map[string]git.Edit) (string, error) {
	r, err := s.repository(repo)
	if err != nil {
		return "", err
	}
	var parents []string
	for _, name := range []string{branch, from} {
		if tip, ok := r.Reference(heads + name); ok {
			parents = []string{tip}
			break
		}
	}
	id, err := r.Write(parents, edits, git.Signature{Name: author, Email: author + "@example.com", At: s.world.Now()}, message)
	if err != nil {
		return "", err
	}
	return id, s.move(r, heads+branch, id, nil)
}

// Move points a branch at a commit, whatever it led to: git push --force. An empty
// id deletes the branch.
func (s *Service) Move(repo, branch, id string) error {
	r, err := s.repository(repo)
	if err != nil {
		return err
	}
	return s.move(r, heads+branch, id, nil)
}

// Tag makes a tag lead to a commit; an empty id deletes it.
func (s *Service) Tag(repo, tag, id string) error {
	r, err := s.repository(repo)
	if err != nil {
		return err
	}
	return s.move(r, "refs/tags/"+tag, id, nil)
}

// Files are the contents of all files at a commit, by path, for those who check out.
func (s *Service) Files(repo, specifier string) (id string, files map[string][]byte, err error) {
	r, err := s.repository(repo)
	if err != nil {
		return "", nil, err
	}
	if id, err = r.resolve(specifier); err != nil {
		return "", nil, err
	}
	all, err := r.Repository.Files(id)
	files = map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		files[name] = all[name].Content
	}
	return id, files, err
}

// Message is the message of a commit; "" if there is none.
func (s *Service) Message(repo, id string) string {
	r, err := s.repository(repo)
	if err != nil {
		return ""
	}
	c, err := r.Commit(id)
	if err != nil {
		return ""
	}
	return c.Message
}
