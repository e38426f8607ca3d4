package exec

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestChoice(t *testing.T) {
	tests := []struct{ name, rule, input, want string }{
		{"string", `'Variable':'$.v','StringEquals':'a'`, `{'v':'a'}`, "Y"},
		{"string of another type", `'Variable':'$.v','StringEquals':'1'`, `{'v':1}`, "N"},
		{"string less", `'Variable':'$.v','StringLessThan':'b'`, `{'v':'a'}`, "Y"},
		{"string at least", `'Variable':'$.v','StringGreaterThanEquals':'b'`, `{'v':'a'}`, "N"},
		{"numeric across kinds", `'Variable':'$.v','NumericEquals':1.0`, `{'v':1}`, "Y"},
		{"numeric beyond float", `'Variable':'$.v','NumericLessThan':9007199254740993`, `{'v':9007199254740992}`, "Y"},
		{"numeric greater", `'Variable':'$.v','NumericGreaterThan':1`, `{'v':1}`, "N"},
		{"numeric at most", `'Variable':'$.v','NumericLessThanEquals':1`, `{'v':1}`, "Y"},
		{"numeric path", `'Variable':'$.v','NumericGreaterThanEqualsPath':'$.w'`, `{'v':2,'w':1.5}`, "Y"},
		{"string path", `'Variable':'$.v','StringEqualsPath':'$$.State.Name'`, `{'v':'S'}`, "Y"},
		{"boolean", `'Variable':'$.v','BooleanEquals':false`, `{'v':false}`, "Y"},
		{"boolean path", `'Variable':'$.v','BooleanEqualsPath':'$.w'`, `{'v':true,'w':false}`, "N"},
		{"timestamps by instant", `'Variable':'$.v','TimestampEquals':'2026-03-02T09:00:00Z'`, `{'v':'2026-03-02T10:00:00+01:00'}`, "Y"},
		{"timestamp less by path", `'Variable':'$.v','TimestampLessThanPath':'$.w'`, `{'v':'2026-03-02T09:00:00Z','w':'2026-03-02T09:00:00.1Z'}`, "Y"},
		{"no timestamp", `'Variable':'$.v','TimestampGreaterThan':'2020-01-01T00:00:00Z'`, `{'v':'2026-03-02'}`, "N"},
		{"matches", `'Variable':'$.v','StringMatches':'log-*.txt'`, `{'v':'log-1.txt'}`, "Y"},
		{"matches a star", `'Variable':'$.v','StringMatches':'a\\*b*'`, `{'v':'a*bc'}`, "Y"},
		{"a star is a star", `'Variable':'$.v','StringMatches':'a\\*b'`, `{'v':'axb'}`, "N"},
		{"matches twice", `'Variable':'$.v','StringMatches':'*a*a'`, `{'v':'banana'}`, "Y"},
		{"matches no overlap", `'Variable':'$.v','StringMatches':'ab*ba'`, `{'v':'aba'}`, "N"},
		{"is present", `'Variable':'$.v','IsPresent':true`, `{'v':null}`, "Y"},
		{"is absent", `'Variable':'$.v.w','IsPresent':false`, `{}`, "Y"},
		{"is null", `'Variable':'$.v','IsNull':true`, `{'v':null}`, "Y"},
		{"is not null", `'Variable':'$.v','IsNull':false`, `{'v':0}`, "Y"},
		{"is numeric", `'Variable':'$.v','IsNumeric':true`, `{'v':'1'}`, "N"},
		{"is string", `'Variable':'$.v','IsString':true`, `{'v':'1'}`, "Y"},
		{"is boolean", `'Variable':'$.v','IsBoolean':true`, `{'v':true}`, "Y"},
		{"is timestamp", `'Variable':'$.v','IsTimestamp':true`, `{'v':'2012-10-09T19:00:55Z'}`, "Y"},
		{"is no timestamp", `'Variable':'$.v','IsTimestamp':false`, `{'v':'2012-10-09'}`, "Y"},
		{"and", `'And':[{'Variable':'$.v','NumericGreaterThan':0},{'Variable':'$.v','NumericLessThan':10}]`, `{'v':5}`, "Y"},
		{"and stops early", `'And':[{'Variable':'$.v','IsPresent':true},{'Variable':'$.v','NumericLessThan':10}]`, `{}`, "N"},
		{"or", `'Or':[{'Variable':'$.v','NumericEquals':1},{'Variable':'$.v','NumericEquals':2}]`, `{'v':2}`, "Y"},
		{"not", `'Not':{'Variable':'$.v','StringEquals':'a'}`, `{'v':'b'}`, "Y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, `{'StartAt':'S','States':{'S':{'Type':'Choice','Choices':[{`+tt.rule+`,'Next':'Y'}],'Default':'N'},'Y':{'Type':'Succeed'},'N':{'Type':'Succeed'}}}`, tt.input, nil)
			if got := s.path(); got != "S "+tt.want {
				t.Errorf("got %s, want %s: %s", got, tt.want, s.outcome())
			}
		})
	}
}

