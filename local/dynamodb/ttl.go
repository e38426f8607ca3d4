package dynamodb

import (
	"time"

	"sluice/local/dynamodb/expr"
)

// Expired items are deleted this much too late. Source: AWS.md F, "within a few days".
const (
	expiryEarliest = 2 * time.Hour
	expiryLatest   = 48 * time.Hour
	// An item that expired longer ago than this is kept. Source: developer guide,
	// "Using time to live".
	expiryOldest = 5 * 365 * 24 * time.Hour
)

// expiryOf is the time at which an item expires, if it does. Only numbers count, in
// seconds since 1970.
func (t *table) expiryOf(item Item) (time.Time, bool) {
	v, ok := item[t.ttl]
	if t.ttl == "" || !ok || v.Kind != expr.N {
		return time.Time{}, false
	}
	seconds, ok := v.Num.Int64()
	if !ok || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0).UTC(), true
}

// scheduleExpiry plans the deletion of a row that was just written.
func (s *Service) scheduleExpiry(t *table, r *row) {
	r.expiry.Stop()
	r.expiry = nil
	at, ok := t.expiryOf(r.item)
	if !ok || s.w.Now().Sub(at) > expiryOldest {
		return
	}
	dice := s.w.Rand("dynamodb/ttl/" + t.name + "/" + r.at.hash + "/" + r.at.order)
	late := expiryEarliest + time.Duration(dice.Int64N(int64(expiryLatest-expiryEarliest)))
	wait := max(at.Sub(s.w.Now()), 0) + late
	r.expiry = s.w.Background(wait, "dynamodb: item of "+t.name+" expires", func() {
		if s.tables[t.name] == t && t.rows.find(r.at) == r {
			s.store(t, r.at, nil, true)
		}
	})
}

// setTTL switches time to live of a table on or off; "" is off.
func (s *Service) setTTL(t *table, attribute string) {
	t.ttl = attribute
	for _, p := range t.rows.sorted {
		for _, e := range p.entries {
			s.scheduleExpiry(t, e.row)
		}
	}
}

type updateTTLIn struct {
	named
	TimeToLiveSpecification *TTLSpecification
}

type updateTTLOut struct {
	TimeToLiveSpecification TTLSpecification
}

func (s *Service) updateTTL(_ *call, in *updateTTLIn) (*updateTTLOut, error) {
	t, err := s.active(in.TableName)
	if err != nil {
		return nil, err
	}
	spec := in.TimeToLiveSpecification
	switch {
	case spec == nil:
		return nil, required("TimeToLiveSpecification")
	case spec.AttributeName == "" || len(spec.AttributeName) > 255:
		return nil, invalid("1 validation error detected: Value '%s' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length between 1 and 255", spec.AttributeName)
	case spec.Enabled && t.ttl != "":
		return nil, invalid("TimeToLive is already enabled")
	case !spec.Enabled && t.ttl == "":
		return nil, invalid("TimeToLive is already disabled")
	case !spec.Enabled && t.ttl != spec.AttributeName:
		return nil, invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.ttl)
	case spec.Enabled:
		s.setTTL(t, spec.AttributeName)
	default:
		s.setTTL(t, "")
	}
	return &updateTTLOut{*spec}, nil
}

type describeTTLIn struct{ named }

type describeTTLOut struct {
	TimeToLiveDescription struct {
		TimeToLiveStatus string
		AttributeName    string `json:",omitempty"`
	}
}

func (s *Service) describeTTL(_ *call, in *describeTTLIn) (*describeTTLOut, error) {
	t, err := s.active(in.TableName)
	if err != nil {
		return nil, err
	}
	out := &describeTTLOut{}
	out.TimeToLiveDescription.TimeToLiveStatus = "DISABLED"
	if t.ttl != "" {
		out.TimeToLiveDescription.TimeToLiveStatus, out.TimeToLiveDescription.AttributeName = "ENABLED", t.ttl
	}
	return out, nil
}
