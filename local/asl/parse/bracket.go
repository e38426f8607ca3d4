package parse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"
)

// scanBracket reads from "[" to the matching "]".
func scanBracket(s string) (*Segment, string, error) {
	if strings.HasPrefix(s, "[?") {
		return scanFilter(s)
	}
	body, rest, err := bracketBody(s)
	if err != nil {
		return nil, "", err
	}
	inner := strings.TrimSpace(body)
	switch {
	case inner == "*":
		return &Segment{Step: Wildcard}, rest, nil
	case inner == "":
		return nil, "", errors.New("the brackets are empty")
	case inner[0] == '\'' || inner[0] == '"':
		names, err := quotedNames(inner)
		if err != nil {
			return nil, "", err
		}
		if len(names) == 1 {
			return &Segment{Step: Child, Name: names[0]}, rest, nil
		}
		return &Segment{Step: Union, Names: names}, rest, nil
	case strings.Contains(inner, ":"):
		seg, err := slice(inner)
		return seg, rest, err
	}
	var indices []int
	for part := range strings.SplitSeq(inner, ",") {
		i, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return nil, "", fmt.Errorf("%q is no index", part)
		}
		indices = append(indices, i)
	}
	if len(indices) == 1 {
		return &Segment{Step: Index, Index: indices[0]}, rest, nil
	}
	return &Segment{Step: Union, Indices: indices}, rest, nil
}

// bracketBody cuts "[body]rest", minding quotes and nested brackets.
func bracketBody(s string) (body, rest string, err error) {
	depth := 0
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '[' || c == '(':
			depth++
		case c == ']' || c == ')':
			depth--
			if depth == 0 && c == ']' {
				return s[1:i], s[i+1:], nil
			}
			if depth <= 0 {
				return "", "", errors.New("the brackets do not match")
			}
		}
	}
	return "", "", errors.New("a ] is missing")
}

func scanFilter(s string) (*Segment, string, error) {
	body, rest, err := bracketBody(s)
	if err != nil {
		return nil, "", err
	}
	f, err := jp.NewFilter("[" + body + "]")
	if err != nil {
		return nil, "", fmt.Errorf("filter [%s]: %w", body, err)
	}
	return &Segment{Step: Filter, Filter: f}, rest, nil
}

func quotedNames(s string) ([]string, error) {
	var names []string
	for {
		if s == "" || s[0] != '\'' && s[0] != '"' {
			return nil, errors.New("a quoted name is missing")
		}
		quote, b, i := s[0], []byte{}, 1
		for ; i < len(s) && s[i] != quote; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b = append(b, s[i])
		}
		if i >= len(s) {
			return nil, errors.New("a quote is not closed")
		}
		names = append(names, string(b))
		s = strings.TrimSpace(s[i+1:])
		if s == "" {
			return names, nil
		}
		if s[0] != ',' {
			return nil, fmt.Errorf("a comma is missing before %q", s)
		}
		s = strings.TrimSpace(s[1:])
	}
}

func slice(s string) (*Segment, error) {
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return nil, fmt.Errorf("%q is no slice", s)
	}
	seg := &Segment{Step: Slice, By: 1}
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("%q is no slice", s)
		}
		switch i {
		case 0:
			seg.From = &n
		case 1:
			seg.To = &n
		default:
			seg.By = n
		}
	}
	if seg.By < 1 {
		return nil, fmt.Errorf("slice %q: the step must be 1 or more", s)
	}
	return seg, nil
}
