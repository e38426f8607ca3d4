package event

import "time"

// Entry is an event that Sluice sends, as its bus takes it in.
type Entry struct {
	Source     string
	DetailType string
	Resources  []string  // ARNs that the event is about; may be empty
	Time       time.Time // when it happened; zero is when it is sent
	Detail     any       // becomes a JSON object
}
