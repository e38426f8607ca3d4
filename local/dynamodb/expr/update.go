package expr

import (
	"maps"
	"slices"
)

// Update is an UpdateExpression, ready to be applied any number of times.
type Update struct {
	actions []action
	root    *patch
	picked  *pick
	heads   map[string]bool
	deep    map[string]bool
}

// action is what happens at one path. before is the value there, if present; item is
// the whole item before the update, which is what all operands see.
type action interface {
	apply(before Value, present bool, item Item) (after Value, stays bool, err error)
	// kind is what the attribute will be, as far as the expression alone says.
	kind() Kind
}

// Ranks of what can be wrong with an update, beside its syntax, in DynamoDB's order.
const (
	updateReserved = iota
	updateFunction
	updateMisuse
	updateSection
	updateName
	updateValue
	updateOverlap
	updateConflict
	updateOperand
	updateArguments
)

// ParseUpdate reads an UpdateExpression. Errors: ValidationException.
func ParseUpdate(text string, given *Placeholders) (*Update, error) {
	p, err := newParser(UpdateExpression, text, given)
	if err != nil {
		return nil, err
	}
	u := &Update{}
	var paths []path
	seen := map[string]bool{}
	for first := true; first || p.peek().kind != tokenEnd; first = false {
		section := p.section()
		if section == "" {
			p.syntaxError()
			break
		}
		if seen[section] {
			p.refuse(updateSection, "The %q section can only be used once in an update expression;", section)
		}
		seen[section] = true
		for {
			s := p.path(pathRanks{updateReserved, updateName})
			paths = append(paths, s)
			u.actions = append(u.actions, p.action(section))
			if !p.accept(",") {
				break
			}
		}
	}
	p.distinct(paths, updateOverlap, updateConflict)
	if err := p.finish(); err != nil {
		return nil, err
	}
	u.root, u.picked, u.heads, u.deep = newPatch(paths, u.actions), pickPaths(paths), p.heads, p.nested
	return u, nil
}

// section moves past SET, REMOVE, ADD or DELETE.
func (p *parser) section() string {
	for _, name := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
		if p.accept(name) {
			return name
		}
	}
	return ""
}

// action reads what follows the path.
func (p *parser) action(section string) action {
	if section == "REMOVE" {
		return removal{}
	}
	p.count()
	switch section {
	case "SET":
		return p.set()
	case "ADD":
		return add{p.setOperand(section)}
	}
	return remove{p.setOperand(section)}
}

// operandNames are the words that DynamoDB uses for kinds that ADD and DELETE refuse.
var operandNames = map[Kind]string{S: "STRING", N: "NUMBER", B: "BINARY", NULL: "NULL", BOOL: "BOOLEAN", L: "LIST", M: "MAP"}

// setOperand reads the :value of ADD or DELETE.
func (p *parser) setOperand(section string) Value {
	t := p.peek()
	if t.kind != tokenValue {
		p.syntaxError()
		return Value{}
	}
	p.at++
	v := p.value(t.text, updateValue)
	if name := operandNames[v.Kind]; name != "" && (section != "ADD" || v.Kind != N) {
		p.refuse(updateOperand, "Incorrect operand type for operator or function; operator: %s, operand type: %s", section, name)
	}
	return v
}

// Names are the top-level attributes that the update changes or reads, sorted.
func (u *Update) Names() []string { return slices.Sorted(maps.Keys(u.heads)) }

// Targets are the top-level attributes that the update changes, each with the kind it
// will have where the expression alone says so, and whether it is changed inside.
func (u *Update) Targets() map[string]Target {
	out := map[string]Target{}
	for name, n := range u.root.names {
		t := Target{Inside: n.action == nil}
		if n.action != nil {
			t.Kind = n.action.kind()
		}
		out[name] = t
	}
	return out
}

// Target is what an update does to a top-level attribute.
type Target struct {
	Kind   Kind
	Inside bool
}

// Mentions reports whether the update names this attribute, and whether it looks
// inside it.
func (u *Update) Mentions(name string) (at, inside bool) { return u.heads[name], u.deep[name] }

// Creates reports whether the update makes an item where there is none: REMOVE and
// DELETE alone do not.
func (u *Update) Creates() bool {
	return slices.ContainsFunc(u.actions, func(a action) bool {
		switch a.(type) {
		case removal, remove:
			return false
		}
		return true
	})
}

// Apply is item after the update; item itself stays as it is. Errors:
// ValidationException for operands that the item does not have or of a wrong kind.
func (u *Update) Apply(item Item) (Item, error) {
	v, _, err := u.root.apply(Map(item), true, item)
	if err != nil {
		return nil, err
	}
	return v.Map, nil
}

// Touched is the part of an item, before or after, at the paths of the update.
func (u *Update) Touched(item Item) Item { return u.picked.item(item) }
