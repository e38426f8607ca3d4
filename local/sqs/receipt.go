package sqs

import (
	"time"

	"sluice/local/wire"
)

// delete ends the message of a receipt. With the handle of an earlier receipt a
// message that is visible again is deleted, and one in flight for somebody else
// is not: SQS promises neither, so the worse of the two is rehearsed.
func (q *queue) delete(receipt string) error {
	q.activeAt = q.s.w.Now()
	id, err := idOf(receipt)
	if err != nil {
		return err
	}
	m := q.byID[id]
	switch {
	case m == nil || m.state == delayed:
		return nil
	case q.fifo && (m.state != inFlight || m.receipt != receipt):
		return invalid(receipt, "ReceiptHandle", "The receipt handle has expired.")
	case m.state == inFlight && m.receipt != receipt:
		return nil
	}
	q.remove(m)
	return nil
}

// changeVisibility sets anew when the message of a receipt comes back.
func (q *queue) changeVisibility(receipt string, d time.Duration) error {
	q.activeAt = q.s.w.Now()
	if d < 0 || d > 12*time.Hour {
		return invalid(int(d.Seconds()), "VisibilityTimeout", "Must be between 0 and 43200.")
	}
	id, err := idOf(receipt)
	if err != nil {
		return err
	}
	m := q.byID[id]
	if m == nil {
		return invalid(receipt, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	}
	if m.state != inFlight || m.receipt != receipt {
		return wire.Errorf("MessageNotInflight", "Message is not in flight: its visibility timeout has passed.")
	}
	q.hide(m, d)
	return nil
}
