package cloudformation

import (
	"regexp"
	"strings"
)

// Template is a template as read: its sections, unevaluated.
type Template struct {
	parameters []Parameter
	mappings   *Node
	conditions *Node
	globals    *Node
	resources  []*resource
	outputs    []output
	sam        bool
}

// resource is one resource of a template, before or after SAM's expansion.
type resource struct {
	id           string
	kind         string
	properties   *Node
	dependsOn    []string
	updatePolicy *Node // of an alias, or nil
	condition    string
	line         int
}

type output struct {
	name  string
	value *Node
	cond  string
	line  int
}

const samTransform = "AWS::Serverless-2016-10-31"

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// Read reads a template in YAML or JSON. It checks its outline; Validate checks the
// rest. The error is Problems.
func Read(src []byte) (*Template, error) {
	root, err := parse(src)
	if err != nil {
		return nil, err
	}
	t, problems := &Template{}, &Problems{}
	if root.Kind != Map {
		problems.add(root.Line, "", "the template must be a map, not %s", root.Kind)
		return nil, problems.err()
	}
	for _, f := range root.Fields {
		t.section(f, problems)
	}
	if root.get("Resources") == nil {
		problems.add(0, "", "the template has no Resources")
	}
	for _, r := range t.resources {
		if strings.HasPrefix(r.kind, "AWS::Serverless::") && !t.sam {
			problems.add(r.line, r.id, "%s needs Transform: %s", r.kind, samTransform)
		}
	}
	return t, problems.err()
}

func (t *Template) section(f Field, problems *Problems) {
	switch f.Key {
	case "AWSTemplateFormatVersion":
		if f.Value.Text != "2010-09-09" {
			problems.add(f.Value.Line, f.Key, "is %q; it must be 2010-09-09", f.Value.Text)
		}
	case "Description", "Metadata": // for people and tools
	case "Transform":
		names := f.Value.Items
		if f.Value.scalar() {
			names = []*Node{f.Value}
		}
		for _, n := range names {
			if n.Text != samTransform {
				problems.add(n.Line, f.Key, "%q is not implemented locally; %s is", n.Text, samTransform)
			}
			t.sam = t.sam || n.Text == samTransform
		}
	case "Parameters":
		t.parameters = readParameters(f.Value, problems)
	case "Mappings":
		t.mappings = mustMap(f.Value, f.Key, problems)
	case "Conditions":
		t.conditions = mustMap(f.Value, f.Key, problems)
	case "Globals":
		t.globals = mustMap(f.Value, f.Key, problems)
	case "Resources":
		for _, r := range mustMap(f.Value, f.Key, problems).Fields {
			t.resources = append(t.resources, readResource(r, problems))
		}
	case "Outputs":
		for _, o := range mustMap(f.Value, f.Key, problems).Fields {
			t.outputs = append(t.outputs, readOutput(o, problems))
		}
	default:
		problems.add(f.Value.Line, f.Key, "this section is not implemented locally")
	}
}

// mustMap reports a node that is no map, and returns an empty one in its place.
func mustMap(n *Node, where string, problems *Problems) *Node {
	if n == nil {
		return object()
	}
	if n.Kind != Map {
		if n.Kind != Null {
			problems.add(n.Line, where, "must be a map, not %s", n.Kind)
		}
		return object().at(n.Line)
	}
	return n
}

func readResource(f Field, problems *Problems) *resource {
	r := &resource{id: f.Key, line: f.Value.Line, properties: object().at(f.Value.Line)}
	if !logicalID.MatchString(r.id) {
		problems.add(r.line, r.id, "a logical id has only letters and digits")
	}
	for _, a := range mustMap(f.Value, r.id, problems).Fields {
		v := a.Value
		switch a.Key {
		case "Type":
			r.kind = v.Text
		case "Properties":
			r.properties = mustMap(v, r.id+".Properties", problems)
		case "DependsOn":
			ids := v.Items
			if v.scalar() {
				ids = []*Node{v}
			}
			for _, id := range ids {
				r.dependsOn = append(r.dependsOn, id.Text)
			}
		case "Condition":
			r.condition = v.Text
		case "UpdatePolicy":
			r.updatePolicy = v
		case "DeletionPolicy", "UpdateReplacePolicy", "Metadata": // of updates, deletion and tools
		default:
			problems.add(v.Line, r.id+"."+a.Key, "this attribute is not implemented locally")
		}
	}
	if r.kind == "" {
		problems.add(r.line, r.id, "has no Type")
	}
	return r
}

func readOutput(f Field, problems *Problems) output {
	o := output{name: f.Key, line: f.Value.Line}
	for _, a := range mustMap(f.Value, f.Key, problems).Fields {
		switch a.Key {
		case "Value":
			o.value = a.Value
		case "Condition":
			o.cond = a.Value.Text
		case "Description", "Export": // local AWS has one stack; nobody imports
		default:
			problems.add(a.Value.Line, "Outputs."+f.Key+"."+a.Key, "is not a member of an output")
		}
	}
	if o.value == nil {
		problems.add(o.line, "Outputs."+f.Key, "has no Value")
		o.value = text("")
	}
	return o
}
