package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// payload is what the target gets of the event.
func (t Target) payload(e Event, ruleARN, ruleName string, taken time.Time) ([]byte, error) {
	switch {
	case t.Input != "":
		return []byte(t.Input), nil
	case t.InputPath != "":
		v, ok, err := lookup(t.InputPath, e.text)
		if err != nil || !ok {
			return nil, errors.Join(err, fmt.Errorf("the event has nothing at %s", t.InputPath))
		}
		return v, nil
	case t.InputTransformer != nil:
		return t.InputTransformer.apply(e, ruleARN, ruleName, taken)
	}
	return e.text, nil
}

var (
	placeholder  = regexp.MustCompile(`<([A-Za-z0-9._\-]+)>`)
	variableName = regexp.MustCompile(`^[A-Za-z0-9_\-]+$`)
	predefined   = map[string]bool{
		"aws.events.rule-arn": true, "aws.events.rule-name": true, "aws.events.event": true,
		"aws.events.event.json": true, "aws.events.event.ingestion-time": true,
	}
)

func (t *InputTransformer) check() error {
	if t.InputTemplate == "" || len(t.InputTemplate) > 8192 {
		return errors.New("InputTemplate must have 1 to 8192 characters")
	}
	if len(t.InputPathsMap) > 100 {
		return errors.New("InputPathsMap has more than 100 paths")
	}
	for name, path := range t.InputPathsMap {
		if !variableName.MatchString(name) || strings.HasPrefix(strings.ToUpper(name), "AWS.") {
			return fmt.Errorf("the variable name %s is not allowed", name)
		}
		if _, err := parsePath(path); err != nil {
			return err
		}
	}
	for _, m := range placeholder.FindAllStringSubmatch(t.InputTemplate, -1) {
		if _, ok := t.InputPathsMap[m[1]]; !ok && !predefined[m[1]] {
			return fmt.Errorf("the template uses <%s>, which is no variable", m[1])
		}
	}
	filled := fill(t.InputTemplate, func(string) (json.RawMessage, bool) { return json.RawMessage(`0`), true })
	if looksLikeObject(filled) && !json.Valid(filled) {
		return errors.New("the template is no JSON")
	}
	return nil
}

func looksLikeObject(b []byte) bool { b = bytes.TrimSpace(b); return len(b) > 0 && b[0] == '{' }

// apply fills the template in. A variable whose path leads nowhere becomes an
// empty string inside a string, and null elsewhere in a JSON template.
func (t *InputTransformer) apply(e Event, ruleARN, ruleName string, taken time.Time) ([]byte, error) {
	quote := func(s string) json.RawMessage { b, _ := json.Marshal(s); return b }
	out := fill(t.InputTemplate, func(name string) (json.RawMessage, bool) {
		switch name {
		case "aws.events.rule-arn":
			return quote(ruleARN), true
		case "aws.events.rule-name":
			return quote(ruleName), true
		case "aws.events.event.ingestion-time":
			return quote(taken.UTC().Format("2006-01-02T15:04:05Z")), true
		case "aws.events.event", "aws.events.event.json":
			return e.text, true
		}
		v, ok, err := lookup(t.InputPathsMap[name], e.text)
		return v, ok && err == nil
	})
	if looksLikeObject(out) && !json.Valid(out) {
		return nil, fmt.Errorf("the input transformer made no JSON: %s", out)
	}
	return out, nil
}

// fill replaces the placeholders of a template. Inside quotes a string is
// written without its own, and JSON is escaped; outside, a value is written as
// JSON where the template is JSON, and a string bare where it is plain text.
func fill(template string, value func(name string) (json.RawMessage, bool)) []byte {
	var out bytes.Buffer
	isJSON := strings.HasPrefix(strings.TrimSpace(template), "{") || strings.HasPrefix(strings.TrimSpace(template), "[")
	inString, last := false, 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(template, -1) {
		between := template[last:m[0]]
		out.WriteString(between)
		inString = insideString(between, inString)
		last = m[1]
		v, ok := value(template[m[2]:m[3]])
		var text string
		isText := ok && json.Unmarshal(v, &text) == nil && v[0] == '"'
		switch {
		case inString && !ok:
		case inString && isText:
			out.Write(v[1 : len(v)-1])
		case inString:
			b, _ := json.Marshal(string(v))
			out.Write(b[1 : len(b)-1])
		case !ok && isJSON:
			out.WriteString("null")
		case !ok:
		case isText && !isJSON:
			out.WriteString(text)
		default:
			out.Write(v)
		}
	}
	out.WriteString(template[last:])
	return out.Bytes()
}

// insideString reports whether the end of text is inside a JSON string.
func insideString(text string, in bool) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '"':
			in = !in
		}
	}
	return in
}

// step is one step of a path: a member, an element, or all of them.
type step struct {
	name  string
	index int
	all   bool // [*]
	array bool // [n]
}

var pathStep = regexp.MustCompile(`^(?:\.([A-Za-z0-9_\-/]+)|\[(\d+|\*)\])`)

// parsePath reads the part of JSONPath that EventBridge knows: dots, dashes,
// underscores, slashes, array indices and [*].
func parsePath(path string) ([]step, error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok || len(path) > 256 {
		return nil, fmt.Errorf("the path %s must begin with $ and have at most 256 characters", path)
	}
	var steps []step
	for rest != "" {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("the path %s is not understood at %q", path, rest)
		}
		rest = rest[len(m[0]):]
		switch {
		case m[1] != "":
			steps = append(steps, step{name: m[1]})
		case m[2] == "*":
			steps = append(steps, step{all: true})
		default:
			n, err := strconv.Atoi(m[2])
			if err != nil {
				return nil, err
			}
			steps = append(steps, step{array: true, index: n})
		}
	}
	return steps, nil
}

// lookup finds the JSON at a path. Not found is no error.
func lookup(path string, text json.RawMessage) (json.RawMessage, bool, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, false, err
	}
	v, ok := follow(steps, text)
	return v, ok, nil
}

func follow(steps []step, at json.RawMessage) (json.RawMessage, bool) {
	for i, s := range steps {
		if s.array || s.all {
			var items []json.RawMessage
			if json.Unmarshal(at, &items) != nil {
				return nil, false
			}
			if s.all {
				found := []json.RawMessage{}
				for _, item := range items {
					if v, ok := follow(steps[i+1:], item); ok {
						found = append(found, v)
					}
				}
				b, err := json.Marshal(found)
				return b, err == nil
			}
			if s.index >= len(items) {
				return nil, false
			}
			at = items[s.index]
			continue
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(at, &members) != nil {
			return nil, false
		}
		v, ok := members[s.name]
		if !ok {
			return nil, false
		}
		at = v
	}
	return at, true
}
