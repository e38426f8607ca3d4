package cloudformation

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Bounds of a template: its size in bytes (CloudFormation takes 1 MB from S3) and
// how deep it nests.
const (
	maxTemplate = 1 << 20
	maxDepth    = 64
)

// parse reads YAML or JSON into nodes.
func parse(src []byte) (n *Node, err error) {
	if len(src) > maxTemplate {
		return nil, Problems{{Text: fmt.Sprintf("the template has %d bytes, more than %d", len(src), maxTemplate)}}
	}
	defer func() { // the YAML parser is not ours; no input may bring the program down
		if p := recover(); p != nil {
			n, err = nil, Problems{{Text: fmt.Sprintf("the YAML parser failed: %v", p)}}
		}
	}()
	if bytes.ContainsRune(src, colon) {
		return nil, Problems{{Text: fmt.Sprintf("the template has the character %U", colon)}}
	}
	file, err := parser.ParseBytes(hideColons(src), 0)
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
			return nil, Problems{{Line: syntax.Token.Position.Line, Text: showColons(syntax.Message)}}
		}
		return nil, Problems{{Text: showColons(err.Error())}}
	}
	var docs []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentType {
			docs = append(docs, d.Body)
		}
	}
	if len(docs) != 1 {
		return nil, Problems{{Text: fmt.Sprintf("the template must be one YAML document, not %d", len(docs))}}
	}
	r := reader{}
	n = r.node(docs[0], 0)
	return n, r.problems.err()
}

// colon stands for a colon inside a word. The parser takes those of {Fn::GetAtt: x}
// and {a: !Ref AWS::Region} for the ends of keys, so they are hidden from it.
const colon = '\uE000'

// hideColons replaces each colon that YAML cannot mean as the end of a key: one with
// text right behind it, unless a quoted key stands before it.
func hideColons(src []byte) []byte {
	out := make([]byte, 0, len(src)+len(src)/32)
	for i, c := range src {
		if c != ':' || i == 0 || i+1 == len(src) || strings.IndexByte(" \t\r\n,[]{}", src[i+1]) >= 0 || strings.IndexByte("\"'", src[i-1]) >= 0 {
			out = append(out, c)
			continue
		}
		out = append(out, string(colon)...)
	}
	return out
}

func showColons(s string) string { return strings.ReplaceAll(s, string(colon), ":") }

type reader struct{ problems Problems }

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func (r *reader) node(n ast.Node, depth int) *Node {
	if n == nil {
		return &Node{Kind: Null}
	}
	line := lineOf(n)
	if depth > maxDepth {
		r.problems.add(line, "", "the template nests deeper than %d levels", maxDepth)
		return &Node{Kind: Null, Line: line}
	}
	scalar := func(k Kind, s string) *Node { return &Node{Kind: k, Text: showColons(s), Line: line} }
	switch n := n.(type) {
	case *ast.NullNode:
		return scalar(Null, "")
	case *ast.BoolNode:
		return scalar(Bool, fmt.Sprint(n.Value))
	case *ast.IntegerNode:
		return scalar(Number, n.Token.Value)
	case *ast.FloatNode:
		return scalar(Number, n.Token.Value)
	case *ast.InfinityNode, *ast.NanNode:
		return scalar(String, n.GetToken().Value)
	case *ast.StringNode:
		return scalar(String, n.Value)
	case *ast.LiteralNode:
		return scalar(String, n.Value.Value)
	case *ast.SequenceNode:
		out := &Node{Kind: List, Line: line}
		for _, v := range n.Values {
			out.Items = append(out.Items, r.node(v, depth+1))
		}
		return out
	case *ast.MappingNode:
		out := &Node{Kind: Map, Line: line}
		for _, v := range n.Values {
			r.field(out, v, depth)
		}
		return out
	case *ast.MappingValueNode:
		out := &Node{Kind: Map, Line: line}
		r.field(out, n, depth)
		return out
	case *ast.TagNode:
		return r.tag(n, depth)
	case *ast.AnchorNode, *ast.AliasNode:
		r.problems.add(line, "", "CloudFormation knows no YAML anchors and aliases")
	default:
		r.problems.add(line, "", "YAML %s is not known to CloudFormation", n.Type())
	}
	return scalar(Null, "")
}

func (r *reader) field(out *Node, v *ast.MappingValueNode, depth int) {
	line := lineOf(v.Key)
	var key string
	switch k := r.keyNode(v.Key, depth); {
	case k == nil:
		r.problems.add(line, "", "a key must be a scalar")
		return
	default:
		key = k.Text
	}
	if out.get(key) != nil {
		r.problems.add(line, "", "key %q stands here a second time", key)
		return
	}
	value := r.node(v.Value, depth+1)
	if value.Kind != Map && value.Kind != List || value.Line == 0 {
		value.Line = max(value.Line, line)
	} else {
		value.Line = line // a block is where its key is
	}
	out.Fields = append(out.Fields, Field{Key: key, Value: value})
}

func (r *reader) keyNode(k ast.MapKeyNode, depth int) *Node {
	if n, ok := k.(*ast.MappingKeyNode); ok {
		inner := r.node(n.Value, depth+1)
		if !inner.scalar() {
			return nil
		}
		return inner
	}
	if _, ok := k.(*ast.MergeKeyNode); ok {
		r.problems.add(lineOf(k), "", "CloudFormation knows no YAML merge keys")
		return &Node{Kind: String, Text: "<<"}
	}
	n := r.node(k, depth+1)
	if !n.scalar() {
		return nil
	}
	return n
}

// shortForms maps the short forms whose long form is not "Fn::" and their name.
var shortForms = map[string]string{"!Ref": "Ref", "!Condition": "Condition"}

// tag turns a short form into its long form.
func (r *reader) tag(n *ast.TagNode, depth int) *Node {
	name := showColons(n.Start.Value)
	arg := r.node(n.Value, depth+1)
	line := lineOf(n)
	switch name {
	case "!!str":
		return &Node{Kind: String, Text: arg.Text, Line: line}
	case "!!int", "!!float", "!!bool", "!!map", "!!seq", "!!null":
		return arg
	}
	long, ok := shortForms[name]
	if !ok {
		long = "Fn::" + strings.TrimPrefix(name, "!")
		if !functions[long] {
			r.problems.add(line, "", "%s is not a function of CloudFormation that exists locally", name)
		}
	}
	if long == "Fn::GetAtt" && arg.Kind == String {
		id, attr, _ := strings.Cut(arg.Text, ".")
		arg = list(text(id), text(attr))
	}
	out := call(long, arg)
	return out.at(line)
}

// functions are the intrinsic functions that exist locally, beside Ref and Condition.
var functions = map[string]bool{
	"Fn::GetAtt": true, "Fn::Sub": true, "Fn::Join": true, "Fn::Select": true, "Fn::Split": true, "Fn::If": true,
	"Fn::Equals": true, "Fn::And": true, "Fn::Or": true, "Fn::Not": true, "Fn::FindInMap": true,
}
