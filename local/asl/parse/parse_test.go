package parse

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func quotes(s string) []byte { return []byte(strings.ReplaceAll(s, "'", `"`)) }

const pass = `{'Type':'Pass','End':true}`

// problems are the lines of what Parse or Lint complain of.
func problems(t *testing.T, definition string) []string {
	t.Helper()
	m, err := Parse(quotes(definition))
	list := AsProblems(err)
	if err == nil {
		list = Lint(m)
	}
	var lines []string
	for _, p := range list {
		lines = append(lines, string(p.Severity)+" "+p.Code+" "+p.String())
	}
	return lines
}

func TestParseRefuses(t *testing.T) {
	state := func(fields string) string { return "{'StartAt':'S','States':{\n'S':" + fields + "}}" }
	tests := []struct{ name, definition, want string }{
		{"no JSON", `not a definition`, `invalid character 'o' in literal null`},
		{"a huge number", `{'Version':1e999}`, `line 1: the number 1e999 is out of range`},
		{"cut off", `{'StartAt':'S'`, `unexpected EOF`},
		{"no object", `[]`, `Definition must be a valid JSON object at /`},
		{"empty", `{}`, `These fields are required: [States StartAt] at /`},
		{"a key twice", `{'StartAt':'S','StartAt':'S'}`, `key "StartAt" appears twice`},
		{"unknown at the top", `{'StartAt':'S','Stats':{},'States':{'S':` + pass + `}}`, `Field 'Stats' is not supported at /Stats`},
		{"unknown in a state", state(`{'Type':'Pass','Nxt':'X','End':true}`), `line 2: state "S": Field 'Nxt' is not supported at /States/S/Nxt`},
		{"a field of another type of state", state(`{'Type':'Wait','Seconds':1,'Resource':'x','End':true}`), `state "S": Field 'Resource' is not supported`},
		{"unknown in a retrier", state(`{'Type':'Task','Resource':'r','Retry':[{'ErrorEquals':['E'],'Max':1}],'End':true}`), `Field 'Max' is not supported at /States/S/Retry[0]/Max`},
		{"JSONata", `{'QueryLanguage':'JSONata','StartAt':'S','States':{'S':` + pass + `}}`, `QueryLanguage "JSONata" is not supported here: use JSONPath`},
		{"JSONata in a state", state(`{'Type':'Pass','QueryLanguage':'JSONata','End':true}`), `state "S": QueryLanguage "JSONata" is not supported here`},
		{"a field of JSONata", state(`{'Type':'Pass','Output':'{% 1 %}','End':true}`), `Field 'Output' belongs to JSONata`},
		{"distributed", state(`{'Type':'Map','ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED'},'StartAt':'I','States':{'I':` + pass + `}},'End':true}`), `Mode "DISTRIBUTED" is not supported here: use INLINE`},
		{"reader of a distributed map", state(`{'Type':'Map','ItemReader':{},'ItemProcessor':{'StartAt':'I','States':{'I':` + pass + `}},'End':true}`), `Field 'ItemReader' belongs to distributed Map states`},
		{"credentials", state(`{'Type':'Task','Resource':'r','Credentials':{},'End':true}`), `Field 'Credentials' is not supported here`},
		{"no type", state(`{'End':true}`), `These fields are required: [Type]`},
		{"another type", state(`{'Type':'Loop'}`), `The field 'Type' should have one of these values`},
		{"no way on", state(`{'Type':'Pass'}`), `These fields are required: [Next] or [End]`},
		{"two ways on", state(`{'Type':'Pass','Next':'S','End':true}`), `cannot have both Next and End`},
		{"no resource", state(`{'Type':'Task','End':true}`), `These fields are required: [Resource]`},
		{"wait for nothing", state(`{'Type':'Wait','End':true}`), `one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]`},
		{"bad timestamp", state(`{'Type':'Wait','Timestamp':'2016-12-05 21:29:29Z','End':true}`), `String does not match RFC3339 timestamp at /States/S/Timestamp`},
		{"no choices", state(`{'Type':'Choice','Choices':[]}`), `Value cannot be empty at /States/S/Choices`},
		{"no operator", state(`{'Type':'Choice','Choices':[{'Variable':'$.a','Next':'S'}]}`), `a comparison must have Variable and exactly one operator`},
		{"two operators", state(`{'Type':'Choice','Choices':[{'Variable':'$.a','IsNull':true,'IsPresent':true,'Next':'S'}]}`), `exactly one operator`},
		{"literal of the wrong type", state(`{'Type':'Choice','Choices':[{'Variable':'$.a','NumericEquals':'1','Next':'S'}]}`), `the value of NumericEquals has the wrong type`},
		{"no path form of a test", state(`{'Type':'Choice','Choices':[{'Variable':'$.a','IsNullPath':'$.b','Next':'S'}]}`), `Field 'IsNullPath' is not supported`},
		{"a Next inside And", state(`{'Type':'Choice','Choices':[{'And':[{'Variable':'$.a','IsNull':true,'Next':'S'}],'Next':'S'}]}`), `Field 'Next' is not supported at /States/S/Choices[0]/And[0]/Next`},
		{"no branches", state(`{'Type':'Parallel','Branches':[],'End':true}`), `Value cannot be empty at /States/S/Branches`},
		{"no processor", state(`{'Type':'Map','End':true}`), `These fields are required: [ItemProcessor]`},
		{"two processors", state(`{'Type':'Map','Iterator':{'StartAt':'I','States':{'I':` + pass + `}},'ItemProcessor':{'StartAt':'I','States':{'I':` + pass + `}},'End':true}`), `both ItemProcessor and Iterator`},
		{"no error names", state(`{'Type':'Task','Resource':'r','Retry':[{'ErrorEquals':[]}],'End':true}`), `ErrorEquals must be an array of strings, not empty`},
		{"small backoff", state(`{'Type':'Task','Resource':'r','Retry':[{'ErrorEquals':['E'],'BackoffRate':0.5}],'End':true}`), `Field 'BackoffRate' must be a number of at least 1`},
		{"bad jitter", state(`{'Type':'Task','Resource':'r','Retry':[{'ErrorEquals':['E'],'JitterStrategy':'HALF'}],'End':true}`), `JitterStrategy must be FULL or NONE`},
		{"heartbeat over timeout", state(`{'Type':'Task','Resource':'r','TimeoutSeconds':5,'HeartbeatSeconds':5,'End':true}`), `HeartbeatSeconds must be smaller than TimeoutSeconds`},
		{"bad variable", state(`{'Type':'Pass','Assign':{'a-b':1},'End':true}`), `"a-b" cannot name a variable`},
		{"a long name", `{'StartAt':'S','States':{'` + strings.Repeat("x", 81) + `':` + pass + `}}`, `must not be longer than 80 characters`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(quotes(tt.definition))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestLint(t *testing.T) {
	task := `{'Type':'Task','Resource':'r','TimeoutSeconds':9,`
	one := func(fields string) string { return `{'StartAt':'S','States':{'S':` + fields + `}}` }
	tests := []struct {
		name, definition string
		want             []string
	}{
		{"nothing", one(task + `'End':true}`), nil},
		{"no such next", one(`{'Type':'Pass','Next':'X'}`), []string{
			`ERROR MISSING_TRANSITION_TARGET line 1: state "S": Missing 'Next' target: X at /States/S/Next`,
			`WARNING NO_TERMINAL_STATE line 1: no state ends this branch: it needs End, Succeed or Fail at /`}},
		{"no such start", `{'StartAt':'X','States':{'S':` + pass + `}}`, []string{
			`ERROR MISSING_TRANSITION_TARGET line 1: Missing 'StartAt' target: X at /StartAt`,
			`ERROR MISSING_TRANSITION_TARGET line 1: state "S": State "S" is not reachable. at /States/S`}},
		{"unreachable", `{'StartAt':'S','States':{'S':` + pass + `,'T':` + pass + `}}`, []string{
			`ERROR MISSING_TRANSITION_TARGET line 1: state "T": State "T" is not reachable. at /States/T`}},
		{"no such catch", one(task + `'Catch':[{'ErrorEquals':['E'],'Next':'X'}],'End':true}`), []string{
			`ERROR MISSING_TRANSITION_TARGET line 1: state "S": Missing 'Next' target: X at /States/S/Catch[0]/Next`}},
		{"no such default", `{'StartAt':'S','States':{'S':{'Type':'Choice','Choices':[{'Variable':'$.a','IsNull':true,'Next':'T'}],'Default':'X'},'T':{'Type':'Succeed'}}}`, []string{
			`ERROR MISSING_TRANSITION_TARGET line 1: state "S": Missing 'Default' target: X at /States/S/Default`}},
		{"no timeout", one(`{'Type':'Task','Resource':'r','End':true}`), []string{
			`WARNING TASK_WITHOUT_TIMEOUT line 1: state "S": a Task needs TimeoutSeconds: without it a lost answer is waited for 99999999 seconds at /States/S`}},
		{"ALL with others", one(task + `'Retry':[{'ErrorEquals':['States.ALL','E']}],'End':true}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": States.ALL must appear alone, and in the last element at /States/S/Retry[0]/ErrorEquals`}},
		{"ALL not last", one(task + `'Retry':[{'ErrorEquals':['States.ALL']},{'ErrorEquals':['E']}],'End':true}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": States.ALL must appear alone, and in the last element at /States/S/Retry[0]/ErrorEquals`}},
		{"an error that does not exist", one(task + `'Retry':[{'ErrorEquals':['States.Timedout']}],'End':true}`), []string{
			`WARNING UNKNOWN_ERROR_NAME line 1: state "S": there is no error States.Timedout: it will never match at /States/S/Retry[0]/ErrorEquals`}},
		{"bad path", one(`{'Type':'Pass','InputPath':'$.a[','End':true}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": Value is not a valid JSONPath: path "$.a[": a ] is missing at /States/S/InputPath`}},
		{"bad expression", one(`{'Type':'Pass','Parameters':{'a.$':'States.Nope()'},'End':true}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call: States.Nope(): there is no intrinsic function States.Nope at /States/S/Parameters`}},
		{"an expression that is no text", one(`{'Type':'Pass','Parameters':{'a.$':1},'End':true}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": The value for the field 'a.$' must be a STRING that contains a JSONPath or an intrinsic function call at /States/S/Parameters`}},
		{"ResultPath must be a reference", one(`{'Type':'Pass','ResultPath':'$.a[*]','End':true}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": Value is not a Reference Path: $.a[*] must use single names and indices of $ only at /States/S/ResultPath`}},
		{"timeout twice", one(`{'Type':'Task','Resource':'r','TimeoutSeconds':9,'TimeoutSecondsPath':'$.t','End':true}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": a state cannot have both TimeoutSeconds and TimeoutSecondsPath at /States/S/TimeoutSecondsPath`}},
		{"error twice", one(`{'Type':'Fail','Error':'E','ErrorPath':'$.e'}`), []string{
			`ERROR SCHEMA_VALIDATION_FAILED line 1: state "S": a state cannot have both Error and ErrorPath at /States/S/ErrorPath`}},
		{"a name twice across nesting", one(`{'Type':'Parallel','Branches':[{'StartAt':'S','States':{'S':` + pass + `}}],'End':true}`), []string{
			`ERROR DUPLICATE_STATE_NAME line 1: state "S": the name is also that of the state at /States/S at /States/S/Branches[0]/States/S`}},
		{"inside a map", one(`{'Type':'Map','ItemProcessor':{'StartAt':'I','States':{'I':{'Type':'Pass','Next':'X'}}},'End':true}`), []string{
			`ERROR MISSING_TRANSITION_TARGET line 1: state "I": Missing 'Next' target: X at /States/S/ItemProcessor/States/I/Next`,
			`WARNING NO_TERMINAL_STATE line 1: no state ends this branch: it needs End, Succeed or Fail at /States/S/ItemProcessor`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, problems(t, tt.definition)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseReadsEverything(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "everything.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(data)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range m.States {
		names = append(names, s.Type()+" "+s.Head().Name)
	}
	want := []string{"Pass Begin", "Choice Which", "Wait Soon", "Task Work", "Parallel Both", "Map Each", "Succeed Done", "Fail Broken"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	work := m.State("Work").(*Task)
	if diff := cmp.Diff([]Retrier{
		{Pos: work.Retry[0].Pos, ErrorEquals: []string{"Lambda.ServiceException"}, IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2, MaxDelaySeconds: 30, FullJitter: true},
		{Pos: work.Retry[1].Pos, ErrorEquals: []string{"States.ALL"}, IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2},
	}, work.Retry); diff != "" {
		t.Errorf("retriers (-want +got):\n%s", diff)
	}
	if got, want := work.Pos, (Pos{32, "/States/Work"}); got != want {
		t.Errorf("Work is at %v, want %v", got, want)
	}
	if Lint(m) != nil {
		t.Errorf("lint: %v", Problems(Lint(m)))
	}
}

func TestPathKinds(t *testing.T) {
	tests := []struct {
		path                string
		definite, reference bool
	}{
		{"$", true, true}, {"$.a.b[0]", true, true}, {"$['a']", true, true}, {"$.a[*]", false, false}, {"$..a", false, false},
		{"$.a[0:1]", false, false}, {"$.a[0,1]", false, false}, {"$.a[?(@.b == 1)]", false, false}, {"$$.Execution.Id", true, false}, {"$x.a", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			p, err := ParsePath(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			if p.Definite() != tt.definite || p.Reference() != tt.reference {
				t.Errorf("definite %t, reference %t", p.Definite(), p.Reference())
			}
		})
	}
	for _, bad := range []string{"", "a", "$.", "$.a..", "$.a[", "$.a[]", "$.a[x]", "$['a", "$.a b", "$.a.length()", "$[0:1:0]", "$.a]", "$1x", "$[?(]", "$.a[1"} {
		if _, err := ParsePath(bad); err == nil {
			t.Errorf("%q was taken for a path", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "everything.asl.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(quotes(`{'StartAt':'S','States':{'S':{'Type':'Pass','InputPath':'$..a[?(@.b>1)].c[-1:]','Parameters':{'x.$':'States.Format(\'{}\', $$.a)'},'End':true}}}`))
	f.Add([]byte(`{"States":[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			if len(AsProblems(err)) == 0 {
				t.Errorf("an error without problems: %v", err)
			}
			return
		}
		Lint(m)
	})
}

func FuzzParseExpr(f *testing.F) {
	for _, seed := range []string{"$.a[0]['b'].c", "$$.x..y[?(@.z =~ /a/)]", "$v[1:2,3]", `States.Format('\'{}\{', States.Array(1, null, $.a))`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpr(text)
		if err == nil && strings.TrimSpace(text) != strings.TrimSpace(e.String()) {
			t.Errorf("%q came back as %q", text, e)
		}
	})
}
