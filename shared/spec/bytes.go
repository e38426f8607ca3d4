package spec

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// Bytes is an amount of data, written with a unit, like 500MB or 10GB.
type Bytes int64

// maxBytes is a petabyte.
const maxBytes = 1e15

var byteUnits = []struct {
	name string
	size int64
}{{"PB", 1e15}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

var errBytes = errors.New("is not an amount of data")

// ParseBytes reads a whole number with one of the units B, kB, MB, GB, TB and PB, each
// a thousand times the one before.
func ParseBytes(text string) (Bytes, error) {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseInt(text[:digits], 10, 64)
	for _, u := range byteUnits {
		if err == nil && text[digits:] == u.name && digits <= 9 {
			if n > maxBytes/u.size {
				return 0, fmt.Errorf("%q is more than a petabyte", text)
			}
			return Bytes(n * u.size), nil
		}
	}
	return 0, fmt.Errorf("%q %w", text, errBytes)
}

// String writes b in the largest unit that holds it whole.
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if b != 0 && int64(b)%u.size == 0 && int64(b)/u.size < 1e9 {
			return fmt.Sprintf("%d%s", int64(b)/u.size, u.name)
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}

func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

func (b *Bytes) UnmarshalText(text []byte) error {
	parsed, err := ParseBytes(string(text))
	if err == nil {
		*b = parsed
	}
	return err
}

func (r *report) bytes(node ast.Node, field string, into reflect.Value) {
	const forms = "write it like 500MB or 10GB"
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		r.add(field, node.GetToken().Value+" has no unit", forms)
	case *ast.StringNode:
		b, err := ParseBytes(n.Value)
		if err != nil {
			r.add(field, err.Error(), forms)
			return
		}
		into.SetInt(int64(b))
	default:
		r.add(field, notThis(node, "an amount of data"), forms)
	}
}
