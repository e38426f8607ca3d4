package cloudformation

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Options say how to deploy a template.
type Options struct {
	StackName  string            // "" is sluice
	Parameters map[string]string // what the defaults do not say
	Files      fs.FS             // the folder of the template, for DefinitionUri
}

// Stack is a deployed template.
type Stack struct {
	Name      string
	Resources []Deployed // in the order in which they were created
	Outputs   map[string]string

	template *Template
	options  Options
}

// Deployed is one resource of a stack.
type Deployed struct {
	LogicalID string
	Type      string
	Created
	Spec any // pointer to the type's spec
}

// Resource returns a resource by its logical id.
func (s *Stack) Resource(logicalID string) (Deployed, bool) {
	i := slices.IndexFunc(s.Resources, func(d Deployed) bool { return d.LogicalID == logicalID })
	if i < 0 {
		return Deployed{}, false
	}
	return s.Resources[i], true
}

// Validate finds everything that is wrong with the template under these options: it
// goes through a deployment that creates nothing. The error is Problems.
func (t *Template) Validate(o Options) error {
	_, err := t.Plan(o)
	return err
}

// Plan is the stack as Deploy would make it, with SAM's resources expanded and all
// references resolved, of which nothing is created. The errors are Problems.
func (t *Template) Plan(o Options) (*Stack, error) { return t.deploy(o, nil) }

// Deploy validates the template and then creates its resources one after another. It
// stops at the first that the provider refuses; what was created stays. The errors are
// Problems.
func (t *Template) Deploy(o Options, p Provider) (*Stack, error) {
	if err := t.Validate(o); err != nil {
		return nil, err
	}
	return t.deploy(o, p)
}

func (t *Template) deploy(o Options, p Provider) (*Stack, error) {
	if o.StackName == "" {
		o.StackName = "sluice"
	}
	problems := &Problems{}
	s, resources := t.prepare(o, problems)
	stack := &Stack{Name: o.StackName, Outputs: map[string]string{}, template: t, options: o}
	for _, r := range resources {
		d, ok := s.create(r, p)
		if ok {
			s.made[r.id] = d.Created
			stack.Resources = append(stack.Resources, d)
		} else if p != nil {
			return stack, problems.err()
		}
	}
	s.outputs(stack)
	return stack, problems.err()
}

// prepare evaluates the template's conditions, and lists its resources in the order of
// their creation.
func (t *Template) prepare(o Options, problems *Problems) (*scope, []*resource) {
	s := newScope(t, o, problems)
	for _, f := range t.conditions.fields() { // each is checked, whether used or not
		s.condition(f.Key, f.Value.Line, "")
	}
	resources := s.expandAll()
	for _, r := range resources {
		s.known[r.id] = r
	}
	return s, s.order(resources)
}

// outputs evaluates the outputs of the stack.
func (s *scope) outputs(stack *Stack) {
	for _, out := range s.template.outputs {
		if out.cond != "" && !s.condition(out.cond, out.line, "Outputs."+out.name) {
			continue
		}
		where := "Outputs." + out.name
		if v := s.prune(s.samRefs(out.value), where); v != nil {
			stack.Outputs[out.name] = s.string(v, where)
		}
	}
}

func (n *Node) fields() []Field {
	if n == nil {
		return nil
	}
	return n.Fields
}

// expandAll returns the resources that exist under the conditions, without SAM's.
func (s *scope) expandAll() []*resource {
	var out []*resource
	seen := map[string]int{}
	for _, r := range s.template.resources {
		if r.condition != "" && !s.condition(r.condition, r.line, r.id) {
			continue
		}
		pruned := *r
		pruned.properties, pruned.updatePolicy = s.prune(r.properties, r.id), s.prune(r.updatePolicy, r.id+".UpdatePolicy")
		if pruned.properties == nil {
			pruned.properties = object().at(r.line)
		}
		for _, e := range s.expand(&pruned) {
			if line, ok := seen[e.id]; ok {
				s.problems.add(e.line, e.id, "this resource is there already, in line %d", line)
				continue
			}
			seen[e.id] = e.line
			out = append(out, e)
		}
	}
	for _, r := range s.deployResources() {
		if line, ok := seen[r.id]; ok {
			s.problems.add(line, r.id, "this is the id of what SAM makes for DeploymentPreference: choose another")
			continue
		}
		out = append(out, r)
	}
	for _, r := range out {
		r.properties, r.updatePolicy = s.samRefs(r.properties), s.samRefs(r.updatePolicy)
	}
	return out
}

