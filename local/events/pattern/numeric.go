package pattern

import (
	"encoding/json"
	"fmt"
)

const outOfRange = "Value must be between -5.0E9 and 5.0E9, inclusive"

// numeric is {"numeric": [">=", 0, "<", 5]}: one comparison, or two that make a
// range. Only numbers between -5e9 and 5e9 are compared.
type numeric []comparison

type comparison struct {
	op   string
	than float64
}

func (n numeric) match(v value) bool {
	if v.kind != numberKind || !v.ranged {
		return false
	}
	for _, c := range n {
		if !c.holds(v.number) {
			return false
		}
	}
	return true
}

func (c comparison) holds(f float64) bool {
	switch c.op {
	case "=":
		return f == c.than
	case "<":
		return f < c.than
	case "<=":
		return f <= c.than
	case ">":
		return f > c.than
	}
	return f >= c.than
}

func parseNumeric(r *reader) (test, error) {
	if err := r.next(); err != nil {
		return nil, err
	}
	if !r.is('[') {
		return nil, r.fail("Value of numeric must be an array.")
	}
	if err := r.next(); err != nil {
		return nil, err
	}
	op, ok := r.token.(string)
	if !ok {
		return nil, r.fail("Invalid member in numeric match: " + r.text[r.start:r.end])
	}
	switch op {
	case "=", "<", "<=", ">", ">=":
	default:
		if err := r.next(); err != nil {
			return nil, err
		}
		return nil, r.fail("Unrecognized numeric range operator: " + op)
	}
	c, err := r.comparison(op)
	if err != nil {
		return nil, err
	}
	n := numeric{c}
	if err := r.next(); err != nil {
		return nil, err
	}
	if !r.is(']') {
		if op[0] != '>' {
			return nil, r.fail("Too many elements in numeric expression")
		}
		if c, err = r.top(); err != nil {
			return nil, err
		}
		if n = append(n, c); n[0].than >= c.than {
			return nil, r.fail("Bottom must be less than top")
		}
	}
	return n, r.closeNumeric()
}

// closeNumeric is close with the message that numeric and anything-but have.
func (r *reader) closeNumeric() error {
	if err := r.next(); err != nil {
		return err
	}
	if !r.is('}') {
		return r.fail("Too many elements in numeric expression")
	}
	return nil
}

// comparison reads the number of an operator.
func (r *reader) comparison(op string) (comparison, error) {
	if err := r.next(); err != nil {
		return comparison{}, err
	}
	n, ok := r.token.(json.Number)
	if !ok {
		if op == "=" {
			op = "equals"
		}
		return comparison{}, r.fail(fmt.Sprintf("Value of %s must be numeric", op))
	}
	v := numberValue(n.String())
	if !v.ranged {
		return comparison{}, r.fail(outOfRange)
	}
	return comparison{op, v.number}, nil
}

// top reads the upper end of a range, whose operator is the token.
func (r *reader) top() (comparison, error) {
	op, ok := r.token.(string)
	if !ok {
		return comparison{}, r.fail("Bad value in numeric range: " + r.text[r.start:r.end])
	}
	if op != "<" && op != "<=" {
		r.read = true
		return comparison{}, r.fail("Bad numeric range operator: " + op)
	}
	c, err := r.comparison(op)
	if err != nil {
		return c, err
	}
	if err := r.next(); err != nil {
		return c, err
	}
	if !r.is(']') {
		return c, r.fail("Too many terms in numeric range expression")
	}
	return c, nil
}
