package judge

// shareJudge compares shares of bad requests. Everything it knows of the baseline's rate and bursts comes from
// earlier minutes: that is what keeps the guarantee.
type shareJudge struct {
	null   null
	past   past
	bursts bursts
}

// learn takes in a minute of the baseline, after it was judged.
func (s *shareJudge) learn(baseline Counts) {
	s.past.absorb(baseline)
	s.bursts.absorb(baseline)
}

// wagers is every bet in one minute; false when nothing could be compared.
func (s *shareJudge) wagers(r Reading, fullWeight bool) (wagers [shareBets]wager, compared bool) {
	if r.Candidate.N == 0 || r.Baseline.N == 0 && !fullWeight {
		return wagers, false
	}
	guess := s.past.rate()
	correlation := s.bursts.correlation(guess)
	candidate := tempered(r.Candidate, correlation)
	if r.Baseline.N > 0 {
		d := duel{s.null, guess, tempered(r.Baseline, correlation), candidate}
		for i, factor := range betFactors {
			wagers[i] = d.wager(factor)
		}
		return wagers, true
	}
	boundary := s.null.boundary(s.past.upper(correlation))
	for i, factor := range betFactors {
		wagers[i] = candidate.wager(newTilt(alternative(boundary, factor), boundary))
	}
	return wagers, true
}
