package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// scanner reads JSON token by token and knows the line of each.
type scanner struct {
	name   string
	src    []byte
	tokens *json.Decoder
	// lines counts up to counted, so that asking for lines in order is cheap.
	counted, lines int
}

func newScanner(name string, src []byte) scanner {
	tokens := json.NewDecoder(bytes.NewReader(src))
	tokens.UseNumber()
	return scanner{name: name, src: src, tokens: tokens, lines: 1}
}

// line is the line in which the last token ended.
func (s *scanner) line() int { return s.lineOf(int(s.tokens.InputOffset())) }

func (s *scanner) lineOf(offset int) int {
	offset = min(offset, len(s.src))
	if offset < s.counted {
		return 1 + bytes.Count(s.src[:offset], []byte{'\n'})
	}
	s.lines += bytes.Count(s.src[s.counted:offset], []byte{'\n'})
	s.counted = offset
	return s.lines
}

func (s *scanner) wrong(text, fix string) error { return s.wrongAt(s.line(), text, fix) }

func (s *scanner) wrongAt(line int, text, fix string) error {
	return &Error{File: s.name, Line: line, Text: text, Fix: fix}
}

// next is the next token; nil is null, or the end of the file.
func (s *scanner) next() (t json.Token, end bool, err error) {
	t, err = s.tokens.Token()
	if err == nil || err == io.EOF {
		return t, err == io.EOF, nil
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return nil, false, s.wrongAt(s.lineOf(int(syntax.Offset)), "is not JSON: "+syntax.Error(), "save what the AWS CLI prints with --output json")
	}
	return nil, false, s.wrongAt(s.lineOf(len(s.src)), "is not JSON: "+err.Error(), "save what the AWS CLI prints with --output json")
}

// inside is the next token where the file must not end.
func (s *scanner) inside() (json.Token, error) {
	t, end, err := s.next()
	if end {
		return nil, s.wrongAt(s.lineOf(len(bytes.TrimRight(s.src, " \t\r\n"))), "ends in the middle of an answer", "the export was cut off: make it again")
	}
	return t, err
}

// object reads the members of the object whose brace is open; member must read the
// value of each.
func (s *scanner) object(member func(name string) error) error {
	for {
		t, err := s.inside()
		if err != nil || t == json.Delim('}') {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return s.wrong("is not JSON: a member has no name", "")
		}
		if err := member(name); err != nil {
			return err
		}
	}
}

// list reads a list; element is given the first token of each of its elements. null is
// an empty list.
func (s *scanner) list(name string, element func(json.Token) error) error {
	t, err := s.inside()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		return s.wrong(fmt.Sprintf("%s is %s, not a list", name, described(t)), "")
	}
	for {
		t, err := s.inside()
		if err != nil || t == json.Delim(']') {
			return err
		}
		if err := element(t); err != nil {
			return err
		}
	}
}

// value reads one value of any kind; its first token is returned.
func (s *scanner) value() (json.Token, error) {
	first, err := s.inside()
	for t, open := first, 0; err == nil; t, err = s.inside() {
		switch t {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if open == 0 {
			return first, nil
		}
	}
	return nil, err
}

func (s *scanner) skip() error {
	_, err := s.value()
	return err
}

// text reads a string.
func (s *scanner) text(name string) (string, error) {
	t, err := s.value()
	text, ok := t.(string)
	if err == nil && !ok && t != nil {
		return "", s.wrong(fmt.Sprintf("%s is %s, not a text", name, described(t)), "")
	}
	return text, err
}

// described is a token in words.
func described(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case json.Delim:
		if t == '{' || t == '}' {
			return "an object"
		}
		return "a list"
	case string:
		return fmt.Sprintf("the text %.40q", t)
	case json.Number:
		return "the number " + t.String()
	}
	return fmt.Sprint(t)
}
