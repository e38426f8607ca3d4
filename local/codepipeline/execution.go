package codepipeline

import (
	"slices"
	"time"
)

// The states of executions, stages and actions.
const (
	inProgress = "InProgress"
	succeeded  = "Succeeded"
	failed     = "Failed"
	stopping   = "Stopping"
	stopped    = "Stopped"
	superseded = "Superseded"
	abandoned  = "Abandoned"
)

// trigger is what started an execution.
type trigger struct {
	Type   string `json:"triggerType"`
	Detail string `json:"triggerDetail,omitempty"`
}

// execution is one execution of a pipeline.
type execution struct {
	id        string
	pipeline  *pipeline
	trigger   trigger
	status    string
	why       string // it was stopped
	began     time.Time
	updated   time.Time
	attempt   int
	revisions []revision
	artifacts map[string]artifact
	variables map[string]map[string]string // by namespace
}

// revision is what a source action has brought.
type revision struct {
	Name    string `json:"name"`
	ID      string `json:"revisionId"`
	Summary string `json:"revisionSummary,omitempty"`
}

// stage is a stage with the execution that it holds, and those that wait for it.
type stage struct {
	Stage
	index   int
	latest  *execution
	status  string // of latest here
	inbound []*execution
	runs    map[string]*run // the latest of each action
}

func (st *stage) holds() bool {
	return st.latest != nil && (st.status == inProgress || st.status == stopping)
}

// Start starts an execution and returns its id. What started it is told in events.
func (s *Service) Start(name, triggerType, detail string) (string, error) {
	p, err := s.pipeline(name)
	if err != nil {
		return "", err
	}
	e := &execution{
		id: s.world.UUID("execution"), pipeline: p, trigger: trigger{triggerType, detail}, status: inProgress, began: s.world.Now(), updated: s.world.Now(), attempt: 1,
		artifacts: map[string]artifact{}, variables: map[string]map[string]string{},
	}
	p.executions = append(p.executions, e)
	s.executionChanged(e, "STARTED")
	s.enter(e, 0)
	return e.id, nil
}

// enter brings an execution to stage i, or to its end. Where another is at work it
// waits, and supersedes who has waited so far.
func (s *Service) enter(e *execution, i int) {
	if i == len(e.pipeline.stages) {
		s.finish(e, succeeded, "SUCCEEDED")
		return
	}
	st := e.pipeline.stages[i]
	if !st.holds() {
		s.begin(e, st)
		return
	}
	if e.pipeline.ExecutionMode == "SUPERSEDED" {
		for _, older := range st.inbound {
			s.finish(older, superseded, "SUPERSEDED")
		}
		st.inbound = nil
	}
	st.inbound = append(st.inbound, e)
}

// begin runs the actions of a stage.
func (s *Service) begin(e *execution, st *stage) {
	st.latest, st.status, st.runs = e, inProgress, map[string]*run{}
	s.stageChanged(e, st, "STARTED")
	s.proceed(e, st)
}

// proceed starts the next actions of a stage, or ends it if there are none or one has
// failed. Actions of one order run beside each other.
func (s *Service) proceed(e *execution, st *stage) {
	order, bad, next := 0, false, []Action(nil)
	for _, a := range slices.SortedStableFunc(slices.Values(st.Actions), func(a, b Action) int { return a.RunOrder - b.RunOrder }) {
		r := st.runs[a.Name]
		switch {
		case r != nil && r.status == inProgress:
			return // the others of its order
		case r != nil:
			bad = bad || r.status != succeeded
		case order == 0 || order == a.RunOrder:
			order, next = a.RunOrder, append(next, a)
		}
	}
	switch {
	case e.status == stopping:
		s.leave(e, st, stopped)
	case bad:
		s.leave(e, st, failed)
	case len(next) == 0:
		s.leave(e, st, succeeded)
	default:
		for _, a := range next {
			s.run(e, st, a)
		}
	}
}

// leave ends a stage, lets the next execution in, and takes this one further.
func (s *Service) leave(e *execution, st *stage, status string) {
	st.status = status
	s.stageChanged(e, st, map[string]string{succeeded: "SUCCEEDED", failed: "FAILED", stopped: "STOPPED"}[status])
	if len(st.inbound) > 0 {
		next := st.inbound[0]
		st.inbound = st.inbound[1:]
		s.begin(next, st)
	}
	switch status {
	case succeeded:
		s.enter(e, st.index+1)
	case failed:
		s.finish(e, failed, "FAILED")
	case stopped:
		s.finish(e, stopped, "STOPPED")
	}
}

// finish ends an execution.
func (s *Service) finish(e *execution, status, state string) {
	e.status, e.updated = status, s.world.Now()
	s.executionChanged(e, state)
}

// stop stops an execution: at once, or when the actions in progress have ended.
func (s *Service) stop(e *execution, abandon bool, why string) {
	e.status, e.why = stopping, why
	s.executionChanged(e, "STOPPING")
	for _, st := range e.pipeline.stages {
		if i := slices.Index(st.inbound, e); i >= 0 {
			st.inbound = slices.Delete(st.inbound, i, i+1)
			s.finish(e, stopped, "STOPPED")
			return
		}
		if st.latest != e || !st.holds() {
			continue
		}
		st.status = stopping
		s.stageChanged(e, st, "STOPPING")
		if !abandon {
			return // proceed ends it
		}
		for _, a := range st.Actions {
			if r := st.runs[a.Name]; r != nil && r.status == inProgress {
				r.close(abandoned, result{})
			}
		}
		s.leave(e, st, stopped)
		return
	}
}

// retry runs the failed actions of a stage again, or all of them.
func (s *Service) retry(e *execution, st *stage, all bool) {
	for name, r := range st.runs {
		if all || r.status != succeeded {
			delete(st.runs, name)
		}
	}
	e.status, e.updated, st.status = inProgress, s.world.Now(), inProgress
	e.attempt++
	s.executionChanged(e, "RESUMED")
	s.stageChanged(e, st, "RESUMED")
	s.proceed(e, st)
}
