package codecommit

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"
	"github.com/google/go-cmp/cmp"
)

func TestPushesSendTheEventsOfTheSamples(t *testing.T) {
	w := newWorld(t)
	first := w.push("main", "", map[string]string{"README.md": "a", "training/train.py": "b"})
	second := w.push("main", "", map[string]string{"training/train.py": "c"})
	w.ok(w.Tag("churn-model", "v1", second))
	w.ok(w.Move("churn-model", "main", first)) // force
	w.push("feature-x", "main", map[string]string{"x": "1"})
	w.ok(w.Move("churn-model", "feature-x", ""))
	for i, sample := range []string{"created", "updated", "created", "updated", "created", "deleted"} {
		w.like(w.sent[i], "codecommit-reference-"+sample)
	}
	if d := w.sent[2].Detail; d["referenceType"] != "tag" || d["referenceFullName"] != "refs/tags/v1" || d["referenceName"] != "v1" {
		t.Errorf("a tag is sent as %v", d)
	}
	if d := w.sent[3].Detail; d["commitId"] != first || d["oldCommitId"] != second {
		t.Errorf("a forced push is sent as %v", d)
	}
	want := []string{"referenceCreated main", "referenceUpdated main", "referenceCreated v1", "referenceUpdated main", "referenceCreated feature-x", "referenceDeleted feature-x"}
	if diff := cmp.Diff(want, w.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	// The same history has the same commits, wherever it is made.
	again := newWorld(t)
	if id := again.push("main", "", map[string]string{"README.md": "a", "training/train.py": "b"}); id != first {
		t.Errorf("the same commit is %s there and %s here", first, id)
	}
}

func TestFilesAtCommits(t *testing.T) {
	w := newWorld(t)
	first := w.push("main", "", map[string]string{"sluice.yaml": "one", "training/a.py": "a", "training/deep/b.py": "b"})
	second := w.push("main", "", map[string]string{"sluice.yaml": "two", "training/deep/b.py": "-"})
	file := func(at, name string) string {
		t.Helper()
		f, err := w.client.GetFile(ctx, &codecommit.GetFileInput{RepositoryName: aws.String("churn-model"), CommitSpecifier: &at, FilePath: &name})
		if err != nil {
			t.Fatal(err)
		}
		return string(f.FileContent) + " " + string(f.FileMode)
	}
	for at, want := range map[string]string{first: "one NORMAL", second: "two NORMAL", "main": "two NORMAL", "refs/heads/main": "two NORMAL"} {
		if got := file(at, "sluice.yaml"); got != want {
			t.Errorf("at %s: %s, want %s", at, got, want)
		}
	}
	_, err := w.client.GetFile(ctx, &codecommit.GetFileInput{RepositoryName: aws.String("churn-model"), CommitSpecifier: &second, FilePath: aws.String("training/deep/b.py")})
	w.refused(err, "FileDoesNotExistException")
	_, err = w.client.GetFile(ctx, &codecommit.GetFileInput{RepositoryName: aws.String("churn-model"), CommitSpecifier: aws.String("gone"), FilePath: aws.String("a")})
	w.refused(err, "CommitDoesNotExistException")
	_, err = w.client.GetFile(ctx, &codecommit.GetFileInput{RepositoryName: aws.String("none"), FilePath: aws.String("a")})
	w.refused(err, "RepositoryDoesNotExistException")

	folder, err := w.client.GetFolder(ctx, &codecommit.GetFolderInput{RepositoryName: aws.String("churn-model"), CommitSpecifier: &first, FolderPath: aws.String("training")})
	if err != nil || len(folder.Files) != 1 || *folder.Files[0].RelativePath != "a.py" || len(folder.SubFolders) != 1 || *folder.SubFolders[0].AbsolutePath != "training/deep" {
		t.Errorf("folder: %+v %v", folder, err)
	}
	c, err := w.client.GetCommit(ctx, &codecommit.GetCommitInput{RepositoryName: aws.String("churn-model"), CommitId: &second})
	if err != nil || !cmp.Equal(c.Commit.Parents, []string{first}) || *c.Commit.Author.Date != fmt.Sprintf("%d +0000", start.Unix()) {
		t.Errorf("commit: %+v %v", c, err)
	}
	_, err = w.client.GetCommit(ctx, &codecommit.GetCommitInput{RepositoryName: aws.String("churn-model"), CommitId: aws.String("main")})
	w.refused(err, "InvalidCommitIdException")
}

// differences reads all pages, and counts them.
func (w *world) differences(before, after string) (all []string, pages int) {
	w.Helper()
	in := &codecommit.GetDifferencesInput{RepositoryName: aws.String("churn-model"), AfterCommitSpecifier: &after}
	if before != "" {
		in.BeforeCommitSpecifier = &before
	}
	p := codecommit.NewGetDifferencesPaginator(w.client, in)
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			w.Fatal(err)
		}
		pages++
		for _, d := range page.Differences {
			path := d.AfterBlob
			if path == nil {
				path = d.BeforeBlob
			}
			all = append(all, string(d.ChangeType)+" "+*path.Path)
		}
	}
	return all, pages
}

