package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const begin = `{"rollout":"r17","plan":[{"weight":0.1,"minutes":3},{"weight":1,"minutes":3}],"alpha":0.05,"tolerance":{"relative":0.1,"absolute":0},"history":[[1003,1],[998,0]]}`

// verdicts serves the lines and returns the words of the answers.
func verdicts(t *testing.T, lines ...string) []string {
	t.Helper()
	var out bytes.Buffer
	if err := Serve(strings.NewReader(strings.Join(lines, "\n")), &out); err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if line == "" {
			continue
		}
		var answer struct {
			Verdict  string   `json:"verdict"`
			Evidence *float64 `json:"evidence"`
		}
		if err := json.Unmarshal([]byte(line), &answer); err != nil || answer.Evidence == nil {
			t.Fatalf("answer %q: %v", line, err)
		}
		words = append(words, answer.Verdict)
	}
	return words
}

func line(minute int, weight float64, nb, xb, nc, xc int, more string) string {
	return fmt.Sprintf(`{"minute":%d,"weight":%g,"baseline":{"n":%d,"bad":%d},"candidate":{"n":%d,"bad":%d}%s}`, minute, weight, nb, xb, nc, xc, more)
}

func TestServe(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"a rollout alone is not answered", []string{begin}, nil},
		{"no input", nil, nil},
		{"healthy", []string{begin, line(0, 0.1, 900, 1, 100, 0, ""), line(1, 0.1, 900, 1, 100, 0, ""), line(2, 0.1, 900, 0, 100, 0, ""), line(3, 1, 0, 0, 1000, 1, "")},
			[]string{"continue", "continue", "continue", "continue"}},
		{"always failing", []string{begin, line(0, 0.1, 900, 1, 100, 100, "")}, []string{"rollback"}},
		{"still rolled back a minute later", []string{begin, line(0, 0.1, 900, 1, 100, 100, ""), line(1, 0.1, 900, 1, 100, 0, "")}, []string{"rollback", "rollback"}},
		{"revised into a rollback", []string{begin, line(0, 0.1, 900, 1, 100, 0, ""), line(0, 0.1, 900, 1, 100, 100, `,"revised":true`)}, []string{"continue", "rollback"}},
		{"a rollback is not revised away", []string{begin, line(0, 0.1, 900, 1, 100, 100, ""), line(0, 0.1, 900, 1, 100, 0, `,"revised":true`)}, []string{"rollback", "rollback"}},
		{"no candidate requests", []string{begin, line(0, 0.1, 900, 1, 0, 0, ""), line(1, 0.1, 900, 1, 0, 0, ""), line(2, 0.1, 900, 1, 0, 0, "")}, []string{"continue", "hold", "hold"}},
		{"another rollout starts afresh", []string{begin, line(0, 0.1, 900, 1, 100, 100, ""), begin, line(0, 0.1, 900, 1, 100, 0, "")}, []string{"rollback", "continue"}},
		{"unknown members and unusual spelling", []string{begin, ` {"note": "x", "minute": 0, "weight": 1e-1, "candidate": {"bad": 100, "n": 100}, "baseline": {"n": 900, "bad": 1}} `}, []string{"rollback"}},
		{"defaults", []string{`{"plan":[{"weight":0.5,"minutes":1}]}`, line(0, 0.5, 1000, 0, 1000, 1000, "")}, []string{"rollback"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, verdicts(t, tt.lines...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServeRejects(t *testing.T) {
	for _, tt := range []struct{ name, lines, want string }{
		{"a minute before a rollout", line(0, 0.1, 1, 0, 1, 0, ""), "line 1: a minute before any rollout"},
		{"no JSON", begin + "\nhello", "line 2: reading a minute"},
		{"more failures than requests", begin + "\n" + line(0, 0.1, 1, 2, 1, 0, ""), "2 bad of 1 requests"},
		{"minutes out of order", begin + "\n" + line(4, 0.1, 1, 0, 1, 0, "") + "\n" + line(3, 0.1, 1, 0, 1, 0, ""), "minute 3 came after minute 4"},
		{"a revision of an older minute", begin + "\n" + line(4, 0.1, 1, 0, 1, 0, "") + "\n" + line(3, 0.1, 1, 0, 1, 0, `,"revised":true`), "the last minute is 4"},
		{"history that is no pairs", `{"plan":[{"weight":1,"minutes":1}],"history":[[1,2,3]]}`, "history"},
		{"a plan without steps", `{"plan":[]}`, "plan has no steps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Serve(strings.NewReader(tt.lines), io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// An answer must be there before the next line is sent: the caller decides by it.
func TestServeAnswersBeforeItReadsOn(t *testing.T) {
	toJudge, lines := io.Pipe()
	answers, fromJudge := io.Pipe()
	done := make(chan error)
	go func() { done <- Serve(toJudge, fromJudge) }()
	reader := bufio.NewReader(answers)
	fmt.Fprintln(lines, begin)
	for minute := range 3 {
		fmt.Fprintln(lines, line(minute, 0.1, 900, 0, 100, 0, ""))
		if _, err := reader.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	lines.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// The fast reader must read what encoding/json reads, or leave it alone.
func FuzzMinuteParse(f *testing.F) {
	f.Add([]byte(line(3, 0.1, 903, 2, 97, 4, `,"revised":true`)))
	f.Add([]byte(`{"minute":007,"weight":.5}`))
	f.Add([]byte(`{"weight":0.1234567890123456,"minute":12345678901234567890}`))
	f.Add([]byte("{}\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var fast, slow minute
		if !fast.parse(text) {
			return
		}
		if err := json.Unmarshal(text, &slow); err != nil {
			t.Fatalf("%q was read as %+v, but: %v", text, fast, err)
		}
		if fast != slow {
			t.Fatalf("%q: got %+v, want %+v", text, fast, slow)
		}
	})
}

// Whatever comes in, Serve ends with an error or well-formed answers; it does not panic or answer NaN.
func FuzzServe(f *testing.F) {
	f.Add([]byte(begin + "\n" + line(0, 0.1, 900, 1, 100, 40, "") + "\n" + line(9, 0.1, 900, 1, 0, 0, "")))
	f.Add([]byte(`{"plan":[{"weight":1e-9,"minutes":1}],"alpha":1e-300,"tolerance":{"relative":99,"absolute":0.9}}` + "\n" + line(0, 1, 0, 0, 1, 1, "")))
	f.Add([]byte(begin + "\n" + `{"minute":5,"weight":0.1,"baseline":{"n":1000000000000,"bad":1000000000000},"candidate":{"n":1000000000000,"bad":0}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var out bytes.Buffer
		_ = Serve(bytes.NewReader(text), &out)
		for _, answer := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if answer != "" && !json.Valid([]byte(answer)) {
				t.Fatalf("answer %q is no JSON", answer)
			}
		}
	})
}

func traffic(rollouts int) ([]byte, int) {
	var b bytes.Buffer
	random := rand.New(rand.NewPCG(1, 2))
	lines := 0
	for r := range rollouts {
		fmt.Fprintf(&b, `{"rollout":"r%d","plan":[{"weight":0.1,"minutes":10},{"weight":0.5,"minutes":10},{"weight":1,"minutes":20}],"alpha":0.05,"tolerance":{"relative":0.1,"absolute":0},"history":[`, r)
		for i := range 360 {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "[%d,%d]", 950+random.IntN(100), random.IntN(4))
		}
		b.WriteString("]}\n")
		for i := range 40 {
			weight, nb, nc := 0.1, 900, 100
			switch {
			case i >= 20:
				weight, nb, nc = 1, 0, 1000
			case i >= 10:
				weight, nb, nc = 0.5, 500, 500
			}
			fmt.Fprintf(&b, `{"minute":%d,"weight":%g,"baseline":{"n":%d,"bad":%d},"candidate":{"n":%d,"bad":%d}}`+"\n", i, weight, nb, min(nb, random.IntN(3)), nc, random.IntN(2))
			lines++
		}
	}
	return b.Bytes(), lines
}

func BenchmarkServe(b *testing.B) {
	input, lines := traffic(200)
	for b.Loop() {
		if err := Serve(bytes.NewReader(input), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "minutes/s")
}
