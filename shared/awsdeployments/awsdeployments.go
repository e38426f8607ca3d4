// Package awsdeployments reads CodeDeploy deployments of Lambda functions, and answers
// their hooks. It fills the deployments of deploying and of failing.
package awsdeployments

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"sluice/shared/awsfault"
	"sluice/shared/deploying"
	"sluice/shared/event"
)

// Deployments is CodeDeploy.
type Deployments struct{ client *codedeploy.Client }

// Open returns CodeDeploy.
func Open(cfg aws.Config) *Deployments {
	return &Deployments{client: codedeploy.NewFromConfig(cfg)}
}

// Deployment fills deploying's and failing's deployments.
//
// Which function and versions a deployment is about stands in its revision, which is the
// AppSpec that CloudFormation wrote. GetDeployment may name the revision by its hash
// only; then GetApplicationRevision has its text. That it does, and that the text is
// JSON in the member string, AWS does not document: it is assumed, and anything else
// leaves the function unnamed.
func (d *Deployments) Deployment(ctx context.Context, id string) (deploying.Deployment, error) {
	out, err := d.client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return deploying.Deployment{}, awsfault.Errorf(err, "reading deployment %s", id)
	}
	info := out.DeploymentInfo
	if info == nil {
		info = &types.DeploymentInfo{}
	}
	found := deploying.Deployment{ID: id, Status: string(info.Status)}
	if e := info.ErrorInformation; e != nil {
		found.Code, found.Why = string(e.Code), aws.ToString(e.Message)
	}
	text := content(info.Revision)
	if text == "" && info.Revision != nil {
		revision, err := d.client.GetApplicationRevision(ctx, &codedeploy.GetApplicationRevisionInput{ApplicationName: info.ApplicationName, Revision: info.Revision})
		if err != nil {
			return found, awsfault.Errorf(err, "reading what deployment %s deploys", id)
		}
		text = content(revision.Revision)
	}
	found.Function, found.From, found.To = read(text)
	return found, nil
}

// content is the text of a revision, "" if it has none. The member String_ is deprecated
// for those who make deployments, and yet the one that CloudFormation's come with.
func content(r *types.RevisionLocation) string {
	raw, err := json.Marshal(r)
	if err != nil {
		return ""
	}
	var text struct {
		AppSpecContent, String_ struct{ Content string }
	}
	_ = json.Unmarshal(raw, &text)
	return cmp.Or(text.AppSpecContent.Content, text.String_.Content)
}

// read finds in an AppSpec the one function that it deploys. Source: CodeDeploy user
// guide, AppSpec resources section for AWS Lambda deployments.
func read(appSpec string) (function, from, to string) {
	var spec struct {
		Resources []map[string]struct {
			Properties struct{ Name, CurrentVersion, TargetVersion string }
		}
	}
	if json.Unmarshal([]byte(appSpec), &spec) != nil || len(spec.Resources) != 1 {
		return "", "", ""
	}
	for _, r := range spec.Resources[0] {
		function, from, to = r.Properties.Name, r.Properties.CurrentVersion, r.Properties.TargetVersion
	}
	return function, from, to
}

// Answer fills deploying's deployments.
func (d *Deployments) Answer(ctx context.Context, h event.Hook, good bool) error {
	status := types.LifecycleEventStatusFailed
	if good {
		status = types.LifecycleEventStatusSucceeded
	}
	_, err := d.client.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &h.Deployment, LifecycleEventHookExecutionId: &h.Execution, Status: status,
	})
	return awsfault.Errorf(err, "answering for deployment %s", h.Deployment)
}
