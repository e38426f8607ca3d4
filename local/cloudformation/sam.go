package cloudformation

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// expand turns a serverless resource into the resources that SAM makes of it, and
// leaves every other as it is. Its Fn::Ifs are decided already; SAM decides them only
// in some places.
func (s *scope) expand(r *resource) []*resource {
	e := &expansion{scope: s, source: r}
	switch r.kind {
	case "AWS::Serverless::Function":
		e.globals("Function", functionGlobals)
		e.function()
	case "AWS::Serverless::StateMachine":
		e.globals("StateMachine", nil)
		e.stateMachine()
	default:
		return []*resource{r}
	}
	for _, out := range e.out {
		out.properties.at(r.line)
	}
	return e.out
}

// expansion is one serverless resource on its way.
type expansion struct {
	*scope
	source *resource
	out    []*resource
}

// add adds a resource with SAM's Condition rule: it exists when its source does.
func (e *expansion) add(id, kind string, properties *Node) *resource {
	r := &resource{id: id, kind: kind, properties: properties, line: e.source.line}
	e.out = append(e.out, r)
	return r
}

func (e *expansion) problem(n *Node, property, format string, args ...any) {
	line := lineOr(n)
	if line == 0 {
		line = e.source.line
	}
	where := e.source.id
	if property != "" {
		where += "." + property
	}
	e.problems.add(line, where, format, args...)
}

// only reports every key of n that is not among those that have a meaning here.
func (e *expansion) only(n *Node, where string, keys ...string) {
	for _, f := range mustMap(n, e.source.id+"."+where, e.problems).Fields {
		if !slices.Contains(keys, f.Key) {
			property := f.Key
			if where != "" {
				property = where + "." + f.Key
			}
			e.problem(f.Value, property, "this property is not implemented locally")
		}
	}
}

// functionGlobals are the properties of functions that Globals may set.
var functionGlobals = []string{
	"Handler", "Runtime", "CodeUri", "DeadLetterQueue", "Description", "MemorySize", "Timeout", "Environment", "Tags", "PropagateTags",
	"Tracing", "AutoPublishAlias", "AutoPublishAliasAllProperties", "RolePath", "ReservedConcurrentExecutions",
	"EventInvokeConfig", "Architectures", "EphemeralStorage", "LoggingConfig", "VersionDeletionPolicy", "DeploymentPreference",
}

// globals merges what Globals says for this type below the resource's own properties:
// maps are joined, lists are put one after the other, everything else is overridden.
func (e *expansion) globals(section string, allowed []string) {
	for _, f := range e.template.globals.fields() {
		if f.Key != "Function" && f.Key != "StateMachine" {
			e.problems.add(f.Value.Line, "Globals."+f.Key, "globals of this type are not implemented locally")
		}
	}
	g := e.prune(e.template.globals.get(section), "Globals."+section)
	if g == nil {
		return
	}
	for _, f := range mustMap(g, "Globals."+section, e.problems).Fields {
		if !slices.Contains(allowed, f.Key) {
			e.problems.add(f.Value.Line, "Globals."+section+"."+f.Key, "this property is not possible in Globals locally")
		}
	}
	e.source.properties = merge(g, e.source.properties)
}

func merge(global, own *Node) *Node {
	plain := func(n *Node) bool { name, _ := n.intrinsic(); return n.Kind == Map && name == "" }
	switch {
	case global == nil:
		return own
	case own == nil:
		return global
	case global.Kind == List && own.Kind == List:
		return &Node{Kind: List, Items: slices.Concat(global.Items, own.Items), Line: own.Line}
	case plain(global) && plain(own):
		out := &Node{Kind: Map, Line: own.Line}
		for _, f := range global.Fields {
			out.Fields = append(out.Fields, Field{Key: f.Key, Value: merge(f.Value, own.get(f.Key))})
		}
		for _, f := range own.Fields {
			if out.get(f.Key) == nil {
				out.Fields = append(out.Fields, f)
			}
		}
		return out
	}
	return own
}

// samRefs rewrites references to the parts of a serverless function, such as
// Ref: Fn.Alias, into references to the resources that SAM makes for them.
func (s *scope) samRefs(n *Node) *Node {
	if n == nil || n.scalar() || len(s.parts) == 0 {
		return n
	}
	name, arg := n.intrinsic()
	if name == "Ref" && s.parts[arg.Text] != "" {
		return ref(s.parts[arg.Text]).at(n.Line)
	}
	if name == "Fn::GetAtt" && arg.Kind == List && len(arg.Items) == 2 {
		part, attribute, _ := strings.Cut(arg.Items[1].Text, ".")
		if id := s.parts[arg.Items[0].Text+"."+part]; id != "" {
			return getAtt(id, attribute).at(n.Line)
		}
	}
	out := &Node{Kind: n.Kind, Line: n.Line}
	for _, i := range n.Items {
		out.Items = append(out.Items, s.samRefs(i))
	}
	for _, f := range n.Fields {
		out.Fields = append(out.Fields, Field{Key: f.Key, Value: s.samRefs(f.Value)})
	}
	if name == "Fn::Sub" {
		v := out.Fields[0].Value
		if v.Kind == List && len(v.Items) > 0 {
			v.Items[0] = s.samSub(v.Items[0])
		} else {
			out.Fields[0].Value = s.samSub(v)
		}
	}
	return out
}

func (s *scope) samSub(n *Node) *Node {
	if n.Kind != String {
		return n
	}
	out := *n
	for part, id := range s.parts { // no part's text contains another's
		out.Text = strings.ReplaceAll(out.Text, "${"+part+"}", "${"+id+"}")
		out.Text = strings.ReplaceAll(out.Text, "${"+part+".", "${"+id+".")
	}
	return &out
}

// shortHash is what SAM appends to the id of a version: ten digits that change with
// the code's address.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:10]
}
