package spec

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// kind says what a node is, for a sentence that goes on with what it is not.
func kind(node ast.Node) string {
	switch n := node.(type) {
	case nil, *ast.NullNode:
		return "has no value"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "is a block of keys"
	case *ast.SequenceNode:
		return "is a list"
	case *ast.StringNode:
		return quote(n.Value) + " is text"
	case *ast.BoolNode:
		return n.GetToken().Value + " is a yes or no"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value + " is a number"
	}
	return "is not a value"
}

// quote shows text from the file, shortened.
func quote(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:57]) + "..."
	}
	return strconv.Quote(text)
}

func (r *report) scalar(node ast.Node, field string, into reflect.Value) {
	switch into.Interface().(type) {
	case Duration:
		r.duration(node, field, into)
	case Bytes:
		r.bytes(node, field, into)
	case Percent:
		r.percent(node, field, into)
	case ClockTime:
		r.clockTime(node, field, into)
	case int:
		r.whole(node, field, into)
	case float64:
		r.number(node, field, into)
	case bool:
		r.yesNo(node, field, into)
	default:
		r.text(node, field, into)
	}
}

func (r *report) text(node ast.Node, field string, into reflect.Value) {
	n, ok := node.(*ast.StringNode)
	if !ok {
		fix := fixOf(field, "write text")
		switch node.(type) {
		case *ast.NullNode:
			fix = fixOf(field, `write a value, or leave the key out`)
		case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		default:
			fix = "write " + strconv.Quote(node.GetToken().Value) + ", in quotes"
		}
		if words := wordsOf(field, into.Type()); words != nil {
			fix = "write " + list(words)
		}
		r.add(field, notThis(node, "text"), fix)
		return
	}
	if words := wordsOf(field, into.Type()); words != nil && !contains(words, n.Value) {
		fix := "write " + list(words)
		if meant := closest(n.Value, words); meant != "" {
			fix = "did you mean " + meant + "?"
		}
		r.add(field, quote(n.Value)+" is not one of its words", fix)
		return
	}
	for _, c := range n.Value {
		if !unicode.IsPrint(c) {
			r.add(field, fmt.Sprintf("holds %U, which cannot be seen", c), "remove it")
			return
		}
	}
	into.SetString(n.Value)
}

// notThis is "X is a number, not text"; a missing value is no thing at all.
func notThis(node ast.Node, wanted string) string {
	if _, null := node.(*ast.NullNode); null || node == nil {
		return kind(node)
	}
	return kind(node) + ", not " + wanted
}

// moving are the strategies that move weights by themselves, without a list of steps.
var moving = []string{string(StrategyCanary), string(StrategyLinear), string(StrategyBlueGreen)}

// enums are the types of which only these words exist.
var enums = map[reflect.Type][]string{
	reflect.TypeFor[Approve]():   {string(Automatic), string(Manual)},
	reflect.TypeFor[Strategy]():  slices.Concat(moving, []string{string(StrategyShadow), string(StrategySteps)}),
	reflect.TypeFor[Timeout]():   {string(TimeoutRollBack), string(TimeoutPromote)},
	reflect.TypeFor[Capacity]():  {string(CapacityFollow), string(CapacityFull)},
	reflect.TypeFor[Queue]():     {string(QueueLatest), string(QueueReplace)},
	reflect.TypeFor[Day]():       {string(Monday), string(Tuesday), string(Wednesday), string(Thursday), string(Friday), string(Saturday), string(Sunday)},
	reflect.TypeFor[Flow]():      {string(FlowGitHub), string(FlowGitflow)},
	reflect.TypeFor[Severity]():  {string(SeverityCritical), string(SeverityHigh), string(SeverityMedium), string(SeverityNone)},
	reflect.TypeFor[Do]():        {string(DoNothing), string(DoTest), string(DoBuild), string(DoTrain), string(DoRollout)},
	reflect.TypeFor[NoTraffic](): {string(NoTrafficHold), string(NoTrafficPromote), string(NoTrafficRollBack)},
}

// wordsOf are the words that a field may hold; nil for one that may hold any text.
func wordsOf(field string, t reflect.Type) []string {
	if field == "rollout.shadow.then" {
		return moving
	}
	return enums[t]
}

func (r *report) duration(node ast.Node, field string, into reflect.Value) {
	const forms = "write it like 10m, 2h, 1h30m or 1d"
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		digits, fix := node.GetToken().Value, forms
		if digitsOnly(digits) {
			fix = fmt.Sprintf("write %sm for minutes, %ss for seconds", digits, digits)
		}
		r.add(field, digits+" has no unit", fix)
	case *ast.StringNode:
		d, err := ParseDuration(n.Value)
		if err != nil && !errors.Is(err, errDuration) {
			r.add(field, err.Error(), "write "+Duration(maxDuration).String()+" or less")
			return
		} else if err != nil {
			r.add(field, quote(n.Value)+" is not a length of time", durationFix(n.Value, forms))
			return
		}
		into.SetInt(int64(d))
	default:
		r.add(field, notThis(node, "a length of time"), forms)
	}
}

var looseDuration = regexp.MustCompile(`^(\d{1,4}) ?(s|m|h|d)[a-z]*$`)

