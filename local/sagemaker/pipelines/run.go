package pipelines

import (
	"strings"
	"time"

	"sluice/local/sim"
)

// step is one step of an execution that has started.
type step struct {
	def            *stepDef
	status, reason string
	started, ended time.Time
	attempts       int
	again          bool // to be run once more by a retry
	member         string
	metadata       map[string]any
	timer          *sim.Timer
}

func (e *execution) find(name string) *step {
	for _, s := range e.steps {
		if s.def.Name == name {
			return s
		}
	}
	return nil
}

func (e *execution) running() []*step {
	var out []*step
	for _, s := range e.steps {
		if s.status == starting || s.status == executing || s.status == stopping {
			out = append(out, s)
		}
	}
	return out
}

// ready reports whether a step may start: not started yet, everything it needs has
// succeeded, and the condition around it chose its branch.
func (e *execution) ready(d *stepDef) bool {
	if s := e.find(d.Name); s != nil && !s.again {
		return false
	}
	for _, n := range d.needs() {
		s := e.find(n)
		if s == nil || s.status != succeeded {
			return false
		}
	}
	return d.parent == nil || (e.find(d.parent.Name).metadata["Outcome"] == "True") != d.inElse
}

// advance starts what can start, and ends the execution when nothing runs any more.
// After a failure, running steps finish and no new one starts.
func (p *Pipelines) advance(e *execution) {
	if e.status != executing && e.status != stopping {
		return
	}
	bad := false
	for _, s := range e.steps {
		bad = bad || s.status == failed && !s.again
	}
	if e.status == executing && !bad {
		for _, d := range e.def.flat {
			if e.parallel > 0 && len(e.running()) >= e.parallel {
				break
			}
			if e.ready(d) {
				p.startStep(e, d)
			}
		}
	}
	if len(e.running()) > 0 {
		return
	}
	e.ended = p.w.Now()
	switch {
	case e.status == stopping:
		p.become(e, stopped, "")
	case bad:
		p.become(e, failed, "Step failure: One or multiple steps failed.")
	default:
		p.become(e, succeeded, "")
	}
}

// startStep brings a step from Starting over Executing to its end.
func (p *Pipelines) startStep(e *execution, d *stepDef) {
	s := e.find(d.Name)
	if s == nil {
		s = &step{def: d}
		e.steps = append(e.steps, s)
	}
	s.status, s.reason, s.again = starting, "", false
	s.started, s.ended, s.metadata = p.w.Now(), time.Time{}, nil
	s.attempts++
	s.timer = p.w.After(time.Second, "sagemaker: step "+d.Name+" executes", func() {
		if job, ok := jobs[d.Type]; ok {
			s.member, s.metadata = job.member, map[string]any{"Arn": p.jobARN(e, d, job.kind)}
		}
		p.move(e, s, executing, "")
		s.timer = p.w.After(p.duration(e, d), "sagemaker: step "+d.Name+" ends", func() {
			p.finish(e, s)
			p.advance(e)
		})
	})
}

func (p *Pipelines) duration(e *execution, d *stepDef) time.Duration {
	if t, ok := e.outcome.Durations[d.Name]; ok {
		return t
	}
	if _, job := jobs[d.Type]; !job {
		return 2 * time.Second
	}
	least, most := p.StepMin, p.StepMax
	if most <= least {
		return least
	}
	return least + time.Duration(p.w.Rand("sagemaker/pipeline/"+e.pipeline.name).Int64N(int64(most-least))).Round(time.Second)
}

// finish decides how a step ends.
func (p *Pipelines) finish(e *execution, s *step) {
	if e.outcome.FailStep == s.def.Name {
		reason := e.outcome.FailReason
		if reason == "" {
			reason = "ClientError: AlgorithmError: exit code 1"
		}
		p.log(s, e.outcome.FailLog)
		p.move(e, s, failed, reason)
		return
	}
	var err error
	switch s.def.Type {
	case "RegisterModel":
		err = p.registerModel(e, s)
	case "Condition":
		err = e.decide(s)
	case "Fail":
		var message any
		if message, err = e.resolve(s.def.Arguments["ErrorMessage"]); err == nil {
			s.member, s.metadata = "Fail", map[string]any{"ErrorMessage": text(message)}
			p.move(e, s, failed, text(message))
			return
		}
	}
	if err != nil {
		p.move(e, s, failed, "ClientError: "+err.Error())
		return
	}
	p.move(e, s, succeeded, "")
}

// logGroups are where jobs log, by the member of the step's metadata that names them.
// Source: SageMaker developer guide, log groups and streams.
var logGroups = map[string]string{
	"TrainingJob": "/aws/sagemaker/TrainingJobs", "ProcessingJob": "/aws/sagemaker/ProcessingJobs", "TransformJob": "/aws/sagemaker/TransformJobs",
}

// log writes lines to the log of the step's job.
func (p *Pipelines) log(s *step, lines []string) {
	group, arn := logGroups[s.member], text(s.metadata["Arn"])
	if group == "" || p.out.Log == nil {
		return
	}
	for _, line := range lines {
		p.out.Log(group, arn[strings.LastIndexByte(arn, '/')+1:]+"/algo-1-1772446531", line)
	}
}

// move changes a step's status and tells the world.
func (p *Pipelines) move(e *execution, s *step, status, reason string) {
	previous := s.status
	s.status, s.reason = status, reason
	if status == succeeded || status == failed || status == stopped {
		s.ended = p.w.Now()
	}
	e.modified = p.w.Now()
	p.emitStep(e, s, previous)
}

// become changes the execution's status and tells the world.
func (p *Pipelines) become(e *execution, status, reason string) {
	previous := e.status
	e.status, e.reason, e.modified = status, reason, p.w.Now()
	p.emitExecution(e, previous)
}
