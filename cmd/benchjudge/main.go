// Command benchjudge measures the judge against its goals and prints the table. It exits with 1 when a goal is missed.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"sluice/local/benchjudge"
	"sluice/shared/judge/protocol"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed of the simulation")
	quick := flag.Bool("quick", false, "a rough measurement, a fifth of the repetitions")
	asJSON := flag.Bool("json", false, "print JSON")
	history := flag.Int("history", 360, "minutes of the baseline known before the rollout")
	relative := flag.Float64("relative", 0.1, "relative tolerance")
	absolute := flag.Float64("absolute", 0, "absolute tolerance, share of requests")
	thin := flag.Int("thin", 1, "simulate one environment in so many")
	flag.Parse()

	options := benchjudge.Full(*seed)
	if *quick {
		options = benchjudge.Quick(*seed)
	}
	options.History, options.Thin = *history, *thin
	options.Limits.Relative, options.Limits.Absolute = *relative, *absolute

	began := time.Now()
	report := benchjudge.Measure(options).Report()
	report.Goals = append(report.Goals, speed(*seed))
	report.Seconds = time.Since(began).Seconds()
	if err := show(report, *asJSON); err != nil {
		fmt.Fprintln(os.Stderr, "benchjudge:", err)
		os.Exit(2)
	}
	if report.Missed() > 0 {
		os.Exit(1)
	}
}

func show(report benchjudge.Report, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	return report.Print(os.Stdout)
}

// speed is the last goal: judged minutes per second of processor time, through the protocol.
func speed(seed uint64) benchjudge.Goal {
	const rollouts = 2000
	lines, minutes := benchjudge.Lines(seed, rollouts)
	began := processorSeconds()
	err := protocol.Serve(bytes.NewReader(lines), io.Discard)
	rate := float64(minutes) / (processorSeconds() - began)
	goal := benchjudge.Goal{Figure: "judged minutes a second on one core", Goal: ">= 100,000", Measured: rate, Met: rate >= 100_000 && err == nil}
	if err != nil {
		goal.Note = err.Error()
	}
	return goal
}

func processorSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
