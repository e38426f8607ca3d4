package exec

import (
	"testing"

	"sluice/local/asl/parse"
)

func TestDataFlow(t *testing.T) {
	tests := []struct{ name, state, input, want string }{
		{"pass hands on", `{'Type':'Pass','End':true}`, `{'a':1}`, `SUCCEEDED {"a":1}`},
		{"result", `{'Type':'Pass','Result':{'x':[1,2.5]},'End':true}`, `{}`, `SUCCEEDED {"x":[1,2.5]}`},
		{"a result has no expressions", `{'Type':'Pass','Result':{'x.$':'$.a'},'End':true}`, `{}`, `SUCCEEDED {"x.$":"$.a"}`},
		{"result path makes objects", `{'Type':'Pass','Result':1,'ResultPath':'$.p.q','End':true}`, `{'a':1}`, `SUCCEEDED {"a":1,"p":{"q":1}}`},
		{"result path into an array", `{'Type':'Pass','Result':9,'ResultPath':'$.a[1]','End':true}`, `{'a':[1,2]}`, `SUCCEEDED {"a":[1,9]}`},
		{"result path null", `{'Type':'Pass','Result':9,'ResultPath':null,'End':true}`, `{'a':1}`, `SUCCEEDED {"a":1}`},
		{"result path goes into the raw input", `{'Type':'Pass','InputPath':'$.a','ResultPath':'$.r','End':true}`, `{'a':{'b':1}}`, `SUCCEEDED {"a":{"b":1},"r":{"b":1}}`},
		{"result path cannot be applied", `{'Type':'Pass','Result':9,'ResultPath':'$.a.b','End':true}`, `{'a':1}`,
			`! States.ResultPathMatchFailure: An error occurred while executing the state 'S' (entered at the event id #2). Unable to apply step "$.a.b" to input {"a":1}`},
		{"input path null", `{'Type':'Pass','InputPath':null,'End':true}`, `{'a':1}`, `SUCCEEDED {}`},
		{"output path", `{'Type':'Pass','OutputPath':'$.a','End':true}`, `{'a':[1]}`, `SUCCEEDED [1]`},
		{"output path null", `{'Type':'Pass','OutputPath':null,'End':true}`, `{'a':1}`, `SUCCEEDED {}`},
		{"input path misses", `{'Type':'Pass','InputPath':'$.no','End':true}`, `{}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). Invalid path '$.no' : No results for path: $['no']`},
		{"output path misses further up", `{'Type':'Pass','OutputPath':'$.no.such','End':true}`, `{}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). Invalid path '$.no.such' : Missing property in path $['no']`},
		{"parameters", `{'Type':'Pass','Parameters':{'c':1,'d.$':'$.a','e':[{'f.$':'$.a'}, '$.a']},'End':true}`, `{'a':7}`, `SUCCEEDED {"c":1,"d":7,"e":[{"f":7},"$.a"]}`},
		{"parameters miss", `{'Type':'Pass','Parameters':{'d.$':'$.no'},'End':true}`, `{'a':7}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The JSONPath '$.no' specified for the field 'd.$' could not be found in the input '{"a":7}'`},
		{"context", `{'Type':'Pass','Parameters':{'n.$':'$$.State.Name','i.$':'$$.Execution.Input.a','t.$':'$$.Execution.StartTime','m.$':'$$.StateMachine.Name'},'End':true}`, `{'a':7}`,
			`SUCCEEDED {"i":7,"m":"m","n":"S","t":"2026-03-02T09:00:00.000Z"}`},
		{"big integers survive", `{'Type':'Pass','End':true}`, `{'n':9007199254740993}`, `SUCCEEDED {"n":9007199254740993}`},
		{"succeed filters", `{'Type':'Succeed','InputPath':'$.a','OutputPath':'$.b'}`, `{'a':{'b':2}}`, `SUCCEEDED 2`},
		{"fail", `{'Type':'Fail','Error':'Broken','Cause':'it fell'}`, `{}`, `! Broken: it fell`},
		{"fail by path", `{'Type':'Fail','ErrorPath':'$.e','CausePath':'States.UUID()'}`, `{'e':'E'}`, ``},
		{"fail path misses", `{'Type':'Fail','ErrorPath':'$.e'}`, `{}`,
			`! States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The JSONPath '$.e' specified for the field 'ErrorPath' could not be found in the input '{}'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, one(tt.state), tt.input, nil)
			if tt.name == "fail by path" { // the cause is random
				if got := s.result.Failure.Name(); got != "E" || len(*s.result.Failure.Cause) != 36 {
					t.Errorf("got %s", s.outcome())
				}
				return
			}
			if got := s.outcome(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	const doc = `{"a":{"b":[{"c":1,"k":"x"},{"c":2,"k":"y"},{"c":3}]},"with-dash":4,"Test\\\"Name":5,"z":{"c":9}}`
	root, err := Decode([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ path, want string }{
		{`$`, Encode(root)},
		{`$.a.b[0].c`, `1`},
		{`$.a.b[-1].c`, `3`},
		{`$['a']["b"][1].c`, `2`},
		{`$.with-dash`, `4`},
		{`$['Test\\\"Name']`, `5`},
		{`$.a.b[*].c`, `[1,2,3]`},
		{`$.a.b[0:2].c`, `[1,2]`},
		{`$.a.b[-1:]`, `[{"c":3}]`},
		{`$.a.b[0,2].c`, `[1,3]`},
		{`$..c`, `[1,2,3,9]`},
		{`$..b[0].c`, `[1]`},
		{`$.a.b[?(@.c > 1)].c`, `[2,3]`},
		{`$.a.b[?(@.k == 'x')].c`, `[1]`},
		{`$.a.b[?(@.c == 1 || @.c == 3)].c`, `[1,3]`},
		{`$.none[*].c`, `[]`},
		{`$.z.*`, `[9]`},
		{`$['z','with-dash']`, `[{"c":9},4]`},
		{`$.a.none`, `missing: No results for path: $['a']['none']`},
		{`$.none.c`, `missing: Missing property in path $['none']`},
		{`$.a.b[7]`, `missing: No results for path: $['a']['b'][7]`},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			p, err := parse.ParsePath(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if v, found := lookup(p, root); found {
				got = Encode(v)
			} else {
				got = "missing: " + missing(p, root)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
