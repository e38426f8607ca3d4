package codepipeline

import (
	"encoding/json"
	"fmt"

	"sluice/local/wire"
)

// Variable is an environment variable of a build.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

// BuildOrder is a build that an action wants. Its source is an artifact, whatever the
// project's own source is.
type BuildOrder struct {
	Project   string
	Initiator string
	Bucket    string // of the artifact, under Key
	Key       string
	Encrypted string // the ARN of the artifact's key
	Commit    string
	Files     map[string][]byte
	Variables []Variable
}

// BuildEnd is how a build has ended.
type BuildEnd struct {
	Status   string // SUCCEEDED, FAILED, FAULT, STOPPED or TIMED_OUT
	URL      string
	Exported map[string]string
	Files    map[string][]byte // what it leaves to be uploaded
}

// build runs a build, and ends as it does.
func (s *Service) build(r *run) {
	project := r.Configuration["ProjectName"]
	arn := "arn:aws:codebuild:" + wire.Region + ":" + wire.Account + ":project/" + project
	if err := r.permit(arn, "codebuild:StartBuild", "codebuild:BatchGetBuilds"); err != nil {
		r.fail("PermissionError", err)
		return
	}
	o, err := r.order(project)
	if err != nil {
		r.fail("ConfigurationError", err)
		return
	}
	id, err := s.outside.Build(o, func(end BuildEnd) {
		if r.status == inProgress {
			r.built(o, end)
		}
	})
	if err != nil {
		r.fail("ConfigurationError", err)
		return
	}
	r.external = id
}

func (r *run) order(project string) (BuildOrder, error) {
	a, files, err := r.input()
	if err != nil {
		return BuildOrder{}, err
	}
	o := BuildOrder{Project: project, Initiator: "codepipeline/" + r.e.pipeline.Name, Bucket: a.Bucket, Key: a.Key, Commit: a.Revision, Files: files, Encrypted: r.e.pipeline.ArtifactStore.EncryptionKey.Id}
	text, err := r.setting("EnvironmentVariables")
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &o.Variables)
	}
	return o, err
}

// built ends the action with its build.
func (r *run) built(o BuildOrder, end BuildEnd) {
	if end.Status != "SUCCEEDED" {
		r.end(failed, result{url: end.URL, code: "JobFailed", summary: "Build terminated with state: " + end.Status})
		return
	}
	for _, out := range r.OutputArtifacts {
		if len(end.Files) == 0 {
			r.fail("ConfigurationError", fmt.Errorf("the build has left nothing for artifact %s", out.Name))
			return
		}
		if err := r.store(out.Name, o.Commit, end.Files); err != nil {
			r.fail("PermissionError", err)
			return
		}
	}
	r.give(end.Exported)
	r.succeed(result{url: end.URL})
}
