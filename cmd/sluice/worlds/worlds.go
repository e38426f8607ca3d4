// Package worlds plays Sluice in worlds that are drawn from seeds: other traffic,
// models that are bad, slow or turn bad late, bursts of data, alarms, an AWS that
// undoes what it was asked for, and faults in the calls, functions and events between
// them. After every step it asks the invariants: what Sluice promises whatever goes
// wrong.
//
// A failure names its seed, is cut to the faults that mattered, and can be replayed:
// the same seed and faults give the same world, write by write. Worlds run beside each
// other; inside a world one thing happens after the other.
//
// It decides nothing about Sluice, and knows only what Sluice's table, the calls and
// the truth of local AWS say. The subcommand sim calls it.
package worlds

import (
	"context"
	"sync"
	"time"

	"sluice/local/faults"
)

// Options are what is to be simulated.
type Options struct {
	From    uint64       // the first seed
	Seeds   int          // how many
	Faults  *faults.List // instead of those that the seeds draw; nil for those
	Workers int          // worlds at a time, at least 1
	// Budget is the real time after which no further world is begun; 0 for none.
	Budget time.Duration
	Now    func() time.Time
}

// Run plays one world for each seed and hands each outcome to told, one at a time and
// in the order in which they end. It ends early with the first broken invariant. The
// error is of the simulation itself.
func Run(ctx context.Context, o Options, told func(Outcome)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		mu    sync.Mutex
		wait  sync.WaitGroup
		next  int
		first error
	)
	began := o.Now()
	take := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= o.Seeds || ctx.Err() != nil || o.Budget > 0 && o.Now().Sub(began) > o.Budget {
			return 0, false
		}
		next++
		return o.From + uint64(next-1), true
	}
	for range max(1, o.Workers) {
		wait.Go(func() {
			for {
				seed, ok := take()
				if !ok {
					return
				}
				out, err := one(ctx, seed, o.Faults)
				mu.Lock()
				switch {
				case ctx.Err() != nil: // another world has ended it all
				case err != nil:
					first = err
					stop()
				default:
					told(out)
					if out.Broken != nil {
						stop()
					}
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return first
}

// one draws and plays the world of a seed.
func one(ctx context.Context, seed uint64, instead *faults.List) (Outcome, error) {
	c, err := Draw(seed)
	if err != nil {
		return Outcome{}, err
	}
	if instead != nil {
		c.Faults = *instead
	}
	return Play(ctx, c)
}
