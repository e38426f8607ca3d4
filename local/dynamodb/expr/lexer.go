package expr

import (
	"fmt"
	"strings"
)

type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // a bare name, a keyword or a function
	tokenName             // #name
	tokenValue            // :value
	tokenNumber           // an index
	tokenSymbol           // ( ) [ ] , . = <> < <= > >= + -
	tokenBad
)

type token struct {
	kind  tokenKind
	text  string
	start int // offset in the expression
}

// is reports whether the token is this symbol or, whatever its case, this keyword.
func (t token) is(text string) bool {
	switch t.kind {
	case tokenSymbol:
		return t.text == text
	case tokenWord:
		return strings.EqualFold(t.text, text)
	}
	return false
}

// lex cuts the text into tokens; the last one is tokenEnd.
func lex(text string) []token {
	tokens := make([]token, 0, len(text)/3+2)
	for i := 0; i < len(text); {
		if strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
			continue
		}
		t := scan(text[i:])
		t.start = i
		tokens = append(tokens, t)
		i += len(t.text)
	}
	return append(tokens, token{kind: tokenEnd, text: "<EOF>", start: len(text)})
}

// scan reads the token that s begins with. s is not empty.
func scan(s string) token {
	c := s[0]
	switch {
	case isLetter(c):
		return token{kind: tokenWord, text: s[:run(s, 1, isPart)]}
	case c == '#' || c == ':':
		n := run(s, 1, isPart)
		if n == 1 {
			return token{kind: tokenBad, text: s[:1]}
		}
		if c == '#' {
			return token{kind: tokenName, text: s[:n]}
		}
		return token{kind: tokenValue, text: s[:n]}
	case isDigit(c):
		return token{kind: tokenNumber, text: s[:run(s, 1, isDigit)]}
	case strings.HasPrefix(s, "<>") || strings.HasPrefix(s, "<=") || strings.HasPrefix(s, ">="):
		return token{kind: tokenSymbol, text: s[:2]}
	case strings.IndexByte("()[],.=<>+-", c) >= 0:
		return token{kind: tokenSymbol, text: s[:1]}
	}
	for i := range s { // one whole rune
		if i > 0 {
			return token{kind: tokenBad, text: s[:i]}
		}
	}
	return token{kind: tokenBad, text: s}
}

func run(s string, from int, ok func(byte) bool) int {
	for from < len(s) && ok(s[from]) {
		from++
	}
	return from
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isPart(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }

// parser is the state of reading one expression. After a syntax error it sees only
// the end, so that no rule has to ask.
type parser struct {
	use    Use
	text   string
	tokens []token
	at     int
	given  *Placeholders

	syntax    string // the first syntax error
	fault     string // the error of lowest rank so far
	rank      int
	operators int
	terms     int // conditions read so far
	heads     map[string]bool
	nested    map[string]bool
}

func newParser(use Use, text string, given *Placeholders) (*parser, error) {
	if text == "" {
		return nil, invalid("Invalid %s: The expression can not be empty;", use)
	}
	if len(text) > maxExpression {
		return nil, invalid("Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %d", use, len(text))
	}
	return &parser{use: use, text: text, tokens: lex(text), given: given, heads: map[string]bool{}, nested: map[string]bool{}}, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// accept moves past the next token if it is this symbol or keyword.
func (p *parser) accept(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.syntaxError()
	}
}

// syntaxError refuses the next token.
func (p *parser) syntaxError() {
	if p.syntax == "" {
		t := p.peek()
		from, to := t.start, min(len(p.text), t.start+len(t.text))
		if p.at > 0 {
			from = p.tokens[p.at-1].start
		}
		if p.at+1 < len(p.tokens) && p.tokens[p.at+1].kind != tokenEnd {
			to = p.tokens[p.at+1].start + len(p.tokens[p.at+1].text)
		}
		p.syntax = fmt.Sprintf("Syntax error; token: %q, near: %q", t.text, p.text[from:to])
	}
	p.at = len(p.tokens) - 1
}

// refuse notes an error that is no syntax error. Of several, the lowest rank counts;
// of one rank, the first.
func (p *parser) refuse(rank int, format string, args ...any) {
	if p.fault == "" || rank < p.rank {
		p.rank, p.fault = rank, fmt.Sprintf(format, args...)
	}
}

// count notes one operator or function.
func (p *parser) count() { p.operators++ }

// finish is the verdict over the whole expression.
func (p *parser) finish() error {
	if p.peek().kind != tokenEnd {
		p.syntaxError()
	}
	switch {
	case p.syntax != "":
		return invalid("Invalid %s: %s", p.use, p.syntax)
	case p.operators > maxOperators: // DynamoDB stops counting at the first too many
		return invalid("Invalid %s: The expression contains too many operators; operator count: %d", p.use, maxOperators+1)
	case p.fault != "":
		return invalid("Invalid %s: %s", p.use, p.fault)
	}
	return nil
}
