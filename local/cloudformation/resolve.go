package cloudformation

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"sluice/local/wire"
)

// scope is what the functions of a template are evaluated against.
type scope struct {
	template *Template
	options  Options
	params   map[string]*Node
	known    map[string]*resource // resources that exist, by logical id
	made     map[string]Created   // those that were created
	decided  map[string]bool
	deciding map[string]bool
	parts    map[string]string // Fn.Alias and the like, to the logical id that SAM gives them
	deploys  []deploys         // functions with a DeploymentPreference
	problems *Problems
}

func newScope(t *Template, o Options, problems *Problems) *scope {
	return &scope{
		template: t, options: o, params: t.values(o.Parameters, problems), known: map[string]*resource{},
		made: map[string]Created{}, decided: map[string]bool{}, deciding: map[string]bool{}, parts: map[string]string{}, problems: problems,
	}
}

// pseudo is the value of a pseudo parameter, or nil.
func (s *scope) pseudo(name string) *Node {
	switch name {
	case "AWS::AccountId":
		return text(wire.Account)
	case "AWS::Region":
		return text(wire.Region)
	case "AWS::Partition":
		return text("aws")
	case "AWS::URLSuffix":
		return text("amazonaws.com")
	case "AWS::StackName":
		return text(s.options.StackName)
	case "AWS::StackId":
		return text("arn:aws:cloudformation:" + wire.Region + ":" + wire.Account + ":stack/" + s.options.StackName + "/" + derived("stack/"+s.options.StackName, 32))
	case "AWS::NotificationARNs":
		return list()
	}
	return nil
}

// resolve evaluates every function in n. Where that fails it reports why, and puts
// an empty string there.
func (s *scope) resolve(n *Node, where string) *Node {
	name, arg := n.intrinsic()
	switch {
	case n == nil:
		return nil
	case name != "":
		return s.call(n, name, arg, where).at(n.Line)
	case n.scalar():
		if strings.Contains(n.Text, "{{resolve:") {
			s.problems.add(n.Line, where, "dynamic references ({{resolve:…}}) are not implemented locally")
		}
		return n
	}
	out := &Node{Kind: n.Kind, Line: n.Line}
	for _, i := range n.Items {
		out.Items = append(out.Items, s.resolve(i, where))
	}
	for _, f := range n.Fields {
		out.Fields = append(out.Fields, Field{Key: f.Key, Value: s.resolve(f.Value, where+"."+f.Key)})
	}
	return out
}

// string resolves n to the text of a scalar.
func (s *scope) string(n *Node, where string) string {
	v := s.resolve(n, where)
	if !v.scalar() {
		s.problems.add(lineOr(n), where, "must be a scalar")
		return ""
	}
	return v.Text
}

func (s *scope) call(n *Node, name string, arg *Node, where string) *Node {
	bad := func(format string, args ...any) *Node {
		s.problems.add(n.Line, where, format, args...)
		return text("")
	}
	items := func(count int, shape string) bool {
		if arg.Kind == List && len(arg.Items) == count {
			return true
		}
		bad("%s takes %s", name, shape)
		return false
	}
	switch name {
	case "Ref":
		if !arg.scalar() {
			return bad("Ref takes a name")
		}
		return s.ref(arg.Text, n.Line, where)
	case "Fn::GetAtt":
		if arg.Kind == String {
			id, attr, _ := strings.Cut(arg.Text, ".")
			arg = list(text(id), text(attr))
		}
		if !items(2, "a logical id and an attribute") {
			return text("")
		}
		return s.attribute(arg.Items[0].Text, s.string(arg.Items[1], where), n.Line, where)
	case "Fn::Sub":
		return s.sub(n, arg, where)
	case "Fn::Join":
		if !items(2, "a delimiter and a list") {
			return text("")
		}
		return s.join(arg, n.Line, where)
	case "Fn::Split":
		if !items(2, "a delimiter and a string") || arg.Items[0].Text == "" {
			return bad("Fn::Split takes a delimiter and a string")
		}
		out := list()
		for _, p := range strings.Split(s.string(arg.Items[1], where), arg.Items[0].Text) {
			out.Items = append(out.Items, text(p))
		}
		return out
	case "Fn::Select":
		if !items(2, "an index and a list") {
			return text("")
		}
		return s.selected(arg, n.Line, where)
	case "Fn::FindInMap":
		if !items(3, "a map, a first and a second key") {
			return text("")
		}
		return s.find(arg, n.Line, where)
	}
	return bad("%s is not implemented here locally", name)
}

// ref is the value of a parameter, a pseudo parameter or a resource.
func (s *scope) ref(name string, line int, where string) *Node {
	if v := s.params[name]; v != nil {
		return v
	}
	if v := s.pseudo(name); v != nil {
		return v
	}
	if s.known[name] != nil {
		if c, ok := s.made[name]; ok {
			return text(c.Ref)
		}
		return text("") // its creation failed, which was reported
	}
	s.problems.add(line, where, "the template has neither parameter nor resource %s", name)
	return text("")
}

