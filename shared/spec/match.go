package spec

import "strings"

// Match reports whether an object belongs to the trigger. Bucket, prefix and
// suffix are compared byte for byte, as S3 and EventBridge do: no case folding, no
// unescaping, and prefix and suffix may not share bytes of a short key.
func (t DataTrigger) Match(bucket, key string) bool {
	return bucket == t.Bucket && len(key) >= len(t.Prefix)+len(t.Suffix) &&
		strings.HasPrefix(key, t.Prefix) && strings.HasSuffix(key, t.Suffix)
}

// Match reports whether an alarm's name fits the pattern: * stands for any
// characters, also none; everything else for itself, case included.
func (t DriftTrigger) Match(alarm string) bool {
	parts := strings.Split(t.Alarm, "*")
	if len(parts) == 1 {
		return alarm == t.Alarm
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(alarm) < len(first)+len(last) || !strings.HasPrefix(alarm, first) || !strings.HasSuffix(alarm, last) {
		return false
	}
	rest := alarm[len(first) : len(alarm)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return true
}

// DataTrigger finds the trigger that an object belongs to. At most one does:
// Parse refuses triggers that overlap.
func (s *Spec) DataTrigger(bucket, key string) (DataTrigger, bool) {
	for _, t := range s.Triggers.Data {
		if t.Match(bucket, key) {
			return t, true
		}
	}
	return DataTrigger{}, false
}

// DriftTrigger finds the first trigger that an alarm belongs to.
func (s *Spec) DriftTrigger(alarm string) (DriftTrigger, bool) {
	for _, t := range s.Triggers.Drift {
		if t.Match(alarm) {
			return t, true
		}
	}
	return DriftTrigger{}, false
}
