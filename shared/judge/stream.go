package judge

// stream is the judgement of one metric so far. A copy of it is a saved state.
type stream struct {
	kind   Kind
	wealth wealth
	share  shareJudge
	coin   coinJudge

	// lowest is the least evidence so far and since what was counted after it: what a reason should speak of,
	// as the hour before a late regression would only dilute it. For coins, N is tosses and Bad is heads.
	lowest float64
	since  Reading
	spent  int
}

func newStream(m Metric) stream {
	return stream{
		kind:   m.Kind,
		wealth: newWealth(),
		share:  shareJudge{null: null{ratio: 1 + m.Relative, offset: m.Absolute}},
		coin:   coinJudge{ratio: 1 + m.Relative},
	}
}

// learn takes in a minute of the baseline's history.
func (s *stream) learn(baseline Counts) {
	if s.kind == Percentile {
		s.coin.learn(baseline)
		return
	}
	s.share.learn(baseline)
}

// judge bets on one minute of the rollout, then learns from it. A minute that compares nothing moves no money.
func (s *stream) judge(r Reading, fullWeight bool) {
	if s.kind == Percentile {
		if shown, tossed := s.coin.toss(r, fullWeight); tossed {
			gains := shown.gains()
			s.wealth.stake(coinStakes[:])
			s.wealth.settle(gains[:])
			s.count(Reading{Candidate: shown.counts()})
		}
	} else if wagers, compared := s.share.wagers(r, fullWeight); compared {
		var stakes, gains [shareBets]float64
		for i, w := range wagers {
			stakes[i], gains[i] = w.stake(betPrior[i]), w.gain
		}
		s.wealth.stake(stakes[:])
		s.wealth.settle(gains[:])
		s.count(r)
	}
	s.learn(r.Baseline)
}

// count adds a compared minute to what a reason speaks of, or starts afresh when it only exonerates.
func (s *stream) count(r Reading) {
	s.since.Baseline.add(r.Baseline)
	s.since.Candidate.add(r.Candidate)
	s.spent++
	if s.wealth.log <= s.lowest {
		s.lowest, s.since, s.spent = s.wealth.log, Reading{}, 0
	}
}
