// Command benchintake measures what a million object events cost on their way into one training run, and prints calls,
// bill and goals. It exits with 1 when a goal is missed.
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"sluice/local/benchintake"
)

func main() {
	events := flag.Int("events", 1_000_000, "events of S3; a tenth of them are repeated, a fifth delivered twice")
	crash := flag.Int("crash", 50, "every so many invocations of on-data one dies; 0 for none")
	seed := flag.Uint64("seed", 1, "seed of the order")
	flag.Parse()
	missed, err := measure(benchintake.Options{Events: *events, Crash: *crash, Seed: *seed, CPU: processorTime})
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchintake:", err)
		os.Exit(2)
	}
	if missed {
		os.Exit(1)
	}
}

func measure(o benchintake.Options) (missed bool, err error) {
	if o.Dir, err = os.MkdirTemp("", "benchintake"); err != nil {
		return false, err
	}
	defer os.RemoveAll(o.Dir)
	m, err := benchintake.Measure(o)
	if err != nil {
		return false, err
	}
	peak := usage().Maxrss << 10 // in KB on Linux
	for _, g := range m.Goals(peak) {
		missed = missed || !g.Met
	}
	return missed, m.Print(os.Stdout, peak)
}

func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it fails only for other processes
	return u
}

func processorTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
