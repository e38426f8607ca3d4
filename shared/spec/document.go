package spec

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// document reads YAML into the one mapping that a file consists of, or reports
// why it is none. It bounds what the YAML library is given: nested brackets cost
// it time that grows faster than the file.
func (r *report) document(src []byte) ast.Node {
	if len(src) > maxFile {
		r.add("", fmt.Sprintf("the file has %d bytes", len(src)), fmt.Sprintf("a spec has at most %d", maxFile))
		return nil
	}
	text := strings.TrimPrefix(string(src), "\ufeff")
	if !r.readable(text) {
		return nil
	}
	file := r.yaml(text)
	if file == nil {
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root == nil:
			root = doc.Body
		default:
			r.addAt(start(doc.Body), "", "a second document begins here", "one file holds one model; put the second into a file of its own")
			return nil
		}
	}
	if root == nil {
		r.add("", "the file is empty", "begin with model: and the model's name")
	}
	return root
}

// readable reports bytes that are not text, at their place.
func (r *report) readable(text string) bool {
	line, column := 1, 1
	for i, c := range text {
		switch {
		case c == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			r.addAt(place{line, column}, "", fmt.Sprintf("the byte 0x%02x is not UTF-8", text[i]), "save the file as UTF-8")
			return false
		case c == '\n':
			line, column = line+1, 0
		case c == '\r' && !strings.HasPrefix(text[i:], "\r\n"):
			line, column = line+1, 0
		case unicode.IsControl(c) && c != '\r' && c != '\t':
			r.addAt(place{line, column}, "", fmt.Sprintf("the control character %U stands here", c), "remove it")
			return false
		}
		column++
	}
	return true
}

// yaml runs the YAML library. Its panics on malformed input become a problem,
// since a file is never a reason to crash.
func (r *report) yaml(text string) (file *ast.File) {
	defer func() {
		if cause := recover(); cause != nil {
			file = nil
			r.add("", fmt.Sprintf("this is not YAML (%v)", cause), "compare with the example in the documentation")
		}
	}()
	tokens := lexer.Tokenize(text)
	if !r.bounded(tokens) {
		return nil
	}
	// Keys written twice are reported by us, with both lines.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file
	}
	at, message := place{1, 1}, err.Error()
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		message = syntax.GetMessage()
		if t := syntax.GetToken(); t != nil && t.Position != nil {
			at = place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	r.addAt(at, "", "this is not YAML: "+strings.ReplaceAll(message, "\t", `\t`), "check the indentation and quotes of this line and the one above")
	return nil
}

// bounded reports what a spec does without, before anything is built from it.
func (r *report) bounded(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		r.addAt(position(tokens[maxTokens]), "", "the file is too long", fmt.Sprintf("a spec has at most %d words and signs", maxTokens))
		return false
	}
	depth, found := 0, len(r.problems)
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			if depth++; depth > maxDepth {
				r.addAt(position(t), "", "too many brackets are open here", fmt.Sprintf("nest at most %d", maxDepth))
				return false
			}
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.AnchorType:
			r.addAt(position(t), "", "anchors (&) have no place in a spec", "write the value out, or quote it if it is text")
		case token.AliasType:
			r.addAt(position(t), "", "aliases (*) have no place in a spec", "write the value out, or quote it if it is text")
		case token.TagType:
			r.addAt(position(t), "", "tags (!) have no place in a spec", "leave it out, or quote it if it is text")
		case token.MergeKeyType:
			r.addAt(position(t), "", "merges (<<) have no place in a spec", "write the keys out")
		case token.DirectiveType:
			r.addAt(position(t), "", "directives (%) have no place in a spec", "leave the line out")
		}
	}
	return len(r.problems) == found
}

func position(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

// start is where a node begins: for a mapping, at its first key.
func start(node ast.Node) place {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return start(n.Key)
	}
	return position(node.GetToken())
}
