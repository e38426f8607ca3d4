package sqs

import "sluice/local/wire"

// deadLetter is the queue that m goes to instead of being received once more,
// or nil. A dead-letter queue that is gone gives nothing up: the message stays.
func (q *queue) deadLetter(m *message) *queue {
	if q.redrive == nil || m.receives < q.redrive.max {
		return nil
	}
	dead, err := q.s.byARN(q.redrive.DeadLetterTargetARN)
	if err != nil {
		return nil
	}
	return dead
}

// giveUp moves a message into the dead-letter queue. It keeps its id and, in a
// standard queue, the time it was sent, so retention goes on from there.
func (q *queue) giveUp(m *message, dead *queue) {
	q.remove(m)
	moved := &message{
		Outgoing: m.Outgoing, id: m.id, sender: m.sender, sentAt: m.sentAt,
		firstReceived: m.firstReceived, receives: m.receives, deadFrom: q.arn,
	}
	if dead.fifo {
		moved.sentAt = q.s.w.Now()
	}
	dead.add(moved, 0)
}

// sources lists the URLs of the queues that give up into q, sorted.
func (s *Service) sources(q *queue) []string {
	urls := []string{}
	for _, name := range s.Queues() {
		if r := s.queues[name].redrive; r != nil && r.DeadLetterTargetARN == q.arn {
			urls = append(urls, s.URL(name))
		}
	}
	return urls
}

// refused is how calls answer that local AWS knows and does not do.
func refused(what string) error {
	return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement sqs " + what, Status: 501}
}
