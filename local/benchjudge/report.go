package benchjudge

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Report is what a measurement says, for people and for machines.
type Report struct {
	Goals     []Goal  `json:"goals"`
	Slices    []Slice `json:"slices"`
	Scenarios int     `json:"scenarios"`
	Seconds   float64 `json:"seconds"`
}

// Report sums up the result.
func (r Result) Report() Report {
	return Report{Goals: r.Goals(), Slices: r.Breakdown(), Scenarios: len(r.outcomes)}
}

// Missed is how many goals were.
func (r Report) Missed() int {
	missed := 0
	for _, g := range r.Goals {
		if !g.Met {
			missed++
		}
	}
	return missed
}

// Print writes the goals table, and where the judge is good and where it is not.
func (r Report) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tGOAL\tMEASURED\tERROR\tMET\tNOTE")
	for _, g := range r.Goals {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", g.Figure, g.Goal, g.number(g.Measured), g.number(g.Error), yes(g.Met), g.Note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nbad responses over the all-knowing judge's, by")
	for i, s := range r.Slices {
		if i == 0 || s.By != r.Slices[i-1].By {
			fmt.Fprintf(w, "%s\t\t\n", s.By)
		}
		fmt.Fprintf(w, "  %s\t%.2f\t%d scenarios\n", s.Value, s.Ratio, s.Scenarios)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d scenarios, %d of %d goals missed, %.0f s\n", r.Scenarios, r.Missed(), len(r.Goals), r.Seconds)
	return err
}

// number writes shares in percent where the goal is in percent.
func (g Goal) number(x float64) string {
	switch {
	case strings.HasSuffix(g.Goal, "%") || strings.HasSuffix(g.Goal, "alpha"):
		return fmt.Sprintf("%.2f %%", 100*x)
	case x >= 1000:
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "NO"
}
