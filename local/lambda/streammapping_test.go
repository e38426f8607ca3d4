package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/iam"
	"sluice/local/lambda/stream"
	"sluice/local/sim"
	"sluice/local/wire"
)

const streamARN = "arn:aws:dynamodb:us-east-1:111122223333:table/notes/stream/2026-03-02T12:00:00.000"

// fakeStream is a stream whose records are numbers.
type fakeStream struct {
	w       *sim.World
	records []stream.Record
	tell    func()
}

func (s *fakeStream) write(n int) {
	s.records = append(s.records, stream.Record{Sequence: fmt.Sprintf("%03d", n), Made: s.w.Now(), Text: fmt.Appendf(nil, `{"dynamodb":{"SequenceNumber":"%03d"}}`, n)})
	if s.tell != nil {
		s.tell()
	}
}

func (s *fakeStream) Read(_, after string, most int) []stream.Record {
	var out []stream.Record
	for _, r := range s.records {
		if r.Sequence > after && len(out) < most {
			out = append(out, r)
		}
	}
	return out
}

func (s *fakeStream) Last(arn string) (string, bool) { return "", arn == streamARN }
func (s *fakeStream) OnRecord(_ string, fn func())   { s.tell = fn }

// sequences are the sequence numbers in a function's event.
func sequences(t *testing.T, payload []byte) []string {
	t.Helper()
	var event struct {
		Records []struct {
			Dynamodb struct{ SequenceNumber string }
		}
	}
	must(t, json.Unmarshal(payload, &event))
	var out []string
	for _, r := range event.Records {
		out = append(out, r.Dynamodb.SequenceNumber)
	}
	return out
}

// A function that dies between two records gets them all again; one whose answer got
// lost, too; one that is throttled has not had them.
func TestStreamDeliversAtLeastOnce(t *testing.T) {
	tests := []struct {
		name  string
		fault wire.Effect
		dies  bool // the function, of itself, after its first record
		want  []string
	}{
		{"all is well", wire.NoFault, false, []string{"001", "002", "003"}},
		{"dies between records", wire.NoFault, true, []string{"001", "001", "002", "003"}},
		{"dies after all", wire.CrashAfter, false, []string{"001", "002", "003", "001", "002", "003"}},
		{"dies before all", wire.CrashBefore, false, []string{"001", "002", "003"}},
		{"its answer is lost", wire.LostAnswer, false, []string{"001", "002", "003", "001", "002", "003"}},
		{"throttled", wire.Throttle, false, []string{"001", "002", "003"}},
		{"the request is lost", wire.LostRequest, false, []string{"001", "002", "003"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var done []string
			dies := tt.dies
			w, s := inProcessService(t, Function{Name: "work"}, func(_ context.Context, payload []byte) ([]byte, error) {
				for i, id := range sequences(t, payload) {
					if dies && i == 1 {
						dies = false
						panic(wire.Crash{At: "between two records"})
					}
					done = append(done, id)
				}
				return nil, nil
			})
			s.Fault = func(_ string, n int) wire.Effect {
				if n == 1 {
					return tt.fault
				}
				return wire.NoFault
			}
			source := &fakeStream{w: w}
			s.Streams = source
			var m *StreamMapping
			w.Do(func() {
				var err error
				m, err = s.CreateStreamMapping("work", stream.Config{StreamARN: streamARN, From: "LATEST"})
				must(t, err)
				source.write(1)
				source.write(2)
				source.write(3)
			})
			if !w.RunUntilIdle(time.Hour) || m.LastResult() != "OK" {
				t.Errorf("it ends with %q", m.LastResult())
			}
			if diff := cmp.Diff(tt.want, done); diff != "" {
				t.Errorf("done (-want +got):\n%s", diff)
			}
		})
	}
}

// What is given up goes to the destination, and how far behind the reader was is a
// metric of the function.
func TestStreamReportsToTheDestination(t *testing.T) {
	const queue = "arn:aws:sqs:us-east-1:111122223333:failed"
	w, s := inProcessService(t, Function{Name: "work"}, func(context.Context, []byte) ([]byte, error) {
		return nil, fmt.Errorf("bad")
	})
	source := &fakeStream{w: w}
	s.Streams = source
	var sent, metrics []string
	s.Send = func(target string, body []byte) error {
		var doc struct {
			RequestContext struct{ FunctionArn, Condition string }
		}
		must(t, json.Unmarshal(body, &doc))
		sent = append(sent, target+" "+doc.RequestContext.FunctionArn+" "+doc.RequestContext.Condition)
		return nil
	}
	s.Record = func(_, name string, dims map[string]string, _ time.Time, values, _ []float64) {
		if name == "IteratorAge" {
			metrics = append(metrics, fmt.Sprint(dims["FunctionName"], " ", values[0]))
		}
	}
	one := 1
	w.Do(func() {
		_, err := s.CreateStreamMapping("work", stream.Config{StreamARN: streamARN, From: "LATEST", MaxRetries: &one, OnFailureARN: queue})
		must(t, err)
		source.write(1)
	})
	w.RunUntilIdle(time.Hour)
	if diff := cmp.Diff([]string{queue + " " + Function{Name: "work"}.ARN() + " RetryAttemptsExhausted"}, sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"work 250", "work 1350"}, metrics); diff != "" {
		t.Errorf("ages in milliseconds (-want +got):\n%s", diff)
	}
}

