package sqs

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/local/sim"
	"sluice/local/wire"
)

// direct is a service without the wire.
func direct(t *testing.T, queues map[string]map[string]string) (*sim.World, *Service) {
	t.Helper()
	w := sim.NewWorld(start, 1)
	s := New(w, nil)
	for _, name := range slices.Sorted(mapsKeys(queues)) {
		if _, err := s.CreateQueue(name, queues[name]); err != nil {
			t.Fatal(err)
		}
	}
	return w, s
}

func mapsKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func bodies(messages []Message) []string {
	out := []string{}
	for _, m := range messages {
		out = append(out, m.Body)
	}
	return out
}

func send(t *testing.T, s *Service, queue string, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		if err := s.Send(ARN(queue), b, nil, Principal{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMessageComesBackAfterItsVisibilityTimeout(t *testing.T) {
	w, s := direct(t, map[string]map[string]string{"q": {"VisibilityTimeout": "60"}})
	var first, second Message
	w.Do(func() {
		send(t, s, "q", "a")
		first = s.Receive(ARN("q"), 10)[0]
		if again := s.Receive(ARN("q"), 10); len(again) != 0 {
			t.Error("received while in flight")
		}
	})
	w.RunFor(59 * time.Second)
	w.Do(func() {
		if n := s.Len(ARN("q")); n != (Counts{InFlight: 1}) {
			t.Errorf("before: %+v", n)
		}
	})
	w.RunFor(time.Second)
	w.Do(func() {
		second = s.Receive(ARN("q"), 10)[0]
		if second.ReceiveCount != 2 || second.ID != first.ID || second.ReceiptHandle == first.ReceiptHandle {
			t.Errorf("%+v", second)
		}
		if err := s.Delete(ARN("q"), first.ReceiptHandle); err != nil {
			t.Error(err)
		}
		if n := s.Len(ARN("q")); n != (Counts{InFlight: 1}) {
			t.Errorf("an old receipt deleted a message in flight: %+v", n)
		}
		if err := s.Release(ARN("q"), first.ReceiptHandle, 0); err == nil {
			t.Error("an old receipt released it")
		}
		if err := s.Release(ARN("q"), second.ReceiptHandle, 0); err != nil {
			t.Error(err)
		}
		if n := s.Len(ARN("q")); n != (Counts{Visible: 1}) {
			t.Errorf("released: %+v", n)
		}
		if err := s.Delete(ARN("q"), second.ReceiptHandle); err != nil {
			t.Error(err)
		}
		if err := s.Delete(ARN("q"), second.ReceiptHandle); err != nil {
			t.Errorf("deleting twice: %v", err)
		}
		if err := s.Delete(ARN("q"), "junk"); err == nil {
			t.Error("deleted by a handle that never was")
		}
	})
	if !w.RunUntilIdle(time.Minute) {
		t.Error("the world is busy with a queue that is empty")
	}
}

func TestMessageIsGivenUpAfterTooManyReceives(t *testing.T) {
	redrive := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"3"}`, ARN("dead"))
	w, s := direct(t, map[string]map[string]string{"dead": nil, "q": {"VisibilityTimeout": "10", "RedrivePolicy": redrive}})
	received := 0
	w.Do(func() {
		send(t, s, "q", "poison")
		if err := s.OnArrival(ARN("q"), func() { received += len(s.Receive(ARN("q"), 10)) }); err != nil {
			t.Fatal(err)
		}
	})
	if !w.RunUntilIdle(time.Hour) {
		t.Fatal("never at rest")
	}
	w.Do(func() {
		dead := s.Messages(ARN("dead"))
		if received != 3 || len(dead) != 1 || dead[0].Attributes["DeadLetterQueueSourceArn"] != ARN("q") || !dead[0].SentAt.Equal(start) || dead[0].ReceiveCount != 3 {
			t.Errorf("received %d times, dead %+v", received, dead)
		}
		if n := s.Len(ARN("q")); n != (Counts{}) {
			t.Errorf("left over: %+v", n)
		}
		if now := w.Now().Sub(start); now != 30*time.Second {
			t.Errorf("given up after %v", now)
		}
	})
}

func TestDelayAndRetention(t *testing.T) {
	w, s := direct(t, map[string]map[string]string{"q": {"DelaySeconds": "5", "MessageRetentionPeriod": "60"}})
	none := time.Duration(0)
	w.Do(func() {
		send(t, s, "q", "late")
		if _, err := s.SendMessage(ARN("q"), Outgoing{Body: "now", Delay: &none}, Principal{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"now"}, bodies(s.Receive(ARN("q"), 10))); diff != "" {
			t.Error(diff)
		}
		if n := s.Len(ARN("q")); n != (Counts{InFlight: 1, Delayed: 1}) {
			t.Errorf("%+v", n)
		}
	})
	w.RunFor(5 * time.Second)
	w.Do(func() {
		if n := s.Len(ARN("q")); n != (Counts{InFlight: 1, Visible: 1}) {
			t.Errorf("%+v", n)
		}
	})
	w.RunFor(55 * time.Second)
	w.Do(func() {
		if n := s.Len(ARN("q")); n != (Counts{}) {
			t.Errorf("outlived its retention: %+v", n)
		}
	})
}

func TestFIFO(t *testing.T) {
	w, s := direct(t, map[string]map[string]string{"q.fifo": {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "30"}})
	put := func(group, body string) {
		t.Helper()
		if _, err := s.SendMessage(ARN("q.fifo"), Outgoing{Body: body, GroupID: group}, Principal{}); err != nil {
			t.Fatal(err)
		}
	}
	w.Do(func() {
		put("a", "a1")
		put("a", "a2")
		put("b", "b1")
		put("a", "a1") // a duplicate
		first := s.Receive(ARN("q.fifo"), 1)
		if diff := cmp.Diff([]string{"a1"}, bodies(first)); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff([]string{"b1"}, bodies(s.Receive(ARN("q.fifo"), 10))); diff != "" {
			t.Errorf("group a is not locked: %s", diff)
		}
		if err := s.Delete(ARN("q.fifo"), first[0].ReceiptHandle); err != nil {
			t.Fatal(err)
		}
		second := s.Receive(ARN("q.fifo"), 10)
		if diff := cmp.Diff([]string{"a2"}, bodies(second)); diff != "" {
			t.Fatal(diff)
		}
		put("a", "a3")
		if again := s.Receive(ARN("q.fifo"), 10); len(again) != 0 {
			t.Errorf("%v came while a2 is in flight", bodies(again))
		}
	})
	w.RunFor(30 * time.Second)
	w.Do(func() {
		got := bodies(s.Receive(ARN("q.fifo"), 10))
		if i, j := slices.Index(got, "a2"), slices.Index(got, "a3"); len(got) != 3 || i > j {
			t.Errorf("out of order: %v", got)
		}
		if _, err := s.SendMessage(ARN("q.fifo"), Outgoing{Body: "x"}, Principal{}); err == nil {
			t.Error("sent without a group")
		}
	})
	w.RunFor(5 * time.Minute)
	w.Do(func() {
		put("c", "a1")
		if n := s.Len(ARN("q.fifo")); n.Visible != 4 {
			t.Errorf("deduplicated after five minutes: %+v", n)
		}
	})
}

func TestServicesNeedTheQueuePolicy(t *testing.T) {
	rule := "arn:aws:events:us-east-1:111122223333:rule/data"
	policy := func(effect, condition string) string {
		return `{"Effect":"` + effect + `","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + ARN("q") + `"` + condition + `}`
	}
	equals := `,"Condition":{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}`
	events := Principal{"events.amazonaws.com", rule}
	for _, tc := range []struct {
		name, statements string
		from             Principal
		allowed          bool
	}{
		{"the account itself", "", Principal{}, true},
		{"no policy", "", events, false},
		{"allowed", policy("Allow", ""), events, true},
		{"the right rule", policy("Allow", equals), events, true},
		{"another rule", policy("Allow", equals), Principal{"events.amazonaws.com", rule + "2"}, false},
		{"another service", policy("Allow", equals), Principal{"sns.amazonaws.com", rule}, false},
		{"one of several", policy("Allow", `,"Condition":{"StringEquals":{"aws:SourceArn":["x","`+rule+`"],"aws:SourceAccount":"111122223333"}}`), events, true},
		{"like", policy("Allow", `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:*:rule/*"}}`), events, true},
		{"another account", policy("Allow", `,"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}`), events, false},
		{"denied first", policy("Deny", "") + "," + policy("Allow", ""), events, false},
		{"denied last", policy("Allow", "") + "," + policy("Deny", ""), events, false},
		{"everybody", `{"Effect":"Allow","Principal":"*","Action":"SQS:*","Resource":"*"}`, events, true},
		{"another action", `{"Effect":"Allow","Principal":"*","Action":"sqs:ReceiveMessage","Resource":"*"}`, events, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			attributes := map[string]string{}
			if tc.statements != "" {
				attributes["Policy"] = `{"Version":"2012-10-17","Statement":[` + tc.statements + `]}`
			}
			w, s := direct(t, map[string]map[string]string{"q": attributes})
			w.Do(func() {
				err := s.Send(ARN("q"), "x", nil, tc.from)
				var aws *wire.Error
				if (err == nil) != tc.allowed || err != nil && (!errors.As(err, &aws) || aws.Code != "AccessDenied") {
					t.Error(err)
				}
			})
		})
	}
}

// TestManyMessages would take minutes if any step looked through the whole queue.
func TestManyMessages(t *testing.T) {
	const n = 50_000
	w, s := direct(t, map[string]map[string]string{"q": nil})
	w.Do(func() {
		for i := range n {
			send(t, s, "q", fmt.Sprint(i))
		}
	})
	seen := map[string]bool{}
	for len(seen) < n {
		w.Do(func() {
			for i, m := range s.Receive(ARN("q"), 10) {
				if i == 0 && m.ReceiveCount == 1 {
					continue // one of ten is not deleted the first time
				}
				seen[m.Body] = true
				if err := s.Delete(ARN("q"), m.ReceiptHandle); err != nil {
					t.Fatal(err)
				}
			}
		})
		w.RunFor(time.Second)
	}
	w.Do(func() {
		if left := s.Len(ARN("q")); left != (Counts{}) {
			t.Errorf("left over: %+v", left)
		}
	})
}

func TestMetricsArePublishedEachMinute(t *testing.T) {
	w := sim.NewWorld(start, 1)
	got := map[string][]float64{}
	s := New(w, func(namespace, name string, dims map[string]string, minute time.Time, values, counts []float64) {
		if namespace != "AWS/SQS" || dims["QueueName"] != "q" || counts[0] != 1 || minute.Second() != 0 {
			t.Errorf("%s %v %v", namespace, dims, minute)
		}
		got[name] = append(got[name], values[0])
	})
	w.Do(func() {
		if _, err := s.CreateQueue("q", nil); err != nil {
			t.Fatal(err)
		}
	})
	w.RunFor(90 * time.Second)
	w.Do(func() { send(t, s, "q", "a", "b"); s.Receive(ARN("q"), 1) })
	w.RunFor(30 * time.Second)
	want := map[string][]float64{
		"ApproximateNumberOfMessagesVisible": {0, 1}, "ApproximateNumberOfMessagesNotVisible": {0, 1},
		"ApproximateNumberOfMessagesDelayed": {0, 0}, "ApproximateAgeOfOldestMessage": {0, 30},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNoMessageIsLostOrDoubled runs random calls against the plain rule: a message
// is in the queue from its sending to its deletion, and counted once.
func TestNoMessageIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"q", "q.fifo"}).Draw(t, "queue")
		attributes := map[string]string{"VisibilityTimeout": "10"}
		if name == "q.fifo" {
			attributes["FifoQueue"], attributes["ContentBasedDeduplication"] = "true", "true"
		}
		w := sim.NewWorld(start, 1)
		s := New(w, nil)
		if _, err := s.CreateQueue(name, attributes); err != nil {
			t.Fatal(err)
		}
		alive, receipts, n := map[string]bool{}, []Message{}, 0
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				n++
				out := Outgoing{Body: fmt.Sprint(n)}
				if name == "q.fifo" {
					out.GroupID = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "group")
				}
				w.Do(func() {
					if _, err := s.SendMessage(ARN(name), out, Principal{}); err != nil {
						t.Fatal(err)
					}
				})
				alive[out.Body] = true
			},
			"receive": func(t *rapid.T) {
				w.Do(func() { receipts = append(receipts, s.Receive(ARN(name), rapid.IntRange(1, 4).Draw(t, "max"))...) })
			},
			"delete": func(t *rapid.T) {
				if len(receipts) == 0 {
					t.Skip("nothing received")
				}
				m := rapid.SampledFrom(receipts).Draw(t, "message")
				w.Do(func() {
					before := len(s.Messages(ARN(name)))
					if s.Delete(ARN(name), m.ReceiptHandle) == nil && len(s.Messages(ARN(name))) < before {
						delete(alive, m.Body)
					}
				})
			},
			"wait": func(t *rapid.T) { w.RunFor(time.Duration(rapid.IntRange(1, 12).Draw(t, "seconds")) * time.Second) },
			"": func(t *rapid.T) {
				w.Do(func() {
					c := s.Len(ARN(name))
					if all := s.Messages(ARN(name)); len(all) != len(alive) || c.Visible+c.InFlight+c.Delayed != len(alive) {
						t.Fatalf("%d alive, %d in the queue, %+v", len(alive), len(all), c)
					}
				})
			},
		})
		w.RunFor(11 * time.Second)
		w.Do(func() {
			if got := s.Receive(ARN(name), 1000); len(got) != len(alive) {
				t.Fatalf("%d of %d can be received", len(got), len(alive))
			}
		})
	})
}
