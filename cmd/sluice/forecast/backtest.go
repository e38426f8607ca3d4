package forecast

import (
	"context"
	"fmt"
	"math"
	"time"

	"sluice/cmd/sluice/forecast/draw"
	"sluice/cmd/sluice/forecast/estimate"
	"sluice/cmd/sluice/forecast/export"
	"sluice/shared/judge"
)

// leastHistory is how many minutes of the record must lie before a rollout: without
// them the judge warns of false rollbacks by itself.
const leastHistory = 120

// defaultRollouts is about how many rollouts a backtest plays.
const defaultRollouts = 20_000

// Backtest is what the rules would have done to candidates exactly as good as the
// recorded baseline, had they begun at any minute of the record.
type Backtest struct {
	Start    time.Time `json:"from"`
	Minutes  int       `json:"minutes"`
	Requests int64     `json:"requests"`
	Failed   int64     `json:"failed"`

	Starts   int `json:"starts"`   // minutes at which a rollout could begin
	Repeats  int `json:"repeats"`  // rollouts from each
	Rollouts int `json:"rollouts"` // that came to an end within the record
	CutOff   int `json:"cutOff"`   // that did not
	GaveUp   int `json:"undecided"`
	// RolledBack is the chance of a rollback. Rollouts that begin a minute apart see
	// almost the same minutes, so that its range is as wide as only as many rollouts
	// make it as fit into the record one after another: Apart.
	RolledBack estimate.Range  `json:"rolledBack"`
	Apart      int             `json:"apart"`
	At         []AtWeight      `json:"at,omitempty"` // the weights of the rollbacks
	Promotion  *estimate.Range `json:"promotion,omitempty"`
	Spells     []Spell         `json:"suspicious"` // the worst minutes, worst first

	Rules Rules           `json:"-"`
	Each  []export.Minute `json:"-"`
	First int             `json:"-"` // the first minute at which a rollout could begin
	Back  []float64       `json:"-"` // chance of a rollback by start, from First on; NaN for none that ended
}

// BacktestOptions say how much is played.
type BacktestOptions struct {
	Repeats  int // from each start; 0 is as many as make about 20,000 in all
	Seed     uint64
	Progress func(done, all int) // may be nil
}

// played is what came of all rollouts from one start.
type played struct {
	ends     []ending
	verdicts []mark
}

// mark is what one judged minute did to a rollout.
type mark struct {
	at      int     // minute of the record
	gain    float64 // of evidence
	held    bool
	decided bool
}

// ShortError is a record in which no rollout fits.
type ShortError struct{ Minutes, Plan int }

func (e *ShortError) Error() string {
	return fmt.Sprintf("the record has %d minutes; the plan takes %d, and needs %d before them", e.Minutes, e.Plan, leastHistory)
}

// RunBacktest plays the rules at every minute of the baseline's record. Errors: ShortError.
func RunBacktest(ctx context.Context, rules Rules, r export.Record, o BacktestOptions) (Backtest, error) {
	minutes := r.Variants[export.Baseline]
	b := Backtest{Start: r.Start, Minutes: len(minutes), Rules: rules, Each: minutes, First: leastHistory, Repeats: o.Repeats}
	for _, m := range minutes {
		b.Requests += m.Requests
		b.Failed += m.Failed
	}
	b.Starts = len(minutes) - leastHistory - rules.Shortest() + 1
	if b.Starts < 1 {
		return b, &ShortError{len(minutes), rules.Shortest()}
	}
	if b.Repeats == 0 {
		b.Repeats = min(max(defaultRollouts/b.Starts, 1), 100)
	}
	all := make([]played, b.Starts)
	err := parallel(ctx, b.Starts, func(i int) (err error) {
		all[i], err = b.playFrom(b.First+i, o.Seed)
		return err
	}, func(done int) {
		if o.Progress != nil {
			o.Progress(done*b.Repeats, b.Starts*b.Repeats)
		}
	})
	if err != nil {
		return b, err
	}
	b.sum(all)
	return b, nil
}

// playFrom plays all rollouts that begin at one minute of the record.
func (b *Backtest) playFrom(start int, seed uint64) (played, error) {
	before, err := learned(b.Rules, b.Each, start)
	if err != nil {
		return played{}, err
	}
	p := played{ends: make([]ending, b.Repeats)}
	from := newRecorded(b.Each, b.Rules)
	from.start = start
	for i := range p.ends {
		dice := draw.Roll(seed, uint64(start), uint64(i))
		from.key = dice.Bits()
		run := before.Clone()
		w := watcher{run: run, start: start, limit: -math.Log(b.Rules.Config.Alpha)}
		if p.ends[i], err = conduct(b.Rules, run, from, w.judged); err != nil {
			return p, err
		}
		p.verdicts = append(p.verdicts, w.marks(p.ends[i].outcome)...)
	}
	return p, nil
}

// watcher notes which minutes spoke against the candidate of one rollout.
type watcher struct {
	run      *judge.Run
	start    int
	limit    float64
	evidence float64
	noted    []mark
	worst    int // of noted: the minute that said most since the evidence was least
	least    float64
	sure     bool
}

// telling is how much evidence must grow in a minute to be noted: by half.
var telling = math.Log(1.5)

func (w *watcher) judged(m judge.Minute) {
	now := w.run.Evidence()
	gain := now - w.evidence
	w.evidence = now
	if w.sure {
		return // the verdict stands: what comes while the weights change adds nothing
	}
	if now <= w.least {
		w.least, w.worst = now, len(w.noted)
	}
	held := w.run.Action() == judge.Hold
	if gain < telling && !held {
		return
	}
	w.noted = append(w.noted, mark{at: w.start + m.At, gain: gain, held: held})
	if w.worst < len(w.noted)-1 && gain > w.noted[w.worst].gain {
		w.worst = len(w.noted) - 1
	}
	w.sure = now >= w.limit
}

// marks are what was noted; of a rollback, the worst minute is the one that decided.
func (w *watcher) marks(o Outcome) []mark {
	if o == Caught && w.worst < len(w.noted) {
		w.noted[w.worst].decided = true
	}
	return w.noted
}
