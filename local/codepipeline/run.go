package codepipeline

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// run is one execution of an action.
type run struct {
	service *Service
	e       *execution
	stage   *stage
	Action
	id      string
	began   time.Time
	changed time.Time
	status  string
	by      string // who has ended it
	token   string // of an approval that waits
	timer   *sim.Timer
	result
	outputs []artifact
}

// result is what an action came to.
type result struct {
	external string // what the provider calls its execution
	url      string
	summary  string
	code     string // of an error
}

// run starts an action.
func (s *Service) run(e *execution, st *stage, a Action) {
	r := &run{service: s, e: e, stage: st, Action: a, id: s.world.UUID("action"), began: s.world.Now(), changed: s.world.Now(), status: inProgress}
	st.runs[a.Name] = r
	s.actionChanged(r, "STARTED")
	s.world.After(0, "codepipeline: "+e.pipeline.Name+" "+a.Name, func() {
		if r.status == inProgress {
			s.work(r)
		}
	})
}

// work does what an action is for.
func (s *Service) work(r *run) {
	switch r.ActionTypeId.Provider {
	case "CodeCommit":
		s.source(r)
	case "CodeBuild":
		s.build(r)
	case "Manual":
		s.ask(r)
	case "CloudFormation":
		s.change(r)
	}
}

// later does something for an action after a while, unless it has been ended meanwhile.
func (r *run) later(d time.Duration, fn func()) {
	r.timer = r.service.world.After(d, "codepipeline: "+r.e.pipeline.Name+" "+r.Name, func() {
		if r.status == inProgress {
			fn()
		}
	})
}

// succeed ends an action well.
func (r *run) succeed(out result) { r.end(succeeded, out) }

// fail ends an action with an error.
func (r *run) fail(code string, err error) {
	var api *wire.Error
	if errors.As(err, &api) {
		code = api.Code
	}
	r.end(failed, result{code: code, summary: err.Error()})
}

// end ends an action, and takes its stage further.
func (r *run) end(status string, out result) {
	r.close(status, out)
	r.service.proceed(r.e, r.stage)
}

func (r *run) close(status string, out result) {
	if r.timer != nil {
		r.timer.Stop()
	}
	r.status, r.changed, r.token = status, r.service.world.Now(), ""
	r.external, r.url, r.summary, r.code = cmp.Or(out.external, r.external), cmp.Or(out.url, r.url), out.summary, out.code
	r.service.actionChanged(r, map[string]string{succeeded: "SUCCEEDED", failed: "FAILED", abandoned: "ABANDONED"}[status])
}

// permit asks for what the action's role must be allowed.
func (r *run) permit(resource string, actions ...string) error {
	if r.service.outside.Permit == nil {
		return nil
	}
	for _, action := range actions {
		if err := r.service.outside.Permit(cmp.Or(r.RoleArn, r.e.pipeline.RoleArn), wire.Access{Action: action, Resource: resource}); err != nil {
			return err
		}
	}
	return nil
}

// variable is #{namespace.name} in a setting.
var variable = regexp.MustCompile(`#\{([^.{}]+)\.([^{}]+)\}`)

// setting is a setting of the action, with variables resolved.
func (r *run) setting(name string) (string, error) {
	var unknown []string
	text := variable.ReplaceAllStringFunc(r.Configuration[name], func(whole string) string {
		m := variable.FindStringSubmatch(whole)
		value, ok := r.e.variables[m[1]][m[2]]
		if m[1] == "codepipeline" && m[2] == "PipelineExecutionId" {
			value, ok = r.e.id, true
		}
		if !ok {
			unknown = append(unknown, whole)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("%s: nothing gives %s", name, strings.Join(unknown, ", "))
	}
	return text, nil
}

// give gives variables to later actions, if the action has a namespace.
func (r *run) give(variables map[string]string) {
	if r.Namespace != "" {
		r.e.variables[r.Namespace] = variables
	}
}
