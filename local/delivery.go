package local

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"sluice/local/cloudformation"
	"sluice/local/codebuild"
	"sluice/local/codepipeline"
	"sluice/local/ecr"
	"sluice/local/wire"
)

// delivery wires CodePipeline to the services that its actions work with.
type delivery struct{ *AWS }

func (d delivery) outside(emit func(source, detailType string, resources []string, detail any)) codepipeline.Outside {
	return codepipeline.Outside{
		Emit: emit, Permit: d.IAM.AllowRole, Caller: d.IAM.Caller, Put: d.S3.Put, Get: d.S3.Get, Source: d.source, Build: d.build, Deploy: d.deploy,
		Publish: func(topic, subject, body string) error {
			_, err := d.SNS.Publish(topic, subject, body, nil)
			return err
		},
	}
}

// source is the head of a branch.
func (d delivery) source(repository, branch string) (codepipeline.Revision, error) {
	id, files, err := d.CodeCommit.Files(repository, "refs/heads/"+branch)
	return codepipeline.Revision{ID: id, Message: d.CodeCommit.Message(repository, id), Files: files}, err
}

// build starts a build.
func (d delivery) build(o codepipeline.BuildOrder, done func(codepipeline.BuildEnd)) (string, error) {
	order := codebuild.Order{
		Project: o.Project, Initiator: o.Initiator, Bucket: o.Bucket, Key: o.Key, Encrypted: o.Encrypted, Commit: o.Commit, Files: o.Files,
		Done: func(e codebuild.End) {
			done(codepipeline.BuildEnd{Status: e.Status, URL: e.Log, Exported: e.Exported, Files: e.Files})
		},
	}
	for _, v := range o.Variables {
		order.Variables = append(order.Variables, codebuild.Variable(v))
	}
	return d.CodeBuild.Start(order)
}

// deploy makes a stack that is not there yet.
func (d delivery) deploy(c codepipeline.ChangeSet) error {
	if d.stacks[c.Stack] {
		return &wire.Error{Code: "NotImplemented", Message: fmt.Sprintf("local AWS changes no stack that exists, such as %s", c.Stack), Status: 501}
	}
	_, err := d.DeployTemplate(c.Files, c.Template, c.Stack, c.Parameters)
	return err
}

// start is a rule that starts a pipeline.
func (d delivery) start(pipeline, role, rule string) error {
	if err := d.IAM.AllowRole(role, wire.Access{Action: "codepipeline:StartPipelineExecution", Resource: pipeline}); err != nil {
		return wire.Errorf("AccessDeniedException", "%v", err)
	}
	_, err := d.Pipelines.Start(pipeline[strings.LastIndex(pipeline, ":")+1:], "CloudWatchEvent", rule)
	return err
}

func (p provider) Pipeline(s *cloudformation.PipelineSpec) (created, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return created{}, err
	}
	var d codepipeline.Pipeline // of the same members
	if err := json.Unmarshal(raw, &d); err != nil {
		return created{}, err
	}
	return created{}, p.Pipelines.Create(d)
}

func (p provider) Project(s *cloudformation.ProjectSpec) (created, error) {
	d := codebuild.Project{
		Name: s.Name, Buildspec: s.Source.BuildSpec, Image: s.Environment.Image, RoleARN: s.ServiceRole, Timeout: time.Duration(s.TimeoutInMinutes) * time.Minute,
	}
	switch s.Source.Type + " " + s.Artifacts.Type {
	case "CODEPIPELINE CODEPIPELINE":
		d.InPipeline = true
	case "CODECOMMIT NO_ARTIFACTS":
		d.Repository = path.Base(s.Source.Location)
	default:
		return no("project with a source of type "+s.Source.Type+" and artifacts of type "+s.Artifacts.Type, s.LogicalID)
	}
	for _, v := range s.Environment.EnvironmentVariables {
		if v.Type != "" && v.Type != "PLAINTEXT" {
			return no("project with a variable of type "+v.Type, s.LogicalID)
		}
		d.Variables = append(d.Variables, codebuild.Variable{Name: v.Name, Value: v.Value, Type: cmp.Or(v.Type, "PLAINTEXT")})
	}
	return created{}, p.CodeBuild.CreateProject(d)
}

func (p provider) Repository(s *cloudformation.RepositorySpec) (created, error) {
	if s.RepositoryPolicyText != nil {
		return no("repository with a policy", s.LogicalID)
	}
	return created{}, p.ECR.CreateRepository(s.RepositoryName, ecr.Settings{ScanOnPush: s.ImageScanningConfiguration.ScanOnPush, Immutable: s.ImageTagMutability == "IMMUTABLE"})
}

// EncryptionKey makes a key. Who may use it, policies of roles say: its own policy must
// leave that to them.
func (p provider) EncryptionKey(s *cloudformation.EncryptionKeySpec) (created, error) {
	account := fmt.Sprintf(`{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Resource":"*"}`, wire.Account)
	if found, err := statements(s.KeyPolicy); err != nil || len(found) != 1 || found[0] != account {
		return no("key whose policy does not leave it to the account's policies who uses it", s.LogicalID)
	}
	return created{}, nil
}

// BucketPolicy accepts what has no effect here: nobody comes without TLS.
func (p provider) BucketPolicy(s *cloudformation.BucketPolicySpec) (created, error) {
	found, err := statements(s.PolicyDocument)
	if err != nil || len(found) != 1 || !strings.Contains(found[0], `"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"`) {
		return no("bucket policy but one that denies access without TLS", s.LogicalID)
	}
	return created{}, nil
}

// statements are the statements of a policy, each with its members sorted.
func statements(document cloudformation.Document) (all []string, err error) {
	var policy struct{ Statement []map[string]any }
	if err := json.Unmarshal(document, &policy); err != nil {
		return nil, err
	}
	for _, s := range policy.Statement {
		text, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		all = append(all, string(text))
	}
	return all, nil
}
