package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite golden files")

var start = time.Date(2026, 11, 23, 23, 40, 0, 0, time.UTC)

func row(after time.Duration, mark Mark, subject, text string) Row {
	return Row{Time: start.Add(after), Elapsed: after, Mark: mark, Subject: subject, Text: text}
}

func live(after time.Duration, mark Mark, weight int, wealth float64, looks ...Look) Live {
	return Live{
		Time: start.Add(after), Elapsed: after, Subject: "churn-prod", Mark: mark, Step: fmt.Sprintf("1 of 2, %s of 15m", strings.TrimPrefix(Elapsed(after-10*time.Minute), "+")),
		Baseline: Share{"churn/41", 100 - weight}, Candidate: Share{"churn/42", weight},
		Evidence: Evidence{Wealth: wealth, Limit: 100}, Looks: looks,
		Steps: []Step{{Done, "shadow of 10% for 10m", "took 10m00s", 1}, {mark, "10% for 15m", "3m00s of 15m", 0.2}, {Wait, "approval within 4h", "", 0}, {Wait, "100% for 15m", "", 0}},
	}
}

func look(after time.Duration, mark Mark, text string) Look {
	return Look{start.Add(after), mark, text}
}

// story is everything a printer can show, in the order of a rehearsal.
func story(p Printer) {
	p.Note("rehearsing examples/churn at the speed of the machine")
	p.Row(row(0, Trigger, "churn", "data: 1,204 objects under s3://acme-features/churn/, quiet for 10m"))
	p.Row(row(4*time.Second, Train, "churn-training", "execution p4jn9xou8a8s, manifest 1,204 objects, causes data"))
	p.Row(row(7*time.Minute+12*time.Second, Gate, "churn/42", "binary_classification_metrics.auc.value 0.861, at least 0.8, champion 0.858"))
	p.Row(row(7*time.Minute+13*time.Second, Approve, "churn/42", "automatic"))
	p.Row(row(10*time.Minute, Shift, "churn-prod", "weight 0 to 10"))
	first := look(13*time.Minute, Continue, "errors 0.10% against 0.10%, 97 requests")
	second := look(14*time.Minute, Continue, "errors 4.1% against 0.20%, 102 requests")
	p.Live(live(13*time.Minute, Bake, 10, 0.97, first))
	p.Live(live(14*time.Minute, Bake, 10, 14.2, first, second))
	p.Problem(Problem{Warning: true, Text: "less than 2h of history: false rollbacks are likelier", Fix: "wait until 01:40"})
	p.Row(row(25*time.Minute, Alarm, "churn-5xx", "OK to ALARM: Threshold Crossed: 1 datapoint [5.0 (23/11/26 23:59:00)] was greater than the threshold (1.0)"))
	p.Live(live(25*time.Minute+30*time.Second, RollBack, 0, 250, first, second, look(25*time.Minute, RollBack, "alarm churn-5xx")))
	p.EndLive()
	p.Row(row(28*time.Minute, RollBack, "churn-prod", "baseline has 100, InService, verified by DescribeEndpoint"))
	p.Report(Report{
		Mark: RollBack, Title: "churn/42 did not replace churn/41 on churn-prod",
		Fields: []Field{{"reason", "alarm churn-5xx"}, {"served", "1,530 of 15,300 requests in 15m, 63 of them bad"}, {"evidence", "250:1 that the candidate is worse than tolerated"}},
		Steps: []Step{
			{Done, "5% for 15m", "took 15m00s", 1}, {Done, "10% for 15m", "took 15m00s", 1}, {Ask, "approval within 4h", "expires in 3h", 0.25}, {Wait, "20% for 15m", "", 0},
			{Wait, "40% for 15m", "", 0}, {Wait, "60% for 15m", "", 0}, {Wait, "100% for 15m", "", 0},
		},
		Text: []string{"the endpoint serves what it served before; try again with sluice rollout churn/42"},
	})
	p.Table(Table{
		Columns: []Column{{Name: "rollout"}, {Name: "package"}, {Name: "end", Wide: true}, {Name: "minutes", Number: true}},
		Rows:    [][]string{{"r17", "churn/42", "rolled back: alarm churn-5xx", "18"}, {"r16", "churn/41", "promoted", "31"}, {"r15"}},
	})
	p.Table(Table{Columns: []Column{{Name: "x"}}, Empty: "no leases are held"})
	p.Problem(Problem{Where: "sluice.yaml:12:9", Text: "endpoint.name: \"churn_prod\" is not a name that SageMaker takes", Fix: "use churn-prod"})
}

