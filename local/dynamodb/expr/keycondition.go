package expr

// KeyTerm is the condition on one key attribute. Op is "=", "<", "<=", ">", ">=",
// "BETWEEN" with two values, or "begins_with".
type KeyTerm struct {
	Name   string
	Op     string
	Values []Value
}

// ParseKeyCondition reads a KeyConditionExpression: one or two terms joined by AND,
// each on a key attribute of its own. Whether they fit a table is for the caller to
// say. Errors: ValidationException.
func ParseKeyCondition(text string, given *Placeholders) ([]KeyTerm, error) {
	c, err := ParseCondition(KeyConditionExpression, text, given)
	if err != nil {
		return nil, err
	}
	terms, err := keyTerms(nil, c.root)
	if err != nil {
		return nil, err
	}
	if len(terms) > 2 {
		return nil, invalid("Conditions can be of length 1 or 2 only")
	}
	return terms, nil
}

func keyTerms(terms []KeyTerm, c condition) ([]KeyTerm, error) {
	switch c := c.(type) {
	case and:
		terms, err := keyTerms(terms, c.left)
		if err != nil {
			return nil, err
		}
		return keyTerms(terms, c.right)
	case comparison:
		if c.op == "<>" {
			return nil, wrongOperator("<>")
		}
		return addKeyTerm(terms, c.op, c.left, c.right)
	case between:
		if _, ok := c.operand.(path); !ok {
			return nil, needsAttribute("BETWEEN")
		}
		return addKeyTerm(terms, "BETWEEN", c.operand, c.low, c.high)
	case call:
		if c.name != "begins_with" {
			return nil, wrongOperator(c.name)
		}
		if _, ok := c.args[0].(path); !ok {
			return nil, needsAttribute(c.name)
		}
		return addKeyTerm(terms, c.name, c.args...)
	case or:
		return nil, wrongOperator("OR")
	case not:
		return nil, wrongOperator("NOT")
	}
	return nil, wrongOperator("IN")
}

func wrongOperator(op string) error {
	return invalid("Invalid operator used in KeyConditionExpression: %s", op)
}

func needsAttribute(op string) error {
	return invalid("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", op)
}

// turned is the operator after its sides have changed places.
var turned = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func addKeyTerm(terms []KeyTerm, op string, operands ...operand) ([]KeyTerm, error) {
	t := KeyTerm{Op: op}
	for i, x := range operands {
		switch x := x.(type) {
		case path:
			if t.Name != "" {
				return nil, invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
			}
			if len(x) > 1 {
				return nil, invalid("KeyConditionExpressions cannot have conditions on nested attributes")
			}
			t.Name = x[0].name
			if i > 0 {
				t.Op = turned[op]
			}
		case literal:
			t.Values = append(t.Values, x.Value)
		default:
			return nil, invalid("KeyConditionExpressions cannot contain nested operations")
		}
	}
	if t.Name == "" {
		return nil, invalid("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	for _, other := range terms {
		if other.Name == t.Name {
			return nil, invalid("KeyConditionExpressions must only contain one condition per key")
		}
	}
	return append(terms, t), nil
}
