package dynamodb

import (
	"strings"

	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

// schema is the key of a table or index: the names of its attributes, sort "" if
// there is none.
type schema struct{ hash, sort string }

func (k schema) names() []string {
	if k.sort == "" {
		return []string{k.hash}
	}
	return []string{k.hash, k.sort}
}

const (
	maxHash = 2048 // bytes
	maxSort = 1024
	maxItem = 400 << 10
)

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("ValidationException", format, args...)
}

// part ends one key value within an order string, so that the order of several values
// is the order of the first that differs.
func part(v Value) string {
	o := v.Order()
	if strings.IndexByte(o, 0) >= 0 {
		o = strings.ReplaceAll(o, "\x00", "\x00\xff")
	}
	return o + "\x00\x01"
}

// beyond is the least string that sorts after all that begin with prefix; "" if there
// is none.
func beyond(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}

// placeOf is where an item with a whole key stands in the table.
func (t *table) placeOf(key Item) place {
	at := place{hash: key[t.key.hash].Order()}
	if t.key.sort != "" {
		at.order = part(key[t.key.sort])
	}
	return at
}

// placeIn is where an item stands in an index; it does not if it lacks an attribute of
// the index's key.
func (t *table) placeIn(ix *index, item Item) (place, bool) {
	h, ok := item[ix.key.hash]
	if !ok || h.Kind != t.kinds[ix.key.hash] {
		return place{}, false
	}
	at := place{hash: h.Order()}
	if ix.key.sort != "" {
		v, ok := item[ix.key.sort]
		if !ok || v.Kind != t.kinds[ix.key.sort] {
			return place{}, false
		}
		at.order = part(v)
	}
	for _, name := range t.key.names() {
		at.order += part(item[name])
	}
	return at, true
}

// keyOf is the key of an item.
func (t *table) keyOf(item Item) Item {
	key := make(Item, 2)
	for _, name := range t.key.names() {
		key[name] = item[name]
	}
	return key
}

// checkKey refuses what is no key of this table. Errors: ValidationException.
func (t *table) checkKey(key Item) error {
	if err := expr.Check(key); err != nil {
		return err
	}
	names := t.key.names()
	if len(key) != len(names) {
		return invalid("The provided key element does not match the schema")
	}
	for i, name := range names {
		v, ok := key[name]
		if !ok || v.Kind != t.kinds[name] {
			return invalid("The provided key element does not match the schema")
		}
		if what := empty(v); what != "" {
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", what, name)
		}
		if err := checkKeySize(v, i == 0); err != nil {
			return err
		}
	}
	return nil
}

// empty is the name of the kind of an empty string or binary.
func empty(v Value) string {
	switch {
	case v.Kind == expr.S && v.Text == "":
		return "string"
	case v.Kind == expr.B && v.Text == "":
		return "binary"
	}
	return ""
}

func checkKeySize(v Value, hash bool) error {
	switch {
	case v.Kind == expr.N:
	case hash && len(v.Text) > maxHash:
		return invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	case !hash && len(v.Text) > maxSort:
		return invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

// checkItem refuses what cannot be an item of this table. Errors: ValidationException.
func (t *table) checkItem(item Item) error {
	if err := expr.Check(item); err != nil {
		return err
	}
	for i, name := range t.key.names() {
		v, ok := item[name]
		if !ok {
			return invalid("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if v.Kind != t.kinds[name] {
			return invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.kinds[name], v.Kind)
		}
		if what := empty(v); what != "" {
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", what, name)
		}
		if err := checkKeySize(v, i == 0); err != nil {
			return err
		}
	}
	for _, ix := range t.indexes {
		for i, name := range ix.key.names() {
			v, ok := item[name]
			if !ok {
				continue
			}
			if v.Kind != t.kinds[name] {
				return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, t.kinds[name], v.Kind, ix.name)
			}
			if what := empty(v); what != "" {
				return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", what, ix.name, name)
			}
			if err := checkKeySize(v, i == 0); err != nil {
				return err
			}
		}
	}
	if expr.ItemSize(item) > maxItem {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}
