package exec

import (
	"strings"
	"testing"

	"sluice/local/asl/parse"
)

// eval gives the value of an expression over data, or "! name: message".
func eval(t *testing.T, expr, data string) string {
	t.Helper()
	e, err := parse.ParseExpr(expr)
	if err != nil {
		return "? " + err.Error()
	}
	v, err := Decode([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	x := &Execution{host: &stage{t: t}}
	got, err := (&frame{data: v, thread: &thread{x: x, scope: &scope{}}}).expr(e, "f.$")
	if err != nil {
		return "! " + err.(*dataError).name + ": " + err.Error()
	}
	return Encode(got)
}

// Most values are those of recordings from AWS.
func TestIntrinsics(t *testing.T) {
	tests := []struct{ expr, data, want string }{
		{`States.Array()`, `{}`, `[]`},
		{`States.Array($.a, 1, 'x', null, true, -1.5)`, `{"a":{}}`, `[{},1,"x",null,true,-1.5]`},
		{`States.ArrayPartition($, 2)`, `[0,1,2]`, `[[0,1],[2]]`},
		{`States.ArrayPartition($, 5)`, `[]`, `[]`},
		{`States.ArrayContains($, $[0])`, `[[1,2,3],2]`, `true`},
		{`States.ArrayContains($, null)`, `[1]`, `false`},
		{`States.ArrayRange(0, 10, 3)`, `{}`, `[0,3,6,9]`},
		{`States.ArrayRange(1, 9, 9)`, `{}`, `[1]`},
		{`States.ArrayGetItem($, 5)`, `[1,2,3,4,5,6]`, `6`},
		{`States.ArrayLength($)`, `[1,2,3]`, `3`},
		{`States.ArrayUnique($)`, `[null,null,true,1,1,1.1,"a","a",[],[],{"a":1},{"a":1}]`, `[null,true,1,1.1,"a",[],{"a":1}]`},
		{`States.Base64Encode('Data to encode')`, `{}`, `"RGF0YSB0byBlbmNvZGU="`},
		{`States.Base64Decode('RGF0YSB0byBlbmNvZGU=')`, `{}`, `"Data to encode"`},
		{`States.Hash('input data', 'MD5')`, `{}`, `"812f45842bc6d66ee14572ce20db8e86"`},
		{`States.Hash('input data', 'SHA-1')`, `{}`, `"aaff4a450a104cd177d28d18d74485e8cae074b7"`},
		{`States.Hash('input data', 'SHA-256')`, `{}`, `"b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"`},
		{`States.JsonMerge($.a, $.b, false)`, `{"a":{"x":{"p":1},"y":2},"b":{"x":{"q":1}}}`, `{"x":{"q":1},"y":2}`},
		{`States.StringToJson('{"a": [1, 2]}')`, `{}`, `{"a":[1,2]}`},
		{`States.StringToJson(' ')`, `{}`, `null`},
		{`States.StringToJson('-0')`, `{}`, `0`},
		{`States.JsonToString($)`, `{"a":[1,"<"]}`, `"{\"a\":[1,\"<\"]}"`},
		{`States.MathAdd(1.49, 1.5)`, `{}`, `3`},
		{`States.MathAdd(-1.5, -1.51)`, `{}`, `-3`},
		{`States.MathAdd(-2.5, 0)`, `{}`, `-2`},
		{`States.StringSplit('This.is+a,test=string', '.+,=')`, `{}`, `["This","is","a","test","string"]`},
		{`States.StringSplit(', , ,', ',')`, `{}`, `[" "," "]`},
		{`States.Format('{} and {}', $.a, $.b)`, `{"a":"x","b":{"k":[1,{"z":null}]}}`, `"x and {k=[1, {z=null}]}"`},
		{`States.Format('it\'s \{{}\} \\ {}', 1, 1.1)`, `{}`, `"it's {1} \\ 1.1"`},
		{`States.ArrayGetItem(States.StringSplit('a-b-c', '-'), States.MathAdd(States.ArrayLength($), -1))`, `[1,2]`, `"b"`},

		{`States.ArrayGetItem($, 6)`, `[1]`, `! States.IntrinsicFailure: The function 'States.ArrayGetItem($, 6)' had the following error: index 6 is outside the array of 1 elements`},
		{`States.ArrayRange(1, 1001, 1)`, `{}`, `! States.IntrinsicFailure: The function 'States.ArrayRange(1, 1001, 1)' had the following error: the array would have more than 1000 elements`},
		{`States.Format('{}')`, `{}`, `! States.IntrinsicFailure: The function 'States.Format('{}')' had the following error: there are more {} than arguments`},
		{`States.Format('x', 1)`, `{}`, `! States.IntrinsicFailure: The function 'States.Format('x', 1)' had the following error: there are more arguments than {}`},
		{`States.JsonMerge($, $, true)`, `{}`, `! States.IntrinsicFailure: The function 'States.JsonMerge($, $, true)' had the following error: only the shallow merge is supported: the third argument must be false`},
		{`States.Hash('x', 'CRC')`, `{}`, `! States.IntrinsicFailure: The function 'States.Hash('x', 'CRC')' had the following error: there is no algorithm "CRC": use MD5, SHA-1, SHA-256, SHA-384 or SHA-512`},
		{`States.ArrayLength($)`, `1`, `! States.IntrinsicFailure: The function 'States.ArrayLength($)' had the following error: argument 1 must be an array, but it is 1`},
		{`States.ArrayLength($.no)`, `{}`, `! States.Runtime: The JSONPath '$.no' specified for the field 'f.$' could not be found in the input '{}'`},
		{`States.MathRandom(5, 5)`, `{}`, `! States.IntrinsicFailure: The function 'States.MathRandom(5, 5)' had the following error: the end must be greater than the start`},

		{`States.StringToJson('a \"b\"')`, `{}`, `? States.StringToJson('a \"b\"'): in a string, \ must stand before one of ' { } \: 'a \"b\"')`},
		{`States.Nope()`, `{}`, `? States.Nope(): there is no intrinsic function States.Nope`},
		{`States.UUID(1)`, `{}`, `? States.UUID(1): States.UUID cannot take 1 arguments`},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			if got := eval(t, tt.expr, tt.data); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNestingEndsAtTen(t *testing.T) {
	nested := func(n int) string {
		return strings.Repeat("States.Array(", n) + strings.Repeat(")", n)
	}
	if got := eval(t, nested(10), `{}`); got != strings.Repeat("[", 10)+strings.Repeat("]", 10) {
		t.Errorf("ten deep: got %s", got)
	}
	if got := eval(t, nested(11), `{}`); !strings.HasPrefix(got, "?") {
		t.Errorf("eleven deep: got %s, want an error", got)
	}
}

func TestSeededRandomRepeats(t *testing.T) {
	a, b := eval(t, `States.MathRandom(0, 1000000, 7)`, `{}`), eval(t, `States.MathRandom(0, 1000000, 7)`, `{}`)
	if c := eval(t, `States.MathRandom(0, 1000000, 8)`, `{}`); a != b || a == c {
		t.Errorf("seed 7 gave %s and %s, seed 8 %s", a, b, c)
	}
}