func TestDifferencesComeInPages(t *testing.T) {
	w := newWorld(t)
	first := w.push("main", "", map[string]string{"a": "1", "b": "1", "sub/c": "1"})
	second := w.push("main", "", map[string]string{"a": "2", "b": "-", "sub/d": "1"})
	want := []string{"M a", "D b", "A sub/d"}
	if got, _ := w.differences(first, second); !cmp.Equal(got, want) {
		t.Errorf("differences %q, want %q", got, want)
	}
	if got, _ := w.differences("", first); !cmp.Equal(got, []string{"A a", "A b", "A sub/c"}) {
		t.Errorf("differences from nothing %q", got)
	}
	many := map[string]string{}
	for i := range 10_000 {
		many[fmt.Sprintf("data/%02d/%04d.csv", i%100, i)] = "x"
	}
	third := w.push("main", "", many)
	if got, pages := w.differences(second, third); len(got) != 10_000 || pages != 100 {
		t.Errorf("10,000 differences come as %d on %d pages", len(got), pages)
	}
	_, err := w.client.GetDifferences(ctx, &codecommit.GetDifferencesInput{RepositoryName: aws.String("churn-model"), AfterCommitSpecifier: &third, NextToken: aws.String("x")})
	w.refused(err, "InvalidContinuationTokenException")
}

func TestCreateCommitGuardsTheTip(t *testing.T) {
	w := newWorld(t)
	in := &codecommit.CreateCommitInput{RepositoryName: aws.String("churn-model"), BranchName: aws.String("main"), PutFiles: []types.PutFileEntry{{FilePath: aws.String("a/b"), FileContent: []byte("1")}}}
	first, err := w.client.CreateCommit(ctx, in)
	if err != nil || len(first.FilesAdded) != 1 || *first.FilesAdded[0].AbsolutePath != "a/b" {
		t.Fatalf("%+v %v", first, err)
	}
	_, err = w.client.CreateCommit(ctx, in)
	w.refused(err, "ParentCommitIdRequiredException")
	in.ParentCommitId = first.CommitId
	_, err = w.client.CreateCommit(ctx, in)
	w.refused(err, "NoChangeException")
	in.PutFiles[0].FilePath = aws.String("a")
	_, err = w.client.CreateCommit(ctx, in)
	w.refused(err, "FileNameConflictsWithDirectoryNameException")
	in.PutFiles, in.DeleteFiles = nil, []types.DeleteFileEntry{{FilePath: aws.String("a/b")}}
	second, err := w.client.CreateCommit(ctx, in)
	if err != nil || len(second.FilesDeleted) != 1 {
		t.Fatalf("%+v %v", second, err)
	}
	_, err = w.client.CreateCommit(ctx, in)
	w.refused(err, "ParentCommitIdOutdatedException")
	if got := w.events(); !cmp.Equal(got, []string{"referenceCreated main", "referenceUpdated main"}) {
		t.Errorf("events %q", got)
	}
	branches, err := w.client.ListBranches(ctx, &codecommit.ListBranchesInput{RepositoryName: aws.String("churn-model")})
	if err != nil || !cmp.Equal(branches.Branches, []string{"main"}) {
		t.Errorf("branches %v %v", branches, err)
	}
	_, err = w.client.DeleteBranch(ctx, &codecommit.DeleteBranchInput{RepositoryName: aws.String("churn-model"), BranchName: aws.String("main")})
	w.refused(err, "DefaultBranchCannotBeDeletedException")
}
