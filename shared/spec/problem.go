package spec

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a file, where it is and what would be right.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Field   string `json:"field"`  // like triggers.data[0].bucket; empty for the file as a whole
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// String is the problem on one line: file:line:col: field: what is wrong; what would be right.
func (p Problem) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Field != "" {
		text.WriteString(p.Field + ": ")
	}
	text.WriteString(p.Message)
	if p.Fix != "" {
		text.WriteString("; " + p.Fix)
	}
	return text.String()
}

// Error is what Parse returns for a file that cannot be used: every problem it
// has, in the order of its lines.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
