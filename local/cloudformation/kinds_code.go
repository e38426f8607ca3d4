package cloudformation

import (
	"strings"

	"sluice/local/wire"
)

// codeKinds are the kinds between a commit and production.
var codeKinds = map[string]kind{
	"AWS::KMS::Key": of(Provider.EncryptionKey, func(s *EncryptionKeySpec) *Meta { return &s.Meta }, nil,
		func(s *EncryptionKeySpec) Created {
			id := strings.ToLower(derived(s.LogicalID, 32))
			return created(id, "Arn", arn("kms", "key/"+id), "KeyId", id)
		}),
	"AWS::CodeBuild::Project": of(Provider.Project, func(s *ProjectSpec) *Meta { return &s.Meta },
		named(255, func(s *ProjectSpec) *string { return &s.Name }),
		func(s *ProjectSpec) Created { return created(s.Name, "Arn", arn("codebuild", "project/"+s.Name)) }),
	"AWS::ECR::Repository": of(Provider.Repository, func(s *RepositorySpec) *Meta { return &s.Meta },
		func(s any) (*string, int, bool) { return &s.(*RepositorySpec).RepositoryName, 256, true },
		func(s *RepositorySpec) Created {
			return created(s.RepositoryName, "Arn", arn("ecr", "repository/"+s.RepositoryName),
				"RepositoryUri", wire.Account+".dkr.ecr."+wire.Region+".amazonaws.com/"+s.RepositoryName)
		}),
	"AWS::CodePipeline::Pipeline": of(Provider.Pipeline, func(s *PipelineSpec) *Meta { return &s.Meta },
		named(100, func(s *PipelineSpec) *string { return &s.Name }),
		func(s *PipelineSpec) Created { return created(s.Name, "Version", "1") }),
}
