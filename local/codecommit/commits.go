package codecommit

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"sluice/local/codecommit/git"
	"sluice/local/wire"
)

// maxEntries is how many files one CreateCommit may touch.
// Source: CodeCommit user guide, quotas.
const maxEntries = 100

type createCommitIn struct {
	RepositoryName string     `json:"repositoryName"`
	BranchName     string     `json:"branchName"`
	ParentCommitID string     `json:"parentCommitId"`
	AuthorName     string     `json:"authorName"`
	Email          string     `json:"email"`
	CommitMessage  string     `json:"commitMessage"`
	PutFiles       []putEntry `json:"putFiles"`
	DeleteFiles    []putEntry `json:"deleteFiles"`
	SetFileModes   []putEntry `json:"setFileModes"`
}

func (in *createCommitIn) repository() string { return in.RepositoryName }

type putEntry struct {
	FilePath    string   `json:"filePath"`
	FileMode    git.Mode `json:"fileMode"`
	FileContent []byte   `json:"fileContent"`
}

type createCommitOut struct {
	CommitID     string       `json:"commitId"`
	TreeID       string       `json:"treeId"`
	FilesAdded   []fileChange `json:"filesAdded"`
	FilesUpdated []fileChange `json:"filesUpdated"`
	FilesDeleted []fileChange `json:"filesDeleted"`
}

type fileChange struct {
	AbsolutePath string   `json:"absolutePath"`
	BlobID       string   `json:"blobId,omitempty"`
	FileMode     git.Mode `json:"fileMode,omitempty"`
}

func (s *Service) wireCommits(svc *wire.Service) {
	handle(svc, "CreateCommit", (*createCommitIn).repository, s.createCommit)
	handle(svc, "GetCommit", (*repositoryIn).repository, func(_ *wire.Call, in *repositoryIn) (*commitOut, error) { return s.getCommit(in) })
}

func (s *Service) createCommit(c *wire.Call, in *createCommitIn) (*createCommitOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if in.BranchName == "" {
		return nil, wire.Errorf("BranchNameRequiredException", "A branch name is required.")
	}
	tip, exists := r.Reference(heads + in.BranchName)
	switch {
	case exists && in.ParentCommitID == "":
		return nil, wire.Errorf("ParentCommitIdRequiredException", "A parent commit ID is required: branch %s is at %s", in.BranchName, tip)
	case exists && in.ParentCommitID != tip:
		return nil, wire.Errorf("ParentCommitIdOutdatedException", "The parent commit ID is outdated: branch %s is at %s", in.BranchName, tip)
	}
	edits, err := in.edits(r)
	if err != nil {
		return nil, err
	}
	var parents []string
	if in.ParentCommitID != "" {
		parents = []string{in.ParentCommitID}
	}
	by := git.Signature{Name: cmp.Or(in.AuthorName, s.caller(c.AccessKey)), Email: in.Email, At: s.world.Now()}
	id, err := r.Write(parents, edits, by, in.CommitMessage)
	switch {
	case errors.Is(err, git.ErrConflict):
		return nil, wire.Errorf("FileNameConflictsWithDirectoryNameException", "%v", err)
	case errors.Is(err, git.ErrNotFound):
		return nil, wire.Errorf("ParentCommitDoesNotExistException", "Parent commit does not exist: %s", in.ParentCommitID)
	case err != nil:
		return nil, err
	}
	changes, err := r.Compare(in.ParentCommitID, id)
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		return nil, wire.Errorf("NoChangeException", "The commit changes nothing.")
	}
	written, err := r.Commit(id)
	if err != nil {
		return nil, err
	}
	out := &createCommitOut{CommitID: id, TreeID: written.Tree, FilesAdded: []fileChange{}, FilesUpdated: []fileChange{}, FilesDeleted: []fileChange{}}
	for _, ch := range changes {
		list := map[git.Kind]*[]fileChange{git.Added: &out.FilesAdded, git.Modified: &out.FilesUpdated, git.Deleted: &out.FilesDeleted}[ch.Kind]
		*list = append(*list, fileChange{ch.Path(), ch.After.Blob, ch.After.Mode})
	}
	return out, s.move(r, heads+in.BranchName, id, nil)
}

// edits are what a CreateCommit asks for, by path.
func (in *createCommitIn) edits(r *repository) (map[string]git.Edit, error) {
	edits := map[string]git.Edit{}
	n := len(in.PutFiles) + len(in.DeleteFiles) + len(in.SetFileModes)
	if n == 0 {
		return nil, wire.Errorf("FileEntryRequiredException", "A file entry is required.")
	}
	if n > maxEntries {
		return nil, wire.Errorf("MaximumFileEntriesExceededException", "The commit touches %d files, more than %d", n, maxEntries)
	}
	for _, p := range in.PutFiles {
		edits[p.FilePath] = git.Edit{Content: append([]byte{}, p.FileContent...), Mode: p.FileMode}
	}
	for _, entries := range [][]putEntry{in.DeleteFiles, in.SetFileModes} {
		for _, p := range entries {
			f, err := r.File(in.ParentCommitID, p.FilePath)
			if err != nil {
				return nil, wire.Errorf("FileDoesNotExistException", "Could not find path %s", p.FilePath)
			}
			edits[p.FilePath] = git.Edit{Blob: f.Blob, Mode: p.FileMode, Delete: p.FileMode == ""}
		}
	}
	return edits, nil
}

type commitOut struct {
	Commit commitShape `json:"commit"`
}

type commitShape struct {
	CommitID  string   `json:"commitId"`
	TreeID    string   `json:"treeId"`
	Parents   []string `json:"parents"`
	Message   string   `json:"message"`
	Author    userInfo `json:"author"`
	Committer userInfo `json:"committer"`
}

type userInfo struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Date  string `json:"date"` // seconds since 1970 and a zone, as Git writes it
}

func (s *Service) getCommit(in *repositoryIn) (*commitOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if !full.MatchString(in.CommitID) {
		return nil, wire.Errorf("InvalidCommitIdException", "The specified commit ID is not valid: %s; a full one has 40 hexadecimal digits", in.CommitID)
	}
	c, err := r.Commit(in.CommitID)
	if errors.Is(err, git.ErrNotFound) {
		return nil, wire.Errorf("CommitIdDoesNotExistException", "Commit ID does not exist: %s", in.CommitID)
	} else if err != nil {
		return nil, err
	}
	by := userInfo{c.Author.Name, c.Author.Email, gitDate(c.Author.At)}
	return &commitOut{commitShape{c.ID, c.Tree, c.Parents, c.Message, by, by}}, nil
}

func gitDate(t time.Time) string { return fmt.Sprintf("%d %s", t.Unix(), t.Format("-0700")) }
