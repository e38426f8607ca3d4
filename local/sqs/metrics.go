package sqs

import "time"

// publishEachMinute sends the AWS/SQS metrics of each queue to CloudWatch, for
// the minute that ends. SQS publishes for queues that were used in the last six
// hours, or that hold messages.
func (s *Service) publishEachMinute() {
	now := s.w.Now()
	s.w.Background(now.Truncate(time.Minute).Add(time.Minute).Sub(now), "sqs metrics", func() {
		minute := s.w.Now().Add(-time.Minute)
		for _, name := range s.Queues() {
			s.publish(s.queues[name], minute)
		}
		s.publishEachMinute()
	})
}

func (s *Service) publish(q *queue, minute time.Time) {
	now := s.w.Now()
	if len(q.byID) == 0 && now.Sub(q.activeAt) > 6*time.Hour {
		return
	}
	dims := map[string]string{"QueueName": q.name}
	gauge := func(metric string, value float64) {
		s.record("AWS/SQS", metric, dims, minute, []float64{value}, []float64{1})
	}
	gauge("ApproximateNumberOfMessagesVisible", float64(q.count[visible]))
	gauge("ApproximateNumberOfMessagesNotVisible", float64(q.count[inFlight]))
	gauge("ApproximateNumberOfMessagesDelayed", float64(q.count[delayed]))
	gauge("ApproximateAgeOfOldestMessage", now.Sub(q.oldest()).Seconds())
}

// oldest is when the longest waiting message came into this queue; now if there is none.
// Not modelled: SQS leaves messages out that were received three times and more.
func (q *queue) oldest() time.Time {
	at := q.s.w.Now()
	q.trim()
	if e := q.bySent.Front(); e != nil {
		at = e.Value.(*message).enteredAt
	}
	return at
}
