package codebuild

import "sluice/local/wire"

// Order is a build that an action of CodePipeline wants. Its source is an artifact,
// whatever the project's own source is.
type Order struct {
	Project   string
	Initiator string
	Bucket    string // of the artifact, under Key
	Key       string
	Encrypted string // the ARN of the key that encrypts it; "" for S3's own
	Commit    string
	Files     map[string][]byte
	Variables []Variable
	Done      func(End)
}

// End is how a build has ended.
type End struct {
	Status   string // SUCCEEDED, FAILED, FAULT, STOPPED or TIMED_OUT
	Log      string // its address
	Exported map[string]string
	Files    map[string][]byte // what it leaves to be uploaded
}

// Start starts a build for CodePipeline and returns its id. Whether the pipeline may,
// CodePipeline has asked. Errors: ResourceNotFoundException.
func (s *Service) Start(o Order) (string, error) {
	p := s.projects[o.Project]
	if p == nil {
		return "", wire.Errorf("ResourceNotFoundException", "Project cannot be found: %s", arn("project", o.Project))
	}
	b := &build{project: p, initiator: o.Initiator, version: "arn:aws:s3:::" + o.Bucket + "/" + o.Key, variables: merge(p.Variables, o.Variables), order: &o}
	s.begin(b)
	return b.id, nil
}

// needs is what a project's role must be allowed before anything is run: to read the
// source, and to log.
func (b *build) needs() []wire.Access {
	log := wire.Access{Action: "logs:PutLogEvents", Resource: "arn:aws:logs:" + wire.Region + ":" + wire.Account + ":log-group:" + b.group() + ":log-stream:" + b.stream()}
	if b.order == nil {
		return []wire.Access{{Action: "codecommit:GitPull", Resource: "arn:aws:codecommit:" + wire.Region + ":" + wire.Account + ":" + b.project.Repository}, log}
	}
	all := []wire.Access{{Action: "s3:GetObject", Resource: b.version}, log}
	if b.order.Encrypted != "" {
		all = append(all, wire.Access{Action: "kms:Decrypt", Resource: b.order.Encrypted})
	}
	return all
}

// fetch is the source of a build.
func (s *Service) fetch(b *build) (commit string, files map[string][]byte, err error) {
	if b.order != nil {
		return b.order.Commit, b.order.Files, nil
	}
	return s.outside.Source(b.project.Repository, b.version)
}
