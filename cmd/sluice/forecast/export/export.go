// Package export reads metrics that were exported from CloudWatch: the JSON that
// `aws cloudwatch get-metric-data` prints, several pages one after another if need be.
// Parse reads the text and says in which line it is wrong; Assemble finds out which
// result is which metric of which variant and lays them out by the minute.
//
// It asks CloudWatch nothing and judges nothing: forecast plays rollouts on the
// minutes. Source of the shape: API_GetMetricData and API_MetricDataResult.
package export

import (
	"fmt"
	"time"
)

// File is what one file says.
type File struct {
	Name    string
	Results []Result // results of one id on several pages are one
	// Incomplete says that CloudWatch had more to tell: the last page had a
	// NextToken, or a result was left partial.
	Incomplete bool
	Messages   []string // what CloudWatch remarked
}

// Result is the points of one metric, in the order of the file.
type Result struct {
	ID     string
	Label  string
	Line   int // of its first page
	Points []Point
}

// Point is one period's value.
type Point struct {
	At    time.Time // UTC, the period's beginning
	Value float64
	Line  int
}

// Error is what is wrong with a file, and where.
type Error struct {
	File string
	Line int // from 1; 0 is the whole file
	Text string
	Fix  string
}

func (e *Error) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Fix == "" {
		return where + ": " + e.Text
	}
	return where + ": " + e.Text + "; " + e.Fix
}
