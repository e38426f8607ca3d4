package awstable

import (
	"context"
	"time"

	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/waiting"
)

func leaseKey(name string) key { return key{"LEASE#" + name, "LEASE"} }

// leaseItem has its times as numbers, so that conditions can compare them.
type leaseItem struct {
	Name    string `json:"name"`
	Owner   string `json:"owner"`
	Since   int64  `json:"since"`   // unix milliseconds
	Expires int64  `json:"expires"` // unix milliseconds
}

func toLeaseItem(l leasing.Lease) leaseItem {
	return leaseItem{Name: l.Name, Owner: l.Owner, Since: l.Since.UnixMilli(), Expires: l.Expires.UnixMilli()}
}

var ownerName = map[string]string{"#owner": "owner"}

// TakeLease fills leasing.Store.
func (t *Table) TakeLease(ctx context.Context, l leasing.Lease, now time.Time) error {
	return t.put(ctx, leaseKey(l.Name), toLeaseItem(l), condition{
		expression: "attribute_not_exists(pk) OR #owner = :owner OR expires < :now",
		names:      ownerName,
		values:     item{":owner": str(l.Owner), ":now": num(now.UnixMilli())},
	})
}

// HoldLease fills leasing.Store.
func (t *Table) HoldLease(ctx context.Context, l leasing.Lease) error {
	err := t.put(ctx, leaseKey(l.Name), toLeaseItem(l), condition{
		expression: "#owner = :owner",
		names:      ownerName,
		values:     item{":owner": str(l.Owner)},
	})
	if fault.Is(err, fault.Conflict) {
		return fault.Conflict.Errorf("%s no longer has the lease %s; nothing was changed", l.Owner, l.Name)
	}
	return err
}

// FreeLease fills leasing.Store.
func (t *Table) FreeLease(ctx context.Context, name, owner string) error {
	return t.remove(ctx, leaseKey(name), condition{
		expression: "#owner = :owner",
		names:      ownerName,
		values:     item{":owner": str(owner)},
	})
}

// Lease reads who holds a lease; the zero Lease if nobody does.
func (t *Table) Lease(ctx context.Context, name string) (leasing.Lease, error) {
	var l leaseItem
	ok, err := t.get(ctx, leaseKey(name), &l)
	if err != nil || !ok {
		return leasing.Lease{}, err
	}
	return leasing.Lease{Name: l.Name, Owner: l.Owner, Since: time.UnixMilli(l.Since).UTC(), Expires: time.UnixMilli(l.Expires).UTC()}, nil
}

// nextItem is the newest of those that wait for a lease.
type nextItem struct {
	Owner string `json:"owner"`
	Rank  int    `json:"rank"`
}

func nextKey(lease string) key { return key{"LEASE#" + lease, "NEXT"} }

// ClaimTurn fills shifting's table.
func (t *Table) ClaimTurn(ctx context.Context, lease, owner string, rank int) (next string, err error) {
	err = t.put(ctx, nextKey(lease), nextItem{Owner: owner, Rank: rank}, condition{
		expression: "attribute_not_exists(pk) OR #owner = :owner OR #rank < :rank",
		names:      map[string]string{"#owner": "owner", "#rank": "rank"},
		values:     item{":owner": str(owner), ":rank": num(int64(rank))},
	})
	if !fault.Is(err, fault.Conflict) {
		return owner, err
	}
	var it nextItem
	if ok, err := t.get(ctx, nextKey(lease), &it); err != nil || !ok {
		if err == nil {
			err = fault.Conflict.Errorf("the turn for lease %s was left meanwhile", lease)
		}
		return "", err
	}
	return it.Owner, nil
}

// LeaveTurn fills shifting's table.
func (t *Table) LeaveTurn(ctx context.Context, lease, owner string) error {
	return t.remove(ctx, nextKey(lease), condition{expression: "#owner = :owner", names: ownerName, values: item{":owner": str(owner)}})
}

func waiterKey(w waiting.Waiter) key { return key{"WAITER#" + string(w.Resource), w.Owner} }

// waiterLife is after how long a forgotten waiter is removed: no task waits longer.
const waiterLife = 30 * 24 * time.Hour

// PutWaiter fills waiting.Store.
func (t *Table) PutWaiter(ctx context.Context, w waiting.Waiter) error {
	return t.put(ctx, waiterKey(w), struct {
		waiting.Waiter
		TTL int64 `json:"ttl"` // unix seconds
	}{w, w.Since.Add(waiterLife).Unix()}, condition{})
}

// WaitersFor fills waiting.Store.
func (t *Table) WaitersFor(ctx context.Context, r event.Resource) ([]waiting.Waiter, error) {
	return query[waiting.Waiter](ctx, t, "WAITER#"+string(r), "", page{})
}

// DropWaiter fills waiting.Store.
func (t *Table) DropWaiter(ctx context.Context, w waiting.Waiter) error {
	return t.remove(ctx, waiterKey(w), condition{
		expression: "#token = :token",
		names:      map[string]string{"#token": "token"},
		values:     item{":token": str(w.Token)},
	})
}

// haltedFor is how long a halted rollout keeps its lease if no person frees it.
const haltedFor = 10 * 365 * 24 * time.Hour

// HaltLease fills shifting's table.
func (t *Table) HaltLease(ctx context.Context, name, owner string, now time.Time) error {
	return t.HoldLease(ctx, leasing.Lease{Name: name, Owner: owner, Since: now, Expires: now.Add(haltedFor)})
}
