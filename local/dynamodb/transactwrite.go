package dynamodb

import (
	"strings"

	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

const (
	maxTransaction      = 100
	maxTransactionBytes = 4 << 20
)

type transactWriteItem struct {
	Put            *transactPut    `json:",omitempty"`
	Update         *transactUpdate `json:",omitempty"`
	Delete         *transactDelete `json:",omitempty"`
	ConditionCheck *transactDelete `json:",omitempty"`
}

type transactPut struct {
	conditional
	Item Item
}

type transactUpdate struct {
	conditional
	Key              Item
	UpdateExpression *string
}

type transactDelete struct {
	conditional
	Key Item
}

type transactWriteIn struct {
	TransactItems               []transactWriteItem
	ClientRequestToken          string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

type transactWriteOut struct {
	ConsumedCapacity []*consumedCapacity `json:",omitempty"`
}

// cancellationReason tells what became of one action of a cancelled transaction.
type cancellationReason struct {
	Code    string
	Message string `json:",omitempty"`
	Item    Item   `json:",omitempty"`
}

func (s *Service) transactWrite(_ *call, in *transactWriteIn) (*transactWriteOut, error) {
	if err := checkCapacityMember(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkTransaction(len(in.TransactItems)); err != nil {
		return nil, err
	}
	if len(in.ClientRequestToken) > 36 {
		return nil, invalid("1 validation error detected: Value '%s' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36", in.ClientRequestToken)
	}
	changes, err := s.prepareTransaction(in.TransactItems)
	if err != nil {
		return nil, err
	}
	if done, err := s.tokens.seen(s.w.Now(), in); err != nil {
		return nil, err
	} else if done {
		return &transactWriteOut{s.repeated(changes, in.ReturnConsumedCapacity)}, nil
	}
	after, err := s.decide(changes)
	if err != nil {
		return nil, err
	}
	var u usages
	for i, ch := range changes {
		cost := usage{t: ch.t, base: writeUnits(after[i])}
		if ch.kind != checkChange {
			cost = s.store(ch.t, ch.at, after[i], false)
		} else {
			ch.t.units.Write += cost.total()
		}
		ch.t.units.Write += cost.total() // transactions cost twice
		u.add(cost.times(2))
	}
	s.tokens.remember(s.w.Now(), in)
	return &transactWriteOut{u.report(in.ReturnConsumedCapacity, transactWrite)}, nil
}

// repeated is the cost of a transaction that was done before: its items are only read.
func (s *Service) repeated(changes []*change, mode string) []*consumedCapacity {
	var u usages
	for _, ch := range changes {
		cost := usage{t: ch.t, base: 2 * readUnits(expr.ItemSize(ch.current()), true)}
		ch.t.units.Read += cost.total()
		u.add(cost)
	}
	return u.report(mode, transactRead)
}

func checkTransaction(actions int) error {
	switch {
	case actions == 0:
		return invalid("1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case actions > maxTransaction:
		return invalid("1 validation error detected: Value '[%d actions]' at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100", actions)
	}
	return nil
}

func (s *Service) prepareTransaction(items []transactWriteItem) ([]*change, error) {
	changes := make([]*change, len(items))
	type where struct {
		t  *table
		at place
	}
	seen := map[where]bool{}
	bytes := 0
	for i, item := range items {
		ch, err := s.prepareAction(item)
		if err != nil {
			return nil, err
		}
		w := where{ch.t, ch.at}
		if seen[w] {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[w] = true
		bytes += expr.ItemSize(ch.put)
		changes[i] = ch
	}
	if bytes > maxTransactionBytes {
		return nil, invalid("Transaction request size exceeds 4 MB")
	}
	return changes, nil
}

func (s *Service) prepareAction(item transactWriteItem) (*change, error) {
	n := 0
	for _, is := range []bool{item.Put != nil, item.Update != nil, item.Delete != nil, item.ConditionCheck != nil} {
		if is {
			n++
		}
	}
	switch {
	case n != 1:
		return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	case item.Put != nil:
		return s.prepare(putChange, &item.Put.conditional, item.Put.Item, nil)
	case item.Delete != nil:
		return s.prepare(deleteChange, &item.Delete.conditional, item.Delete.Key, nil)
	case item.ConditionCheck != nil:
		if item.ConditionCheck.ConditionExpression == nil {
			return nil, required("ConditionExpression")
		}
		return s.prepare(checkChange, &item.ConditionCheck.conditional, item.ConditionCheck.Key, nil)
	case item.Update.UpdateExpression == nil:
		return nil, required("UpdateExpression")
	}
	return s.prepare(updateChange, &item.Update.conditional, item.Update.Key, item.Update.UpdateExpression)
}

// decide is what each action would leave; or the cancellation, with a reason for each
// action in order. A cancelled transaction has cost what it would have written.
func (s *Service) decide(changes []*change) ([]Item, error) {
	after := make([]Item, len(changes))
	reasons := make([]cancellationReason, len(changes))
	failed := false
	for i, ch := range changes {
		before := ch.current()
		item, err := ch.result(before)
		after[i], reasons[i] = item, cancellationReason{Code: "None"}
		switch {
		case isConditionFailure(err):
			reasons[i] = cancellationReason{Code: "ConditionalCheckFailed", Message: message(err)}
			if ch.returnOld {
				reasons[i].Item = before
			}
		case err != nil:
			reasons[i] = cancellationReason{Code: "ValidationError", Message: message(err)}
		case i == 0 && s.TransactionConflicts > 0 && s.w.Rand("dynamodb/conflict/"+ch.t.name).Float64() < s.TransactionConflicts:
			reasons[i] = cancellationReason{Code: "TransactionConflict", Message: "Transaction is ongoing for the item"}
		}
		failed = failed || reasons[i].Code != "None"
	}
	if !failed {
		return after, nil
	}
	for _, ch := range changes {
		ch.t.units.Write += ch.refused(ch.current()).times(2).total()
	}
	return nil, cancelled(reasons)
}

func cancelled(reasons []cancellationReason) error {
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		codes[i] = r.Code
	}
	e := wire.Errorf("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	e.Members = map[string]any{"CancellationReasons": reasons}
	return e
}

// usages adds up by table, in the order in which tables come.
type usages struct{ of []usage }

func (u *usages) add(x usage) {
	for i := range u.of {
		if u.of[i].t == x.t {
			u.of[i] = u.of[i].plus(x)
			return
		}
	}
	u.of = append(u.of, x)
}

func (u *usages) report(mode string, d direction) []*consumedCapacity {
	var out []*consumedCapacity
	for _, x := range u.of {
		if c := x.report(mode, d); c != nil {
			out = append(out, c)
		}
	}
	return out
}