func (s *scope) attribute(id, attr string, line int, where string) *Node {
	r := s.known[id]
	if r == nil {
		s.problems.add(line, where, "the template has no resource %s", id)
		return text("")
	}
	c, ok := s.made[id]
	if !ok {
		return text("")
	}
	v, ok := c.Attributes[attr]
	if !ok {
		s.problems.add(line, where, "%s %s has no attribute %s locally; it has %s", r.kind, id, attr, strings.Join(slices.Sorted(maps.Keys(c.Attributes)), ", "))
	}
	return text(v)
}

func (s *scope) join(arg *Node, line int, where string) *Node {
	all := s.resolve(arg.Items[1], where)
	if all.Kind != List {
		s.problems.add(line, where, "Fn::Join takes a delimiter and a list")
		return text("")
	}
	var parts []string
	for _, p := range all.Items {
		if !p.scalar() {
			s.problems.add(line, where, "Fn::Join joins scalars, not %s", p.Kind)
		}
		parts = append(parts, p.Text)
	}
	return text(strings.Join(parts, arg.Items[0].Text))
}

func (s *scope) selected(arg *Node, line int, where string) *Node {
	i, err := strconv.Atoi(s.string(arg.Items[0], where))
	all := s.resolve(arg.Items[1], where)
	if err != nil || all.Kind != List || i < 0 || i >= len(all.Items) {
		s.problems.add(line, where, "Fn::Select: the list has %d items, and no number %s", len(all.Items), arg.Items[0].Text)
		return text("")
	}
	return all.Items[i]
}

func (s *scope) find(arg *Node, line int, where string) *Node {
	n, path := s.template.mappings, "Mappings"
	for _, a := range arg.Items {
		key := s.string(a, where)
		n, path = n.get(key), path+"."+key
		if n == nil {
			s.problems.add(line, where, "Fn::FindInMap: there is no %s", path)
			return text("")
		}
	}
	return n
}

// sub replaces ${Name} and ${Name.Attribute}; ${!Name} stands for ${Name} itself.
func (s *scope) sub(n, arg *Node, where string) *Node {
	local := object()
	if arg.Kind == List && len(arg.Items) == 2 && arg.Items[1].Kind == Map {
		local = s.resolve(arg.Items[1], where)
		arg = arg.Items[0]
	}
	if !arg.scalar() {
		s.problems.add(n.Line, where, "Fn::Sub takes a string, or a string and a map")
		return text("")
	}
	return text(expand(arg.Text, func(name string) string {
		if name == "" {
			s.problems.add(n.Line, where, "Fn::Sub: ${} names nothing in %q", arg.Text)
			return ""
		}
		v := local.get(name)
		if v == nil {
			if id, attr, ok := strings.Cut(name, "."); ok {
				v = s.attribute(id, attr, n.Line, where)
			} else {
				v = s.ref(name, n.Line, where)
			}
		}
		if !v.scalar() {
			s.problems.add(n.Line, where, "Fn::Sub: ${%s} is %s", name, v.Kind)
		}
		return v.Text
	}))
}

// expand calls value for each ${name} in s. A ${ without its } stays as it is.
func expand(s string, value func(name string) string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case !closed:
			b.WriteString("${" + rest)
			return b.String()
		case strings.HasPrefix(name, "!"):
			b.WriteString("${" + name[1:] + "}")
		default:
			b.WriteString(value(strings.TrimSpace(name)))
		}
		s = after
	}
}

// uses lists the names that n refers to through Ref, Fn::GetAtt and Fn::Sub.
func uses(n *Node) []string {
	var out []string
	switch name, arg := n.intrinsic(); {
	case n == nil || n.scalar():
		return nil
	case name == "Ref" && arg.scalar():
		return []string{arg.Text}
	case name == "Fn::GetAtt" && arg.Kind == List && len(arg.Items) > 0:
		out = append(out, arg.Items[0].Text)
	case name == "Fn::GetAtt" && arg.scalar():
		id, _, _ := strings.Cut(arg.Text, ".")
		return []string{id}
	case name == "Fn::Sub":
		str, local := arg, (*Node)(nil)
		if arg.Kind == List && len(arg.Items) == 2 {
			str, local = arg.Items[0], arg.Items[1]
		}
		expand(str.Text, func(name string) string {
			if id, _, _ := strings.Cut(name, "."); local.get(name) == nil {
				out = append(out, id)
			}
			return ""
		})
	}
	for _, i := range n.Items {
		out = append(out, uses(i)...)
	}
	for _, f := range n.Fields {
		out = append(out, uses(f.Value)...)
	}
	return out
}
