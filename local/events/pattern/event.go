package pattern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Event is an event taken apart for matching: its leaves by path. Take one apart
// once and match it against any number of patterns.
type Event struct{ leaves map[string][]leaf }

// leaf is one value at one path. A path has several when arrays are on the way;
// places says which element of each such array the leaf is in.
type leaf struct {
	value
	places []place
}

// place is the element of one array of objects that a leaf is in.
type place struct{ array, index int }

// kind is the JSON type of a leaf.
type kind byte

const (
	stringKind kind = iota
	numberKind
	literalKind // true, false, null
)

// value is a leaf's value. text is a string's content, or else the JSON.
type value struct {
	kind   kind
	text   string
	number float64
	ranged bool // number is within what EventBridge compares by value
}

// maxNumber bounds the numbers that are compared by value.
const maxNumber = 5e9

// Take reads an event. Error: it is no JSON object.
func Take(event []byte) (Event, error) {
	dec := json.NewDecoder(bytes.NewReader(event))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		return Event{}, fmt.Errorf("an event must be a JSON object: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Event{}, fmt.Errorf("an event must be one JSON object: there is text after it")
	}
	e := Event{leaves: map[string][]leaf{}}
	arrays := 0
	e.object(nil, nil, v, &arrays)
	return e, nil
}

func (e Event) object(path []string, places []place, v map[string]any, arrays *int) {
	for name, x := range v {
		e.add(append(path[:len(path):len(path)], name), places, x, arrays)
	}
}

// add takes one member in. Arrays within arrays count as one; empty arrays and
// objects leave nothing.
func (e Event) add(path []string, places []place, x any, arrays *int) {
	switch v := x.(type) {
	case map[string]any:
		e.object(path, places, v, arrays)
	case []any:
		*arrays++
		id := *arrays
		for i, element := range v {
			if m, ok := element.(map[string]any); ok {
				e.object(path, append(places[:len(places):len(places)], place{id, i}), m, arrays)
				continue
			}
			e.add(path, places, element, arrays)
		}
	default:
		key := joined(path)
		e.leaves[key] = append(e.leaves[key], leaf{leafValue(x), places})
	}
}

func leafValue(x any) value {
	switch v := x.(type) {
	case string:
		return value{kind: stringKind, text: v}
	case json.Number:
		return numberValue(v.String())
	}
	return value{kind: literalKind, text: literal(x)}
}

func numberValue(text string) value {
	f, err := strconv.ParseFloat(text, 64)
	return value{kind: numberKind, text: text, number: f, ranged: err == nil && f >= -maxNumber && f <= maxNumber}
}

// literal is the JSON of true, false and null.
func literal(x any) string {
	if x == nil {
		return "null"
	}
	return fmt.Sprint(x)
}

func joined(path []string) string { return strings.Join(path, ".") }
