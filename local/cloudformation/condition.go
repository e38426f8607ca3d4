package cloudformation

// condition evaluates a condition of the template by name.
func (s *scope) condition(name string, line int, where string) bool {
	if v, ok := s.decided[name]; ok {
		return v
	}
	expr := s.template.conditions.get(name)
	if expr == nil {
		s.problems.add(line, where, "the template has no condition %s", name)
		return false
	}
	if s.deciding[name] {
		s.problems.add(expr.Line, "Conditions."+name, "depends on itself")
		return false
	}
	s.deciding[name] = true
	s.decided[name] = s.decide(expr, "Conditions."+name)
	return s.decided[name]
}

// decide evaluates a condition expression.
func (s *scope) decide(n *Node, where string) bool {
	if n == nil || n.Kind != Map || len(n.Fields) != 1 {
		s.problems.add(lineOr(n), where, "must be one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition")
		return false
	}
	f := n.Fields[0]
	args := f.Value.Items
	operands := func(least, most int) bool {
		if f.Value.Kind == List && len(args) >= least && len(args) <= most {
			return true
		}
		s.problems.add(n.Line, where, "%s takes a list of %d to %d items", f.Key, least, most)
		return false
	}
	switch f.Key {
	case "Condition":
		return s.condition(f.Value.Text, n.Line, where)
	case "Fn::Equals":
		return operands(2, 2) && s.string(args[0], where) == s.string(args[1], where)
	case "Fn::Not":
		return operands(1, 1) && !s.decide(args[0], where)
	case "Fn::And", "Fn::Or":
		if !operands(2, 10) {
			return false
		}
		and := f.Key == "Fn::And"
		out := and
		for _, a := range args { // all are evaluated, so that all problems are found
			if v := s.decide(a, where); v != and {
				out = v
			}
		}
		return out
	}
	s.problems.add(n.Line, where, "%s is no condition function", f.Key)
	return false
}

// prune takes the branches of every Fn::If and leaves out what is AWS::NoValue. It
// returns nil where nothing is left.
func (s *scope) prune(n *Node, where string) *Node {
	switch name, arg := n.intrinsic(); {
	case n == nil:
		return nil
	case name == "Ref" && arg.Text == "AWS::NoValue":
		return nil
	case name == "Fn::If":
		if arg.Kind != List || len(arg.Items) != 3 || !arg.Items[0].scalar() {
			s.problems.add(n.Line, where, "Fn::If takes a condition's name and two values")
			return nil
		}
		branch := arg.Items[2]
		if s.condition(arg.Items[0].Text, n.Line, where) {
			branch = arg.Items[1]
		}
		return s.prune(branch, where)
	case n.scalar():
		return n
	}
	out := &Node{Kind: n.Kind, Line: n.Line}
	for _, i := range n.Items {
		if v := s.prune(i, where); v != nil {
			out.Items = append(out.Items, v)
		}
	}
	for _, f := range n.Fields {
		if v := s.prune(f.Value, where+"."+f.Key); v != nil {
			out.Fields = append(out.Fields, Field{Key: f.Key, Value: v})
		}
	}
	return out
}

func lineOr(n *Node) int {
	if n == nil {
		return 0
	}
	return n.Line
}
