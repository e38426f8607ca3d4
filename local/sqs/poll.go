package sqs

import (
	"slices"
	"time"

	"sluice/local/wire"
)

// CreateQueue makes a queue, or finds the one there is with equal attributes.
// It answers the ARN. Errors: those of the API call.
func (s *Service) CreateQueue(name string, attributes map[string]string) (string, error) {
	q, err := s.create(name, attributes, nil)
	if err != nil {
		return "", err
	}
	return q.arn, nil
}

// SetAttributes changes some attributes of a queue. Errors: those of the API call.
func (s *Service) SetAttributes(queueARN string, attributes map[string]string) error {
	q, err := s.byARN(queueARN)
	if err != nil {
		return err
	}
	return q.set(attributes)
}

// Visibility is the queue's visibility timeout, 0 if there is no such queue.
func (s *Service) Visibility(queueARN string) time.Duration {
	if q, err := s.byARN(queueARN); err == nil {
		return q.visibility
	}
	return 0
}

// Send puts a message into a queue for from. Errors: QueueDoesNotExist,
// AccessDenied if from is a service that the queue's policy does not let send,
// and those of a message the queue does not take.
func (s *Service) Send(queueARN, body string, attributes map[string]MessageAttribute, from Principal) error {
	_, err := s.SendMessage(queueARN, Outgoing{Body: body, Attributes: attributes}, from)
	return err
}

// SendMessage is Send with everything a message may have. It answers the message's id.
func (s *Service) SendMessage(queueARN string, out Outgoing, from Principal) (string, error) {
	q, err := s.byARN(queueARN)
	if err != nil {
		return "", err
	}
	if err := q.maySend(from); err != nil {
		return "", err
	}
	sender := wire.Account
	if from.Service != "" {
		sender = "AIDAIE5TYUKJHWQGZ3OPQ" // services send under an id of AWS's own
	}
	id, _, err := q.send(out, sender)
	return id, err
}

// Receive takes up to max messages, for the queue's visibility timeout. max may
// be above the API's ten. No queue, no messages.
func (s *Service) Receive(queueARN string, max int) []Message {
	q, err := s.byARN(queueARN)
	if err != nil {
		return nil
	}
	taken, _ := q.receive(max, q.visibility) // over the in-flight quota there is nothing to receive
	out := make([]Message, len(taken))
	for i, m := range taken {
		out[i] = m.seen()
	}
	return out
}

// Delete ends a received message. A message that is gone already is no error;
// one that was received again since is not deleted, and no error either.
func (s *Service) Delete(queueARN, receiptHandle string) error {
	q, err := s.byARN(queueARN)
	if err != nil {
		return err
	}
	return q.delete(receiptHandle)
}

// Release makes a received message visible again after a time, 0 for at once.
func (s *Service) Release(queueARN, receiptHandle string, after time.Duration) error {
	q, err := s.byARN(queueARN)
	if err != nil {
		return err
	}
	return q.changeVisibility(receiptHandle, after)
}

// OnArrival has fn called, as an event of the world, whenever messages of the
// queue become visible: sent, delayed no more, or back from flight. It is called
// once for what arrives at one instant. The queue must exist.
func (s *Service) OnArrival(queueARN string, fn func()) error {
	q, err := s.byARN(queueARN)
	if err != nil {
		return err
	}
	q.watch = append(q.watch, fn)
	if q.count[visible] > 0 {
		q.wake()
	}
	return nil
}

// Counts are the numbers of messages of one queue.
type Counts struct{ Visible, InFlight, Delayed int }

// Len counts the messages of a queue.
func (s *Service) Len(queueARN string) Counts {
	q, err := s.byARN(queueARN)
	if err != nil {
		return Counts{}
	}
	return Counts{Visible: q.count[visible], InFlight: q.count[inFlight], Delayed: q.count[delayed]}
}

// Messages looks at all messages of a queue without receiving them, in the order
// of their arrival. For checks and for people.
func (s *Service) Messages(queueARN string) []Message {
	q, err := s.byARN(queueARN)
	if err != nil {
		return nil
	}
	all := make([]*message, 0, len(q.byID))
	for _, m := range q.byID {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *message) int { return int(a.sequence) - int(b.sequence) })
	out := make([]Message, len(all))
	for i, m := range all {
		out[i] = m.seen()
	}
	return out
}
