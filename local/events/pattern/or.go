package pattern

// reservedInOr are names that no field inside $or may have: those of operators,
// present and to come.
var reservedInOr = map[string]bool{
	"exactly": true, "equals-ignore-case": true, "prefix": true, "suffix": true, "anything-but": true,
	"exists": true, "wildcard": true, "numeric": true, "cidr": true,
	"=": true, "<": true, "<=": true, ">": true, ">=": true,
	"regex": true, "not-wildcard": true, "not-equals-ignore-case": true,
	"date-after": true, "date-on-or-after": true, "date-before": true, "date-on-or-before": true, "in-date-range": true,
	"ip-address-in-range": true, "ip-address-not-in-range": true,
}

// or reads the array of $or: each of rules goes on once with every object of it.
func (r *reader) or(rules []combination) ([]combination, error) {
	r.operator = "$or"
	defer func() { r.operator = "" }()
	if err := r.next(); err != nil {
		return nil, err
	}
	if !r.is('[') {
		return nil, r.fail("It must be an Array followed with $or.")
	}
	var out []combination
	n := 0
	for ; ; n++ {
		if err := r.next(); err != nil {
			return nil, err
		}
		if r.is(']') {
			break
		}
		if !r.is('{') {
			return nil, r.fail("Only JSON object is allowed in array of $or relationship.")
		}
		branch, err := r.object(clone(rules), true)
		if err != nil {
			return nil, err
		}
		if out = append(out, branch...); len(out) > maxRules {
			return nil, r.fail("The pattern comes to more than 1000 combinations of $or")
		}
	}
	if n < 2 {
		return nil, r.fail("There must have at least 2 Objects in $or relationship.")
	}
	return out, nil
}
