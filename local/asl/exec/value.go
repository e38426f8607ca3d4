package exec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sluice/local/asl/parse"
)

// MaxPayload bounds input, output, parameters and results, in bytes (AWS.md D.1).
const MaxPayload = 256 * 1024

// Decode reads JSON into the values of this package: nil, bool, int64, float64,
// string, []any and map[string]any. Values are shared and never changed.
func Decode(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the end of the JSON value")
	}
	return numbers(v)
}

func numbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		n := parse.Number(v)
		if f, ok := n.(float64); ok && math.IsInf(f, 0) {
			return nil, fmt.Errorf("the number %s is out of range", v)
		}
		return n, nil
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = numbers(v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// Encode writes a value as compact JSON, the keys of objects sorted. AWS keeps the
// order of keys; nothing may rest on it.
func Encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "null" // only values of Decode come here, and they all encode
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func equal(a, b any) bool {
	x, ok1 := number(a)
	y, ok2 := number(b)
	if ok1 && ok2 {
		return compareNumbers(a, b, x, y) == 0
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// compareNumbers compares integers exactly, and all else as floats.
func compareNumbers(a, b any, x, y float64) int {
	if i, ok := a.(int64); ok {
		if j, ok := b.(int64); ok {
			switch {
			case i < j:
				return -1
			case i > j:
				return 1
			}
			return 0
		}
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// display is how States.Format shows a value: strings without quotes, objects and
// arrays as Java prints maps and lists, as recorded from AWS.
func display(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = display(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+"="+display(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return Encode(v)
}
