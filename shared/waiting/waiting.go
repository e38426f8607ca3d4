// Package waiting is the one mechanism by which state machines wait: a task token
// stored in the table until a named resource changes.
//
// A waiting function stores its waiter first and looks at the resource second, so
// that a change between the two is seen by one of them. Events complete waiters
// through Wake, as a wake-up and no more: the machine looks again. What nobody
// wakes, the task's timeout does.
package waiting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sluice/shared/event"
)

// Waiter is a task token that waits for a resource. Owner tells the waiters of one
// resource apart; a later waiter of the same owner replaces the earlier one, whose
// token has expired by then.
type Waiter struct {
	Resource event.Resource `json:"resource"`
	Owner    string         `json:"owner"`
	Token    string         `json:"token"`
	Since    time.Time      `json:"since"`
}

// Store keeps waiters.
type Store interface {
	PutWaiter(ctx context.Context, w Waiter) error
	// WaitersFor lists the waiters of a resource.
	WaitersFor(ctx context.Context, r event.Resource) ([]Waiter, error)
	// DropWaiter removes w, unless its owner has stored another token since.
	DropWaiter(ctx context.Context, w Waiter) error
}

// Machines completes tasks of state machines.
type Machines interface {
	// Complete ends the task of token with output. A task that is over already is
	// no error.
	Complete(ctx context.Context, token string, output json.RawMessage) error
}

// Room is where waiters wait.
type Room struct {
	store    Store
	machines Machines
}

// NewRoom returns the room of a store and its machines.
func NewRoom(store Store, machines Machines) *Room { return &Room{store: store, machines: machines} }

// Await waits with token for any of resources. look is asked once: if it reports
// done, the task ends at once with its answer.
func (r *Room) Await(ctx context.Context, owner, token string, now time.Time, resources []event.Resource, look func() (answer any, done bool, err error)) error {
	for _, resource := range resources {
		if err := r.store.PutWaiter(ctx, Waiter{Resource: resource, Owner: owner, Token: token, Since: now}); err != nil {
			return err
		}
	}
	answer, done, err := look()
	if err != nil || !done {
		return err
	}
	output, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("writing the answer of a wait: %w", err)
	}
	// Drop before completing: once the task is complete the machine moves on, and
	// may store a waiter of the same owner that must stay.
	for _, resource := range resources {
		if err := r.store.DropWaiter(ctx, Waiter{Resource: resource, Owner: owner, Token: token}); err != nil {
			return err
		}
	}
	return r.machines.Complete(ctx, token, output)
}

// Wake completes the waiters of a resource that want it and forgets them. want may
// be nil for all. It reports how many it woke. A crash on the way loses nothing: a
// waiter is dropped only after its task was completed. One that cannot be woken
// keeps no other one asleep.
func (r *Room) Wake(ctx context.Context, resource event.Resource, answer any, want func(Waiter) bool) (int, error) {
	waiters, err := r.store.WaitersFor(ctx, resource)
	if err != nil {
		return 0, err
	}
	output, err := json.Marshal(answer)
	if err != nil {
		return 0, fmt.Errorf("writing a wake-up: %w", err)
	}
	woken := 0
	var failed error
	for _, w := range waiters {
		if want != nil && !want(w) {
			continue
		}
		err := r.machines.Complete(ctx, w.Token, output)
		if err == nil {
			err = r.store.DropWaiter(ctx, w)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		woken++
	}
	return woken, failed
}

// WakeOthers wakes the waiters of a resource that are not owner's.
func (r *Room) WakeOthers(ctx context.Context, resource event.Resource, owner string, answer any) (int, error) {
	return r.Wake(ctx, resource, answer, func(w Waiter) bool { return w.Owner != owner })
}

// Forget drops whatever owner has waiting for resources.
func (r *Room) Forget(ctx context.Context, owner string, resources ...event.Resource) error {
	for _, resource := range resources {
		waiters, err := r.store.WaitersFor(ctx, resource)
		if err != nil {
			return err
		}
		for _, w := range waiters {
			if w.Owner == owner {
				if err := r.store.DropWaiter(ctx, w); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
