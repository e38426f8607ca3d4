package codecommit

import (
	"errors"
	"path"
	"slices"
	"strings"

	"sluice/local/codecommit/git"
	"sluice/local/wire"
)

// maxFile bounds what GetFile returns, in bytes.
// Source: CodeCommit API reference, GetFile, FileTooLargeException.
const maxFile = 6 << 20

type fileIn struct {
	RepositoryName  string `json:"repositoryName"`
	CommitSpecifier string `json:"commitSpecifier"`
	FilePath        string `json:"filePath"`
	FolderPath      string `json:"folderPath"`
}

func (in *fileIn) repository() string { return in.RepositoryName }

type fileOut struct {
	CommitID    string   `json:"commitId"`
	BlobID      string   `json:"blobId"`
	FilePath    string   `json:"filePath"`
	FileMode    git.Mode `json:"fileMode"`
	FileSize    int      `json:"fileSize"`
	FileContent []byte   `json:"fileContent"`
}

type folderOut struct {
	CommitID      string       `json:"commitId"`
	FolderPath    string       `json:"folderPath"`
	TreeID        string       `json:"treeId"`
	SubFolders    []folderItem `json:"subFolders"`
	Files         []folderItem `json:"files"`
	SymbolicLinks []folderItem `json:"symbolicLinks"`
	SubModules    []folderItem `json:"subModules"`
}

type folderItem struct {
	BlobID       string   `json:"blobId,omitempty"`
	TreeID       string   `json:"treeId,omitempty"`
	AbsolutePath string   `json:"absolutePath"`
	RelativePath string   `json:"relativePath"`
	FileMode     git.Mode `json:"fileMode,omitempty"`
}

func (s *Service) wireFiles(svc *wire.Service) {
	handle(svc, "GetFile", (*fileIn).repository, func(_ *wire.Call, in *fileIn) (*fileOut, error) { return s.getFile(in) })
	handle(svc, "GetFolder", (*fileIn).repository, func(_ *wire.Call, in *fileIn) (*folderOut, error) { return s.getFolder(in) })
	handle(svc, "GetDifferences", (*differencesIn).repository, func(_ *wire.Call, in *differencesIn) (*differencesOut, error) { return s.getDifferences(in) })
}

func (s *Service) getFile(in *fileIn) (*fileOut, error) {
	if in.FilePath == "" {
		return nil, wire.Errorf("PathRequiredException", "A path is required.")
	}
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	id, err := r.resolve(in.CommitSpecifier)
	if err != nil {
		return nil, err
	}
	f, err := r.File(id, strings.TrimPrefix(in.FilePath, "/"))
	switch {
	case errors.Is(err, git.ErrNotFound):
		return nil, wire.Errorf("FileDoesNotExistException", "Could not find path %s", in.FilePath)
	case err != nil:
		return nil, err
	case len(f.Content) > maxFile:
		return nil, wire.Errorf("FileTooLargeException", "The specified file exceeds the file size limit of 6 MB: %s", in.FilePath)
	}
	return &fileOut{id, f.Blob, f.Path, f.Mode, len(f.Content), f.Content}, nil
}

func (s *Service) getFolder(in *fileIn) (*folderOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	id, err := r.resolve(in.CommitSpecifier)
	if err != nil {
		return nil, err
	}
	tree, entries, err := r.Folder(id, in.FolderPath)
	if errors.Is(err, git.ErrNotFound) {
		return nil, wire.Errorf("FolderDoesNotExistException", "Could not find folder %s", in.FolderPath)
	} else if err != nil {
		return nil, err
	}
	out := &folderOut{CommitID: id, FolderPath: in.FolderPath, TreeID: tree, SubFolders: []folderItem{}, Files: []folderItem{}, SymbolicLinks: []folderItem{}, SubModules: []folderItem{}}
	for _, e := range entries {
		item := folderItem{BlobID: e.Blob, AbsolutePath: e.Path, RelativePath: path.Base(e.Path), FileMode: e.Mode}
		switch e.Mode {
		case "":
			item.TreeID, item.BlobID = e.Blob, ""
			out.SubFolders = append(out.SubFolders, item)
		case git.Symlink:
			out.SymbolicLinks = append(out.SymbolicLinks, item)
		default:
			out.Files = append(out.Files, item)
		}
	}
	return out, nil
}

// maxDifferences is the size of a page of GetDifferences, and the largest one may
// ask for. AWS documents neither; callers must go by the token.
const maxDifferences = 100

type differencesIn struct {
	RepositoryName        string `json:"repositoryName"`
	BeforeCommitSpecifier string `json:"beforeCommitSpecifier"`
	AfterCommitSpecifier  string `json:"afterCommitSpecifier"`
	BeforePath            string `json:"beforePath"`
	AfterPath             string `json:"afterPath"`
	MaxResults            *int   `json:"MaxResults"`
	NextToken             string `json:"NextToken"`
}

func (in *differencesIn) repository() string { return in.RepositoryName }

type differencesOut struct {
	Differences []difference `json:"differences"`
	NextToken   string       `json:"NextToken,omitempty"`
}

type difference struct {
	BeforeBlob *blob    `json:"beforeBlob,omitempty"`
	AfterBlob  *blob    `json:"afterBlob,omitempty"`
	ChangeType git.Kind `json:"changeType"`
}

type blob struct {
	BlobID string `json:"blobId"`
	Path   string `json:"path"`
	Mode   string `json:"mode"`
}

func (s *Service) getDifferences(in *differencesIn) (*differencesOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if in.AfterCommitSpecifier == "" {
		return nil, wire.Errorf("CommitRequiredException", "A commit is required: write afterCommitSpecifier")
	}
	after, err := r.resolve(in.AfterCommitSpecifier)
	if err != nil {
		return nil, err
	}
	before := ""
	if in.BeforeCommitSpecifier != "" {
		if before, err = r.resolve(in.BeforeCommitSpecifier); err != nil {
			return nil, err
		}
	}
	changes, err := r.Compare(before, after)
	if err != nil {
		return nil, err
	}
	if in.BeforePath != "" || in.AfterPath != "" {
		changes = slices.DeleteFunc(slices.Clone(changes), func(c git.Change) bool {
			return !below(in.BeforePath, c.Before.Path) || !below(in.AfterPath, c.After.Path)
		})
	}
	page, next, err := cut(changes, in.NextToken, in.MaxResults, maxDifferences)
	out := &differencesOut{Differences: []difference{}, NextToken: next}
	for _, c := range page {
		out.Differences = append(out.Differences, difference{blobOf(c.Before), blobOf(c.After), c.Kind})
	}
	return out, err
}

// below reports whether name is folder or in it; every name is below none.
func below(folder, name string) bool {
	folder = strings.Trim(folder, "/")
	return folder == "" || name == folder || strings.HasPrefix(name, folder+"/")
}

func blobOf(f git.File) *blob {
	if f.Path == "" {
		return nil
	}
	return &blob{f.Blob, f.Path, f.Mode.Octal()}
}
