package expr

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func appendInt(b []byte, i int64) []byte { return strconv.AppendInt(b, i, 10) }

// wireValue is an AttributeValue of the API.
type wireValue struct {
	S    *string
	N    *string
	B    *[]byte
	SS   *[]string
	NS   *[]string
	BS   *[][]byte
	M    *map[string]Value
	L    *[]Value
	NULL *bool
	BOOL *bool
}

// UnmarshalJSON reads an AttributeValue. What DynamoDB would answer with a
// ValidationException is kept in the value, for Check to tell.
func (v *Value) UnmarshalJSON(b []byte) error {
	var w wireValue
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("reading an attribute value: %w", err)
	}
	*v = Value{}
	given := 0
	if w.S != nil {
		given, v.Kind, v.Text = given+1, S, *w.S
	}
	if w.N != nil {
		given, v.Kind = given+1, N
		v.Num, v.problem = parseNumber(*w.N)
	}
	if w.B != nil {
		given, v.Kind, v.Text = given+1, B, string(*w.B)
	}
	if w.NULL != nil {
		given, v.Kind = given+1, NULL
		if !*w.NULL {
			v.problem = "One or more parameter values were invalid: Null attribute value types must have the value of true"
		}
	}
	if w.BOOL != nil {
		given, v.Kind, v.Bool = given+1, BOOL, *w.BOOL
	}
	given += v.readSets(&w)
	given += v.readDocument(&w)
	switch {
	case given == 0:
		v.problem = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
	case given > 1 && v.problem == "":
		v.problem = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
	}
	return nil
}

// readSets returns how many sets were given.
func (v *Value) readSets(w *wireValue) int {
	given := 0
	take := func(kind Kind, members []Value, empty, twice string) {
		given++
		*v = Set(kind, members...)
		switch {
		case len(members) == 0:
			v.problem = empty
		case len(v.List) != len(members):
			v.problem = twice
		}
	}
	if w.SS != nil {
		members := make([]Value, len(*w.SS))
		for i, s := range *w.SS {
			members[i] = String(s)
		}
		take(SS, members, "One or more parameter values were invalid: An string set  may not be empty",
			"One or more parameter values were invalid: Input collection ["+strings.Join(*w.SS, ", ")+"] contains duplicates.")
	}
	if w.NS != nil {
		members, problem := make([]Value, len(*w.NS)), ""
		for i, s := range *w.NS {
			n, msg := parseNumber(s)
			if msg != "" && problem == "" {
				problem = msg
			}
			members[i] = Value{Kind: N, Num: n}
		}
		take(NS, members, "One or more parameter values were invalid: An number set  may not be empty", "Input collection contains duplicates")
		if problem != "" {
			v.problem = problem
		}
	}
	if w.BS != nil {
		members, texts := make([]Value, len(*w.BS)), make([]string, len(*w.BS))
		for i, b := range *w.BS {
			members[i], texts[i] = Bytes(b), base64.StdEncoding.EncodeToString(b)
		}
		take(BS, members, "One or more parameter values were invalid: Binary sets should not be empty",
			"One or more parameter values were invalid: Input collection ["+strings.Join(texts, ", ")+"]of type BS contains duplicates.")
	}
	return given
}

// readDocument returns how many of M and L were given.
func (v *Value) readDocument(w *wireValue) int {
	given := 0
	if w.M != nil {
		given++
		v.Kind, v.Map = M, *w.M
		for _, name := range slices.Sorted(maps.Keys(v.Map)) {
			if p := v.Map[name].problem; p != "" {
				v.problem = p
				break
			}
		}
	}
	if w.L != nil {
		given++
		v.Kind, v.List = L, *w.L
		for _, m := range v.List {
			if m.problem != "" {
				v.problem = m.problem
				break
			}
		}
	}
	return given
}

// maxDepth is how deep documents may be nested. Source: AWS.md F, limits.
const maxDepth = 32

// Check refuses items with values that DynamoDB refuses. Errors: ValidationException.
func Check(item Item) error {
	for _, name := range slices.Sorted(maps.Keys(item)) {
		v := item[name]
		if v.problem != "" {
			return invalid("%s", v.problem)
		}
		if (v.Kind == M || v.Kind == L) && v.depth() >= maxDepth {
			return invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
		}
	}
	return nil
}

// MarshalJSON writes an AttributeValue.
func (v Value) MarshalJSON() ([]byte, error) { return v.appendJSON(nil), nil }

func (v Value) appendJSON(b []byte) []byte {
	b = append(b, `{"`...)
	b = append(b, v.Kind.String()...)
	b = append(b, `":`...)
	switch v.Kind {
	case S, N, B:
		b = v.appendScalar(b)
	case SS, NS, BS:
		b = append(b, '[')
		for i, m := range v.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = m.appendScalar(b)
		}
		b = append(b, ']')
	case L:
		b = append(b, '[')
		for i, m := range v.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = m.appendJSON(b)
		}
		b = append(b, ']')
	case M:
		b = append(b, '{')
		for i, name := range slices.Sorted(maps.Keys(v.Map)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, name)
			b = append(b, ':')
			b = v.Map[name].appendJSON(b)
		}
		b = append(b, '}')
	case NULL:
		b = append(b, "true"...)
	case BOOL:
		b = strconv.AppendBool(b, v.Bool)
	}
	return append(b, '}')
}

func (v Value) appendScalar(b []byte) []byte {
	switch v.Kind {
	case N:
		b = append(b, '"')
		b = append(b, v.Num.String()...)
		return append(b, '"')
	case B:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, []byte(v.Text))
		return append(b, '"')
	}
	return appendText(b, v.Text)
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x80 || c == '"' || c == '\\' {
			t, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, t...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
