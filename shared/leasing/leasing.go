// Package leasing gives one owner at a time the right to change an endpoint or to
// train a model.
//
// A lease is compared by time in the condition of the write that takes it, never
// by TTL. Owners are executions of state machines; an owner may take its lease
// again, which renews it. Who finds it taken waits for its release.
package leasing

import (
	"context"
	"time"

	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/waiting"
)

// Term is how long a lease lasts without being renewed. Every step of a machine
// renews it, and the longest pause between two steps is a look of a 14-day plan,
// under an hour.
const Term = 2 * time.Hour

// ForEndpoint and ForTraining name the leases.
func ForEndpoint(endpoint string) string { return string(event.Endpoint(endpoint)) }

// ForTraining names the lease on training a model.
func ForTraining(model string) string { return "training/" + model }

// Lease is a right, held by Owner until Expires.
type Lease struct {
	Name    string    `json:"name"`
	Owner   string    `json:"owner"`
	Since   time.Time `json:"since"`
	Expires time.Time `json:"expires"`
}

// Store keeps leases.
type Store interface {
	// TakeLease gives l.Name to l.Owner if it is free, expired at now, or l.Owner's
	// already. Errors: Conflict if another owner holds it.
	TakeLease(ctx context.Context, l Lease, now time.Time) error
	// HoldLease extends a lease that its owner still has. One that has expired
	// and that nobody has taken since is still its owner's: a pause of AWS's must
	// not leave an endpoint between two variants. Errors: Conflict if it is
	// another's or nobody's.
	HoldLease(ctx context.Context, l Lease) error
	// FreeLease ends a lease if owner has it.
	FreeLease(ctx context.Context, name, owner string) error
	// Lease reads who holds a lease; the zero Lease if nobody does.
	Lease(ctx context.Context, name string) (Lease, error)
}

// Desk hands out leases.
type Desk struct {
	store Store
	room  *waiting.Room
}

// NewDesk returns the desk of a store, whose waiters wait in room.
func NewDesk(store Store, room *waiting.Room) *Desk { return &Desk{store: store, room: room} }

// Request is the input of the function take-lease.
type Request struct {
	Lease string    `json:"lease"`
	Owner string    `json:"owner"`
	Token string    `json:"token"`
	Now   time.Time `json:"now"`
}

// Answer is the output of a wait for a lease. A wake-up has Held false: take it
// then.
type Answer struct {
	Held bool `json:"held"`
}

// TakeLease is the handler of take-lease: it takes the lease, or waits for its
// release.
func (d *Desk) TakeLease(ctx context.Context, q Request) (Answer, error) {
	if q.Lease == "" || q.Owner == "" || q.Token == "" || q.Now.IsZero() {
		return Answer{}, fault.Invalid.Errorf("take-lease needs lease, owner, token and now")
	}
	resources := []event.Resource{event.LeaseOn(q.Lease)}
	var a Answer
	err := d.room.Await(ctx, q.Owner, q.Token, q.Now, resources, func() (any, bool, error) {
		err := d.store.TakeLease(ctx, lease(q.Lease, q.Owner, q.Now), q.Now)
		if fault.Is(err, fault.Conflict) {
			return nil, false, nil
		}
		a.Held = err == nil
		return a, err == nil, err
	})
	return a, err
}

// Try takes the lease, or says who holds it. holder is "" where it was freed
// meanwhile.
func (d *Desk) Try(ctx context.Context, name, owner string, now time.Time) (held bool, holder string, err error) {
	err = d.store.TakeLease(ctx, lease(name, owner, now), now)
	if !fault.Is(err, fault.Conflict) {
		return err == nil, owner, err
	}
	l, err := d.store.Lease(ctx, name)
	return false, l.Owner, err
}

func lease(name, owner string, now time.Time) Lease {
	return Lease{Name: name, Owner: owner, Since: now, Expires: now.Add(Term)}
}

// Hold renews a lease before an effect that needs it. Errors: Conflict if it was
// lost, after which nothing may be changed.
func (d *Desk) Hold(ctx context.Context, name, owner string, now time.Time) error {
	return d.store.HoldLease(ctx, lease(name, owner, now))
}

// Free releases a lease and wakes who waits for it.
func (d *Desk) Free(ctx context.Context, name, owner string) error {
	if err := d.store.FreeLease(ctx, name, owner); err != nil {
		return err
	}
	_, err := d.room.Wake(ctx, event.LeaseOn(name), Answer{}, nil)
	return err
}
