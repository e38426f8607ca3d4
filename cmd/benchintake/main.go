// Command benchintake measures what a million object events cost on their way into one training run, and prints calls,
// bill and goals. It exits with 1 when a goal is missed.
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"sluice"
	"sluice/local/benchintake"
)

func main() {
	events := flag.Int("events", 1_000_000, "events of S3; a tenth of them are repeated, a fifth delivered twice")
	crash := flag.Int("crash", 50, "every so many invocations of on-data one dies; 0 for none")
	seed := flag.Uint64("seed", 1, "seed of the order")
	flag.Parse()
	o := benchintake.Options{Events: *events, Crash: *crash, Seed: *seed, Files: sluice.Deployed, CPU: processorTime, Clock: stopwatch()}
	missed, err := report(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchintake:", err)
		os.Exit(2)
	}
	if missed {
		os.Exit(1)
	}
}

// few is how many events many more are compared with.
const few = 1_000_000

// report measures and prints, many events beside few.
func report(o benchintake.Options) (missed bool, err error) {
	var small *benchintake.Measurement
	if o.Events > few {
		less := o
		less.Events = few
		m, err := measure(less)
		if err != nil {
			return false, err
		}
		small = &m
	}
	m, err := measure(o)
	if err != nil {
		return false, err
	}
	peak := usage().Maxrss << 10 // in KB on Linux
	for _, g := range m.Goals(peak, small) {
		missed = missed || !g.Met
	}
	return missed, m.Print(os.Stdout, peak, small)
}

func measure(o benchintake.Options) (m benchintake.Measurement, err error) {
	if o.Dir, err = os.MkdirTemp("", "benchintake"); err != nil {
		return m, err
	}
	defer os.RemoveAll(o.Dir)
	return benchintake.Measure(o)
}

// stopwatch starts to count.
func stopwatch() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it fails only for other processes
	return u
}

func processorTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
