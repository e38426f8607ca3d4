package sqs

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// maxInFlight is the quota of messages received and not yet deleted.
const maxInFlight = 120_000

// queue holds the messages of one queue. Messages leave the ready list only when
// they reach its head, so that deleting one from the middle costs nothing.
type queue struct {
	s          *Service
	name, arn  string
	attributes map[string]string // as set, always complete
	settings
	tags      map[string]string
	createdAt time.Time
	changedAt time.Time
	activeAt  time.Time // last use, for CloudWatch
	purgedAt  time.Time

	byID     map[string]*message
	bySent   *list.List // of *message, by time of sending, for retention; gone ones are dropped at the ends
	ready    line       // standard queues
	groups   *groups    // FIFO queues
	sequence uint64
	count    [4]int // by state
	expiry   *sim.Timer

	dedup  map[string]sent // FIFO: what was sent in the last five minutes
	watch  []func()
	waking bool
}

// sent is what SQS remembers of a FIFO message for deduplication.
type sent struct {
	id       string
	sequence uint64
	at       time.Time
}

// line is a first-in first-out list of messages.
type line struct {
	items []*message
	head  int
}

func (l *line) push(m *message) { l.items = append(l.items, m) }

// pop takes the first message that is still visible, or nil.
func (l *line) pop() *message {
	for l.head < len(l.items) {
		m := l.items[l.head]
		l.items[l.head] = nil
		l.head++
		if l.head > 1024 && l.head*2 > len(l.items) {
			l.items, l.head = append([]*message(nil), l.items[l.head:]...), 0
		}
		if m.state == visible {
			return m
		}
	}
	return nil
}

// send puts a new message into the queue. A FIFO message that was sent before
// answers with the first one's identity and adds nothing.
func (q *queue) send(out Outgoing, sender string) (id string, sequence uint64, err error) {
	if err := q.check(&out); err != nil {
		return "", 0, err
	}
	now := q.s.w.Now()
	q.activeAt = now
	key := q.dedupKey(out)
	if q.fifo {
		if old, ok := q.dedup[key]; ok && now.Sub(old.at) < 5*time.Minute {
			return old.id, old.sequence, nil
		}
	}
	m := &message{Outgoing: out, id: q.s.w.UUID("sqs message"), sender: sender, sentAt: now}
	delay := q.delay
	if out.Delay != nil {
		delay = *out.Delay
	}
	q.add(m, delay)
	if q.fifo {
		q.dedup[key] = sent{m.id, m.sequence, now}
	}
	return m.id, m.sequence, nil
}

func (q *queue) dedupKey(out Outgoing) string {
	if q.dedupByGroup {
		return out.GroupID + "\x00" + out.DeduplicationID
	}
	return out.DeduplicationID
}

func contentID(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// add takes a message in, new or given up by another queue.
func (q *queue) add(m *message, delay time.Duration) {
	q.sequence++
	m.sequence, m.enteredAt, m.state = q.sequence, q.s.w.Now(), delayed
	q.byID[m.id] = m
	q.count[delayed]++
	at := q.bySent.Back()
	for at != nil && at.Value.(*message).sentAt.After(m.sentAt) {
		at = at.Prev()
	}
	if at == nil {
		q.bySent.PushFront(m)
	} else {
		q.bySent.InsertAfter(m, at)
	}
	q.armExpiry()
	if q.fifo {
		q.groups.of(m.GroupID).insert(m)
	}
	if delay <= 0 {
		q.show(m)
		return
	}
	m.timer = q.s.w.After(delay, "sqs delay "+q.name, func() { q.show(m) })
}

// move keeps the counts.
func (q *queue) move(m *message, to state) {
	q.count[m.state]--
	if q.fifo && m.state == inFlight {
		q.groups.of(m.GroupID).inFlight--
	}
	if q.fifo && to == inFlight {
		q.groups.of(m.GroupID).inFlight++
	}
	m.state = to
	if to != gone {
		q.count[to]++
	}
}

// show makes a message receivable, for the first time or again.
func (q *queue) show(m *message) {
	m.timer = nil
	q.move(m, visible)
	if q.fifo {
		q.groups.enqueue(q.groups.of(m.GroupID))
	} else {
		q.ready.push(m)
	}
	q.wake()
}

// receive takes up to max messages into flight for the time of visibility.
// Messages that were received too often go to the dead-letter queue instead.
func (q *queue) receive(max int, visibility time.Duration) ([]*message, error) {
	now := q.s.w.Now()
	q.activeAt = now
	if q.count[inFlight] >= maxInFlight {
		return nil, wire.Errorf("OverLimit", "Too many messages in flight on queue %s.", q.name)
	}
	var out []*message
	if q.fifo {
		defer q.groups.done()
	}
	for len(out) < max {
		m := q.next()
		if m == nil {
			break
		}
		if dead := q.deadLetter(m); dead != nil {
			q.giveUp(m, dead)
			continue
		}
		m.receives++
		if m.firstReceived.IsZero() {
			m.firstReceived = now
		}
		q.move(m, inFlight)
		m.receipt = handle(m)
		q.hide(m, visibility)
		out = append(out, m)
	}
	return out, nil
}

func (q *queue) next() *message {
	if q.fifo {
		return q.groups.next()
	}
	return q.ready.pop()
}

// hide sets the time after which an in-flight message comes back.
func (q *queue) hide(m *message, d time.Duration) {
	m.timer.Stop()
	if d <= 0 {
		q.show(m)
		return
	}
	m.timer = q.s.w.After(d, "sqs visibility "+q.name, func() { q.show(m) })
}

// remove ends a message.
func (q *queue) remove(m *message) {
	m.timer.Stop()
	m.timer = nil
	q.move(m, gone)
	delete(q.byID, m.id)
	if q.fifo {
		q.groups.removed(m)
	}
}

// wake calls the pollers, once however many messages arrive at the same instant.
func (q *queue) wake() {
	if len(q.watch) == 0 || q.waking {
		return
	}
	q.waking = true
	q.s.w.After(0, "sqs arrival "+q.name, func() {
		q.waking = false
		for _, fn := range q.watch {
			fn()
		}
	})
}

// trim drops messages that are gone from the front of the list.
func (q *queue) trim() {
	for e := q.bySent.Front(); e != nil; e = q.bySent.Front() {
		if e.Value.(*message).state != gone {
			return
		}
		q.bySent.Remove(e)
	}
}

// armExpiry sees to it that the oldest message ends with its retention period.
func (q *queue) armExpiry() {
	q.trim()
	e := q.bySent.Front()
	if e == nil || q.expiry != nil {
		return
	}
	due := e.Value.(*message).sentAt.Add(q.retention).Sub(q.s.w.Now())
	q.expiry = q.s.w.Background(due, "sqs retention "+q.name, func() {
		q.expiry = nil
		for q.trim(); q.bySent.Len() > 0; q.trim() {
			m := q.bySent.Front().Value.(*message)
			if q.s.w.Now().Sub(m.sentAt) < q.retention {
				break
			}
			q.remove(m)
		}
		q.armExpiry()
	})
}
