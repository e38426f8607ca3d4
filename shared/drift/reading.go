package drift

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Reading is one comparison with the reference.
type Reading struct {
	Rows      int64     `json:"rows"`      // compared
	Reference int64     `json:"reference"` // rows
	Score     float64   `json:"score"`     // of the feature that has moved farthest; over 1 is drift
	Features  []Feature `json:"features,omitempty"`
}

// named bounds how many features a text names.
const named = 4

// Moved are the features over their thresholds, the farthest first.
func (r Reading) Moved() []Feature {
	n := 0
	for n < len(r.Features) && r.Features[n].Score > 1 {
		n++
	}
	return r.Features[:n]
}

// String names the features that have moved, with their numbers.
func (r Reading) String() string {
	moved := r.Moved()
	if len(moved) == 0 {
		return fmt.Sprintf("no feature of %d has moved", len(r.Features))
	}
	var texts []string
	for _, f := range moved[:min(len(moved), named)] {
		text := fmt.Sprintf("%s has moved: PSI %.2f", plain(f.Name), f.PSI)
		if f.KS > 0 {
			text += fmt.Sprintf(", KS %.2f", f.KS)
		}
		texts = append(texts, text)
	}
	if more := len(moved) - named; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

// plain is a name that can stand in a sentence: who asks the endpoint may have given it.
func plain(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.TrimSpace(name) != name {
		return strconv.Quote(name)
	}
	return name
}
