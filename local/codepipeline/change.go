package codepipeline

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"sluice/local/wire"
)

// ChangeSet is a stack that is to be made.
type ChangeSet struct {
	Stack      string
	Template   string // its path in Files
	Files      fs.FS  // the artifact
	Parameters map[string]string
	Role       string // under which it is made
}

// changeTakes is how long a change set takes, to be made and to be executed.
const changeTakes = 30 * time.Second

// change makes or executes a change set.
func (s *Service) change(r *run) {
	name := r.Configuration["StackName"] + "/" + r.Configuration["ChangeSetName"]
	do := map[string]func(*run, string) error{"CHANGE_SET_REPLACE": s.prepare, "CHANGE_SET_EXECUTE": s.execute}[r.Configuration["ActionMode"]]
	if do == nil {
		r.fail("ConfigurationError", fmt.Errorf("local AWS has no ActionMode %s; CHANGE_SET_REPLACE and CHANGE_SET_EXECUTE it has", r.Configuration["ActionMode"]))
		return
	}
	r.later(changeTakes, func() {
		if err := do(r, name); err != nil {
			r.fail("JobFailed", err)
			return
		}
		r.succeed(result{external: name, summary: "Change set " + name + " is done"})
	})
}

// stackARN is the ARN of a stack for asking IAM.
func stackARN(name string) string {
	return "arn:aws:cloudformation:" + wire.Region + ":" + wire.Account + ":stack/" + name + "/local"
}

func (s *Service) prepare(r *run, name string) error {
	artifact, path, ok := strings.Cut(r.Configuration["TemplatePath"], "::")
	if !ok {
		return fmt.Errorf("TemplatePath is %q; it must be artifact::path", r.Configuration["TemplatePath"])
	}
	a, made := r.e.artifacts[artifact]
	if !made {
		return fmt.Errorf("TemplatePath: there is no artifact %s", artifact)
	}
	c := ChangeSet{Stack: r.Configuration["StackName"], Template: path, Role: r.Configuration["RoleArn"]}
	if err := r.permit("arn:aws:s3:::"+a.Bucket+"/"+a.Key, "s3:GetObject"); err != nil {
		return err
	}
	if err := r.permit(stackARN(c.Stack), "cloudformation:DescribeStacks", "cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet"); err != nil {
		return err
	}
	if c.Role != "" {
		if err := r.pass(c.Role); err != nil {
			return err
		}
	}
	files, err := s.open(a)
	if err != nil {
		return err
	}
	if _, err := fs.Stat(files, path); err != nil {
		return fmt.Errorf("artifact %s has no %s", artifact, path)
	}
	c.Files = files
	if text := r.Configuration["ParameterOverrides"]; text != "" {
		if err := json.Unmarshal([]byte(text), &c.Parameters); err != nil {
			return fmt.Errorf("ParameterOverrides: %w", err)
		}
	}
	s.changes[name] = c
	return nil
}

// pass asks whether the action's role may pass another to CloudFormation.
func (r *run) pass(role string) error {
	if r.service.outside.Permit == nil {
		return nil
	}
	return r.service.outside.Permit(r.e.pipeline.RoleArn, wire.Access{
		Action: "iam:PassRole", Resource: role, Conditions: map[string][]string{"iam:PassedToService": {"cloudformation.amazonaws.com"}},
	})
}

func (s *Service) execute(r *run, name string) error {
	c, ok := s.changes[name]
	if !ok {
		return fmt.Errorf("there is no change set %s", name)
	}
	if err := r.permit(stackARN(c.Stack), "cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet"); err != nil {
		return err
	}
	delete(s.changes, name)
	return s.outside.Deploy(c)
}
