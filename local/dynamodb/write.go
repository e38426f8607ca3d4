package dynamodb

import (
	"sluice/local/dynamodb/expr"
)

// written are the members that the three writes of one item share.
type written struct {
	conditional
	legacy
	ReturnValues           string
	ReturnConsumedCapacity string
	// Only tables with local indexes have item collections, and there are none here.
	ReturnItemCollectionMetrics string
}

func (w *written) check(returnValues ...string) error {
	if err := w.refuse(); err != nil {
		return err
	}
	if err := checkCapacityMember(w.ReturnConsumedCapacity); err != nil {
		return err
	}
	return oneOf("ReturnValues", w.ReturnValues, returnValues...)
}

type writeOut struct {
	Attributes       Item              `json:",omitempty"`
	ConsumedCapacity *consumedCapacity `json:",omitempty"`
}

var allReturnValues = []string{"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"}

type putItemIn struct {
	written
	Item Item
}

func (s *Service) putItem(_ *call, in *putItemIn) (*writeOut, error) {
	if err := in.check(allReturnValues...); err != nil {
		return nil, err
	}
	if in.Item == nil {
		return nil, required("Item")
	}
	return s.replace(putChange, &in.written, in.Item)
}

type deleteItemIn struct {
	written
	Key Item
}

func (s *Service) deleteItem(_ *call, in *deleteItemIn) (*writeOut, error) {
	if err := in.check(allReturnValues...); err != nil {
		return nil, err
	}
	if in.Key == nil {
		return nil, required("Key")
	}
	return s.replace(deleteChange, &in.written, in.Key)
}

// replace is PutItem or DeleteItem, which can return the old item only.
func (s *Service) replace(kind changeKind, w *written, item Item) (*writeOut, error) {
	if w.ReturnValues != "" && w.ReturnValues != "NONE" && w.ReturnValues != "ALL_OLD" {
		return nil, invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	ch, err := s.prepare(kind, &w.conditional, item, nil)
	if err != nil {
		return nil, err
	}
	before, _, u, err := s.run(ch)
	if err != nil {
		return nil, err
	}
	out := &writeOut{ConsumedCapacity: u.report(w.ReturnConsumedCapacity, plain)}
	if w.ReturnValues == "ALL_OLD" {
		out.Attributes = before
	}
	return out, nil
}

type updateItemIn struct {
	written
	Key              Item
	UpdateExpression *string
}

func (s *Service) updateItem(_ *call, in *updateItemIn) (*writeOut, error) {
	if err := in.check(allReturnValues...); err != nil {
		return nil, err
	}
	if in.Key == nil {
		return nil, required("Key")
	}
	ch, err := s.prepare(updateChange, &in.conditional, in.Key, in.UpdateExpression)
	if err != nil {
		return nil, err
	}
	before, after, u, err := s.run(ch)
	if err != nil {
		return nil, err
	}
	out := &writeOut{ConsumedCapacity: u.report(in.ReturnConsumedCapacity, plain)}
	switch in.ReturnValues {
	case "ALL_OLD":
		out.Attributes = before
	case "ALL_NEW":
		out.Attributes = after
	case "UPDATED_OLD":
		out.Attributes = touched(ch.update, before)
	case "UPDATED_NEW":
		out.Attributes = touched(ch.update, after)
	}
	return out, nil
}

func touched(u *expr.Update, item Item) Item {
	if u == nil || item == nil {
		return nil
	}
	return u.Touched(item)
}

// Put writes an item past the API, for wiring and tests; it costs units and calls
// OnWrite as PutItem does. Errors: as PutItem.
func (s *Service) Put(table string, item Item) error {
	ch, err := s.prepare(putChange, &conditional{named: named{table}}, item, nil)
	if err != nil {
		return err
	}
	_, _, _, err = s.run(ch)
	return err
}

// Delete deletes an item past the API, for wiring and tests.
func (s *Service) Delete(table string, key Item) error {
	ch, err := s.prepare(deleteChange, &conditional{named: named{table}}, key, nil)
	if err != nil {
		return err
	}
	_, _, _, err = s.run(ch)
	return err
}