func TestChoiceErrors(t *testing.T) {
	const machine = `{'StartAt':'S','States':{'S':{'Type':'Choice','Choices':[{'Variable':'$.v','StringEquals':'a','Next':'Y'}]},'Y':{'Type':'Succeed'}}}`
	tests := []struct{ name, input, want string }{
		{"nothing matches", `{'v':'b'}`, `! States.NoChoiceMatched: An error occurred while executing the state 'S' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.`},
		{"variable is absent", `{}`, `! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). Invalid path '$.v': The choice state's condition path references an invalid value.`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(t, machine, tt.input, nil).outcome(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	s := play(t, `{'StartAt':'A','States':{
		'A':{'Type':'Pass','Assign':{'x':1,'y.$':'$.n'},'Next':'B'},
		'B':{'Type':'Pass','Assign':{'x.$':'States.MathAdd($x, 1)','old.$':'$x'},'Next':'M'},
		'M':{'Type':'Map','ItemsPath':'$.list','ResultPath':'$.out','ItemProcessor':{'StartAt':'I','States':{
			'I':{'Type':'Pass','Parameters':{'sum.$':'States.MathAdd($x, $$.Map.Item.Value)','at.$':'$$.Map.Item.Index'},'Assign':{'x':100},'End':true}}},'Next':'C'},
		'C':{'Type':'Choice','Choices':[{'Variable':'$x','NumericEquals':2,'Assign':{'chosen':true},'Next':'D'}]},
		'D':{'Type':'Pass','Parameters':{'x.$':'$x','old.$':'$old','y.$':'$y.k','out.$':'$.out','chosen.$':'$chosen'},'End':true}}}`,
		`{'n':{'k':'v'},'list':[10,20]}`, nil)
	const want = `SUCCEEDED {"chosen":true,"old":1,"out":[{"at":0,"sum":12},{"at":1,"sum":22}],"x":2,"y":"v"}`
	if got := s.outcome(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := s.log()[2], `3<2 PassStateExited {"name":"A","output":"{\"n\":{\"k\":\"v\"},\"list\":[10,20]}"`; !strings.HasPrefix(got, want[:30]) || !strings.Contains(got, `"assignedVariables":{"x":"1","y":"{\"k\":\"v\"}"}`) {
		t.Errorf("got %s", got)
	}
}

// The ids and predecessors in the tests of Parallel and Map are those of recordings
// from AWS.
func TestParallelHistory(t *testing.T) {
	const two = `'Branches':[{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'E','Cause':'c'}}},{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':9,'End':true}}}]`
	const ok = `'Branches':[{'StartAt':'P','States':{'P':{'Type':'Pass','Result':1,'End':true}}},{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':9,'End':true}}}]`
	tests := []struct {
		name, machine, want string
		events              []string
	}{
		{"success", one(`{'Type':'Parallel',` + ok + `,'End':true}`), `SUCCEEDED [1,{}]`, []string{
			"2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 PassStateEntered", "5<4 PassStateExited", "6<3 WaitStateEntered",
			"7<6 WaitStateExited", "8<7 ParallelStateSucceeded", "9<7 ParallelStateExited", "10<9 ExecutionSucceeded"}},
		{"failure", one(`{'Type':'Parallel',` + two + `,'End':true}`), `! E: c`, []string{
			"2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 FailStateEntered", "5<4 ParallelStateFailed", "6<5 ExecutionFailed"}},
		{"retried and caught", `{'StartAt':'S','States':{'S':{'Type':'Parallel',` + two + `,'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1}],
			'Catch':[{'ErrorEquals':['E'],'Next':'H'}],'End':true},'H':{'Type':'Succeed'}}}`, `SUCCEEDED {"Cause":"c","Error":"E"}`, []string{
			"2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 FailStateEntered", "5<4 ParallelStateStarted", "6<5 FailStateEntered",
			"7<6 ParallelStateFailed", "8<7 ParallelStateExited", "9<8 SucceedStateEntered", "10<9 SucceedStateExited", "11<10 ExecutionSucceeded"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, tt.machine, `{}`, nil)
			if got := s.outcome(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if diff := cmp.Diff(tt.events, s.types()[1:]); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMapHistory(t *testing.T) {
	s := play(t, one(`{'Type':'Map','MaxConcurrency':1,'ItemProcessor':{'ProcessorConfig':{'Mode':'INLINE'},'StartAt':'I','States':{'I':{'Type':'Pass','End':true}}},'End':true}`), `[1,2]`, nil)
	want := []string{"2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted", "5<4 PassStateEntered", "6<5 PassStateExited",
		"7<6 MapIterationSucceeded", "8<6 MapIterationStarted", "9<8 PassStateEntered", "10<9 PassStateExited", "11<10 MapIterationSucceeded",
		"12<11 MapStateSucceeded", "13<11 MapStateExited", "14<13 ExecutionSucceeded"}
	if diff := cmp.Diff(want, s.types()[1:]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}

	s = play(t, one(`{'Type':'Map','ItemsPath':'$.l','ItemSelector':{'v.$':'$$.Map.Item.Value','n.$':'$.n'},
		'Iterator':{'StartAt':'I','States':{'I':{`+lambda+`,'TimeoutSeconds':5,'End':true}}},'End':true}`), `{'l':[1,2],'n':0}`, silent)
	want = []string{"2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted", "5<3 MapIterationStarted",
		"6<4 TaskStateEntered", "7<6 TaskScheduled", "8<7 TaskStarted", "9<5 TaskStateEntered", "10<9 TaskScheduled", "11<10 TaskStarted",
		"12<8 TaskTimedOut", "13<12 MapIterationFailed", "14<12 TaskStateAborted", "15<12 MapIterationAborted", "16<12 TaskStateAborted",
		"17<12 MapStateFailed", "18<17 ExecutionFailed"}
	if diff := cmp.Diff(want, s.types()[1:]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got, want := s.log()[6], `7<6 TaskScheduled {"resource":"invoke","resourceType":"lambda","region":"us-east-1","parameters":"{\"n\":0,\"v\":1}","timeoutInSeconds":5}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMaps(t *testing.T) {
	tests := []struct{ name, fields, input, want string }{
		{"empty", ``, `[]`, `SUCCEEDED []`},
		{"no array", `'ItemsPath':'$.l',`, `{'l':1}`, `! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). Reference path "$.l" must point to array.`},
		{"older names", `'Parameters':{'v.$':'$$.Map.Item.Value'},`, `[5]`, `SUCCEEDED [{"v":5}]`},
		{"concurrency by path", `'ItemsPath':'$.l','MaxConcurrencyPath':'$.m',`, `{'l':[1,2,3],'m':2}`, `SUCCEEDED [1,2,3]`},
		{"bad concurrency", `'ItemsPath':'$.l','MaxConcurrencyPath':'$.m',`, `{'l':[1],'m':'x'}`, `! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The MaxConcurrencyPath field refers to value "x" which is not a valid integer: $.m`},
		{"items from the context", `'ItemsPath':'$$.Execution.Input.l',`, `{'l':[1]}`, `SUCCEEDED [1]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, one(`{'Type':'Map',`+tt.fields+`'ItemProcessor':{'StartAt':'I','States':{'I':{'Type':'Wait','Seconds':1,'End':true}}},'End':true}`), tt.input, nil)
			if got := s.outcome(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestMapRunsAtMostSoManyAtOnce(t *testing.T) {
	running, most := 0, 0
	play(t, one(`{'Type':'Map','MaxConcurrency':3,'ItemProcessor':{'StartAt':'I','States':{'I':{`+lambda+`,'End':true}}},'End':true}`), `[1,2,3,4,5,6,7,8,9,10]`, func(s *stage, p *Pending) {
		running++
		most = max(most, running)
		s.later(time.Duration(1+running)*time.Second, func() {
			running--
			p.Return(`1`)
		})
	})
	if most != 3 {
		t.Errorf("%d iterations ran at once, want 3", most)
	}
}

func TestRedrive(t *testing.T) {
	broken := true
	calls := map[string]int{}
	s := play(t, `{'StartAt':'A','States':{
		'A':{'Type':'Pass','Assign':{'x':'kept'},'Next':'P'},
		'P':{'Type':'Parallel','Next':'Z','Branches':[
			{'StartAt':'B1','States':{'B1':{`+lambda+`,'End':true}}},
			{'StartAt':'B2','States':{'B2':{`+lambda+`,'Next':'B3'},'B3':{`+lambda+`,'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1}],'End':true}}}]},
		'Z':{'Type':'Pass','Parameters':{'x.$':'$x','r.$':'$'},'End':true}}}`, `{}`, func(_ *stage, p *Pending) {
		calls[p.State]++
		if p.State == "B3" && broken {
			p.Fail(Fail("E", ""))
			return
		}
		p.Return(`"` + p.State + `"`)
	})
	if s.result.Status != FailedRun {
		t.Fatalf("got %s, want a failure", s.outcome())
	}
	events := len(s.events)
	broken, s.result = false, nil
	s.Do(s.x.Resume)
	s.RunUntilIdle(time.Hour)
	if got, want := s.outcome(), `SUCCEEDED {"r":["B1","B3"],"x":"kept"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if diff := cmp.Diff(map[string]int{"B1": 1, "B2": 1, "B3": 3}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := s.events[events].Type; got != "ExecutionRedriven" {
		t.Errorf("the first event of the redrive is %s", got)
	}
}

// A machine of retries with jitter, of branches and of random numbers runs the same
// way twice.
func TestSameSeedSameHistory(t *testing.T) {
	const machine = `{'StartAt':'M','States':{
		'M':{'Type':'Map','MaxConcurrency':2,'ItemProcessor':{'StartAt':'T','States':{
			'T':{` + lambda + `,'TimeoutSeconds':4,'Retry':[{'ErrorEquals':['States.ALL'],'MaxAttempts':5,'JitterStrategy':'FULL'}],'Catch':[{'ErrorEquals':['States.ALL'],'Next':'R'}],'Next':'R'},
			'R':{'Type':'Pass','Parameters':{'n.$':'States.MathRandom(0, 1000)','u.$':'States.UUID()'},'End':true}}},'End':true}}}`
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 20).Draw(rt, "script")
		run := func() []string {
			i := 0
			s := play(t, machine, `[1,2,3,4]`, func(s *stage, p *Pending) {
				i++
				switch d := script[i%len(script)]; d {
				case 0:
					p.Fail(Fail("E", ""))
				case 5: // never answers
				default:
					s.later(time.Duration(d)*time.Second, func() { p.Return(`{}`) })
				}
			})
			return s.log()
		}
		if diff := cmp.Diff(run(), run()); diff != "" {
			rt.Fatalf("two runs differ:\n%s", diff)
		}
	})
}
