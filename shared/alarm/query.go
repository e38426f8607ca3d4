package alarm

import (
	"regexp"
	"slices"
	"strings"
)

// query is a Metrics Insights query of the plain kind: one function of one metric,
// filtered by dimensions that must equal something.
type query struct {
	series Series // its dimensions are the filter
	groups []string
}

var (
	selection = regexp.MustCompile(`(?is)^\s*SELECT\s+(AVG|SUM|MIN|MAX|COUNT)\s*\(\s*("[^"]+"|[\w.:/-]+)\s*\)\s+FROM\s+(SCHEMA\s*\(([^)]*)\)|"[^"]+"|[\w.:/-]+)(\s+.*)?$`)
	clauses   = regexp.MustCompile(`(?is)^\s*(?:WHERE\s+(.+?))?(?:\s*GROUP\s+BY\s+(.+?))?(?:\s*ORDER\s+BY\s+.+?)?(?:\s*LIMIT\s+\d+)?\s*$`)
	equality  = regexp.MustCompile(`(?s)^\s*("[^"]+"|\w+)\s*=\s*'([^']*)'\s*$`)
	conjoined = regexp.MustCompile(`(?i)\s+AND\s+`)
)

// functions are the statistics behind the functions of Metrics Insights.
var functions = map[string]string{"AVG": "Average", "SUM": "Sum", "MIN": "Minimum", "MAX": "Maximum", "COUNT": "SampleCount"}

// readQuery reads a Metrics Insights query. ok is false for metric math, and for a
// query that compares otherwise than by equality.
// Source: CloudWatch user guide, "Query components and syntax".
func readQuery(expression string) (q query, ok bool) {
	m := selection.FindStringSubmatch(expression)
	if m == nil {
		return q, false
	}
	from := m[3]
	if m[4] != "" {
		from, _, _ = strings.Cut(m[4], ",")
	}
	rest := clauses.FindStringSubmatch(m[5])
	if rest == nil {
		return q, false
	}
	q.series = Series{Namespace: bare(from), Metric: bare(m[2]), Statistic: functions[strings.ToUpper(m[1])], Dimensions: map[string]string{}}
	if rest[1] != "" {
		for _, part := range conjoined.Split(rest[1], -1) {
			e := equality.FindStringSubmatch(part)
			if e == nil {
				return query{}, false
			}
			q.series.Dimensions[bare(e[1])] = e[2]
		}
	}
	for group := range strings.SplitSeq(rest[2], ",") {
		if group = bare(group); group != "" {
			q.groups = append(q.groups, group)
		}
	}
	return q, true
}

// bare is a name without its quotes.
func bare(name string) string { return strings.Trim(strings.TrimSpace(name), `"`) }

// by reports whether each value of a dimension has a series of its own.
func (q query) by(dimension string) bool { return slices.Contains(q.groups, dimension) }
