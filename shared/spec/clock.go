package spec

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// endOfDay is the one ClockTime that no clock shows: midnight as the end of a day.
const endOfDay = ClockTime("24:00")

var clockTime = regexp.MustCompile(`^([01]\d|2[0-3]):([0-5]\d)$`)

// minute is c in minutes from midnight, or false if c is no time of day.
func (c ClockTime) minute() (int, bool) {
	if c == endOfDay {
		return minutesOfDay, true
	}
	parts := clockTime.FindStringSubmatch(string(c))
	if parts == nil {
		return 0, false
	}
	hours, _ := strconv.Atoi(parts[1])
	minutes, _ := strconv.Atoi(parts[2])
	return hours*60 + minutes, true
}

// clockTime reads a time of day. A bare 22:00 is text to YAML 1.2, which this is,
// and 1320, in base sixty, to YAML 1.1, so a number is asked for in quotes.
func (r *report) clockTime(node ast.Node, field string, into reflect.Value) {
	const form = `write it like "09:00"`
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		r.add(field, node.GetToken().Value+" is a number, not a time of day", form+", in quotes: without them some readers of YAML turn 22:00 into 1320")
	case *ast.StringNode:
		if _, ok := ClockTime(n.Value).minute(); !ok {
			r.add(field, quote(n.Value)+" is not a time of day", clockFix(n.Value))
			return
		}
		into.SetString(n.Value)
	default:
		r.add(field, notThis(node, "a time of day"), form)
	}
}

var looseClock = regexp.MustCompile(`^(\d{1,2})(?:[:.h]?(\d\d))?(?::\d\d)? ?(am|pm)?$`)

// clockFix turns "9:00", "0900", "9 pm" or "09:00:00" into what was meant.
func clockFix(text string) string {
	const forms = `write it like "09:00", from "00:00" to "23:59"`
	parts := looseClock.FindStringSubmatch(strings.ToLower(text))
	if parts == nil {
		return forms
	}
	hour, _ := strconv.Atoi(parts[1])
	if half := parts[3]; half != "" {
		if hour < 1 || hour > 12 {
			return forms
		}
		hour %= 12
		if half == "pm" {
			hour += 12
		}
	}
	minute := parts[2]
	if minute == "" {
		minute = "00"
	}
	meant := strconv.Itoa(hour) + ":" + minute
	if len(meant) < len("00:00") {
		meant = "0" + meant
	}
	if !clockTime.MatchString(meant) {
		return forms
	}
	return "write " + strconv.Quote(meant)
}
