package exec

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRetryAndCatch(t *testing.T) {
	const toH = `'Catch':[{'ErrorEquals':['States.ALL'],'Next':'H'}]`
	machine := func(fields string) string {
		return `{'StartAt':'S','States':{'S':{` + lambda + `,` + fields + `,'End':true},'H':{'Type':'Pass','End':true}}}`
	}
	loose := func(fields string) string { // without a handler state
		return one(`{` + lambda + `,` + fields + `,'End':true}`)
	}
	tests := []struct {
		name, definition string
		answer           func(*stage, *Pending)
		want             string
		starts           []time.Duration // seconds
	}{
		{"defaults are 1 s, 3 attempts, rate 2", loose(`'Retry':[{'ErrorEquals':['E']}]`), failing(9, "E"), `! E: why`, []time.Duration{0, 1, 3, 7}},
		{"the second attempt succeeds", loose(`'Retry':[{'ErrorEquals':['E']}]`), failing(1, "E"), `SUCCEEDED "ok"`, []time.Duration{0, 1}},
		{"rate and interval", loose(`'Retry':[{'ErrorEquals':['E'],'IntervalSeconds':3,'BackoffRate':1.5,'MaxAttempts':2}]`), failing(9, "E"), `! E: why`, []time.Duration{0, 3, 7}},
		{"longest delay", loose(`'Retry':[{'ErrorEquals':['E'],'IntervalSeconds':4,'MaxDelaySeconds':5,'MaxAttempts':3}]`), failing(9, "E"), `! E: why`, []time.Duration{0, 4, 9, 14}},
		{"no attempts", loose(`'Retry':[{'ErrorEquals':['E'],'MaxAttempts':0}]`), failing(9, "E"), `! E: why`, []time.Duration{0}},
		{"an exhausted retrier hides later ones", loose(`'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1},{'ErrorEquals':['States.ALL']}]`), failing(9, "E"), `! E: why`, []time.Duration{0, 1}},
		{"each retrier counts for itself", loose(`'Retry':[{'ErrorEquals':['A'],'MaxAttempts':1},{'ErrorEquals':['B'],'MaxAttempts':1}]`), alternating("A", "B", "A"), `! A: why`, []time.Duration{0, 1, 2}},
		{"TaskFailed is all but timeouts", loose(`'Retry':[{'ErrorEquals':['States.TaskFailed']}]`), failing(1, "E"), `SUCCEEDED "ok"`, []time.Duration{0, 1}},
		{"caught", machine(toH), failing(1, "E"), `SUCCEEDED {"Cause":"why","Error":"E"}`, []time.Duration{0}},
		{"retried, then caught", machine(`'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1}],` + toH), failing(9, "E"), `SUCCEEDED {"Cause":"why","Error":"E"}`, []time.Duration{0, 1}},
		{"caught into the input", machine(`'Catch':[{'ErrorEquals':['E'],'ResultPath':'$.err','Next':'H'}]`), failing(1, "E"), `SUCCEEDED {"err":{"Cause":"why","Error":"E"},"n":1}`, []time.Duration{0}},
		{"caught and thrown away", machine(`'Catch':[{'ErrorEquals':['E'],'ResultPath':null,'Next':'H'}]`), failing(1, "E"), `SUCCEEDED {"n":1}`, []time.Duration{0}},
		{"a catch does not pass OutputPath", machine(`'OutputPath':'$.none',` + toH), failing(1, "E"), `SUCCEEDED {"Cause":"why","Error":"E"}`, []time.Duration{0}},
		{"a timeout", machine(`'TimeoutSeconds':5,` + toH), silent, `SUCCEEDED {"Cause":"","Error":"States.Timeout"}`, []time.Duration{0}},
		{"TaskFailed is no timeout", machine(`'TimeoutSeconds':5,'Catch':[{'ErrorEquals':['States.TaskFailed'],'Next':'H'},{'ErrorEquals':['States.Timeout'],'ResultPath':'$.t','Next':'H'}]`), silent,
			`SUCCEEDED {"n":1,"t":{"Cause":"","Error":"States.Timeout"}}`, []time.Duration{0}},
		{"a runtime error is not caught", machine(`'OutputPath':'$.no.such',` + `'Catch':[{'ErrorEquals':['States.Runtime'],'Next':'H'}]`), returning(`{}`),
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). Invalid path '$.no.such' : Missing property in path $['no']`, []time.Duration{0}},
		{"too much data passes States.ALL", machine(toH), returning(`'` + strings.Repeat("x", MaxPayload) + `'`),
			`! States.DataLimitExceeded: The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.`, []time.Duration{0}},
		{"too much data by its name", machine(`'Catch':[{'ErrorEquals':['States.DataLimitExceeded'],'Next':'H'}]`), returning(`'` + strings.Repeat("x", MaxPayload) + `'`),
			`SUCCEEDED {"Cause":"The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.","Error":"States.DataLimitExceeded"}`, []time.Duration{0}},
		{"an intrinsic can be caught", machine(`'ResultSelector':{'x.$':'States.StringToJson($.r)'},'Catch':[{'ErrorEquals':['States.IntrinsicFailure'],'ResultPath':null,'Next':'H'}]`), returning(`{'r':'no json'}`), `SUCCEEDED {"n":1}`, []time.Duration{0}},
		{"result selector and path", machine(`'ResultSelector':{'x.$':'$.r'},'ResultPath':'$.out'`), returning(`{'r':[1]}`), `SUCCEEDED {"n":1,"out":{"x":[1]}}`, []time.Duration{0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, strings.Replace(tt.definition, `,'H':{'Type':'Pass','End':true}`, handlerIf(tt.definition), 1), `{'n':1}`, tt.answer)
			if got := s.outcome(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			var starts []time.Duration
			for _, d := range s.starts {
				starts = append(starts, d.Truncate(time.Second)/time.Second)
			}
			if diff := cmp.Diff(tt.starts, starts); diff != "" {
				t.Errorf("starts (-want +got):\n%s", diff)
			}
		})
	}
}

// handlerIf leaves out the handler of machines that do not catch: it would be
// unreachable.
func handlerIf(definition string) string {
	if strings.Contains(definition, `'Catch'`) {
		return `,'H':{'Type':'Pass','End':true}`
	}
	return ""
}

func silent(*stage, *Pending) {}

func alternating(names ...string) func(*stage, *Pending) {
	return func(_ *stage, p *Pending) {
		p.Fail(Fail(names[0], "why"))
		names = names[1:]
	}
}

func TestRetriesAreCountedPerVisit(t *testing.T) {
	// S fails once per visit and is visited twice: with counters kept in the
	// definition the second visit would find its retrier exhausted.
	n := 0
	s := play(t, `{'StartAt':'S','States':{
		'S':{`+lambda+`,'ResultPath':null,'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1}],'Next':'C'},
		'C':{'Type':'Choice','Choices':[{'Variable':'$.again','BooleanEquals':true,'Next':'P'}],'Default':'D'},
		'P':{'Type':'Pass','Result':{'again':false},'Next':'S'},
		'D':{'Type':'Succeed'}}}`, `{'again':true}`, func(_ *stage, p *Pending) {
		if n++; n%2 == 1 {
			p.Fail(Fail("E", ""))
			return
		}
		p.Return(`{}`)
	})
	if s.result.Status != Succeeded || n != 4 {
		t.Errorf("got %s after %d attempts, want success after 4", s.outcome(), n)
	}
}

func TestFullJitterStaysBelowTheDelay(t *testing.T) {
	s := play(t, one(`{`+lambda+`,'Retry':[{'ErrorEquals':['E'],'IntervalSeconds':100,'BackoffRate':1,'MaxAttempts':50,'JitterStrategy':'FULL'}],'End':true}`), `{}`, failing(99, "E"))
	distinct := map[time.Duration]bool{}
	for i := 1; i < len(s.starts); i++ {
		d := s.starts[i] - s.starts[i-1]
		if d < 0 || d >= 100*time.Second {
			t.Errorf("delay %d is %v, want below 100 s", i, d)
		}
		distinct[d] = true
	}
	if len(distinct) < 40 {
		t.Errorf("only %d distinct delays of 50", len(distinct))
	}
}

func TestCallbacks(t *testing.T) {
	const params = `'Parameters':{'FunctionName':'f','Payload':{'token.$':'$$.Task.Token','n.$':'$.n'}}`
	tests := []struct {
		name, fields string
		answer       func(*stage, *Pending)
		want         string
		events       []string
		after        time.Duration
	}{
		{"the token comes after the function returned", ``, func(s *stage, p *Pending) {
			s.later(time.Second, func() { p.Return(`{"Payload":null}`) })
			s.later(time.Hour, func() { p.Succeed(`{"done":true}`) })
		}, `SUCCEEDED {"done":true}`, []string{"3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSubmitted", "6<5 TaskSucceeded", "7<6 TaskStateExited"}, time.Hour},
		{"the token comes while the function runs", ``, func(s *stage, p *Pending) {
			s.later(time.Second, func() { p.Succeed(`1`) })
			s.later(2*time.Second, func() {
				if p.Return(`{}`) {
					t.Error("the return of the function came in time, but the task was done")
				}
			})
		}, `SUCCEEDED 1`, []string{"3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSucceeded", "6<5 TaskStateExited"}, time.Second},
		{"token and return at once", ``, func(_ *stage, p *Pending) {
			p.Return(`{}`)
			p.Succeed(`1`)
			if p.Succeed(`2`) || p.Open() {
				t.Error("a second callback came in time")
			}
		}, `SUCCEEDED 1`, []string{"3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSubmitted", "6<5 TaskSucceeded", "7<6 TaskStateExited"}, 0},
		{"a function error fails the task", ``, func(_ *stage, p *Pending) { p.Fail(Fail("Boom", "{}")) },
			`! Boom: {}`, []string{"3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskFailed", "6<5 ExecutionFailed"}, 0},
		{"a failure by the token", ``, func(s *stage, p *Pending) {
			p.Return(`{}`)
			s.later(time.Minute, func() { p.Fail(&Failure{}) })
		}, `! `, []string{"3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSubmitted", "6<5 TaskFailed", "7<6 ExecutionFailed"}, time.Minute},
		{"no heartbeat", `,'TimeoutSeconds':600,'HeartbeatSeconds':60`, returning(`{}`),
			`! States.Timeout`, []string{"3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSubmitted", "6<5 TaskTimedOut", "7<6 ExecutionFailed"}, time.Minute},
		{"heartbeats hold it off until the timeout", `,'TimeoutSeconds':150,'HeartbeatSeconds':60`, func(s *stage, p *Pending) {
			p.Return(`{}`)
			for i := range 10 {
				s.later(time.Duration(i)*50*time.Second, func() { p.Beat() })
			}
		}, `! States.Timeout`, nil, 150 * time.Second},
		{"heartbeats stop", `,'HeartbeatSeconds':60`, func(s *stage, p *Pending) {
			s.later(50*time.Second, func() { p.Beat() })
			s.later(100*time.Second, func() { p.Beat() })
		}, `! States.Timeout`, nil, 160 * time.Second},
		{"timeouts from the input", `,'TimeoutSecondsPath':'$.n'`, silent, `! States.Timeout`, nil, 7 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, one(`{`+callback+`,`+params+tt.fields+`,'End':true}`), `{'n':7}`, tt.answer)
			if got := s.outcome(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if tt.events != nil {
				if diff := cmp.Diff(tt.events, s.types()[2:2+len(tt.events)]); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			}
			if s.endedAt != tt.after {
				t.Errorf("ended after %v, want %v", s.endedAt, tt.after)
			}
		})
	}
}

func TestEachAttemptHasItsOwnToken(t *testing.T) {
	var params []string
	var first *Pending
	play(t, one(`{`+callback+`,'Parameters':{'t.$':'$$.Task.Token','r.$':'$$.State.RetryCount'},'HeartbeatSeconds':5,
		'Retry':[{'ErrorEquals':['States.HeartbeatTimeout'],'MaxAttempts':1}],'End':true}`), `{}`, func(_ *stage, p *Pending) {
		params = append(params, p.Parameters)
		if first == nil {
			first = p
			return
		}
		if first.Succeed(`"late"`) || first.Beat() {
			t.Error("the token of the first attempt still works")
		}
		p.Succeed(`1`)
	})
	if diff := cmp.Diff([]string{`{"r":0,"t":"token-1"}`, `{"r":1,"t":"token-2"}`}, params); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestWaits(t *testing.T) {
	tests := []struct {
		name, state, input, want string
		after                    time.Duration
	}{
		{"seconds", `{'Type':'Wait','Seconds':90,'End':true}`, `{}`, `SUCCEEDED {}`, 90 * time.Second},
		{"no time", `{'Type':'Wait','Seconds':0,'End':true}`, `{}`, `SUCCEEDED {}`, 0},
		{"seconds by path", `{'Type':'Wait','SecondsPath':'$.s','End':true}`, `{'s':60}`, `SUCCEEDED {"s":60}`, time.Minute},
		{"timestamp", `{'Type':'Wait','Timestamp':'2026-03-02T10:00:00Z','End':true}`, `{}`, `SUCCEEDED {}`, time.Hour},
		{"timestamp by path, with an offset", `{'Type':'Wait','TimestampPath':'$.t','End':true}`, `{'t':'2026-03-02T11:00:00.5+01:00'}`, `SUCCEEDED {"t":"2026-03-02T11:00:00.5+01:00"}`, time.Hour + 500*time.Millisecond},
		{"the past", `{'Type':'Wait','Timestamp':'2020-03-02T10:00:00Z','End':true}`, `{}`, `SUCCEEDED {}`, 0},
		{"negative", `{'Type':'Wait','SecondsPath':'$.s','End':true}`, `{'s':-1}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The SecondsPath parameter references a negative value: $.s == -1`, 0},
		{"not whole", `{'Type':'Wait','SecondsPath':'$.s','End':true}`, `{'s':1.5}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5`, 0},
		{"no timestamp", `{'Type':'Wait','TimestampPath':'$.t','End':true}`, `{'t':'2016-12-05 21:29:29Z'}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.t == 2016-12-05 21:29:29Z`, 0},
		{"too long", `{'Type':'Wait','TimestampPath':'$.t','End':true}`, `{'t':'2099-01-01T00:00:00Z'}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). Wait state delay is too long.`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, one(tt.state), tt.input, nil)
			if got := s.outcome(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if s.endedAt != tt.after {
				t.Errorf("ended after %v, want %v", s.endedAt, tt.after)
			}
		})
	}
}

func TestTimeoutOfTheMachine(t *testing.T) {
	s := play(t, `{'TimeoutSeconds':60,'StartAt':'S','States':{'S':{`+lambda+`,'End':true}}}`, `{}`, silent)
	if s.result.Status != TimedOut || s.endedAt != time.Minute {
		t.Errorf("got %s after %v, want TIMED_OUT after a minute", s.result.Status, s.endedAt)
	}
	if got := s.types()[len(s.events)-1]; got != "5<0 ExecutionTimedOut" {
		t.Errorf("the last event is %s", got)
	}
}

func TestAbort(t *testing.T) {
	var pending *Pending
	s := begin(t, one(`{`+callback+`,'TimeoutSeconds':60,'End':true}`), `{}`, func(_ *stage, p *Pending) { pending = p })
	s.RunFor(time.Second)
	s.Do(func() {
		if !s.x.Abort(Fail("Enough", "of this")) || s.x.Abort(nil) {
			t.Error("the first abort must come in time, the second must not")
		}
		if pending.Succeed(`1`) {
			t.Error("a token works after the abort")
		}
	})
	if !s.RunUntilIdle(time.Second) {
		t.Error("timers are left after the abort")
	}
	if got := s.outcome(); s.result.Status != Aborted || got != "! Enough: of this" {
		t.Errorf("got %s %s", s.result.Status, got)
	}
}

func TestHistoryLimit(t *testing.T) {
	s := play(t, `{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'B'},'B':{'Type':'Pass','Next':'C'},
		'C':{'Type':'Choice','Choices':[{'Variable':'$.stop','IsPresent':true,'Next':'D'}],'Default':'A'},'D':{'Type':'Succeed'}}}`, `{}`, nil)
	if len(s.events) != MaxEvents || s.events[MaxEvents-1].Type != "ExecutionFailed" {
		t.Fatalf("got %d events, the last %s", len(s.events), s.events[len(s.events)-1].Type)
	}
	if got, want := s.outcome(), "! States.Runtime: The execution reached the maximum number of history events (25000)."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLongPoll(t *testing.T) {
	// Fourteen days of a poll every 20 minutes: about 10,000 events.
	n := 0
	s := play(t, `{'StartAt':'Poll','States':{
		'Poll':{`+lambda+`,'TimeoutSeconds':300,'Next':'Done?'},
		'Done?':{'Type':'Choice','Choices':[{'Variable':'$.done','BooleanEquals':true,'Next':'End'}],'Default':'Later'},
		'Later':{'Type':'Wait','Seconds':1200,'Next':'Poll'},'End':{'Type':'Succeed'}}}`, `{}`, func(_ *stage, p *Pending) {
		n++
		p.Return(fmt.Sprintf(`{"done":%t,"n":%d}`, n > 14*24*3, n))
	})
	if s.result.Status != Succeeded || s.endedAt != 14*24*time.Hour || len(s.events) < 9000 {
		t.Errorf("got %s after %v and %d events", s.outcome(), s.endedAt, len(s.events))
	}
}

func TestNothingIsLeftAfterTheEnd(t *testing.T) {
	const nested = `{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':[
		{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':900,'End':true}}},
		{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':'$.l','ItemProcessor':{'StartAt':'T','States':{'T':{` + callback + `,'TimeoutSeconds':600,'HeartbeatSeconds':60,'End':true}}},'End':true}}}],'End':true}}}`
	before := runtime.NumGoroutine()
	for range 20 {
		s := begin(t, nested, `{'l':[1,2,3]}`, silent)
		s.RunFor(time.Second)
		s.Do(func() { s.x.Abort(nil) })
		if !s.RunUntilIdle(0) {
			t.Fatal("timers are left")
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}