// create makes one resource, or only checks it if there is no provider.
func (s *scope) create(r *resource, p Provider) (Deployed, bool) {
	before := len(*s.problems)
	k, spec, ok := s.spec(r)
	if !ok {
		return Deployed{}, false
	}
	c := Created{}
	if p != nil && len(*s.problems) == before {
		var err error
		if c, err = k.make(p, spec); err != nil {
			s.problems.add(r.line, r.id, "%v", err)
		}
	}
	d := Deployed{LogicalID: r.id, Type: r.kind, Created: k.usually(spec, c), Spec: spec}
	return d, p == nil || len(*s.problems) == before
}

// spec is what a resource is to be, with its references resolved. It reports false for
// a type that is not there.
func (s *scope) spec(r *resource) (kind, any, bool) {
	k, ok := kindOf(r.kind)
	if !ok {
		s.problems.add(r.line, r.id, "resources of type %s are not implemented locally", r.kind)
		return kind{}, nil, false
	}
	spec, meta := k.spec()
	*meta = Meta{LogicalID: r.id, Line: r.line}
	decode(s.resolve(r.properties, r.id), spec, r.id, s.problems)
	if a, ok := spec.(*AliasSpec); ok && r.updatePolicy != nil {
		a.UpdatePolicy = &UpdatePolicySpec{}
		decode(s.resolve(r.updatePolicy, r.id+".UpdatePolicy"), a.UpdatePolicy, r.id+".UpdatePolicy", s.problems)
	}
	if k.name != nil {
		if at, most, lower := k.name(spec); *at == "" {
			*at = physicalName(s.options.StackName, r.id, most, lower)
			if q, ok := spec.(*QueueSpec); ok && q.FifoQueue {
				*at += ".fifo"
			}
		}
	}
	if m, ok := spec.(*StateMachineSpec); ok {
		s.define(m)
	}
	return k, spec, true
}

// define reads a state machine's definition and makes its substitutions.
func (s *scope) define(m *StateMachineSpec) {
	where := m.LogicalID
	given := 0
	for _, there := range []bool{m.DefinitionUri != "", m.Definition != nil, m.DefinitionString != ""} {
		if there {
			given++
		}
	}
	if given != 1 {
		s.problems.add(m.Line, where, "needs exactly one of DefinitionUri, Definition and DefinitionString")
		return
	}
	body := m.DefinitionString
	switch {
	case m.Definition != nil:
		body = string(m.Definition)
	case m.DefinitionUri != "":
		b, err := s.read(m.DefinitionUri)
		if err != nil {
			s.problems.add(m.Line, where+".DefinitionUri", "%v", err)
			return
		}
		body = string(b)
	}
	used := map[string]bool{}
	m.Text = []byte(expand(body, func(name string) string {
		v, ok := m.DefinitionSubstitutions[name]
		if !ok {
			s.problems.add(m.Line, where+".DefinitionSubstitutions", "the definition has ${%s}, which has no substitution", name)
		}
		used[name] = true
		return v
	}))
	for _, name := range slices.Sorted(maps.Keys(m.DefinitionSubstitutions)) {
		if !used[name] {
			s.problems.add(m.Line, where+".DefinitionSubstitutions."+name, "the definition has no ${%s}", name)
		}
	}
}

func (s *scope) read(path string) ([]byte, error) {
	if s.options.Files == nil {
		return nil, errors.New("no folder of the template was given to read it from")
	}
	b, err := fs.ReadFile(s.options.Files, strings.TrimPrefix(path, "./"))
	if err != nil {
		return nil, fmt.Errorf("reading the definition: %w", err)
	}
	return b, nil
}
