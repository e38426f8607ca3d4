package dynamodb

import (
	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

// change is one write of one item, checked as far as the request alone allows. All
// writes go through it: alone, in batches and in transactions.
type change struct {
	t         *table
	at        place
	key       Item
	put       Item         // Put: the whole item
	update    *expr.Update // Update: nil for none
	kind      changeKind
	condition *expr.Condition
	returnOld bool // put the item into the error if the condition fails
}

type changeKind int

const (
	putChange changeKind = iota
	updateChange
	deleteChange
	checkChange
)

// conditional are the members that all conditional writes share.
type conditional struct {
	named
	placeholders
	ConditionExpression                 *string
	ReturnValuesOnConditionCheckFailure string
}

// prepare checks a request for a change. key is the whole item of a Put.
func (s *Service) prepare(kind changeKind, c *conditional, key Item, update *string) (*change, error) {
	if err := oneOf("ReturnValuesOnConditionCheckFailure", c.ReturnValuesOnConditionCheckFailure, "ALL_OLD", "NONE"); err != nil {
		return nil, err
	}
	ch := &change{kind: kind, key: key, returnOld: c.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	if err := ch.parse(c, update); err != nil {
		return nil, err
	}
	t, err := s.active(c.TableName)
	if err != nil {
		return nil, err
	}
	ch.t = t
	if kind == putChange {
		if err := t.checkItem(key); err != nil {
			return nil, err
		}
		ch.put, ch.key = key, t.keyOf(key)
	} else if err := t.checkKey(key); err != nil {
		return nil, err
	}
	ch.at = t.placeOf(ch.key)
	if err := t.scalarOnly(ch.condition.Mentions); err != nil {
		return nil, err
	}
	return ch, ch.checkUpdate()
}

// parse reads the expressions.
func (ch *change) parse(c *conditional, update *string) error {
	expressions := []expression{{expr.ConditionExpression, c.ConditionExpression}}
	if ch.kind == updateChange {
		expressions = []expression{{expr.UpdateExpression, update}, expressions[0]}
	}
	given, err := c.resolve(expressions...)
	if err != nil {
		return err
	}
	if update != nil {
		if ch.update, err = expr.ParseUpdate(*update, given); err != nil {
			return err
		}
	}
	if c.ConditionExpression != nil {
		if ch.condition, err = expr.ParseCondition(expr.ConditionExpression, *c.ConditionExpression, given); err != nil {
			return err
		}
	}
	return given.Unused()
}

// checkUpdate refuses updates of key attributes, and of index keys to a wrong kind.
func (ch *change) checkUpdate() error {
	if ch.update == nil {
		return nil
	}
	targets := ch.update.Targets()
	for _, name := range ch.t.key.names() {
		if _, ok := targets[name]; ok {
			return invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", name)
		}
	}
	for _, ix := range ch.t.indexes {
		for _, name := range ix.key.names() {
			if target, ok := targets[name]; ok && target.Kind != expr.None && target.Kind != ch.t.kinds[name] {
				return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, ch.t.kinds[name], target.Kind, ix.name)
			}
		}
	}
	return ch.t.scalarOnly(ch.update.Mentions)
}

// current is the item as it is; nil if there is none.
func (ch *change) current() Item {
	if r := ch.t.rows.find(ch.at); r != nil {
		return r.item
	}
	return nil
}

// result is the item as the change would leave it, nil for none. Errors:
// ConditionalCheckFailedException, ValidationException.
func (ch *change) result(before Item) (Item, error) {
	if !ch.condition.Holds(before) {
		e := wire.Errorf("ConditionalCheckFailedException", "The conditional request failed")
		if ch.returnOld && before != nil {
			e.Members = map[string]any{"Item": before}
		}
		return nil, e
	}
	switch ch.kind {
	case putChange:
		return ch.put, nil
	case deleteChange:
		return nil, nil
	case checkChange:
		return before, nil
	}
	return ch.updated(before)
}

func (ch *change) updated(before Item) (Item, error) {
	base := before
	if before == nil {
		if ch.update != nil && !ch.update.Creates() {
			return nil, nil
		}
		base = ch.key
	}
	if ch.update == nil {
		return base, nil
	}
	after, err := ch.update.Apply(base)
	if err != nil {
		return nil, err
	}
	for _, ix := range ch.t.indexes {
		for _, name := range ix.key.names() {
			v, ok := after[name]
			if ok && v.Kind != ch.t.kinds[name] {
				return nil, invalid("The update expression attempted to update the secondary index key to unsupported type")
			}
			if what := empty(v); ok && what != "" {
				return nil, invalid("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty %s value.", what)
			}
		}
	}
	if expr.ItemSize(after) > maxItem {
		return nil, invalid("Item size to update has exceeded the maximum allowed size")
	}
	return after, expr.Check(after)
}

// refused is what a write costs that was refused for its condition: as much as the
// larger of the items involved. Source: developer guide, "Condition expressions".
func (ch *change) refused(before Item) usage {
	return usage{t: ch.t, base: max(writeUnits(before), writeUnits(ch.put))}
}

// run makes one change on its own.
func (s *Service) run(ch *change) (before, after Item, u usage, err error) {
	before = ch.current()
	after, err = ch.result(before)
	if err != nil {
		if isConditionFailure(err) {
			ch.t.units.Write += ch.refused(before).total()
		}
		return nil, nil, usage{}, err
	}
	return before, after, s.store(ch.t, ch.at, after, false), nil
}

func isConditionFailure(err error) bool {
	e, ok := err.(*wire.Error)
	return ok && e.Code == "ConditionalCheckFailedException"
}
