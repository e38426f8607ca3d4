package cloudformation

import "reflect"

// Change is a resource whose properties an update changes.
type Change struct{ Was, Now Deployed }

// Update goes through the stack anew after functions got other code: it makes a version
// of each function for which renew reports true, by its physical name, and hands every
// resource to change whose properties are others by that, in the order of their
// references. It returns the stack as it is after the update; s stays as it was. Not
// modelled: other templates and parameters. The errors are Problems.
func (s *Stack) Update(p Provider, renew func(function string) bool, change func(Change) error) (*Stack, error) {
	problems := &Problems{}
	sc, resources := s.template.prepare(s.options, problems)
	now := &Stack{Name: s.Name, Outputs: map[string]string{}, template: s.template, options: s.options}
	for _, r := range resources {
		k, spec, ok := sc.spec(r)
		was, there := s.Resource(r.id)
		if !ok || !there || len(*problems) > 0 {
			return now, problems.err()
		}
		d := Deployed{LogicalID: r.id, Type: r.kind, Created: was.Created, Spec: spec}
		var err error
		if v, ok := spec.(*VersionSpec); ok && renew(v.FunctionName) {
			var c Created
			c, err = k.make(p, spec)
			d.Created = k.usually(spec, c)
		} else if !reflect.DeepEqual(spec, was.Spec) {
			err = change(Change{was, d})
		}
		if err != nil {
			problems.add(r.line, r.id, "%v", err)
			return now, problems.err()
		}
		sc.made[r.id] = d.Created
		now.Resources = append(now.Resources, d)
	}
	sc.outputs(now)
	return now, problems.err()
}
