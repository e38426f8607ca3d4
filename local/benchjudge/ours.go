package benchjudge

import "sluice/shared/judge"

// config is the judge's, for these limits; one minute passes from its verdict to the effect.
func (l Tolerance) config() judge.Config {
	c := judge.Defaults()
	c.Alpha, c.Lead = l.Alpha, 1
	c.Metrics[0].Relative, c.Metrics[0].Absolute = l.Relative, l.Absolute
	return c
}

// ours is the judge under measurement.
type ours struct {
	run     *judge.Run
	reading [1]judge.Reading
}

// learned is a judge that has seen the history of a day, to be cloned for each rollout of it.
func learned(o Options, d *day, p judge.Plan) *judge.Run {
	run, err := judge.NewRun(o.Limits.config(), p)
	if err != nil {
		panic(err) // the plans and limits are constants of this package
	}
	for t := -o.History; t < 0; t++ {
		s := d.minute(t, 0, healthy)
		reading := judge.Reading{Baseline: judge.Counts{N: s.baseline.n, Bad: s.baseline.bad}}
		if err := run.Absorb(judge.Minute{At: t, Readings: []judge.Reading{reading}}); err != nil {
			panic(err)
		}
	}
	return run
}

func (o *ours) look(minute, step int, s served) judge.Action {
	o.reading[0] = judge.Reading{
		Baseline:  judge.Counts{N: s.baseline.n, Bad: s.baseline.bad},
		Candidate: judge.Counts{N: s.candidate.n, Bad: s.candidate.bad},
	}
	if err := o.run.Absorb(judge.Minute{At: minute, Step: step, Readings: o.reading[:]}); err != nil {
		panic(err)
	}
	return o.run.Action()
}
