// Package logs is Amazon CloudWatch Logs on a laptop: groups, streams and lines.
//
// It decides what a listing or a search answers. Functions of local AWS write
// through Append; people and tools read through the API. Retention is kept as a
// setting and does not delete. Not modelled: metric filters, subscriptions,
// Insights, encryption, infrequent access, storage sizes.
package logs

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

const arnPrefix = "arn:aws:logs:" + wire.Region + ":" + wire.Account + ":log-group:"

// Service is the log groups of one account.
type Service struct {
	world  *sim.World
	groups map[string]*group
	events int // number of lines ever written, for their ids
}

type group struct {
	name      string
	created   time.Time
	retention int // in days; 0 keeps for ever
	tags      map[string]string
	streams   map[string]*stream
}

type stream struct {
	name    string
	created time.Time
	events  []event // by time, and in order of arrival at the same time
}

type event struct {
	id       int
	at       time.Time
	ingested time.Time
	line     string
}

// Line is one line of a log.
type Line struct {
	Stream string
	At     time.Time
	Text   string
}

// New returns a CloudWatch Logs without groups.
func New(w *sim.World) *Service { return &Service{world: w, groups: map[string]*group{}} }

// Append writes a line, creating its group and stream where they are missing, as
// AWS services do for their own logs.
func (s *Service) Append(groupName, streamName string, at time.Time, line string) {
	g := s.groups[groupName]
	if g == nil {
		g = s.create(groupName, nil)
	}
	st := g.streams[streamName]
	if st == nil {
		st = &stream{name: streamName, created: s.world.Now()}
		g.streams[streamName] = st
	}
	s.write(st, at, line)
}

// Lines are the lines of a group, of all streams, by time. A group that does not
// exist has none.
func (s *Service) Lines(groupName string) []Line {
	var out []Line
	if g := s.groups[groupName]; g != nil {
		for _, f := range g.search(func(string) bool { return true }, time.Time{}, time.Time{}) {
			out = append(out, Line{f.stream, f.at, f.line})
		}
	}
	return out
}

// CreateGroup makes a log group with a retention in days, 0 for none, for the
// deployer. One that exists gets the retention.
func (s *Service) CreateGroup(name string, retention int) {
	g := s.groups[name]
	if g == nil {
		g = s.create(name, nil)
	}
	g.retention = retention
}

func (s *Service) create(name string, tags map[string]string) *group {
	g := &group{name: name, created: s.world.Now(), tags: map[string]string{}, streams: map[string]*stream{}}
	maps.Copy(g.tags, tags)
	s.groups[name] = g
	return g
}

func (s *Service) write(st *stream, at time.Time, line string) {
	s.events++
	e := event{s.events, at.Truncate(time.Millisecond).UTC(), s.world.Now(), line}
	i, _ := slices.BinarySearchFunc(st.events, e, func(x, e event) int {
		return cmp.Or(x.at.Compare(e.at), -1) // after those of the same time
	})
	st.events = slices.Insert(st.events, i, e)
}

// found is one line and the stream it is in.
type found struct {
	event
	stream string
}

// search is the lines of the chosen streams in [from, to), by time. Zero times are
// no bounds.
func (g *group) search(chosen func(stream string) bool, from, to time.Time) []found {
	var out []found
	for _, name := range slices.Sorted(maps.Keys(g.streams)) {
		if !chosen(name) {
			continue
		}
		for _, e := range g.streams[name].between(from, to) {
			out = append(out, found{e, name})
		}
	}
	slices.SortStableFunc(out, func(a, b found) int { return a.at.Compare(b.at) })
	return out
}

func (st *stream) between(from, to time.Time) []event {
	var out []event
	for _, e := range st.events {
		if (from.IsZero() || !e.at.Before(from)) && (to.IsZero() || e.at.Before(to)) {
			out = append(out, e)
		}
	}
	return out
}

var (
	groupName  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	streamName = regexp.MustCompile(`^[^:*]{1,512}$`)
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

func (s *Service) group(name string) (*group, error) {
	if g := s.groups[name]; g != nil {
		return g, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

func (s *Service) stream(groupName, name string) (*stream, error) {
	g, err := s.group(groupName)
	if err != nil {
		return nil, err
	}
	if st := g.streams[name]; st != nil {
		return st, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
}

func invalid(format string, args ...any) error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func notHere(operation, member string) error {
	return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement " + member + " of logs " + operation, Status: 501}
}
