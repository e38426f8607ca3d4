package stage

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/codedeploy"
	"sluice/local/lambda"
	"sluice/shared/spec"
)

// Deploy updates the stack with a new version of one of Sluice's functions, which has
// a fault or none.
type Deploy struct {
	Function string       `yaml:"function"` // its folder, such as on-data
	Fault    string       `yaml:"fault"`    // panic, error, init or slow
	Share    spec.Percent `yaml:"share"`    // of events that meet the fault; default all
	On       string       `yaml:"on"`       // only events with this text
}

// faults are what a new version can have.
var faults = []lambda.DefectKind{"", lambda.Panic, lambda.Error, lambda.Init, lambda.Slow}

// checkDeploys reports what cannot be deployed, with its line.
func (s *Scenario) checkDeploys(src []byte) error {
	for i, a := range s.Do {
		if a.Deploy == nil {
			continue
		}
		part := fmt.Sprintf("$.do[%d].deploy.", i)
		if _, ok := local.Functions[a.Deploy.Function]; !ok {
			return s.at(src, part+"function", fmt.Sprintf("there is no function %q: write a folder of functions/, like on-data", a.Deploy.Function))
		}
		if !slices.Contains(faults, lambda.DefectKind(a.Deploy.Fault)) {
			return s.at(src, part+"fault", fmt.Sprintf("%q is no fault: write panic, error, init or slow, or leave it out", a.Deploy.Fault))
		}
	}
	return nil
}

// live is the alias through which all of Sluice's functions are called.
const live = "live"

func (p *Play) deploy(d Deploy) error {
	what := "a new version"
	if d.Fault != "" {
		what += fmt.Sprintf(", whose fault is %s", d.Fault)
	}
	p.tell(ui.Trigger, d.Function, "%s is deployed", what)
	code := local.NewCode{Function: d.Function, Defect: lambda.Defect{Kind: lambda.DefectKind(d.Fault), Share: d.Share.Fraction(), On: d.On}}
	return p.stage.AWS.Update(p.stage.Stack, []local.NewCode{code}, func(u local.Updated) {
		p.stage.Stack = u.Stack
		if u.Failed == "" {
			p.tell(ui.Done, d.Function, "the stack is updated")
			return
		}
		p.tell(ui.RollBack, d.Function, "the stack is what it was: %s", u.Failed)
	})
}

// deployed tells of a deployment's states.
func (p *Play) deployed(d codedeploy.Deployment) {
	folder, to := p.stage.folder(d.Revision.Function), d.Revision.TargetVersion
	switch {
	case d.Status == "InProgress" && d.Undoes == "":
		p.tell(ui.Shift, folder, "deployment from version %s to %s begins", d.Revision.CurrentVersion, to)
	case d.Status == "InProgress":
		p.tell(ui.RollBack, folder, "events go back to version %s", to)
	case d.Status == "Succeeded":
		p.tell(ui.Done, folder, "version %s has all events", to)
	default:
		p.tell(ui.Failed, folder, "deployment %s: %s", strings.ToLower(d.Status), d.Message)
	}
}

// folder is the folder of a function by its name in the account.
func (st *Stage) folder(name string) string {
	f, err := st.AWS.Lambda.Function(name)
	if err != nil {
		return name
	}
	return path.Base(f.CodePath)
}

// checkDeployed holds deployments and aliases against what was expected.
func (st *Stage) checkDeployed(x Expect) (misses []string) {
	if x.Deployments != nil {
		var got []string
		for _, d := range st.AWS.CodeDeploy.Deployments() {
			got = append(got, st.ending(d))
		}
		if !slices.Equal(got, x.Deployments) {
			misses = append(misses, fmt.Sprintf("deployments %q, %q expected", got, x.Deployments))
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(x.Live)) {
		for _, name := range st.AWS.Lambda.Names() {
			if st.folder(name) != folder {
				continue
			}
			a, err := st.AWS.Lambda.Alias(name, live)
			switch {
			case err != nil:
				misses = append(misses, fmt.Sprintf("%s is not live: %v", folder, err))
			case a.Version != x.Live[folder] || len(a.Weights) > 0:
				misses = append(misses, fmt.Sprintf("live of %s is version %s beside %v, version %s alone expected", folder, a.Version, a.Weights, x.Live[folder]))
			}
		}
	}
	return misses
}

// ending is how a deployment ended, in short.
func (st *Stage) ending(d codedeploy.Deployment) string {
	text := st.folder(d.Revision.Function) + " " + d.Status
	if d.Code != "" {
		text += " " + d.Code
	}
	if d.Undoes != "" {
		text += " rollback"
	}
	return text
}
