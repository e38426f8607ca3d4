// Package awsevents sends Sluice's own events to an EventBridge bus.
//
// EventBridge takes each event of a request by itself and may refuse some: those are
// sent again within the call, a few times. What is not taken even so is named in the
// error, and is the caller's to send again; what was taken, is then sent twice. Whoever
// reads the events must bear that, as with every event of EventBridge's.
package awsevents

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"sluice/shared/awsfault"
	"sluice/shared/event"
	"sluice/shared/fault"
)

// Events is the bus.
type Events struct {
	client *eventbridge.Client
	bus    *string // name or ARN; nil is the default bus
}

// Open returns the bus of this name or ARN; "" is the account's default bus.
func Open(cfg aws.Config, bus string) *Events {
	e := &Events{client: eventbridge.NewFromConfig(cfg)}
	if bus != "" {
		e.bus = &bus
	}
	return e
}

// Bounds of a request. The user guide says 1 MB and the API model 256 KB (AWS.md A.1):
// the smaller holds either way.
const (
	mostEntries = 10
	mostBytes   = 256 << 10
	tries       = 3 // of a request, for what was refused of it
)

// Send sends events, in order as far as they are taken the first time. Errors name
// each that was not taken: Throttled or Internal if one of them may be taken later;
// else Denied, or Invalid for events that cannot be.
func (e *Events) Send(ctx context.Context, entries []event.Entry) error {
	var left unsent
	var all []request
	for _, entry := range entries {
		r, err := e.write(entry)
		if err != nil {
			left.add(entry, err)
			continue
		}
		all = append(all, r)
	}
	var err error // of a whole request: the next would fare no better
	for len(all) > 0 && err == nil {
		n := fit(all)
		err = e.put(ctx, all[:n], &left)
		all = all[n:]
	}
	for _, r := range all {
		left.add(r.Entry, err)
	}
	return left.err(len(entries))
}

// request is an entry on its way.
type request struct {
	event.Entry
	wire  types.PutEventsRequestEntry
	bytes int
}

// write puts an entry into the form of the API. Errors: Invalid.
func (e *Events) write(entry event.Entry) (request, error) {
	detail, err := json.Marshal(entry.Detail)
	if err != nil {
		return request{}, fault.Invalid.Errorf("its detail cannot be written: %w", err)
	}
	r := request{Entry: entry, bytes: len(entry.Source) + len(entry.DetailType) + len(detail)}
	r.wire = types.PutEventsRequestEntry{
		EventBusName: e.bus, Source: &entry.Source, DetailType: &entry.DetailType, Detail: aws.String(string(detail)), Resources: entry.Resources,
	}
	if !entry.Time.IsZero() {
		r.wire.Time = aws.Time(entry.Time)
		r.bytes += 14 // as EventBridge counts it
	}
	for _, arn := range entry.Resources {
		r.bytes += len(arn)
	}
	if r.bytes > mostBytes {
		return request{}, fault.Invalid.Errorf("it has %d bytes, which is more than %d", r.bytes, mostBytes)
	}
	return r, nil
}

// fit is how many of the first entries one request takes, at least one.
func fit(all []request) int {
	n, bytes := 0, 0
	for n < min(len(all), mostEntries) && bytes+all[n].bytes <= mostBytes {
		bytes += all[n].bytes
		n++
	}
	return n
}

// put sends one request, and again what is refused of it, if that may help. It adds
// what is not taken to left. Errors: the whole request failed.
func (e *Events) put(ctx context.Context, all []request, left *unsent) error {
	for try := 1; len(all) > 0; try++ {
		in := &eventbridge.PutEventsInput{}
		for _, r := range all {
			in.Entries = append(in.Entries, r.wire)
		}
		out, err := e.client.PutEvents(ctx, in)
		if err == nil && len(out.Entries) != len(all) {
			err = fmt.Errorf("EventBridge answered %d entries for %d", len(out.Entries), len(all))
		}
		if err != nil {
			for _, r := range all {
				left.add(r.Entry, err)
			}
			return err
		}
		var refused []request
		for i, answer := range out.Entries {
			if answer.ErrorCode == nil {
				continue
			}
			err := &smithy.GenericAPIError{Code: *answer.ErrorCode, Message: aws.ToString(answer.ErrorMessage)}
			if try < tries && later(err) {
				refused = append(refused, all[i])
			} else {
				left.add(all[i].Entry, err)
			}
		}
		all = refused
	}
	return nil
}

// later reports whether what failed so may be taken later.
func later(err error) bool {
	k := awsfault.Kind(err)
	return k == fault.Throttled || k == fault.Internal
}

// unsent are the events that were not taken, and why.
type unsent struct {
	names []string
	first error // the first that may be taken later, else the first
}

func (u *unsent) add(entry event.Entry, err error) {
	name := fmt.Sprintf("%s %q", entry.Source, entry.DetailType)
	if len(entry.Resources) > 0 {
		name += " of " + strings.Join(entry.Resources, ", ")
	}
	u.names = append(u.names, name)
	if u.first == nil || !later(u.first) && later(err) {
		u.first = err
	}
}

func (u *unsent) err(of int) error {
	if u.first == nil {
		return nil
	}
	return awsfault.Errorf(u.first, "sending events: %d of %d were not taken (%s)", len(u.names), of, strings.Join(u.names, "; "))
}
