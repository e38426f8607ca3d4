package picture

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/cmd/sluice/forecast"
	"sluice/cmd/sluice/forecast/estimate"
	"sluice/cmd/sluice/forecast/export"
	"sluice/shared/judge"
)

var plan = judge.Plan{{Weight: 10, Minutes: 15}, {Weight: 100, Minutes: 15}}

var rules = forecast.Rules{Plan: plan, Look: 1, Config: judge.Config{Alpha: 0.01, Metrics: []judge.Metric{{Name: "failed"}}}}

const hostile = `</text><script>alert("x")</script>&`

func simulated() forecast.Forecast {
	median := estimate.Range{Value: 7, Low: 6, High: 8}
	return forecast.Forecast{
		Rules: rules,
		Candidates: []forecast.Candidate{
			{Name: "healthy", Healthy: true, Within: true, Rollouts: 100, Starts: []int{0, 18}, Length: 35},
			{Name: "bad", Rollouts: 4, Back: []int{4, 7, 7, 20}, RolledBack: estimate.Chance(4, 4), CatchMedian: &median},
			{Name: hostile, Rollouts: 10, Back: []int{3000}, RolledBack: estimate.Chance(1, 10)},
		},
	}
}

func recorded() forecast.Backtest {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := forecast.Backtest{Start: start, Minutes: 1000, First: 120, Rules: rules, Each: make([]export.Minute, 1000)}
	for i := range b.Each {
		b.Each[i] = export.Minute{Requests: 100, Failed: int64(i % 3)}
		if i%7 == 0 {
			b.Each[i] = export.Minute{}
		}
	}
	for i := range 800 {
		b.Back = append(b.Back, float64(i%2))
	}
	b.Back[5] = math.NaN()
	b.Spells = []forecast.Spell{{From: start.Add(5 * time.Hour), Minutes: 4, Requests: 400, Failed: 80, RolledBack: 3}}
	return b
}

func replayed() forecast.Replay {
	r := forecast.Replay{Began: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Rules: rules, Verdict: judge.Verdict{Action: judge.RollBack, Limit: math.Log(100), Reasons: []string{hostile}}}
	for i := range 20 {
		l := forecast.Look{Weight: 10, Reading: judge.Reading{Baseline: judge.Counts{N: 900, Bad: 1}, Candidate: judge.Counts{N: 100, Bad: int64(i)}}, Deciding: i == 12}
		l.Verdict.Evidence = float64(i) - 8
		if i == 7 {
			l.Weight, l.Reading = 0, judge.Reading{}
		}
		r.Looks = append(r.Looks, l)
	}
	return r
}

func drawings() map[string]string {
	empty := forecast.Forecast{Rules: rules}
	return map[string]string{
		"rollbacks":       Rollbacks(simulated(), "10% for 15m "+hostile, "below"),
		"rollbacks, none": Rollbacks(empty, "nothing"),
		"record":          Record(recorded(), "title", "below", hostile),
		"evidence":        Evidence(replayed(), "title", "below"),
	}
}

// outside is what would be fetched from elsewhere, or run.
var outside = regexp.MustCompile(`(?i)<script|<image|<foreignObject|href=|url\(|@import|\son\w+=`)

func TestDrawingsStandAlone(t *testing.T) {
	for name, svg := range drawings() {
		decoder := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s is not XML: %v", name, err)
			}
		}
		if found := outside.FindString(svg); found != "" {
			t.Errorf("%s holds %s", name, found)
		}
		for _, number := range []string{"NaN", "Inf", "%!"} {
			if strings.Contains(svg, number) {
				t.Errorf("%s holds %s", name, number)
			}
		}
		for _, needed := range []string{"<title", "<desc", "prefers-color-scheme:dark", `role="img"`} {
			if !strings.Contains(svg, needed) {
				t.Errorf("%s lacks %s", name, needed)
			}
		}
	}
}

func TestDrawingsAreTheSameAgain(t *testing.T) {
	if diff := cmp.Diff(drawings(), drawings()); diff != "" {
		t.Error(diff)
	}
}

// Every line is named on the line and in the legend, and every step has its weight.
func TestRollbacksNamesItsLines(t *testing.T) {
	svg := Rollbacks(simulated(), "title")
	for _, words := range []string{">healthy<", ">bad<", ">10% of requests<", ">100%<", ">promoted<", "rolled back 100% (51% to 100%), after 7 min"} {
		if !strings.Contains(svg, words) {
			t.Errorf("%s is missing", words)
		}
	}
	if got := strings.Count(svg, ">bad<"); got != 2 {
		t.Errorf("bad is named %d times, want once on its line and once in the legend", got)
	}
}

// Two lines may have one colour, or one kind of dash, but no two of the first 12 both.
func TestLinesLookDifferent(t *testing.T) {
	seen := map[string]int{}
	for i := range 12 {
		if before, twice := seen[stroke(i)]; twice {
			t.Errorf("lines %d and %d both are %s", before, i, stroke(i))
		}
		seen[stroke(i)] = i
	}
}

func TestBadgesDoNotMeet(t *testing.T) {
	fc := simulated()
	for i := range 8 {
		c := fc.Candidates[1]
		c.Name = strings.Repeat("x", 5+i)
		fc.Candidates = append(fc.Candidates, c)
	}
	p := &panel{drawing: &drawing{}, top: 100, bottom: 500, x1: 40, y1: 1}
	var taken []rect
	for i, c := range fc.Candidates {
		at := p.place(c, i, taken)
		for _, other := range taken {
			if at.meets(other) {
				t.Errorf("the badge of candidate %d lies on another", i)
			}
		}
		taken = append(taken, at)
	}
}

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		low, high float64
		want      []float64
	}{{0, 1, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}}, {0, 7, []float64{0, 2, 4, 6}}, {3, 3, []float64{3}}, {0, 0.05, []float64{0, 0.01, 0.02, 0.03, 0.04, 0.05}}} {
		if diff := cmp.Diff(tt.want, ticks(tt.low, tt.high, 5), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })); diff != "" {
			t.Errorf("%v to %v: %s", tt.low, tt.high, diff)
		}
	}
}

func TestTimeTicksAreRound(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 7, 0, 0, time.UTC)
	for minutes, want := range map[float64]string{20: "12:10 12:15 12:20 12:25", 300: "13:00 14:00 15:00 16:00 17:00", 4 * 1440: "Mar 2 00:00 Mar 2 12:00 Mar 3 00:00 Mar 3 12:00 Mar 4 00:00 Mar 4 12:00 Mar 5 00:00 Mar 5 12:00"} {
		values, word := timeTicks(start, minutes)
		var got []string
		for _, v := range values {
			got = append(got, word(v))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%v minutes: %s", minutes, diff)
		}
	}
}

func TestPage(t *testing.T) {
	html, err := Page{
		Title: hostile, Lead: []string{hostile}, SVG: Rollbacks(simulated(), "title"), Notes: []string{hostile}, Command: hostile,
		Tables: []Table{{Title: hostile, Heads: []string{"a", "b"}, Numeric: []bool{false, true}, Rows: [][]string{{hostile, "1"}}}},
	}.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if found := outside.FindString(html); found != "" {
		t.Errorf("the page holds %s", found)
	}
	for _, needed := range []string{"<svg", `<td class="n">1</td>`, "</html>"} {
		if !strings.Contains(html, needed) {
			t.Errorf("the page lacks %s", needed)
		}
	}
}
