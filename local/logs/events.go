package logs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits of PutLogEvents and of a page of events.
const (
	maxBatch      = 10000
	maxBatchBytes = 1048576
	perEvent      = 26 // bytes that each event counts beside its text
	maxPage       = 10000
	tooOld        = 14 * 24 * time.Hour
	tooNew        = 2 * time.Hour
)

type putIn struct {
	LogGroupName  string       `json:"logGroupName"`
	LogStreamName string       `json:"logStreamName"`
	LogEvents     []inputEvent `json:"logEvents"`
	SequenceToken string       `json:"sequenceToken"` // ignored, as AWS does now
}

type inputEvent struct {
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
	Message   string `json:"message"`
}

type putOut struct {
	NextSequenceToken     string    `json:"nextSequenceToken"`
	RejectedLogEventsInfo *rejected `json:"rejectedLogEventsInfo,omitempty"`
}

type rejected struct {
	TooNewLogEventStartIndex *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOldLogEventEndIndex   *int `json:"tooOldLogEventEndIndex,omitempty"`
}

func (s *Service) putLogEvents(in *putIn) (*putOut, error) {
	st, err := s.stream(in.LogGroupName, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	if len(in.LogEvents) == 0 || len(in.LogEvents) > maxBatch {
		return nil, invalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and %d", maxBatch)
	}
	size := 0
	for i, e := range in.LogEvents {
		if e.Message == "" {
			return nil, invalid("1 validation error detected: Value '' at 'logEvents.%d.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", i+1)
		}
		size += len(e.Message) + perEvent
	}
	if size > maxBatchBytes {
		return nil, invalid("Upload too large: %d bytes exceeds limit of %d", size, maxBatchBytes)
	}
	if !slices.IsSortedFunc(in.LogEvents, func(a, b inputEvent) int { return int(min(max(a.Timestamp-b.Timestamp, -1), 1)) }) {
		return nil, invalid("Log events in a single PutLogEvents request must be in chronological order.")
	}
	out, now := &putOut{NextSequenceToken: fmt.Sprintf("%056d", s.events+1)}, s.world.Now()
	var no rejected
	for i, e := range in.LogEvents {
		at := time.UnixMilli(e.Timestamp)
		switch {
		case at.Before(now.Add(-tooOld)):
			end := i + 1
			no.TooOldLogEventEndIndex = &end
		case at.After(now.Add(tooNew)):
			if no.TooNewLogEventStartIndex == nil {
				no.TooNewLogEventStartIndex = &i
			}
		default:
			s.write(st, at, e.Message)
		}
	}
	if no != (rejected{}) {
		out.RejectedLogEventsInfo = &no
	}
	return out, nil
}

type getIn struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	LogStreamName      string `json:"logStreamName"`
	StartTime          int64  `json:"startTime"`
	EndTime            int64  `json:"endTime"`
	NextToken          string `json:"nextToken"`
	Limit              int    `json:"limit"`
	StartFromHead      bool   `json:"startFromHead"`
}

type outputEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

type getOut struct {
	Events            []outputEvent `json:"events"`
	NextForwardToken  string        `json:"nextForwardToken"`
	NextBackwardToken string        `json:"nextBackwardToken"`
}

// getLogEvents pages through one stream in both directions. A token is "f/" or
// "b/" and a place; at the end the same token comes back, which is how callers know.
func (s *Service) getLogEvents(in *getIn) (*getOut, error) {
	if in.LogGroupName == "" {
		in.LogGroupName = fromARN(in.LogGroupIdentifier)
	}
	st, err := s.stream(in.LogGroupName, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > maxPage {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", in.Limit, maxPage)
	}
	limit := in.Limit
	if limit == 0 {
		limit = maxPage
	}
	all := st.between(bound(in.StartTime), bound(in.EndTime))
	from, to := max(len(all)-limit, 0), len(all)
	if in.StartFromHead {
		from, to = 0, min(limit, len(all))
	}
	if in.NextToken != "" {
		direction, place, _ := strings.Cut(in.NextToken, "/")
		n, err := strconv.Atoi(place)
		if err != nil || n < 0 || n > len(all) || direction != "f" && direction != "b" {
			return nil, invalid("The specified nextToken is invalid.")
		}
		from, to = n, min(n+limit, len(all))
		if direction == "b" {
			from, to = max(n-limit, 0), n
		}
	}
	out := &getOut{[]outputEvent{}, "f/" + strconv.Itoa(to), "b/" + strconv.Itoa(from)}
	for _, e := range all[from:to] {
		out.Events = append(out.Events, outputEvent{e.at.UnixMilli(), e.line, e.ingested.UnixMilli()})
	}
	return out, nil
}

func bound(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

type filterIn struct {
	LogGroupName        string   `json:"logGroupName"`
	LogGroupIdentifier  string   `json:"logGroupIdentifier"`
	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	StartTime           int64    `json:"startTime"`
	EndTime             int64    `json:"endTime"`
	FilterPattern       string   `json:"filterPattern"`
	NextToken           string   `json:"nextToken"`
	Limit               int      `json:"limit"`
}

type filteredEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventID       string `json:"eventId"`
}

type filterOut struct {
	Events             []filteredEvent `json:"events"`
	SearchedLogStreams []struct{}      `json:"searchedLogStreams"`
	NextToken          string          `json:"nextToken,omitempty"`
}

// filterLogEvents searches a group. Unlike GetLogEvents, EndTime is inclusive.
func (s *Service) filterLogEvents(in *filterIn) (*filterOut, error) {
	if in.LogGroupName == "" {
		in.LogGroupName = fromARN(in.LogGroupIdentifier)
	}
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != "" {
		return nil, invalid("logStreamNamePrefix and logStreamNames are mutually exclusive.")
	}
	wanted, err := parsePattern(in.FilterPattern)
	if err != nil {
		return nil, invalid("Invalid filter pattern: %v", err)
	}
	to := bound(in.EndTime)
	if !to.IsZero() {
		to = to.Add(time.Millisecond)
	}
	chosen := func(name string) bool {
		return strings.HasPrefix(name, in.LogStreamNamePrefix) && (len(in.LogStreamNames) == 0 || slices.Contains(in.LogStreamNames, name))
	}
	all := []filteredEvent{}
	for _, f := range g.search(chosen, bound(in.StartTime), to) {
		if wanted(f.line) {
			all = append(all, filteredEvent{f.stream, f.at.UnixMilli(), f.line, f.ingested.UnixMilli(), fmt.Sprintf("%056d", f.id)})
		}
	}
	page, next, err := cut(all, in.NextToken, in.Limit, maxPage)
	return &filterOut{page, []struct{}{}, next}, err
}
