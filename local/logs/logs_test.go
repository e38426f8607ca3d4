package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)

// stage is a world with Logs in it, called in awsJson1.1 as SDKs do.
type stage struct {
	t     *testing.T
	world *sim.World
	logs  *Service
	srv   *wire.Server
}

func newStage(t *testing.T) *stage {
	t.Helper()
	w := sim.NewWorld(start, 1)
	s := &stage{t, w, New(w), wire.NewServer(w)}
	s.srv.Register(s.logs.Wire())
	return s
}

// call answers with the body, or with the error code alone under "__type".
func (s *stage) call(op, body string) map[string]any {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://local/", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "Logs_20140328."+op)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	var out map[string]any
	s.world.Do(func() {
		resp, err := s.srv.RoundTrip(r)
		if err != nil {
			s.t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := json.NewDecoder(bytes.NewReader(b)).Decode(&out); err != nil {
			s.t.Fatalf("%s answers %s: %v", op, b, err)
		}
	})
	return out
}

func messages(out map[string]any) string {
	var all []string
	events, _ := out["events"].([]any)
	for _, e := range events {
		all = append(all, e.(map[string]any)["message"].(string))
	}
	return strings.Join(all, " ")
}

func (s *stage) fill(n int) {
	s.world.Do(func() {
		for i := range n {
			s.logs.Append("/aws/lambda/f", "s", start.Add(time.Duration(i)*time.Second), fmt.Sprintf("l%d", i))
		}
	})
}

func TestGetLogEventsBothWays(t *testing.T) {
	s := newStage(t)
	s.fill(5)
	call := func(rest string) (string, map[string]any) {
		out := s.call("GetLogEvents", `{"logGroupName":"/aws/lambda/f","logStreamName":"s","limit":2`+rest+`}`)
		return messages(out), out
	}
	got, out := call("")
	if got != "l3 l4" {
		t.Errorf("the newest are %s", got)
	}
	got, _ = call(fmt.Sprintf(`,"nextToken":%q`, out["nextBackwardToken"]))
	if got != "l1 l2" {
		t.Errorf("backward: %s", got)
	}
	got, end := call(fmt.Sprintf(`,"nextToken":%q`, out["nextForwardToken"]))
	if got != "" || end["nextForwardToken"] != out["nextForwardToken"] {
		t.Errorf("at the end: %s, token %v", got, end["nextForwardToken"])
	}
	if got, _ = call(`,"startFromHead":true`); got != "l0 l1" {
		t.Errorf("from the head: %s", got)
	}
	if got, _ = call(fmt.Sprintf(`,"startTime":%d,"endTime":%d`, start.UnixMilli()+1000, start.UnixMilli()+3000)); got != "l1 l2" {
		t.Errorf("between times: %s", got)
	}
}

func TestFilterLogEvents(t *testing.T) {
	s := newStage(t)
	s.world.Do(func() {
		s.logs.Append("g", "b", start, `{"level":"ERROR","n":3,"at":{"step":"shift"}}`)
		s.logs.Append("g", "a", start.Add(-time.Second), "plain ERROR text")
		s.logs.Append("g", "a", start.Add(time.Second), "all good")
	})
	all := []string{`{"level":"ERROR","n":3,"at":{"step":"shift"}}`, "plain ERROR text", "all good"}
	for pattern, want := range map[string]string{
		``:                               all[1] + " " + all[0] + " " + all[2],
		`ERROR`:                          all[1] + " " + all[0],
		`ERROR plain`:                    all[1],
		`"ERROR text"`:                   all[1],
		`?good ?plain`:                   all[1] + " " + all[2],
		`ERROR -plain`:                   all[0],
		`{ $.level = "ERROR" }`:          all[0],
		`{ $.level = ERROR }`:            all[0],
		`{ $.level = "INFO" }`:           "",
		`{$.level!="INFO"}`:              all[0],
		`{ $.n = 3 }`:                    all[0],
		`{ $.n = "3" }`:                  "",
		`{ $.at.step = "shift" }`:        all[0],
		`{ $.at.step.deeper = "shift" }`: "",
	} {
		in, err := json.Marshal(map[string]any{"logGroupName": "g", "filterPattern": pattern})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, messages(s.call("FilterLogEvents", string(in)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", pattern, diff)
		}
	}
	page := s.call("FilterLogEvents", `{"logGroupName":"g","limit":2}`)
	if got := messages(s.call("FilterLogEvents", fmt.Sprintf(`{"logGroupName":"g","limit":2,"nextToken":%q}`, page["nextToken"]))); got != "all good" {
		t.Errorf("second page: %s", got)
	}
	for _, pattern := range []string{`[a, b]`, `%x%`, `{ $.a = 1 && $.b = 2 }`, `{ $.a > 1 }`, `{ $.a = "x*" }`, `"open`} {
		if _, err := parsePattern(pattern); err == nil {
			t.Errorf("%s is accepted", pattern)
		}
	}
}

func TestPutLogEvents(t *testing.T) {
	s := newStage(t)
	s.call("CreateLogGroup", `{"logGroupName":"g","tags":{"k":"v"}}`)
	s.call("CreateLogStream", `{"logGroupName":"g","logStreamName":"s"}`)
	put := func(events ...string) map[string]any {
		return s.call("PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[`+strings.Join(events, ",")+`]}`)
	}
	event := func(after time.Duration, text string) string {
		return fmt.Sprintf(`{"timestamp":%d,"message":%q}`, start.Add(after).UnixMilli(), text)
	}
	out := put(event(-15*24*time.Hour, "old"), event(0, "now"), event(3*time.Hour, "future"))
	want := map[string]any{"tooOldLogEventEndIndex": 1.0, "tooNewLogEventStartIndex": 2.0}
	if diff := cmp.Diff(want, out["rejectedLogEventsInfo"]); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Line{{"s", start, "now"}}, s.logs.Lines("g")); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	for what, got := range map[string]any{
		"InvalidParameterException":      put(event(time.Second, "b"), event(0, "a"))["__type"],
		"ResourceAlreadyExistsException": s.call("CreateLogGroup", `{"logGroupName":"g"}`)["__type"],
		"ResourceNotFoundException":      s.call("CreateLogStream", `{"logGroupName":"x","logStreamName":"s"}`)["__type"],
	} {
		if got != what {
			t.Errorf("got %v, want %s", got, what)
		}
	}
}

func TestGroupsAndStreams(t *testing.T) {
	s := newStage(t)
	s.fill(1)
	s.world.Do(func() { s.logs.CreateGroup("/b", 14) })
	if got := s.call("PutRetentionPolicy", `{"logGroupName":"/b","retentionInDays":8}`)["__type"]; got != "InvalidParameterException" {
		t.Errorf("a retention of eight days: %v", got)
	}
	s.call("PutRetentionPolicy", `{"logGroupName":"/b","retentionInDays":30}`)
	groups := s.call("DescribeLogGroups", `{"logGroupNamePrefix":"/b"}`)["logGroups"].([]any)
	if len(groups) != 1 || groups[0].(map[string]any)["retentionInDays"] != 30.0 {
		t.Errorf("groups %v", groups)
	}
	streams := s.call("DescribeLogStreams", `{"logGroupName":"/aws/lambda/f","orderBy":"LastEventTime"}`)["logStreams"].([]any)
	if len(streams) != 1 || streams[0].(map[string]any)["lastEventTimestamp"] != float64(start.UnixMilli()) {
		t.Errorf("streams %v", streams)
	}
	arn := "arn:aws:logs:us-east-1:111122223333:log-group:/b"
	s.call("TagResource", `{"resourceArn":"`+arn+`","tags":{"k":"v"}}`)
	if got := s.call("ListTagsForResource", `{"resourceArn":"`+arn+`"}`)["tags"]; !cmp.Equal(got, map[string]any{"k": "v"}) {
		t.Errorf("tags %v", got)
	}
}

func FuzzParsePattern(f *testing.F) {
	for _, s := range []string{`a "b c" -d ?e`, `{ $.a.b = "x" }`, `{$.a!=1}`, `"\""`, `[x]`, `-`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePattern(s)
		if err == nil {
			p(s)
			p(`{"a":{"b":"x"}}`)
		}
	})
}
