package benchintake

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// Goal is a bound and what was measured.
type Goal struct {
	Figure, Goal, Measured string
	Met                    bool
}

// Goals holds the measurement to what Sluice promises. peak is the most memory that
// this process had, in bytes: function, emulators and load together.
func (m Measurement) Goals(peak int64) []Goal {
	millions := float64(m.Events) / 1e6
	calls, ours, theirs := float64(m.AllCalls()), Sum(m.Ours()), Sum(m.PerEvent())
	return []Goal{
		{"launches", "1", fmt.Sprint(m.Launches), m.Launches == 1},
		{"manifest lists each object once", "exact", fmt.Sprintf("%d listed, %d missing, %d wrong", m.Manifest.Objects, m.Manifest.Missing, m.Manifest.Wrong), m.Manifest.Exact()},
		{"AWS calls for a million events", "< 1,500", fmt.Sprintf("%.0f", calls/millions), calls/millions < 1500},
		{"dollars for a million events", "< 0.01", fmt.Sprintf("%.5f", ours/millions), ours/millions < 0.01},
		{"AWS calls, per-event design over ours", ">= 100", fmt.Sprintf("%.0f", float64(m.Messages)/calls), float64(m.Messages) >= 100*calls},
		{"dollars, per-event design over ours", ">= 100", fmt.Sprintf("%.0f", theirs/ours), theirs >= 100*ours},
		{"peak memory of the whole process", "< 1 GB", fmt.Sprintf("%d MB", peak>>20), peak < 1<<30},
	}
}

// Print writes the measurement, the bills and the goals.
func (m Measurement) Print(out io.Writer, peak int64) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "events of S3\t%d\tof %d objects, in random order\n", m.Events, m.Objects)
	fmt.Fprintf(w, "messages delivered\t%d\n", m.Messages)
	fmt.Fprintf(w, "invocations of on-data\t%d\t%d of them died; %d bytes each\n", m.Invocations, m.Deaths, m.PayloadBytes)
	fmt.Fprintf(w, "invocations of launch-pipeline\t%d\t%d of them died\n", m.LaunchTries, m.LaunchTries-1)
	fmt.Fprintf(w, "manifest\t%d bytes\t%d objects of %d bytes\n", m.Manifest.FileBytes, m.Manifest.Objects, m.Manifest.Bytes)
	for _, f := range m.Functions {
		fmt.Fprintf(w, "processor time of %s\t%.1f s\tin %d invocations\n", f.Name, f.CPU.Seconds(), f.Invocations)
	}
	fmt.Fprintln(w, "\nAWS CALLS THAT SLUICE MAKES\t")
	for _, name := range slices.Sorted(maps.Keys(m.Calls)) {
		fmt.Fprintf(w, "  %s\t%d\n", name, m.Calls[name])
	}
	fmt.Fprintf(w, "  all\t%d\n", m.AllCalls())
	bill(w, "SLUICE ADDS", m.Ours())
	bill(w, "ONE INVOCATION AND ONE WRITE PER EVENT ADDS", m.PerEvent())
	bill(w, "AWS CHARGES FOR THE EVENTS IN ANY DESIGN", m.Anyway())
	fmt.Fprintln(w, "\nFIGURE\tGOAL\tMEASURED\tMET")
	for _, g := range m.Goals(peak) {
		met := "yes"
		if !g.Met {
			met = "NO"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", g.Figure, g.Goal, g.Measured, met)
	}
	return w.Flush()
}

func bill(w io.Writer, title string, lines []Line) {
	fmt.Fprintf(w, "\n%s\tUNITS\tDOLLARS\n", title)
	for _, l := range lines {
		fmt.Fprintf(w, "  %s\t%.0f\t%.5f\n", l.What, l.Count, l.Dollars)
	}
	fmt.Fprintf(w, "  all\t\t%.5f\n", Sum(lines))
}
