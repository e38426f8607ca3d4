package benchjudge

import "sluice/shared/judge"

// looker judges one rollout, minute by minute; it may hold the clock or roll back.
type looker interface {
	look(minute, step int, s served) judge.Action
}

// end is how one rollout went.
type end struct {
	rolledBack bool
	early      bool // before full weight: no request was served at it
	bad        int64
	fullAt     int // the minute full weight began; -1 never
}

// roll serves one rollout under a looker. A verdict takes effect one minute after its minute has ended, so that a
// rejected candidate serves one minute more, and a hold stops the clock one minute late.
func rollOut(d *day, p judge.Plan, f fault, l looker) end {
	result := end{fullAt: -1}
	step, spent := 0, 0
	effect := judge.Continue // the last minute's verdict, not yet in effect
	for t := 0; ; t++ {
		for spent >= p[step].Minutes {
			spent -= p[step].Minutes
			if step++; step == len(p) {
				return result
			}
		}
		if step == len(p)-1 && result.fullAt < 0 {
			result.fullAt = t
		}
		s := d.minute(t, p[step].Weight/100, f)
		result.bad += s.candidate.bad
		if effect == judge.RollBack {
			result.rolledBack, result.early = true, result.fullAt < 0
			return result
		}
		at := step
		spent++
		if effect == judge.Hold && spent > 0 {
			spent--
		}
		effect = l.look(t, at, s)
	}
}
