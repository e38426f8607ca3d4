package worlds

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/local/asl/exec"
	"sluice/local/states"
)

// rest is the world once nothing is left to happen.
type rest struct {
	idle       bool
	executions []states.Execution
	subjects   []string // of reports
}

// maxEvents is how long the history of an execution may become: AWS ends it at
// 25,000.
const maxEvents = 10_000

// ofRest are asked once nothing is left to happen.
var ofRest = []check[rest]{
	{"comes-to-rest", "nothing goes on for ever, and no execution stays running", comesToRest},
	{"history-bounded", "no execution's history comes near what Step Functions allows", historyBounded},
	{"reported", "every execution ends its record, and people are told", reported},
	{"one-side", "in the end one model alone serves, and it is the one that the last rollout left there", oneSide},
	{"commands-answered", "every command is answered, once and for all", commandsAnswered},
	{"leases-freed", "in the end nobody holds a lease", leasesFreed},
	{"waiters-gone", "in the end nobody waits", waitersGone},
	{"nothing-lost", "every object is in a successful manifest at its newest version, or pending, or in a dead-letter queue", nothingLost},
	{"demand-served", "demand that nobody has tried to serve yet has somebody who will", demandServed},
	{"approved-rolled-out", "a package that was approved gets its rollout, unless AWS lost the event", approvedRolledOut},
}

// end asks what must hold in the end.
func (w *watch) end(idle bool) {
	r := rest{idle: idle, executions: w.p.aws().States.Executions("")}
	for _, m := range w.p.aws().SNS.Messages(w.p.st.Output("Reports")) {
		r.subjects = append(r.subjects, m.Subject)
	}
	verify(w, ofRest, r)
}

func comesToRest(_ *watch, r rest) string {
	for _, e := range r.executions {
		if e.Status == exec.Running {
			return fmt.Sprintf("execution %s runs since %s and is in %s after %d events", e.Name, e.Start.Format("01-02 15:04"), e.State, e.Events)
		}
	}
	if !r.idle {
		return fmt.Sprintf("something still goes on after %s", longest)
	}
	return ""
}

func historyBounded(_ *watch, r rest) string {
	for _, e := range r.executions {
		if e.Events >= maxEvents {
			return fmt.Sprintf("execution %s has %d events", e.Name, e.Events)
		}
	}
	return ""
}

func reported(w *watch, r rest) string {
	for _, e := range r.executions {
		subject := fmt.Sprintf("rollout %s:", e.Name)
		if strings.HasSuffix(e.Machine, "-training") {
			subject = fmt.Sprintf("training of %s, run %s:", model, generationOf(e.Name))
		} else if !w.rollout(e.Name).final() {
			return fmt.Sprintf("execution %s is %s in state %s, and its rollout is %q", e.Name, e.Status, e.State, w.rollout(e.Name).state)
		}
		switch {
		case e.State == "NotReported":
			return fmt.Sprintf("execution %s ended in NotReported: %s", e.Name, cause(e))
		case e.Status != exec.Succeeded && e.State != "Halted" && e.State != "TrainingFailed":
			return fmt.Sprintf("execution %s is %s in state %s: %s", e.Name, e.Status, e.State, cause(e))
		case !slices.ContainsFunc(r.subjects, func(s string) bool { return strings.Contains(s, subject) }):
			return fmt.Sprintf("nobody was told of %q", subject)
		}
	}
	return ""
}

// cause is why an execution failed.
func cause(e states.Execution) string {
	if e.Failure == nil || e.Failure.Cause == nil {
		return "no cause"
	}
	return *e.Failure.Cause
}

// generationOf reads the generation in the name of a training execution.
func generationOf(name string) string {
	g, _, _ := strings.Cut(strings.TrimPrefix(name, model+"-g"), "-")
	return g
}

func oneSide(w *watch, _ rest) string {
	r := w.rollouts[w.writer]
	if w.foreign {
		return "" // somebody else may have had the last word
	}
	if r == nil {
		return w.alone(endpoint+"-v1", variant)
	}
	switch r.state {
	case "promoted":
		return w.alone(r.candidate, r.variant)
	case "rolledBack", "aborted":
		return w.alone(r.baseline, r.old)
	case "halted":
		return "" // a person has seen to it
	}
	return fmt.Sprintf("%s has changed the endpoint and is %s", w.writer, r.state)
}

func commandsAnswered(w *watch, _ rest) string {
	for _, it := range w.p.aws().Table.Items(w.p.st.Output("Table")) {
		if sk := it["sk"].Text; strings.HasPrefix(sk, "COMMAND#") && !happened(it["handledAt"]) && w.dead() == "" {
			return fmt.Sprintf("%s to %s (%s) has no answer", it["verb"].Text, it["pk"].Text, sk)
		}
	}
	return ""
}

func leasesFreed(w *watch, _ rest) string {
	for _, name := range slices.Sorted(maps.Keys(w.leases)) {
		return fmt.Sprintf("%s holds %s", w.leases[name].owner, name)
	}
	return ""
}

func waitersGone(w *watch, _ rest) string {
	for _, it := range w.p.aws().Table.Items(w.p.st.Output("Table")) {
		if pk := it["pk"].Text; strings.HasPrefix(pk, "WAITER#") {
			return fmt.Sprintf("%s waits as %s", it["sk"].Text, pk)
		}
	}
	return ""
}

func nothingLost(w *watch, _ rest) string {
	served, err := w.served()
	if err != nil {
		return err.Error()
	}
	pending, err := w.pending()
	if err != nil {
		return err.Error()
	}
	dead := w.dead()
	for _, o := range slices.SortedFunc(maps.Keys(w.newest), compareObjects) {
		l := listing{o, w.newest[o]}
		if served[l] == 0 && !pending[l] && !strings.Contains(dead, `"sequencer":"`+l.sequencer+`"`) {
			return fmt.Sprintf("s3://%s/%s at %s is in no successful manifest, not pending and not in a dead-letter queue", o.bucket, o.key, l.sequencer)
		}
	}
	return ""
}

// demandServed: a failed run's objects wait for the next trigger; everything else
// must not be left in demand that no execution serves.
func demandServed(w *watch, _ rest) string {
	_, chunks, err := w.p.st.Table.Demand(w.p.ctx, model)
	if err != nil {
		return err.Error()
	}
	for _, c := range chunks {
		if c.Cause.Kind != "retry" {
			return fmt.Sprintf("chunk %.12s (%s: %s) is in the open demand of generation %d, and no execution will serve it", c.Name, c.Cause.Kind, c.Cause.Text, w.open)
		}
	}
	return ""
}

func approvedRolledOut(w *watch, _ rest) string {
	known := map[string]bool{}
	for _, r := range w.rollouts {
		known[r.pkg] = true
	}
	dead := w.dead()
	for _, l := range w.p.aws().Events.Log() {
		if l.Event.DetailType != "SageMaker Model Package State Change" || !strings.Contains(string(l.Event.Detail), `"ModelApprovalStatus":"Approved"`) {
			continue
		}
		arn := l.Event.Resources[0]
		if !known[arn] && !w.unheard[arn] && !strings.Contains(dead, l.Event.ID) {
			return fmt.Sprintf("%s was approved at %s and has no rollout", arn, l.At.Format("15:04:05"))
		}
	}
	return ""
}
