package cloudwatch

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"sluice/local/cloudwatch/evaluation"
	"sluice/local/wire"
)

type historyItem struct {
	AlarmName       string     `json:"AlarmName"`
	AlarmType       string     `json:"AlarmType"`
	Timestamp       *wire.Time `json:"Timestamp"`
	HistoryItemType string     `json:"HistoryItemType"`
	HistorySummary  string     `json:"HistorySummary"`
	HistoryData     string     `json:"HistoryData"`
}

// remember writes one line of a's history, which outlives the alarm.
func (s *Service) remember(a *alarm, kind, summary string, data map[string]any) {
	b, err := json.Marshal(data)
	if err != nil {
		panic("cloudwatch: history of alarm " + a.name + " is no JSON: " + err.Error())
	}
	s.past = append(s.past, historyItem{a.name, a.kind(), wire.At(s.world.Now()), kind, summary, string(b)})
}

func stateData(r evaluation.Result) map[string]any {
	d := map[string]any{"stateValue": r.State, "stateReason": r.Reason}
	if r.ReasonData != "" {
		d["stateReasonData"] = json.RawMessage(r.ReasonData)
		if !json.Valid([]byte(r.ReasonData)) { // of SetAlarmState, where it is free text
			d["stateReasonData"] = r.ReasonData
		}
	}
	return d
}

type historyIn struct {
	AlarmName          string     `json:"AlarmName"`
	AlarmContributorID string     `json:"AlarmContributorId"`
	AlarmTypes         []string   `json:"AlarmTypes"`
	HistoryItemType    string     `json:"HistoryItemType"`
	StartDate          *wire.Time `json:"StartDate"`
	EndDate            *wire.Time `json:"EndDate"`
	MaxRecords         int        `json:"MaxRecords"`
	NextToken          string     `json:"NextToken"`
	ScanBy             string     `json:"ScanBy"`
}

type historyOut struct {
	AlarmHistoryItems []historyItem `json:"AlarmHistoryItems"`
	NextToken         string        `json:"NextToken,omitempty"`
}

func (s *Service) describeAlarmHistory(in *historyIn) (*historyOut, error) {
	if in.AlarmContributorID != "" {
		return nil, notHere("DescribeAlarmHistory", "AlarmContributorId")
	}
	kinds, err := alarmKinds(in.AlarmTypes)
	if err != nil {
		return nil, err
	}
	var all []historyItem
	for _, h := range s.past {
		if (in.AlarmName == "" || in.AlarmName == h.AlarmName) && slices.Contains(kinds, h.AlarmType) &&
			(in.HistoryItemType == "" || in.HistoryItemType == h.HistoryItemType) && within(h.Timestamp.Time, in.StartDate, in.EndDate) {
			all = append(all, h)
		}
	}
	if in.ScanBy != "TimestampAscending" {
		slices.Reverse(all)
	}
	page, next, err := paged(all, in.NextToken, in.MaxRecords)
	return &historyOut{page, next}, err
}

func within(t time.Time, from, to *wire.Time) bool {
	return (from == nil || !t.Before(from.Time)) && (to == nil || !t.After(to.Time))
}

// defaultRecords is the page size of alarm listings that ask for none.
const defaultRecords = 50

// paged cuts one page out of all. A token is the number of items before the page.
func paged[T any](all []T, token string, size int) ([]T, string, error) {
	if size < 0 || size > 100 {
		return nil, "", invalid("The parameter MaxRecords must be between 1 and 100.")
	}
	if size == 0 {
		size = defaultRecords
	}
	from := 0
	if token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(all) {
			return nil, "", wire.Errorf("InvalidNextToken", "The next token specified is invalid.")
		}
		from = n
	}
	to := min(from+size, len(all))
	next := ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return append([]T{}, all[from:to]...), next, nil
}
