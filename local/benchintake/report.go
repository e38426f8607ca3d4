package benchintake

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Goal is a bound and what was measured.
type Goal struct {
	Figure, Goal, Measured string
	Met                    bool
}

// maxGrowth is how much more a million events may cost among many millions: nothing,
// but for what is not counted evenly.
const maxGrowth = 1.25

// Goals holds the measurement to what Sluice promises. peak is the most memory that
// this process had, in bytes: function, emulators and load together. small is a
// measurement of fewer events, which those of this one are to cost no more than; nil
// for none.
func (m Measurement) Goals(peak int64, small *Measurement) []Goal {
	millions := float64(m.Events) / 1e6
	calls, ours, theirs := float64(m.AllCalls()), Sum(m.Ours()), Sum(m.PerEvent())
	goals := []Goal{
		{"launches", "1", fmt.Sprint(m.Launches), m.Launches == 1},
		{"manifest lists each object once", "exact", fmt.Sprintf("%d listed, %d missing, %d wrong", m.Manifest.Objects, m.Manifest.Missing, m.Manifest.Wrong), m.Manifest.Exact()},
		{"AWS calls for a million events", "< 1,500", fmt.Sprintf("%.0f", calls/millions), calls/millions < 1500},
		{"dollars for a million events", "< 0.01", fmt.Sprintf("%.5f", ours/millions), ours/millions < 0.01},
		{"AWS calls, per-event design over ours", ">= 100", fmt.Sprintf("%.0f", float64(m.Messages)/calls), float64(m.Messages) >= 100*calls},
		{"dollars, per-event design over ours", ">= 100", fmt.Sprintf("%.0f", theirs/ours), theirs >= 100*ours},
		{"peak memory of the whole process", "< 1 GB", fmt.Sprintf("%d MB", peak>>20), peak < 1<<30},
	}
	longest := slices.MaxFunc(m.functions(), func(a, b Function) int { return cmp.Compare(a.share(), b.share()) })
	goals = append(goals, Goal{"share of its timeout that an invocation takes", "< 100 %", fmt.Sprintf("%.0f %%, %s", 100*longest.share(), longest.Name), longest.share() < 1})
	if small != nil {
		for i, c := range m.costs() {
			if growth := c.amount / small.costs()[i].amount; c.bounded {
				goals = append(goals, Goal{fmt.Sprintf("%s a million events, over those among %d", c.what, small.Events), fmt.Sprintf("< %.2f", maxGrowth), fmt.Sprintf("%.2f", growth), growth < maxGrowth})
			}
		}
	}
	return goals
}

// cost is what a million events cost in something.
type cost struct {
	what    string
	amount  float64
	bounded bool // it must not grow; processor time is not measured so well
}

