package api

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/local/wire"
)

// Query holds the members that SageMaker's List calls share. Embed it in an input.
type Query struct {
	NameContains           string     `json:"NameContains"`
	CreationTimeAfter      *wire.Time `json:"CreationTimeAfter"`
	CreationTimeBefore     *wire.Time `json:"CreationTimeBefore"`
	LastModifiedTimeAfter  *wire.Time `json:"LastModifiedTimeAfter"`
	LastModifiedTimeBefore *wire.Time `json:"LastModifiedTimeBefore"`
	SortBy                 string     `json:"SortBy"`
	SortOrder              string     `json:"SortOrder"`
	MaxResults             *int       `json:"MaxResults"`
	NextToken              string     `json:"NextToken"`
}

// Row is what a Query filters and sorts by.
type Row struct {
	Name     string
	Status   string
	Created  time.Time
	Modified time.Time
}

// List filters, sorts and pages all, which is in order of creation. order is the
// SortOrder when the caller gives none. Pages hold 10 results unless asked for
// up to 100. It returns the page and the token of the next one, "" at the end.
func List[T any](q Query, all []T, order string, row func(T) Row) ([]T, string, error) {
	if err := First(
		CheckRange("maxResults", q.MaxResults, 1, 100),
		CheckOneOf("sortOrder", q.SortOrder, "Ascending", "Descending"),
	); err != nil {
		return nil, "", err
	}
	var kept []T
	for _, x := range all {
		if q.keeps(row(x)) {
			kept = append(kept, x)
		}
	}
	slices.SortStableFunc(kept, func(a, b T) int { return compare(q.SortBy, row(a), row(b)) })
	if cmp.Or(q.SortOrder, order) == "Descending" {
		slices.Reverse(kept)
	}
	return Page(kept, q.NextToken, q.MaxResults, 10)
}

func (q Query) keeps(r Row) bool {
	after := func(t *wire.Time, at time.Time) bool { return t == nil || at.After(t.Time) }
	before := func(t *wire.Time, at time.Time) bool { return t == nil || at.Before(t.Time) }
	return strings.Contains(strings.ToLower(r.Name), strings.ToLower(q.NameContains)) &&
		after(q.CreationTimeAfter, r.Created) && before(q.CreationTimeBefore, r.Created) &&
		after(q.LastModifiedTimeAfter, r.Modified) && before(q.LastModifiedTimeBefore, r.Modified)
}

func compare(by string, a, b Row) int {
	switch by {
	case "Name", "PipelineName", "PipelineExecutionArn":
		return strings.Compare(a.Name, b.Name)
	case "Status":
		return strings.Compare(a.Status, b.Status)
	}
	return a.Created.Compare(b.Created)
}

// Page cuts one page out of all. most is the caller's MaxResults, or nil.
func Page[T any](all []T, token string, most *int, usual int) ([]T, string, error) {
	from := 0
	if token != "" {
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err == nil {
			from, err = strconv.Atoi(string(b))
		}
		if err != nil || from < 0 {
			return nil, "", Invalid("Invalid pagination token: %s", token)
		}
	}
	size := usual
	if most != nil {
		size = *most
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	next := ""
	if to < len(all) {
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return all[from:to], next, nil
}
