package expr

import (
	"errors"
	"strings"
	"testing"

	"sluice/local/wire"
)

var testNames = map[string]string{"#a": "a"}

var testValues = Item{
	":s": String("x"), ":n": Int(1), ":m": Int(2), ":b": Bool(true), ":l": List(), ":ss": Set(SS, String("x")), ":t": String("Q"),
}

// parse reads an expression of any use and forgets it.
func parse(use Use, text string) error {
	given, err := NewPlaceholders(testNames, testValues)
	if err != nil {
		return err
	}
	switch use {
	case KeyConditionExpression:
		_, err = ParseKeyCondition(text, given)
	case ProjectionExpression:
		_, err = ParseProjection(text, given)
	case UpdateExpression:
		_, err = ParseUpdate(text, given)
	default:
		_, err = ParseCondition(use, text, given)
	}
	return err
}

var refusals = []struct {
	use        Use
	text, want string
}{
	{ConditionExpression, "", "The expression can not be empty;"},
	{ConditionExpression, strings.Repeat(" ", 4097), "Expression size has exceeded the maximum allowed size; expression size: 4097"},
	{ConditionExpression, "a = :s AND", `Syntax error; token: "<EOF>", near: "AND"`},
	{ConditionExpression, "a == :s", `Syntax error; token: "=", near: "== :s"`},
	{ConditionExpression, "a = 0", `Syntax error; token: "0", near: "= 0"`},
	{ConditionExpression, "a $ :s", `Syntax error; token: "$", near: "a $ :s"`},
	{ConditionExpression, "a", `Syntax error; token: "<EOF>", near: "a"`},
	{ConditionExpression, "a = # ", `Syntax error; token: "#", near: "= #"`},
	{ConditionExpression, "_a = :s", `Syntax error; token: "_", near: "_a"`},
	{ConditionExpression, "((a = :s))", "The expression has redundant parentheses;"},
	{ConditionExpression, "Size(a) = :n", "Invalid function name; function: Size"},
	{ConditionExpression, "size(a)", "The function is not allowed to be used this way in an expression; function: size"},
	{ConditionExpression, "attribute_exists(a) = :b", "The function is not allowed to be used this way in an expression; function: attribute_exists"},
	{ConditionExpression, "Data = :s", "Attribute name is a reserved keyword; reserved keyword: Data"},
	{ConditionExpression, "#b = :s", "An expression attribute name used in the document path is not defined; attribute name: #b"},
	{ConditionExpression, "a = :x", "An expression attribute value used in expression is not defined; attribute value: :x"},
	{ConditionExpression, "contains(a)", "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1"},
	{ConditionExpression, "#a.b[1] = a.b[1]", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a, b, [1]]"},
	{ConditionExpression, "attribute_exists(:s)", "Operator or function requires a document path; operator or function: attribute_exists"},
	{ConditionExpression, "begins_with(a, :n)", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
	{ConditionExpression, "attribute_type(a, :t)", "Invalid attribute type name found; type: Q, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
	{ConditionExpression, "a < :b", "Incorrect operand type for operator or function; operator: <, operand type: BOOL"},
	{ConditionExpression, "size(:n) = :n", "Incorrect operand type for operator or function; operator or function: size, operand type: N"},
	{ConditionExpression, "a BETWEEN :m AND :n", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"},
	{ConditionExpression, "a BETWEEN :s AND :n", "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:x}, upper bound operand: AttributeValue: {N:1}"},
	{ConditionExpression, "a IN (" + strings.Repeat(":s,", 100) + ":s)", "The IN operator is provided with too many operands; number of operands: 101"},
	{ConditionExpression, "a=:s" + strings.Repeat(" OR a=:s", 151), "The expression contains too many operators; operator count: 301"},
	{ConditionExpression, "a" + strings.Repeat("[0]", 32) + " = :s", "The document path has too many nesting elements; nesting levels: 33"},
	{FilterExpression, "a = :x OR data = :s", "Attribute name is a reserved keyword; reserved keyword: data"},
	{KeyConditionExpression, "a = :s OR b = :s", "Invalid operator used in KeyConditionExpression: OR"},
	{KeyConditionExpression, "a <> :s", "Invalid operator used in KeyConditionExpression: <>"},
	{KeyConditionExpression, "contains(a, :s)", "Invalid operator used in KeyConditionExpression: contains"},
	{KeyConditionExpression, "a.b = :s", "KeyConditionExpressions cannot have conditions on nested attributes"},
	{KeyConditionExpression, "a = b", "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"},
	{KeyConditionExpression, "a = :s AND a = :s", "KeyConditionExpressions must only contain one condition per key"},
	{KeyConditionExpression, "size(a) = :n", "KeyConditionExpressions cannot contain nested operations"},
	{KeyConditionExpression, "a = :s AND b = :s AND c = :s", "Conditions can be of length 1 or 2 only"},
	{ProjectionExpression, "a.b, a.b.c", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, b, c]"},
	{ProjectionExpression, "a.b, a[0]", "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]"},
	{ProjectionExpression, "a[4294967296]", "List index is not within the allowable range; index: [4294967296]"},
	{UpdateExpression, "a = :s", `Syntax error; token: "a", near: "a ="`},
	{UpdateExpression, "SET a = :n + :n + :n", `Syntax error; token: "+", near: ":n + :n"`},
	{UpdateExpression, "SET a = if_not_exists(a, :n + :n)", `Syntax error; token: "+", near: ":n + :n"`},
	{UpdateExpression, "SET a = :s SET b = :s", `The "SET" section can only be used once in an update expression;`},
	{UpdateExpression, "SET a = f(b)", "Invalid function name; function: f"},
	{UpdateExpression, "SET a = list_append(list_append(:l, :l), :l)", "The function is not allowed to be used this way in an expression; function: list_append"},
	{UpdateExpression, "SET a = list_append(:l)", "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1"},
	{UpdateExpression, "SET a = if_not_exists(:n, :n)", "Operator or function requires a document path; operator or function: if_not_exists"},
	{UpdateExpression, "SET a = b + :s", "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
	{UpdateExpression, "ADD a :s", "Incorrect operand type for operator or function; operator: ADD, operand type: STRING"},
	{UpdateExpression, "DELETE a :n", "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER"},
	{UpdateExpression, "SET a = :s REMOVE a", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"},
}

func TestRefusals(t *testing.T) {
	for _, c := range refusals {
		t.Run(string(c.use)+"/"+c.text[:min(len(c.text), 40)], func(t *testing.T) {
			var e *wire.Error
			if err := parse(c.use, c.text); !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			got := strings.TrimPrefix(e.Message, "Invalid "+string(c.use)+": ")
			if e.Code != "ValidationException" || got != c.want {
				t.Errorf("got  %s: %s\nwant %s", e.Code, got, c.want)
			}
		})
	}
}

func TestUpdatesRefusedByTheItem(t *testing.T) {
	const path, kind = "The document path provided in the update expression is invalid for update", "An operand in the update expression has an incorrect data type"
	item := Item{"n": Int(1), "word": String("x"), "doc": Map(nil), "big": Value{Kind: N, Num: must("1e50")}}
	for text, want := range map[string]string{
		"SET nix.x = :n": path, "SET word[0] = :n": path, "REMOVE nix.x": path, "SET doc[0] = :n": path,
		"ADD word :n": kind, "ADD n :ss": kind, "DELETE n :ss": kind, "SET z = word + :n": kind, "SET z = list_append(n, :l)": kind,
		"SET z = nix":      "The provided expression refers to an attribute that does not exist in the item",
		"SET z = big + :n": "Number overflow. Attempting to store a number with magnitude larger than supported range",
	} {
		given, _ := NewPlaceholders(testNames, testValues)
		u, err := ParseUpdate(text, given)
		if err != nil {
			t.Fatal(err)
		}
		var e *wire.Error
		if _, err := u.Apply(item); !errors.As(err, &e) || e.Message != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func must(s string) Number {
	n, err := ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}
