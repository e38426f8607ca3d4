package codepipeline

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"sluice/local/wire"
)

// artifact is what an action has made, a ZIP file in the pipeline's bucket.
type artifact struct {
	Name        string
	Bucket, Key string
	Revision    string // the commit that it comes from
}

// sourceTakes is how long a source action takes.
const sourceTakes = 4 * time.Second

// source brings the head of a branch: whatever event has started the execution, it is
// what is delivered.
// Source: CodePipeline user guide, CodeCommit source action reference.
func (s *Service) source(r *run) {
	repository, branch := r.Configuration["RepositoryName"], r.Configuration["BranchName"]
	arn := "arn:aws:codecommit:" + wire.Region + ":" + wire.Account + ":" + repository
	r.later(sourceTakes, func() {
		if err := r.permit(arn, "codecommit:GetBranch", "codecommit:GetCommit", "codecommit:UploadArchive", "codecommit:GetUploadArchiveStatus"); err != nil {
			r.fail("PermissionError", err)
			return
		}
		rev, err := s.outside.Source(repository, branch)
		if err != nil {
			r.fail("ConfigurationError", err)
			return
		}
		for _, out := range r.OutputArtifacts {
			if err := r.store(out.Name, rev.ID, rev.Files); err != nil {
				r.fail("PermissionError", err)
				return
			}
			r.e.revisions = append(r.e.revisions, revision{out.Name, rev.ID, rev.Message})
		}
		r.give(map[string]string{"CommitId": rev.ID, "BranchName": branch, "RepositoryName": repository, "CommitMessage": rev.Message})
		r.succeed(result{external: rev.ID, summary: rev.Message, url: "https://" + wire.Region + ".console.aws.amazon.com/codecommit/home#/repository/" + repository + "/commit/" + rev.ID})
	})
}

// store keeps files as an output artifact of an action.
func (r *run) store(name, revision string, files map[string][]byte) error {
	body, err := pack(files)
	if err != nil {
		return err
	}
	store := r.e.pipeline.ArtifactStore
	// Keys have the first letters of both names.
	key := fmt.Sprintf("%.20s/%.10s/%s", r.e.pipeline.Name, name, r.service.world.UUID("artifact")[:7])
	if err := r.permit("arn:aws:s3:::"+store.Location+"/"+key, "s3:PutObject"); err != nil {
		return err
	}
	if store.EncryptionKey.Id != "" {
		if err := r.permit(store.EncryptionKey.Id, "kms:GenerateDataKey"); err != nil {
			return err
		}
	}
	if err := r.service.outside.Put(store.Location, key, body); err != nil {
		return err
	}
	made := artifact{name, store.Location, key, revision}
	r.e.artifacts[name], r.outputs = made, append(r.outputs, made)
	return nil
}

// open opens an artifact.
func (s *Service) open(a artifact) (*zip.Reader, error) {
	body, ok := s.outside.Get(a.Bucket, a.Key)
	if !ok {
		return nil, fmt.Errorf("artifact %s is not in s3://%s/%s", a.Name, a.Bucket, a.Key)
	}
	return zip.NewReader(bytes.NewReader(body), int64(len(body)))
}

// input is the first artifact that an action takes, with its files. Who works with it
// reads it under a role of its own.
func (r *run) input() (artifact, map[string][]byte, error) {
	if len(r.InputArtifacts) == 0 {
		return artifact{}, nil, errors.New("the action has no input artifact")
	}
	a := r.e.artifacts[r.InputArtifacts[0].Name]
	tree, err := r.service.open(a)
	if err != nil {
		return a, nil, err
	}
	files := map[string][]byte{}
	for _, f := range tree.File {
		if files[f.Name], err = fs.ReadFile(tree, f.Name); err != nil {
			return a, nil, err
		}
	}
	return a, files, nil
}

// pack makes a ZIP file, the same one for the same files.
func pack(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
