package alarm

// Chance is what it takes for an alarm to ring.
type Chance string

// The chances.
const (
	Never   Chance = "never"   // no value that the metric can have makes it ring
	Total   Chance = "total"   // only the failure of every request does
	Single  Chance = "single"  // one failed request does
	Always  Chance = "always"  // any value does
	Usual   Chance = "usual"   // some values do, others do not
	Unknown Chance = "unknown" // cannot be told
)

// Chance is what it takes for the alarm to ring, by its definition alone: whether its
// metric has data is View's to say.
func (a Alarm) Chance() Chance {
	if a.Composite() {
		return a.ruled()
	}
	s, ok := a.Compared()
	if !ok || a.Threshold == nil {
		return Unknown
	}
	least, largest, ok := s.Bounds()
	if !ok {
		return Unknown
	}
	breaches, ok := a.breaches()
	switch {
	case !ok:
		return Unknown
	case !breaches(least) && !breaches(largest):
		return Never
	case breaches(least) && breaches(largest):
		return Always
	case !s.Failures() || breaches(least): // those that ring while all is well included
		return Usual
	case s.Statistic == "Minimum", s.Statistic == "Average" && !breaches(largest-1e-9):
		return Total
	case (s.Statistic == "Sum" || s.Statistic == "Maximum") && breaches(1):
		return Single
	}
	return Usual
}

// breaches tells values that are over, or under, the threshold; false for a
// comparison with a band. Values beyond one that breaches breach as well.
func (a Alarm) breaches() (func(value float64) bool, bool) {
	limit := *a.Threshold
	switch a.Comparison {
	case "GreaterThanThreshold":
		return func(v float64) bool { return v > limit }, true
	case "GreaterThanOrEqualToThreshold":
		return func(v float64) bool { return v >= limit }, true
	case "LessThanThreshold":
		return func(v float64) bool { return v < limit }, true
	case "LessThanOrEqualToThreshold":
		return func(v float64) bool { return v <= limit }, true
	}
	return nil, false
}

// ruled is Chance of a composite alarm.
func (a Alarm) ruled() Chance {
	r, err := ParseRule(a.Rule)
	if err != nil {
		return Unknown
	}
	known := map[string]Alarm{}
	for _, c := range a.Children {
		known[c.Name] = c
	}
	can := func(name string) bool {
		c, read := known[name]
		return !read || c.State != "" && c.Chance() != Never
	}
	if !r.possible(can) {
		return Never
	}
	return Usual
}

// RingsAt reports whether the alarm rings when this share of all requests, 0 to 1,
// fails and no other does. ok is false if it does not go by shares.
func (a Alarm) RingsAt(share float64) (rings, ok bool) {
	s, ok := a.Compared()
	if !ok || a.Threshold == nil || !s.Failures() || s.Statistic != "Average" {
		return false, false
	}
	breaches, ok := a.breaches()
	return ok && breaches(share), ok
}
