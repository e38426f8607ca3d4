package spec

import (
	"fmt"
	"strings"

	"sluice/shared/definition"
)

// Match reports whether an object belongs to the trigger. Bucket, prefix and
// suffix are compared byte for byte, as S3 and EventBridge do: no case folding, no
// unescaping, and prefix and suffix may not share bytes of a short key.
func (t DataTrigger) Match(bucket, key string) bool {
	return bucket == t.Bucket && len(key) >= len(t.Prefix)+len(t.Suffix) &&
		strings.HasPrefix(key, t.Prefix) && strings.HasSuffix(key, t.Suffix)
}

// Marks reports whether an object of the trigger's bucket and prefix is its marker.
func (t DataTrigger) Marks(bucket, key string) bool {
	return t.Marker != "" && bucket == t.Bucket && strings.HasPrefix(key, t.Prefix) && matches(t.Marker, key[strings.LastIndexByte(key, '/')+1:])
}

// Match reports whether an alarm's name fits the pattern: * stands for any
// characters, also none; everything else for itself, case included. No name fits a
// trigger by tag.
func (t DriftTrigger) Match(alarm string) bool { return t.Tag == "" && matches(t.Alarm, alarm) }

// matches reports whether text fits a pattern with * for any characters.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return text == pattern
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	rest := text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return true
}

// Loop says which output of the pipeline would be new data for the model, and so train
// it again for ever; "" for none.
func (s *Spec) Loop(outputs []definition.Output) string {
	for _, o := range outputs {
		for i, t := range s.Triggers.Data {
			if o.Feeds(t.Bucket, t.Prefix, t.Suffix) {
				return fmt.Sprintf("step %s writes to s3://%s/%s, which triggers.data[%d] of model %s takes for new data, so that it would train on its own output for ever; let it write elsewhere, or narrow the trigger", o.Step, o.Bucket, o.Prefix, i, s.Model)
			}
		}
	}
	return ""
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