// costs are those that could grow faster than the events. The launch reads every object
// once from its chunk and, of those chunks that are too many to be open at once, once more.
func (m Measurement) costs() []cost {
	millions := float64(m.Events) / 1e6
	all := []cost{
		{"AWS calls", float64(m.AllCalls()) / millions, true},
		{"S3 reads", m.count("S3", "GetObject") / millions, true},
		{"S3 writes", (m.count("S3") - m.count("S3", "GetObject")) / millions, true},
		{"DynamoDB write units", m.Units.Write / millions, true},
		{"DynamoDB read units", m.Units.Read / millions, true},
		{"dollars", Sum(m.Ours()) / millions, true},
	}
	for _, f := range m.Functions {
		if f.Name == "on-data" || f.Name == "launch-pipeline" {
			all = append(all, cost{"processor seconds of " + f.Name, f.Spent.CPU.Seconds() / millions, false})
		}
	}
	return all
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// Print writes the measurement, the bills and the goals, beside a measurement of fewer
// events if there is one.
func (m Measurement) Print(out io.Writer, peak int64, small *Measurement) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "events of S3\t%d\tof %d objects, in random order; 1 in %d is a second one of an object\n", m.Events, m.Objects, repeated)
	fmt.Fprintf(w, "messages delivered\t%d\t1 in %d is delivered twice\n", m.Messages, redelivered)
	fmt.Fprintf(w, "invocations of on-data\t%d\t%d of them died; %d messages each, in %d bytes of at most %d\n", m.Invocations, m.Deaths, m.Messages/max(1, m.Invocations-m.Deaths), m.PayloadBytes, maxPayload)
	fmt.Fprintf(w, "invocations of launch-pipeline\t%d\t%d of them died\n", m.LaunchTries, m.LaunchTries-1)
	fmt.Fprintf(w, "manifest\t%d bytes\t%d objects of %d bytes\n", m.Manifest.FileBytes, m.Manifest.Objects, m.Manifest.Bytes)
	m.printFunctions(w)
	fmt.Fprintln(w, "\nAWS CALLS THAT SLUICE MAKES\t")
	for _, name := range slices.Sorted(maps.Keys(m.Calls)) {
		fmt.Fprintf(w, "  %s\t%d\n", name, m.Calls[name])
	}
	fmt.Fprintf(w, "  to S3\t%.0f\n  to DynamoDB\t%.0f\n  all\t%d\n", m.count("S3"), m.count("DynamoDB"), m.AllCalls())
	bill(w, fmt.Sprintf("SLUICE ADDS, WITH %d CALLS", m.AllCalls()), m.Ours())
	bill(w, fmt.Sprintf("ONE INVOCATION AND ONE WRITE PER EVENT ADD, WITH %d CALLS", m.Messages), m.PerEvent())
	bill(w, "AWS CHARGES FOR THE OBJECTS AND THEIR EVENTS IN ANY DESIGN", m.Anyway())
	if small != nil {
		fmt.Fprintf(w, "\nA MILLION EVENTS COST\tAMONG %d\tAMONG %d\tGROWTH\n", small.Events, m.Events)
		for i, c := range m.costs() {
			before := small.costs()[i]
			fmt.Fprintf(w, "  %s\t%.5g\t%.5g\t%.2f\n", c.what, before.amount, c.amount, c.amount/before.amount)
		}
	}
	fmt.Fprintln(w, "\nFIGURE\tGOAL\tMEASURED\tMET")
	for _, g := range m.Goals(peak, small) {
		met := "yes"
		if !g.Met {
			met = "NO"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", g.Figure, g.Goal, g.Measured, met)
	}
	return w.Flush()
}

// functions are those of the run, and the one that would end it if it failed.
func (m Measurement) functions() []Function {
	failed := m.Reopening
	failed.Name += " of a failed run"
	return append(slices.Clone(m.Functions), failed)
}

// printFunctions writes what each function took, and how near its longest invocation
// comes to its timeout.
func (m Measurement) printFunctions(w io.Writer) {
	fmt.Fprintln(w, "\nFUNCTION\tINVOKED\tPROCESSOR\tLONGEST: PROCESSOR\tHERE\tCALLS\tPROCESS HELD\tOF\tON LAMBDA\tOF")
	for _, f := range m.functions() {
		fmt.Fprintf(w, "  %s\t%d\t%s\t%s\t%s\t%d\t%d MB\t%d MB\t%s\t%s, %.0f %%\n", f.Name, f.Invocations, seconds(f.Spent.CPU), seconds(f.Longest.CPU), seconds(f.Longest.Wall),
			f.Longest.Calls, f.Longest.Peak>>20, f.MemoryMB, seconds(f.Took(f.Longest)), seconds(f.Timeout), 100*f.share())
	}
	fmt.Fprintf(w, "ON LAMBDA: at %d MB a function has a whole processor, with less its share; a call is taken to last %s\n", int(coreAt), callTakes)
}

func bill(w io.Writer, title string, lines []Line) {
	fmt.Fprintf(w, "\n%s\tUNITS\tDOLLARS\n", title)
	for _, l := range lines {
		fmt.Fprintf(w, "  %s\t%.0f\t%.5f\n", l.What, l.Count, l.Dollars)
	}
	fmt.Fprintf(w, "  all\t\t%.5f\n", Sum(lines))
}
