package forecast

import (
	"math"
	"math/rand/v2"
	"time"

	"sluice/cmd/sluice/forecast/draw"
	"sluice/local/sagemaker/traffic"
	"sluice/shared/judge"
)

// Environment is the endpoint that is simulated. In bursty traffic both variants'
// failure rates jump from minute to minute too, each on its own: mean as given,
// deviation half of it. Latencies are log-normal with a 90th percentile of 2.25 medians,
// as the zero traffic.Latency.
type Environment struct {
	RPM      float64         // requests a minute, over all
	Pattern  traffic.Pattern // of requests
	Baseline float64         // share of requests that fail, 0..1
}

// spread is the standard deviation of the logarithm of a latency.
var spread = math.Log(2.25) / draw.Normal(0.9)

// day is one repetition of the environment: the same requests for every fault.
type day struct {
	Environment
	key        uint64
	first      time.Time // when the means begin
	arrivals   *traffic.Arrivals
	means      []float64 // of requests, from historyMinutes before the rollout on
	history    int       // minutes before the rollout
	percentile float64
}

// aMonday is the day on which all repetitions begin, each at its own minute.
var aMonday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func newDay(e Environment, rules Rules, seed uint64, repetition int) *day {
	dice := draw.Roll(seed, uint64(repetition))
	d := &day{Environment: e, key: dice.Bits(), history: historyMinutes, percentile: rules.Percentile}
	d.first = aMonday.Add(time.Duration(dice.Uniform()*24*60) * time.Minute)
	d.arrivals = traffic.NewArrivals(traffic.Traffic{RPM: e.RPM, Pattern: e.Pattern}, rand.New(rand.NewPCG(dice.Bits(), 0)))
	return d
}

// mean is the number of requests expected in minute t.
func (d *day) mean(t int) float64 {
	for len(d.means) <= t+d.history {
		d.means = append(d.means, d.arrivals.Next(d.first.Add(time.Duration(len(d.means))*time.Minute)))
	}
	return d.means[t+d.history]
}

// learned is a judge that has seen the day before the rollout.
func (d *day) learned(rules Rules) (*judge.Run, error) {
	run, err := judge.NewRun(rules.Config, rules.Plan)
	if err != nil {
		return nil, err
	}
	readings := make([]judge.Reading, len(rules.Config.Metrics))
	for t := -d.history; t < 0; t++ {
		d.fill(readings, t, 0, Healthy)
		if err := run.Absorb(judge.Minute{At: t, Readings: readings}); err != nil {
			return nil, err
		}
	}
	return run, nil
}

// fill writes what both variants did in minute t.
func (d *day) fill(readings []judge.Reading, t int, weight float64, f Fault) {
	dice := draw.Roll(d.key, uint64(int64(t)))
	volume, split, failB, failC := dice.Uniform(), dice.Uniform(), dice.Uniform(), dice.Uniform()
	rateB, rateC := d.Baseline, d.Baseline
	if d.Pattern == traffic.Bursty {
		rateB = min(rateB*draw.Jump(dice.Uniform()), 1)
		rateC = min(rateC*draw.Jump(dice.Uniform()), 1)
	}
	slow := 1.0
	if f.active(t, weight) {
		rateC = f.rate(rateC)
		if f.Slow > 0 {
			slow = f.Slow
		}
	}
	n := draw.Poisson(d.mean(t), volume)
	nc := draw.Binomial(n, weight/100, split)
	nb := n - nc
	readings[0] = judge.Reading{
		Baseline:  judge.Counts{N: nb, Bad: draw.Binomial(nb, rateB, failB)},
		Candidate: judge.Counts{N: nc, Bad: draw.Binomial(nc, rateC, failC)},
	}
	if d.percentile == 0 {
		return
	}
	readings[1] = judge.Reading{
		Baseline:  judge.Counts{N: nb, Value: latency(draw.Roll(d.key, uint64(int64(t)), 1), nb, d.percentile)},
		Candidate: judge.Counts{N: nc, Value: slow * latency(draw.Roll(d.key, uint64(int64(t)), 2), nc, d.percentile)},
	}
}

// latency is the percentile of n latencies of median 1.
func latency(dice draw.Dice, n int64, percentile float64) float64 {
	return math.Exp(spread * draw.Rank(&dice, n, percentile))
}

// play is a day with one fault, as a rollout sees it.
type play struct {
	day      *day
	fault    Fault
	readings [lateness + 1][]judge.Reading
}

func newPlay(d *day, f Fault, metrics int) *play {
	p := &play{day: d, fault: f}
	for i := range p.readings {
		p.readings[i] = make([]judge.Reading, metrics)
	}
	return p
}

func (p *play) serve(t int, weight float64) (served, bool) {
	readings := p.readings[t%len(p.readings)]
	p.day.fill(readings, t, weight, p.fault)
	return served{readings: readings, active: p.fault.active(t, weight)}, true
}
