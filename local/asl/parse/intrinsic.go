package parse

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// maxNesting is how deep intrinsic functions may be nested (AWS.md D.5).
const maxNesting = 10

// arity lists the intrinsic functions with the least and the most arguments that
// they take; -1 is any number (AWS.md D.5).
var arity = map[string][2]int{
	"States.Array":          {0, -1},
	"States.ArrayPartition": {2, 2},
	"States.ArrayContains":  {2, 2},
	"States.ArrayRange":     {3, 3},
	"States.ArrayGetItem":   {2, 2},
	"States.ArrayLength":    {1, 1},
	"States.ArrayUnique":    {1, 1},
	"States.Base64Encode":   {1, 1},
	"States.Base64Decode":   {1, 1},
	"States.Hash":           {2, 2},
	"States.JsonMerge":      {3, 3},
	"States.StringToJson":   {1, 1},
	"States.JsonToString":   {1, 1},
	"States.MathRandom":     {2, 3},
	"States.MathAdd":        {2, 2},
	"States.StringSplit":    {2, 2},
	"States.UUID":           {0, 0},
	"States.Format":         {1, -1},
}

// ParseExpr reads a path or the call of an intrinsic function.
func ParseExpr(text string) (Expr, error) {
	if strings.HasPrefix(text, "$") {
		return ParsePath(text)
	}
	if !strings.HasPrefix(text, "States.") {
		return nil, fmt.Errorf("%q is neither a JSONPath nor a call of an intrinsic function", text)
	}
	e, rest, err := scanCall(text, 1)
	if err == nil && strings.TrimSpace(rest) != "" {
		err = fmt.Errorf("cannot read %q after the call", rest)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	return e, nil
}

func scanCall(s string, depth int) (*Call, string, error) {
	if depth > maxNesting {
		return nil, "", fmt.Errorf("intrinsic functions are nested more than %d deep", maxNesting)
	}
	open := strings.IndexByte(s, '(')
	if open < 0 {
		return nil, "", errors.New("a ( is missing")
	}
	c := &Call{Function: strings.TrimSpace(s[:open])}
	bounds, ok := arity[c.Function]
	if !ok {
		return nil, "", fmt.Errorf("there is no intrinsic function %s", c.Function)
	}
	rest := strings.TrimLeft(s[open+1:], " \t\n\r")
	for !strings.HasPrefix(rest, ")") {
		arg, r, err := scanArgument(rest, depth)
		if err != nil {
			return nil, "", err
		}
		c.Args = append(c.Args, arg)
		rest = strings.TrimLeft(r, " \t\n\r")
		if r, ok := strings.CutPrefix(rest, ","); ok {
			rest = strings.TrimLeft(r, " \t\n\r")
			if strings.HasPrefix(rest, ")") {
				return nil, "", fmt.Errorf("%s: an argument is missing after the comma", c.Function)
			}
		} else if !strings.HasPrefix(rest, ")") {
			return nil, "", fmt.Errorf("%s: a comma or ) is missing at %q", c.Function, rest)
		}
	}
	rest = rest[1:]
	if n := len(c.Args); n < bounds[0] || bounds[1] >= 0 && n > bounds[1] {
		return nil, "", fmt.Errorf("%s cannot take %d arguments", c.Function, n)
	}
	c.Text = s[:len(s)-len(rest)]
	return c, rest, nil
}

var (
	numberText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`)
	wordText   = regexp.MustCompile(`^(true|false|null)\b`)
)

func scanArgument(s string, depth int) (Expr, string, error) {
	switch {
	case s == "":
		return nil, "", errors.New("a ) is missing")
	case s[0] == '$':
		return scanPath(s)
	case s[0] == '\'':
		return scanString(s)
	case strings.HasPrefix(s, "States."):
		return scanCall(s, depth+1)
	}
	if w := wordText.FindString(s); w != "" {
		words := map[string]any{"true": true, "false": false, "null": nil}
		return &Literal{Value: words[w], Raw: w}, s[len(w):], nil
	}
	if n := numberText.FindString(s); n != "" {
		return &Literal{Value: Number(json.Number(n)), Raw: n}, s[len(n):], nil
	}
	return nil, "", fmt.Errorf("cannot read the argument %q", s)
}

// scanString reads a string in single quotes. A backslash may only stand before
// one of ' { } and another backslash, as AWS has it.
func scanString(s string) (Expr, string, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\'':
			return &Literal{Value: b.String(), Raw: s[1:i]}, s[i+1:], nil
		case '\\':
			if i+1 == len(s) || !strings.ContainsRune(`'{}\`, rune(s[i+1])) {
				return nil, "", fmt.Errorf(`in a string, \ must stand before one of ' { } \: %s`, s)
			}
			i++
		}
		b.WriteByte(s[i])
	}
	return nil, "", fmt.Errorf("the string %s is not closed", s)
}