// TestGolden holds the whole look. Escape is shown as ␛; standard error follows a
// line of dashes.
func TestGolden(t *testing.T) {
	tests := []struct {
		name   string
		screen Screen
		json   bool
	}{
		{name: "pipe"},
		{name: "nocolor", screen: Screen{Terminal: true, Width: 120, Height: 40}},
		{name: "colour", screen: Screen{Terminal: true, Colour: true, Width: 120, Height: 40}},
		{name: "narrow", screen: Screen{Terminal: true, Width: 60, Height: 10}},
		{name: "ascii", screen: Screen{Terminal: true, ASCII: true, Width: 90, Height: 40}},
		{name: "json", json: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, err bytes.Buffer
			p := NewText(Stream{&out, tt.screen}, Stream{&err, tt.screen})
			if tt.json {
				p = NewJSON(&out, &err)
			}
			story(p)
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(out.String()+"----\n"+err.String(), "\x1b", "␛")
			path := filepath.Join("testdata", tt.name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-golden +got):\n%s", diff)
			}
		})
	}
}

// TestColourAddsNothing: without its escapes the coloured output is the plain one.
func TestColourAddsNothing(t *testing.T) {
	show := func(colour bool) string {
		var out bytes.Buffer
		stream := Stream{&out, Screen{Terminal: true, Colour: colour, Width: 100}}
		story(NewText(stream, stream))
		plain := ansi.Strip(out.String())
		var lines []string
		for _, line := range strings.Split(plain, "\n") {
			lines = append(lines, strings.TrimRight(line, " "))
		}
		return strings.Join(lines, "\n")
	}
	if diff := cmp.Diff(show(false), show(true)); diff != "" {
		t.Errorf("(-plain +coloured):\n%s", diff)
	}
}

