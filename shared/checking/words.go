package checking

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/shared/building"
	"sluice/shared/reporting"
)

// maxTail is how many lines of a log a comment shows, and maxComment how long it may
// be, in bytes. Source: CodeCommit quotas, 10,240 characters.
const (
	maxTail    = 20
	maxComment = 10_000
)

// over reports whether all builds have ended.
func (c Check) over() bool { return len(c.Results) == len(c.Builds) }

// passed reports whether everything went well.
func (c Check) passed() bool {
	for _, r := range c.Results {
		if r.Status != building.Succeeded {
			return false
		}
	}
	return c.over() && c.Problems == ""
}

// text is the comment on the request.
func (c Check) text() string {
	var b strings.Builder
	title := "running"
	switch {
	case c.passed():
		title = "passed"
	case c.over() || c.Problems != "":
		title = "failed"
	}
	fmt.Fprintf(&b, "**Checks of %s: %s**\n\n", building.Short(c.Head), title)
	if c.Problems != "" {
		fmt.Fprintf(&b, "The spec is wrong:\n\n```\n%s\n```\n\n", c.Problems)
	}
	for _, project := range slices.Sorted(maps.Keys(c.Builds)) {
		r, over := c.Results[project]
		status := "running"
		if over {
			status = strings.ToLower(r.Status)
		}
		fmt.Fprintf(&b, "- `%s`: %s\n", project, status)
		if r.Text != "" {
			fmt.Fprintf(&b, "\n%s\n", r.Text)
		}
	}
	text := b.String()
	if len(text) > maxComment {
		text = strings.ToValidUTF8(text[:maxComment], "") + "\n[cut]"
	}
	return text
}

// failure is what a comment says of a build that failed.
func failure(b building.Build, tail []string) string {
	lines := []string{fmt.Sprintf("Phase %s: %s", cmp.Or(b.Phase, "unknown"), reporting.Mask(b.Why))}
	if len(tail) > 0 {
		lines = append(lines, "", "```", strings.Join(reporting.Tail(tail), "\n"), "```")
	}
	if b.Link != "" {
		lines = append(lines, "", "[Log]("+b.Link+")")
	}
	return strings.Join(lines, "\n")
}
