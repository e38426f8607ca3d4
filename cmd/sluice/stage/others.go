package stage

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sluice/shared/spec"
	"sluice/shared/training"
)

// Other is a model beside the scenario's. Its pipeline is the scenario's with another
// package group, and its endpoint is made by its first rollout.
type Other struct {
	Spec   string  `yaml:"spec"`
	Models []Model `yaml:"models"` // as the scenario's

	sp spec.Spec
}

// others makes what the other models need, and puts their specs in force.
func (st *Stage) others(ctx context.Context) error {
	client := sagemaker.NewFromConfig(st.AWS.AdminConfig())
	group := func(name string) []byte { return []byte(`"ModelPackageGroupName": "` + name + `"`) }
	for _, o := range st.Scenario.Others {
		definition := bytes.ReplaceAll(st.Scenario.pipe, group(st.Scenario.sp.Package.Group), group(o.sp.Package.Group))
		if err := st.pipeline(ctx, o.sp.Pipeline.Name, definition); err != nil {
			return err
		}
		if _, err := client.CreateModelPackageGroup(ctx, &sagemaker.CreateModelPackageGroupInput{ModelPackageGroupName: &o.sp.Package.Group}); err != nil {
			return fmt.Errorf("creating package group %s: %w", o.sp.Package.Group, err)
		}
		if _, err := st.Apply(ctx, o.sp, "scenario"); err != nil {
			return err
		}
	}
	return nil
}

// readOthers parses the specs of the other models.
func (s *Scenario) readOthers() error {
	for i := range s.Others {
		o := &s.Others[i]
		sp, err := spec.Parse(fmt.Sprintf("%s: others[%d]", s.file, i), []byte(o.Spec))
		if err != nil {
			return err
		}
		o.sp = *sp
	}
	return nil
}

// specs are the specs of all models.
func (s *Scenario) specs() []spec.Spec {
	all := []spec.Spec{s.sp}
	for _, o := range s.Others {
		all = append(all, o.sp)
	}
	return all
}

// modelsOf is what the executions of a pipeline yield.
func (s *Scenario) modelsOf(pipeline string) []Model {
	for _, o := range s.Others {
		if o.sp.Pipeline.Name == pipeline {
			return o.Models
		}
	}
	return s.Models
}

// runsOf are the training runs of a model, oldest first.
func (st *Stage) runsOf(ctx context.Context, model string) ([]training.Run, error) {
	runs, err := st.Table.Runs(ctx, model)
	slices.Reverse(runs)
	return runs, err
}

// checkOthers holds the runs of other models against what was expected: these and no
// more.
func (st *Stage) checkOthers(ctx context.Context, x Expect) (misses []string, err error) {
	for _, o := range st.Scenario.Others {
		want, expected := x.Others[o.sp.Model]
		if !expected {
			continue
		}
		c := checker{began: st.began}
		if c.facts.Runs, err = st.runsOf(ctx, o.sp.Model); err != nil {
			return nil, err
		}
		c.check(len(c.facts.Runs) == len(want), "%d training runs, %d expected", len(c.facts.Runs), len(want))
		c.runs(want)
		for _, miss := range c.misses {
			misses = append(misses, o.sp.Model+": "+miss)
		}
	}
	return misses, nil
}