// TestMarks: every mark has a word that fits its column, and glyphs of one cell.
func TestMarks(t *testing.T) {
	for _, m := range []Mark{
		Trigger, Train, Gate, Approve, Reject, Plan, Prepare, Shift, Bake, Continue, Advance, Hold, Promote, RollBack,
		Abort, Halt, Standby, Ask, Command, Undo, Alarm, Fault, Wait, Done, Failed, Info,
	} {
		if m.Word == "" || len(m.Word) > wordWidth || m.Word != strings.ToLower(m.Word) {
			t.Errorf("%q is no word of at most %d small letters", m.Word, wordWidth)
		}
		if ansi.StringWidth(m.Glyph) != 1 || len(m.ASCII) != 1 || m.ASCII[0] > '~' {
			t.Errorf("%s: glyphs %q and %q are not one cell each", m.Word, m.Glyph, m.ASCII)
		}
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "+0s", 59*time.Second + 999*time.Millisecond: "+59s", time.Minute: "+1m00s", 3*time.Minute + 5*time.Second: "+3m05s",
		time.Hour: "+1h00m", 25 * time.Hour: "+1d01h", 14 * 24 * time.Hour: "+14d00h", -90 * time.Second: "-1m30s",
	} {
		if got := Elapsed(d); got != want {
			t.Errorf("Elapsed(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestEvidence(t *testing.T) {
	tests := []struct {
		in    Evidence
		share float64
		text  string
	}{
		{Evidence{0, 100}, 0, "0:1, rolls back at 100:1"},
		{Evidence{0.97, 100}, 0, "1:1, rolls back at 100:1"},
		{Evidence{10, 100}, 0.5, "10:1, rolls back at 100:1"},
		{Evidence{1.72, 20}, 0.18103, "1.7:1, rolls back at 20:1"},
		{Evidence{100, 100}, 1, "100:1 reached, rolls back"},
	}
	for _, tt := range tests {
		if got := tt.in.share(); got < tt.share-1e-4 || got > tt.share+1e-4 {
			t.Errorf("share of %v is %v, want %v", tt.in, got, tt.share)
		}
		if got := tt.in.text(); got != tt.text {
			t.Errorf("text of %v is %q, want %q", tt.in, got, tt.text)
		}
	}
}

func TestPart(t *testing.T) {
	for _, tt := range []struct {
		share float64
		want  int
	}{{0, 0}, {0.001, 1}, {0.5, 20}, {0.999, 39}, {1, 40}, {2, 40}, {-1, 0}} {
		if got := part(tt.share, 40); got != tt.want {
			t.Errorf("part(%v, 40) = %d, want %d", tt.share, got, tt.want)
		}
	}
}

// TestClean: nothing that a terminal would act on comes through.
func TestClean(t *testing.T) {
	if got, want := clean("a\x1b[31mred\x1b[0m\x07\r\nb\u202e\u0085c\x1b]0;title\x07d"), "ared  bcd"; got != want {
		t.Errorf("clean gives %q, want %q", got, want)
	}
	hostile := "\x1b[2Jx\ny"
	for _, json := range []bool{false, true} {
		var out, err bytes.Buffer
		p := NewText(Stream{Writer: &out}, Stream{Writer: &err})
		if json {
			p = NewJSON(&out, &err)
		}
		p.Row(Row{Mark: Info, Subject: hostile, Text: hostile})
		p.Live(Live{Subject: hostile, Mark: Bake, Step: hostile, Baseline: Share{Name: hostile}, Looks: []Look{{Text: hostile}}})
		p.Table(Table{Columns: []Column{{Name: "x"}}, Rows: [][]string{{hostile}}})
		p.Report(Report{Mark: Done, Title: hostile, Fields: []Field{{hostile, hostile}}, Text: []string{hostile}})
		p.Problem(Problem{Where: hostile, Text: hostile, Fix: hostile})
		p.Note(hostile)
		if strings.Contains(out.String()+err.String(), "\x1b") {
			t.Errorf("json %v: an escape came through: %q %q", json, out.String(), err.String())
		}
	}
}

func TestJSONLines(t *testing.T) {
	var out bytes.Buffer
	p := NewJSON(&out, &out)
	story(p)
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil || object["type"] == nil {
			t.Errorf("not an object with a type: %v %s", err, line)
		}
	}
}

// TestStreamsApart: an error log beside a terminal stays plain, and a terminal for
// errors beside a pipe may be coloured.
func TestStreamsApart(t *testing.T) {
	coloured := Screen{Terminal: true, Colour: true, Width: 80}
	for _, tt := range []struct{ out, err Screen }{{coloured, Screen{}}, {Screen{}, coloured}} {
		var out, err bytes.Buffer
		story(NewText(Stream{&out, tt.out}, Stream{&err, tt.err}))
		if got := strings.Contains(out.String(), "\x1b"); got != tt.out.Terminal {
			t.Errorf("escapes on standard output: %v, it is a terminal: %v", got, tt.out.Terminal)
		}
		if got := strings.Contains(err.String(), "\x1b"); got != tt.err.Terminal {
			t.Errorf("escapes on standard error: %v, it is a terminal: %v", got, tt.err.Terminal)
		}
	}
}

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) { b.writes++; return 0, errors.New("closed pipe") }

func TestBrokenPipe(t *testing.T) {
	for _, print := range []func(*broken) Printer{
		func(b *broken) Printer {
			return NewText(Stream{b, Screen{Terminal: true}}, Stream{b, Screen{Terminal: true}})
		},
		func(b *broken) Printer { return NewJSON(b, b) },
	} {
		b := &broken{}
		p := print(b)
		story(p)
		if p.Close() == nil || b.writes != 1 {
			t.Errorf("%d writes into a closed pipe, error %v", b.writes, p.Close())
		}
	}
}

func TestDetect(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for value, want := range map[string]Screen{
		"": {}, "en_US.UTF-8": {}, "de_DE.utf8": {}, "C.UTF-8": {}, "C": {ASCII: true}, "POSIX": {ASCII: true},
	} {
		env := func(name string) string {
			if name == "LANG" {
				return value
			}
			return ""
		}
		if got := Detect(file, env); got != want {
			t.Errorf("LANG=%s: %+v, want %+v", value, got, want)
		}
	}
}

// TestRedraw replays what is written on a small terminal: the screen always ends
// with the newest live area, once, and above it every row, whole and in order.
func TestRedraw(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		screen := Screen{Terminal: true, Colour: rapid.Bool().Draw(r, "colour"), Width: rapid.IntRange(0, 200).Draw(r, "width"), Height: rapid.IntRange(6, 50).Draw(r, "height")}
		vt := &terminal{width: screen.width()}
		p := NewText(Stream{vt, screen}, Stream{vt, screen})
		rows, shown := 0, ""
		var looks []Look
		for i := range rapid.IntRange(1, 30).Draw(r, "steps") {
			switch rapid.IntRange(0, 4).Draw(r, "what") {
			case 0:
				p.Row(row(time.Duration(i)*time.Minute, Info, rapid.StringN(0, 40, -1).Draw(r, "subject"), fmt.Sprintf("row-%d. %s", rows, rapid.StringN(0, 200, -1).Draw(r, "text"))))
				rows++
			case 1:
				p.Note(fmt.Sprintf("row-%d.", rows))
				rows++
			case 2:
				p.EndLive()
				shown = ""
			default:
				shown = fmt.Sprintf("live-%d.", i)
				looks = append(looks, look(time.Duration(i)*time.Minute, Continue, rapid.StringN(0, 99, -1).Draw(r, "look")))
				l := live(time.Duration(i)*time.Minute, Bake, rapid.IntRange(0, 100).Draw(r, "weight"), rapid.Float64().Draw(r, "wealth"), looks...)
				l.Subject = shown
				p.Live(l)
			}
			text := strings.Join(vt.lines, "\n")
			if vt.wrapped {
				r.Fatalf("a line is wider than %d:\n%s", vt.width, text)
			}
			if got := strings.Count(text, "live-"); (shown != "" && (got != 1 || !strings.Contains(text, shown))) || (shown == "" && got != 0) {
				r.Fatalf("%d live areas, want %q:\n%s", got, shown, text)
			}
			if area := strings.Count(text[max(strings.Index(text, "live-"), 0):], "\n"); shown != "" && area > screen.height() {
				r.Fatalf("the live area has %d lines on a terminal of %d:\n%s", area, screen.height(), text)
			}
			for n, at := 0, 0; n < rows; n++ {
				found := strings.Index(text[at:], fmt.Sprintf("row-%d.", n))
				if found < 0 {
					r.Fatalf("row %d is gone:\n%s", n, text)
				}
				at += found
			}
			if at := strings.LastIndex(text, "row-"); shown != "" && at > strings.Index(text, shown) {
				r.Fatalf("a row stands below the live area:\n%s", text)
			}
		}
	})
}

var erasure = regexp.MustCompile(`^\x1b\[(\d+)A\r\x1b\[J`)

// terminal knows what the printer uses: lines, cursor up, and clear to the end.
type terminal struct {
	width   int
	lines   []string
	wrapped bool
}

func (v *terminal) Write(piece []byte) (int, error) {
	rest := string(piece)
	for rest != "" {
		if erase := erasure.FindStringSubmatch(rest); erase != nil {
			up, err := strconv.Atoi(erase[1])
			if err != nil {
				return 0, err
			}
			v.lines = v.lines[:len(v.lines)-up]
			rest = rest[len(erase[0]):]
			continue
		}
		line, after, _ := strings.Cut(rest, "\n")
		v.lines = append(v.lines, ansi.Strip(line))
		v.wrapped = v.wrapped || ansi.StringWidth(line) > v.width && !strings.HasPrefix(ansi.Strip(line), "row-")
		rest = after
	}
	return len(piece), nil
}
