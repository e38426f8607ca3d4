package worlds

import (
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/local/dynamodb"
)

// rollout is what the watch knows of a rollout.
type rollout struct {
	state     string
	baseline  string // config
	candidate string // config
	variant   string // of the candidate
	old       string // variant of the baseline
	pkg       string
	verdict   bool // it was said that it must go back
	changed   bool // it has changed the endpoint
}

func (r *rollout) final() bool {
	switch r.state {
	case "promoted", "rolledBack", "halted", "refused", "aborted", "superseded":
		return true
	}
	return false
}

// run is what the watch knows of a training run.
type run struct {
	generation int
	state      string
	manifest   string // s3:// URI
	ended      bool
}

func (w *watch) rollout(id string) *rollout {
	r := w.rollouts[id]
	if r == nil {
		r = &rollout{}
		w.rollouts[id] = r
	}
	return r
}

// learn keeps what a write says.
func (w *watch) learn(x write) {
	switch {
	case x.sk == "LEASE":
		name := strings.TrimPrefix(x.pk, "LEASE#")
		if x.after == nil {
			delete(w.leases, name)
			return
		}
		w.leases[name] = lease{x.after["owner"].Text, time.UnixMilli(number(x.after["expires"]))}
	case x.after == nil:
	case x.sk == "DEMAND":
		w.open = int(number(x.after["generation"]))
	case strings.HasPrefix(x.sk, "RUN#"):
		r := runOf(x.after)
		old := w.runs[r.generation]
		w.runs[r.generation] = r
		if pkg := x.after["package"].Text; x.after["approval"].Text == "PendingManualApproval" && (old == nil || x.before["package"].Text != pkg) {
			w.p.approve(pkg)
		}
	case strings.HasPrefix(x.sk, "COMMAND#"):
		w.tell(ui.Info, strings.TrimPrefix(x.pk, "ROLLOUT#"), "command %s: %s", x.after["verb"].Text, x.after["answer"].Text)
	case x.sk == "ROLLOUT":
		w.learnRollout(x)
	case strings.HasPrefix(x.sk, "HISTORY#"):
		said := x.after["text"].Text
		if kind := x.after["kind"].Text; kind == "verdict" || kind == "look" && strings.HasPrefix(said, "rollBack") {
			w.rollout(strings.TrimPrefix(x.pk, "ROLLOUT#")).verdict = true
		}
		w.tell(ui.Info, strings.TrimPrefix(x.pk, "ROLLOUT#"), "%s: %s", x.after["kind"].Text, said)
	}
}

func runOf(it dynamodb.Item) *run {
	return &run{generation: int(number(it["generation"])), state: it["state"].Text, manifest: it["manifest"].Text, ended: happened(it["endedAt"])}
}

// happened reports whether a time was written: the zero time was not.
func happened(at dynamodb.Value) bool { return at.Text != "" && !strings.HasPrefix(at.Text, "0001-") }

func (w *watch) learnRollout(x write) {
	id := strings.TrimPrefix(x.pk, "ROLLOUT#")
	r := w.rollout(id)
	was := r.state
	r.state = x.after["state"].Text
	r.pkg = x.after["package"].Text
	r.baseline, r.old = x.after["baseline"].Map["config"].Text, x.after["baseline"].Map["variant"].Text
	r.candidate, r.variant = x.after["candidate"].Map["config"].Text, x.after["candidate"].Map["variant"].Text
	r.verdict = r.verdict || r.state == "returning"
	if was == r.state {
		return
	}
	w.tell(ui.Info, id, "is %s: %s", r.state, x.after["reason"].Text)
	if r.state == "halted" {
		w.p.unlock(id)
	}
}

// number is a number of an item; 0 if it is none.
func number(v dynamodb.Value) int64 {
	n, _ := v.Num.Int64()
	return n
}
