package exec

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/local/asl/parse"
)

const (
	maxText  = 10000 // characters of Base64 and Hash
	maxRange = 1000  // elements of States.ArrayRange
)

// call runs an intrinsic function.
func (f *frame) call(c *parse.Call, field string) (any, error) {
	args := make(arguments, len(c.Args))
	for i, a := range c.Args {
		v, err := f.expr(a, field)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	if c.Function == "States.Format" {
		format, ok := c.Args[0].(*parse.Literal)
		if ok {
			args[0] = format.Raw // with escapes, which tell {} from \{\}
		}
	}
	v, err := f.apply(c.Function, args)
	if err != nil {
		return nil, &dataError{IntrinsicFailure, fmt.Sprintf("The function '%s' had the following error: %v", c.Text, err)}
	}
	return v, nil
}

func (f *frame) apply(function string, a arguments) (any, error) {
	switch function {
	case "States.Array":
		return append([]any{}, a...), nil
	case "States.ArrayPartition":
		return a.partition()
	case "States.ArrayContains":
		list, err := a.list(0)
		return slices.ContainsFunc(list, func(v any) bool { return equal(v, a[1]) }), err
	case "States.ArrayRange":
		return a.span()
	case "States.ArrayGetItem":
		return a.item()
	case "States.ArrayLength":
		list, err := a.list(0)
		return int64(len(list)), err
	case "States.ArrayUnique":
		return a.unique()
	case "States.Base64Encode":
		s, err := a.short(0)
		return base64.StdEncoding.EncodeToString([]byte(s)), err
	case "States.Base64Decode":
		return a.decode()
	case "States.Hash":
		return a.hash()
	case "States.JsonMerge":
		return a.merge()
	case "States.StringToJson":
		s, err := a.text(0)
		if err != nil || strings.TrimSpace(s) == "" {
			return nil, err
		}
		return Decode([]byte(s))
	case "States.JsonToString":
		return Encode(a[0]), nil
	case "States.MathRandom":
		return a.random(f.thread.x.host)
	case "States.MathAdd":
		x, err := a.integer(0)
		if err != nil {
			return nil, err
		}
		y, err := a.integer(1)
		return x + y, err
	case "States.StringSplit":
		return a.split()
	case "States.UUID":
		return f.thread.x.host.UUID(), nil
	case "States.Format":
		return a.format()
	}
	return nil, errors.New("there is no such function")
}
