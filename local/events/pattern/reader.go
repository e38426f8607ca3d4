package pattern

import (
	"encoding/json"
	"io"
	"strings"
)

// reader gives the tokens of a pattern and knows where in the text, at which
// field and in which operator it is.
type reader struct {
	text string
	dec  *json.Decoder

	token json.Token
	start int  // where the token begins
	end   int  // where it ends
	key   bool // the token is the name of a member
	read  bool // the token's text was used, which decides where an error points

	open     []bool // by depth: inside an object (true) or an array
	wantKey  bool
	path     []string
	operator string
}

func newReader(text string) *reader {
	r := &reader{text: text, dec: json.NewDecoder(strings.NewReader(text))}
	r.dec.UseNumber()
	return r
}

// next reads one token.
func (r *reader) next() error {
	from := int(r.dec.InputOffset())
	token, err := r.dec.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return r.fail("invalid JSON: " + err.Error())
	}
	r.token, r.end, r.read = token, int(r.dec.InputOffset()), false
	for r.start = from; r.start < r.end && strings.IndexByte(" \t\r\n,:", r.text[r.start]) >= 0; r.start++ {
	}
	_, isString := token.(string)
	r.key = r.wantKey && isString
	switch token {
	case json.Delim('{'):
		r.open = append(r.open, true)
	case json.Delim('['):
		r.open = append(r.open, false)
	case json.Delim('}'), json.Delim(']'):
		r.open = r.open[:len(r.open)-1]
	}
	r.wantKey = !r.key && len(r.open) > 0 && r.open[len(r.open)-1]
	return nil
}

// is reports whether the token is this delimiter.
func (r *reader) is(d rune) bool { return r.token == json.Delim(d) }

// fail is the error at the token. It points where AWS's parser stands: after a
// token, but only after the quote that opens a string not looked at yet, and
// behind the first character that follows a name.
func (r *reader) fail(reason string) *Error {
	at := r.end
	if _, ok := r.token.(string); ok && !r.key && !r.read {
		at = r.start + 1
	}
	if r.key {
		for at < len(r.text) && strings.IndexByte(" \t\r\n:", r.text[at]) >= 0 {
			at++
		}
		at = min(at+1, len(r.text))
	}
	before := r.text[:at]
	line := strings.Count(before, "\n")
	return &Error{
		Path: strings.Join(r.path, "."), Operator: r.operator, Reason: reason,
		Line: line + 1, Column: at - strings.LastIndexByte(before, '\n'), source: r.text,
	}
}

// oneString reads an operator's single string and the end of the operator.
func (r *reader) oneString(otherwise string) (string, error) {
	if err := r.next(); err != nil {
		return "", err
	}
	s, ok := r.token.(string)
	if !ok {
		return "", r.fail(otherwise)
	}
	return s, r.close()
}

// close reads the brace that ends an operator.
func (r *reader) close() error {
	if err := r.next(); err != nil {
		return err
	}
	if !r.is('}') {
		return r.fail("Only one key allowed in match expression")
	}
	return nil
}