// durationFix turns "10 min" or "2 Hours" into what was meant.
func durationFix(text, forms string) string {
	if m := looseDuration.FindStringSubmatch(strings.ToLower(text)); m != nil && m[2] != "m" {
		return "write " + m[1] + m[2]
	} else if m != nil && !strings.Contains(text, "ms") && !strings.Contains(text, "mo") {
		return "write " + m[1] + "m"
	}
	return forms
}

func (r *report) percent(node ast.Node, field string, into reflect.Value) {
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		digits := n.GetToken().Value
		fix := fmt.Sprintf("write %q", digits+"%")
		if _, err := ParsePercent(digits + "%"); err != nil {
			fix = `write it like "1%" or "0.1%"`
		} else if f, err := strconv.ParseFloat(digits, 64); err == nil && f > 0 && f < 1 {
			fix += fmt.Sprintf(", or %q if a fraction was meant", Percent(f).String())
		}
		r.add(field, digits+" has no unit", fix)
	case *ast.StringNode:
		p, err := ParsePercent(n.Value)
		if err != nil {
			fix := `write it like "1%" or "0.1%"`
			if _, err := ParsePercent(strings.ReplaceAll(n.Value, " ", "")); err == nil {
				fix = fmt.Sprintf("write %q", strings.ReplaceAll(n.Value, " ", ""))
			}
			r.add(field, quote(n.Value)+" is not a percentage", fix)
			return
		}
		into.SetFloat(float64(p))
	default:
		r.add(field, notThis(node, "a percentage"), `write it like "1%" or "0.1%"`)
	}
}

func (r *report) whole(node ast.Node, field string, into reflect.Value) {
	switch n := node.(type) {
	case *ast.IntegerNode:
		digits := n.GetToken().Value
		value, err := strconv.Atoi(digits)
		if err != nil || strconv.Itoa(value) != digits || value > math.MaxInt32 || value < math.MinInt32 {
			r.add(field, digits+" is not written as a plain number", "write digits only, like 10")
			return
		}
		into.SetInt(int64(value))
	case *ast.FloatNode:
		digits, fix := n.GetToken().Value, "write digits only, like 10"
		if f, err := strconv.ParseFloat(digits, 64); err == nil && f > 0 && f < 1 && wholePercent(field) && f*100 == math.Trunc(f*100) {
			fix = fmt.Sprintf("it counts in percent: write %v", f*100)
		}
		r.add(field, digits+" is not a whole number", fix)
	case *ast.StringNode:
		fix := "write digits only, like 10"
		if number := strings.TrimSuffix(n.Value, "%"); digitsOnly(number) && len(number) < 9 {
			fix = "write " + number + " without quotes"
			if number != n.Value {
				fix = "it counts in whole percent: write " + number
			}
		}
		if digitsOnly(n.Value) && unquoted(n) {
			r.add(field, n.Value+" is too large", "write digits only, like 10")
			return
		}
		r.add(field, kind(node)+", not a whole number", fix)
	default:
		r.add(field, notThis(node, "a whole number"), "write digits only, like 10")
	}
}

func unquoted(n *ast.StringNode) bool { return n.Token.Type == token.StringType }

var wholePercents = []string{
	"rollout.canary.weight", "rollout.linear.step", "rollout.shadow.sampling", "rollout.steps[].weight", "rollout.steps[].shadow.sampling",
}

func wholePercent(field string) bool { return contains(wholePercents, generic(field)) }

// maxNumber is the largest bound on a metric. YAML libraries read longer digits
// as text.
const maxNumber = 1e15

var plainNumber = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

func (r *report) number(node ast.Node, field string, into reflect.Value) {
	what := "metric"
	if field == "endpoint.price" {
		what = "price"
	}
	form := fixOf(field, "write it like 0.8")
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		digits := n.GetToken().Value
		value, err := strconv.ParseFloat(digits, 64)
		if err != nil || !plainNumber.MatchString(digits) {
			r.add(field, digits+" is not written as a plain number", form)
			return
		}
		if math.Abs(value) > maxNumber {
			r.add(field, digits+" is larger than any "+what, form)
			return
		}
		into.SetFloat(value + 0) // -0 becomes 0, so that it has one version
	case *ast.StringNode:
		fix := form
		if p, err := ParsePercent(n.Value); err == nil && what == "metric" {
			fix = "it counts in the metric's own unit: write " + strconv.FormatFloat(p.Fraction(), 'f', -1, 64)
		} else if f, err := strconv.ParseFloat(strings.TrimPrefix(n.Value, "$"), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			fix = "write " + strconv.FormatFloat(f, 'f', -1, 64)
			if !unquoted(n) {
				fix += " without quotes"
			}
		}
		r.add(field, kind(node)+", not a number", fix)
	default:
		r.add(field, notThis(node, "one that a "+what+" can have"), form+", or leave the key out")
	}
}

func (r *report) yesNo(node ast.Node, field string, into reflect.Value) {
	b, ok := node.(*ast.BoolNode)
	if !ok {
		r.add(field, notThis(node, "true or false"), "write true or false")
		return
	}
	into.SetBool(b.Value)
}
