package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// maxDepth bounds the nesting of JSON, so that a hostile text cannot exhaust the
// stack of the recursive walks over it.
const maxDepth = 256

type kind byte

const (
	isNull kind = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

// node is one JSON value with its line, its fields in the order of the text.
type node struct {
	kind   kind
	text   string // of a string or a number
	truth  bool
	fields []field
	items  []*node
	line   int
}

type field struct {
	key   string
	value *node
}

// jsonReader reads a text into nodes. The standard decoder gives the tokens;
// order, lines and duplicate keys are what it does not give.
type jsonReader struct {
	data []byte
	dec  *json.Decoder
	seen int // offset up to which lines are counted
	line int
}

func readJSON(data []byte) (*node, error) {
	r := &jsonReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: text after the end of the JSON value", r.at())
	}
	return n, nil
}

// at is the line that the decoder has reached.
func (r *jsonReader) at() int {
	end := min(int(r.dec.InputOffset()), len(r.data))
	r.line += bytes.Count(r.data[r.seen:end], []byte{'\n'})
	r.seen = end
	return r.line
}

func (r *jsonReader) token() (json.Token, error) {
	t, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", r.at(), err)
	}
	return t, nil
}

func (r *jsonReader) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: nested more than %d deep", r.at(), maxDepth)
	}
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &node{line: r.at()}
	switch t := t.(type) {
	case nil:
		n.kind = isNull
	case bool:
		n.kind, n.truth = isBool, t
	case json.Number:
		n.kind, n.text = isNumber, t.String()
		if f, ok := Number(t).(float64); ok && math.IsInf(f, 0) {
			return nil, fmt.Errorf("line %d: the number %s is out of range", n.line, t)
		}
	case string:
		n.kind, n.text = isString, t
	case json.Delim:
		if t == '[' {
			return n, r.array(n, depth)
		}
		return n, r.object(n, depth)
	}
	return n, nil
}

func (r *jsonReader) array(n *node, depth int) error {
	n.kind = isArray
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, v)
	}
	_, err := r.token()
	return err
}

func (r *jsonReader) object(n *node, depth int) error {
	n.kind = isObject
	keys := map[string]bool{}
	for r.dec.More() {
		t, err := r.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("line %d: an object key must be a string", r.at())
		}
		if keys[key] {
			return fmt.Errorf("line %d: key %q appears twice in one object", r.at(), key)
		}
		keys[key] = true
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.fields = append(n.fields, field{key, v})
	}
	_, err := r.token()
	return err
}

// plain is the value of n as exec computes with it.
func (n *node) plain() any {
	switch n.kind {
	case isBool:
		return n.truth
	case isNumber:
		return Number(json.Number(n.text))
	case isString:
		return n.text
	case isArray:
		list := make([]any, len(n.items))
		for i, v := range n.items {
			list[i] = v.plain()
		}
		return list
	case isObject:
		m := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			m[f.key] = f.value.plain()
		}
		return m
	}
	return nil
}

// Number is the value that exec computes with: an int64 where the text is an
// integer that fits, else a float64.
func Number(text json.Number) any {
	if !strings.ContainsAny(text.String(), ".eE") {
		if i, err := text.Int64(); err == nil {
			return i
		}
	}
	f, _ := text.Float64() // out of range gives an infinity, which Decode refuses
	return f
}
