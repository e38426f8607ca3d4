package forecast

import (
	"context"
	"runtime"
	"sync"
)

// Options say what is simulated.
type Options struct {
	Environment
	Faults   []Fault
	Rollouts int // of each fault
	Seed     uint64
	// Progress is told how many rollouts of how many are done; may be nil.
	Progress func(done, all int)
}

// Simulate plays the rules against every fault, on the same days. The result depends
// on rules and options only, not on how the work was spread over processors.
func Simulate(ctx context.Context, rules Rules, o Options) (Forecast, error) {
	ends := make([][]ending, o.Rollouts) // by repetition, by fault
	err := parallel(ctx, o.Rollouts, func(i int) (err error) {
		ends[i], err = repeat(rules, o, i)
		return err
	}, func(done int) {
		if o.Progress != nil {
			o.Progress(done*len(o.Faults), o.Rollouts*len(o.Faults))
		}
	})
	if err != nil {
		return Forecast{}, err
	}
	f := Forecast{Rules: rules, Environment: o.Environment, Seed: o.Seed}
	for i, fault := range o.Faults {
		of := make([]ending, len(ends))
		for j := range ends {
			of[j] = ends[j][i]
		}
		f.Candidates = append(f.Candidates, tally(rules, o.Environment, fault, of))
	}
	return f, nil
}

// repeat plays one day with every fault. What the day before taught is learned once.
func repeat(rules Rules, o Options, repetition int) ([]ending, error) {
	d := newDay(o.Environment, rules, o.Seed, repetition)
	learned, err := d.learned(rules)
	if err != nil {
		return nil, err
	}
	ends := make([]ending, len(o.Faults))
	for i, f := range o.Faults {
		if ends[i], err = conduct(rules, learned.Clone(), newPlay(d, f, len(rules.Config.Metrics)), nil); err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// parallel does n things on all processors, and tells after each how many are done. It
// ends early with the context's error or with the error of the first thing, by number,
// that failed.
func parallel(ctx context.Context, n int, do func(i int) error, told func(done int)) error {
	var wait sync.WaitGroup
	todo, done := make(chan int), make(chan struct{}, 1)
	errs := make([]error, n)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range todo {
				errs[i] = do(i)
				done <- struct{}{}
			}
		})
	}
	started, finished := 0, 0
	for finished < n && (started > finished || ctx.Err() == nil) {
		next := todo
		if started == n || ctx.Err() != nil {
			next = nil
		}
		select {
		case next <- started:
			started++
		case <-done:
			finished++
			told(finished)
		}
	}
	close(todo)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
