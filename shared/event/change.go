package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/shared/fault"
)

// Names of changes.
const (
	Inserted = "INSERT"
	Modified = "MODIFY"
	Removed  = "REMOVE"
)

// Change is one change of an item in our table, as its stream tells it: at least once,
// and for one partition key in the order in which they were made. Key and Item are what
// the item was written from: attribute values as plain JSON. Numbers keep their digits.
type Change struct {
	Sequence string          // of the record; by it Again names the change
	Name     string          // Inserted, Modified, Removed
	At       time.Time       // when it was made, to the second; zero if the stream does not say
	Key      json.RawMessage // an object with the key attributes
	Item     json.RawMessage // an object, after the change; nil if it was removed, or the stream has no new images
	// Err is why the change cannot be read, of kind Invalid. The others of the batch
	// can: who skips it, skips it alone.
	Err error
}

// Changes is a batch of a DynamoDB stream as Lambda gives it to a function.
type Changes []Change

// UnmarshalJSON reads the event. Binary values and sets are not ours; a change that
// has them carries an error. Errors: Invalid for what is no such event, and for a record
// without a sequence number, which nobody could name.
func (c *Changes) UnmarshalJSON(raw []byte) error {
	var event struct {
		Records []struct {
			EventName   string
			EventSource string
			Dynamodb    struct {
				SequenceNumber              string
				ApproximateCreationDateTime seconds
				Keys                        map[string]json.RawMessage
				NewImage                    map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		return fault.Invalid.Errorf("reading changes of the table: %w", err)
	}
	if event.Records == nil {
		return fault.Invalid.Errorf("reading changes of the table: this is no event of a stream, it has no Records")
	}
	all := Changes{}
	for i, r := range event.Records {
		one := Change{Sequence: r.Dynamodb.SequenceNumber, Name: r.EventName, At: r.Dynamodb.ApproximateCreationDateTime.Time}
		if one.Sequence == "" || r.EventSource != "aws:dynamodb" {
			return fault.Invalid.Errorf("reading changes of the table: record %d has no sequence number, or is not of aws:dynamodb", i+1)
		}
		if err := one.read(r.Dynamodb.Keys, r.Dynamodb.NewImage); err != nil {
			one.Key, one.Item, one.Err = nil, nil, fault.Invalid.Errorf("reading change %s of the table: %w", one.Sequence, err)
		}
		all = append(all, one)
	}
	*c = all
	return nil
}

// seconds is a time in seconds since 1970, as a number in any form. What is none is
// the zero time: a change must not be lost for it.
type seconds struct{ time.Time }

func (s *seconds) UnmarshalJSON(raw []byte) error {
	var n float64
	if json.Unmarshal(raw, &n) == nil && n > 0 && n < 1<<40 {
		s.Time = time.Unix(int64(n), 0).UTC()
	}
	return nil
}

func (c *Change) read(key, image map[string]json.RawMessage) (err error) {
	if !slices.Contains([]string{Inserted, Modified, Removed}, c.Name) {
		return fmt.Errorf("its name is %q; it must be %s, %s or %s", c.Name, Inserted, Modified, Removed)
	}
	if len(key) == 0 {
		return fmt.Errorf("it has no key")
	}
	if c.Key, err = plainObject(key, nil); err != nil || image == nil {
		return err
	}
	c.Item, err = plainObject(image, nil)
	return err
}

// mostLevels is how deep DynamoDB nests attributes.
const mostLevels = 32

func tooDeep(path []string) error {
	if len(path) <= mostLevels {
		return nil
	}
	return fmt.Errorf("attribute %s is nested more than %d levels deep", path[0], mostLevels)
}

// plainObject is a map of attribute values as a plain object. path leads to it.
func plainObject(attributes map[string]json.RawMessage, path []string) (json.RawMessage, error) {
	if err := tooDeep(path); err != nil {
		return nil, err
	}
	out := make(map[string]json.RawMessage, len(attributes))
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		v, err := plainValue(attributes[name], append(path[:len(path):len(path)], name))
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return json.Marshal(out)
}

func plainList(values []json.RawMessage, path []string) (json.RawMessage, error) {
	if err := tooDeep(path); err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, len(values))
	for i := range values {
		v, err := plainValue(values[i], append(path[:len(path):len(path)], "[]"))
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return json.Marshal(out)
}

// plainValue is one attribute value, such as {"N":"1"}, as plain JSON.
func plainValue(raw json.RawMessage, path []string) (json.RawMessage, error) {
	var typed map[string]json.RawMessage
	if err := json.Unmarshal(raw, &typed); err != nil || len(typed) != 1 {
		return nil, fmt.Errorf("attribute %s is no attribute value: it must be an object of one member", strings.Join(path, "."))
	}
	for kind, v := range typed {
		out, err := plainKind(kind, v, path)
		if out != nil || err != nil {
			return out, err
		}
	}
	return nil, fmt.Errorf("attribute %s is %.60s, which is no value of the kinds S, N, BOOL, NULL, M and L", strings.Join(path, "."), raw)
}

// plainKind is a value of a kind; nil for one that is not ours, or that is malformed.
func plainKind(kind string, v json.RawMessage, path []string) (json.RawMessage, error) {
	var text *string
	switch kind {
	case "S":
		if json.Unmarshal(v, &text) == nil && text != nil {
			return json.Marshal(text)
		}
	case "N":
		if json.Unmarshal(v, &text) == nil && text != nil && number(*text) {
			return json.RawMessage(*text), nil
		}
	case "BOOL":
		if s := string(v); s == "true" || s == "false" {
			return v, nil
		}
	case "NULL":
		if string(v) == "true" {
			return json.RawMessage("null"), nil
		}
	case "M":
		var members map[string]json.RawMessage
		if json.Unmarshal(v, &members) == nil && members != nil {
			return plainObject(members, path)
		}
	case "L":
		var values []json.RawMessage
		if json.Unmarshal(v, &values) == nil && values != nil {
			return plainList(values, path)
		}
	}
	return nil, nil
}

// number reports whether a text is a number as JSON writes them, too.
func number(text string) bool {
	return text != "" && strings.ContainsRune("-0123456789", rune(text[0])) && json.Valid([]byte(text)) && strings.TrimSpace(text) == text
}

// Outcome is what a function answers to a batch of changes. The zero Outcome is that
// all is done.
type Outcome struct {
	Failures []Failure `json:"batchItemFailures"`
}

// Failure names a change.
type Failure struct {
	Sequence string `json:"itemIdentifier"`
}

// Again asks for this change, and for all that follow it, once more.
func Again(c Change) Outcome { return Outcome{[]Failure{{c.Sequence}}} }