func TestStreamMappingRefuses(t *testing.T) {
	w, s := inProcessService(t, Function{Name: "work"}, nil)
	ok := stream.Config{StreamARN: streamARN, From: "LATEST"}
	try := func(function string, c stream.Config) (err error) {
		w.Do(func() { _, err = s.CreateStreamMapping(function, c) })
		return err
	}
	refused := func(name, function string, c stream.Config, want string) {
		t.Helper()
		if err := try(function, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	refused("nothing wired", "work", ok, "no streams are wired")
	s.Streams = &fakeStream{w: w}
	to := func(target string) stream.Config {
		c := ok
		c.OnFailureARN = target
		return c
	}
	refused("no function", "none", ok, "Function not found")
	refused("no destination", "work", to("queue"), "must be a standard queue or topic")
	refused("function as destination", "work", to("arn:aws:lambda:us-east-1:1:function:f"), "must be a standard queue or topic")
	refused("fifo", "work", to("arn:aws:sqs:us-east-1:1:q.fifo"), "must be a standard queue or topic")
	refused("no position", "work", stream.Config{StreamARN: streamARN}, "StartingPosition")
	must(t, try("work", ok))
	refused("twice", "work", ok, "already exists")
}

// A mapping reads with the permissions of its function's role, all four of them.
func TestStreamRolesAreAsked(t *testing.T) {
	all := []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams", "sqs:SendMessage"}
	for i := range len(all) + 1 {
		given := append(append([]string{}, all[:min(i, len(all))]...), all[min(i+1, len(all)):]...)
		w := sim.NewWorld(start, 1)
		roles := iam.New(w)
		role, err := roles.CreateRole("worker", "", []byte(`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`))
		must(t, err)
		actions, err := json.Marshal(given)
		must(t, err)
		must(t, roles.PutRolePolicy("worker", "p", fmt.Appendf(nil, `{"Statement":[{"Effect":"Allow","Action":%s,"Resource":["%s","arn:aws:sqs:*:*:failed"]}]}`, actions, streamARN)))
		s := New(w, func(Function) (Host, error) { return InProcess(nil), nil })
		s.Roles, s.Streams = roles, &fakeStream{w: w}
		w.Do(func() {
			must(t, s.Create(Function{Name: "work", RoleARN: role.ARN}))
			_, err = s.CreateStreamMapping("work", stream.Config{StreamARN: streamARN, From: "LATEST", OnFailureARN: "arn:aws:sqs:us-east-1:111122223333:failed"})
		})
		want := "Cannot access stream " + streamARN
		if i == len(all)-1 {
			want = "permissions to call SendMessage on SQS"
		}
		switch {
		case i == len(all) && err != nil:
			t.Errorf("with all permissions: %v", err)
		case i < len(all) && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("without %s: got %v, want %q", all[i], err, want)
		}
	}
}

func TestStreamMappingIsListed(t *testing.T) {
	w, s := inProcessService(t, Function{Name: "work"}, nil)
	s.Streams = &fakeStream{w: w}
	srv := wire.NewServer(w)
	srv.Register(s.Wire())
	three := 3
	w.Do(func() {
		m, err := s.CreateStreamMapping("work", stream.Config{
			StreamARN: streamARN, From: "LATEST", BatchSize: 10, Window: time.Second, MaxRetries: &three, MaxAge: time.Hour, Bisect: true,
			ReportItemFailures: true, Filters: []string{`{"eventName":["INSERT"]}`}, OnFailureARN: "arn:aws:sqs:us-east-1:111122223333:failed", Disabled: true,
		})
		must(t, err)
		for query, want := range map[string]int{"": 1, "?FunctionName=work": 1, "?EventSourceArn=" + streamARN: 1, "?EventSourceArn=x": 0} {
			r, err := http.NewRequest(http.MethodGet, "http://local/2015-03-31/event-source-mappings/"+query, nil)
			must(t, err)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260302/us-east-1/lambda/aws4_request")
			resp, err := srv.RoundTrip(r)
			must(t, err)
			var doc struct{ EventSourceMappings []map[string]any }
			must(t, json.NewDecoder(resp.Body).Decode(&doc))
			if len(doc.EventSourceMappings) != want {
				t.Fatalf("%q lists %v", query, doc.EventSourceMappings)
			}
			if want == 0 {
				continue
			}
			got := doc.EventSourceMappings[0]
			delete(got, "LastModified")
			delete(got, "StateTransitionReason")
			if diff := cmp.Diff(map[string]any{
				"UUID": m.ID, "EventSourceArn": streamARN, "FunctionArn": Function{Name: "work"}.ARN(), "StartingPosition": "LATEST", "BatchSize": 10.0,
				"MaximumBatchingWindowInSeconds": 1.0, "ParallelizationFactor": 1.0, "MaximumRetryAttempts": 3.0, "MaximumRecordAgeInSeconds": 3600.0,
				"BisectBatchOnFunctionError": true, "LastProcessingResult": "No records processed", "State": "Disabled",
				"FunctionResponseTypes": []any{"ReportBatchItemFailures"},
				"DestinationConfig":     map[string]any{"OnFailure": map[string]any{"Destination": "arn:aws:sqs:us-east-1:111122223333:failed"}},
				"FilterCriteria":        map[string]any{"Filters": []any{map[string]any{"Pattern": `{"eventName":["INSERT"]}`}}},
			}, got); diff != "" {
				t.Errorf("mapping (-want +got):\n%s", diff)
			}
		}
	})
}
