package autoscaling

import (
	"fmt"
	"strconv"

	"sluice/local/wire"
)

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("ValidationException", format, args...)
}

func notFound(format string, args ...any) *wire.Error {
	return wire.Errorf("ObjectNotFoundException", format, args...)
}

// notImplemented is the answer to what local AWS would have to ignore.
func notImplemented(format string, args ...any) *wire.Error {
	return &wire.Error{Code: "NotImplemented", Status: 501, Message: "local AWS does not implement " + fmt.Sprintf(format, args...)}
}

// constraint refuses one member that breaks a rule.
func constraint(value any, member, rule string) *wire.Error {
	return invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

func missing(member string) *wire.Error { return constraint("null", member, "Member must not be null") }

// pageIn holds the members that ask for a page.
type pageIn struct {
	MaxResults *int   `json:"MaxResults"`
	NextToken  string `json:"NextToken"`
}

// cut is one page of all, of at most most results, and the token of the next one.
func cut[T any](all []T, in pageIn, most int) ([]T, string, error) {
	size, from := most, 0
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > most {
		return nil, "", constraint(size, "maxResults", fmt.Sprintf("Member must be between 1 and %d", most))
	}
	if in.NextToken != "" {
		var err error
		if from, err = strconv.Atoi(in.NextToken); err != nil || from < 0 || from > len(all) {
			return nil, "", wire.Errorf("InvalidNextTokenException", "The next token %q is invalid.", in.NextToken)
		}
	}
	page := all[from:min(from+size, len(all))]
	if from+len(page) == len(all) {
		return page, "", nil
	}
	return page, strconv.Itoa(from + len(page)), nil
}
