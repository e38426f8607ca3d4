package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// emit prints one JSON object with its kind under "type".
func (c *call) emit(kind string, v any) error {
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("writing %s as JSON: %w", kind, err)
	}
	rest := strings.TrimPrefix(line.String(), "{")
	if !strings.HasPrefix(rest, "}") {
		rest = "," + rest
	}
	_, err := fmt.Fprintf(c.out, "{%q:%q%s", "type", kind, rest)
	return err
}

const (
	minuteFormat = "2006-01-02 15:04"
	secondFormat = "2006-01-02 15:04:05"
)

// at is a time to the minute.
func at(t time.Time) string { return t.UTC().Format(minuteFormat) + " UTC" }

// took is a length of time in its two largest units.
func took(d time.Duration) string { return strings.TrimPrefix(ui.Elapsed(d), "+") }

// ago is how long before now t was.
func ago(now, t time.Time) string { return took(max(now.Sub(t), 0)) + " ago" }

// count is 12345 as 12,345.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// counted is a number with its noun.
func counted(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + " " + noun
}

// size is a number of bytes in decimal units, as S3's bill has them.
func size(bytes int64) string {
	if bytes < 1000 {
		return counted(bytes, "byte")
	}
	f, unit := float64(bytes), 0
	for f >= 999.5 && unit < 5 {
		f, unit = f/1000, unit+1
	}
	return strconv.FormatFloat(roundTo(f, 3), 'f', -1, 64) + " " + []string{"", "kB", "MB", "GB", "TB", "PB"}[unit]
}

// share is bad of all in percent, with two figures.
func share(bad, all int64) string {
	if all == 0 || bad == 0 {
		return "0%"
	}
	return strconv.FormatFloat(roundTo(100*float64(bad)/float64(all), 2), 'f', -1, 64) + "%"
}

// roundTo keeps a number's first figures.
func roundTo(f float64, figures int) float64 {
	scale := math.Pow(10, float64(figures-1)-math.Floor(math.Log10(f)))
	return math.Round(f*scale) / scale
}

// odds is evidence, a logarithm, as a bet: 14:1.
func odds(evidence float64) string {
	wealth := math.Exp(evidence)
	switch {
	case wealth < 0.01:
		return "under 0.01:1"
	case wealth > 1e9:
		return "over 1,000,000,000:1"
	case wealth >= 100:
		return count(int64(math.Round(wealth))) + ":1"
	}
	return strconv.FormatFloat(roundTo(wealth, 2), 'f', -1, 64) + ":1"
}

// packageName is the group and version of a model package's ARN: churn/42.
func packageName(arn string) string {
	if _, name, ok := strings.Cut(arn, ":model-package/"); ok {
		return name
	}
	return arn
}

// sideName names what one side of a rollout serves.
func sideName(s rollout.Side) string {
	switch {
	case s.Package != "":
		return packageName(s.Package)
	case s.Model != "":
		return s.Model // it names no package
	}
	return "the baseline"
}

// stepWords is a step in words.
func stepWords(s rollout.Step) string {
	switch s.Kind {
	case rollout.Mirror:
		return fmt.Sprintf("shadow of %d%% for %s", s.Sampling, spec.Duration(s.Bake))
	case rollout.Ask:
		return fmt.Sprintf("approval within %s", spec.Duration(s.Limit))
	case rollout.Rest:
		if s.Limit == 0 {
			return "pause until resumed"
		}
		return fmt.Sprintf("pause of %s", spec.Duration(s.Limit))
	}
	if s.Bake == 0 {
		return fmt.Sprintf("%d%%", s.Weight)
	}
	return fmt.Sprintf("%d%% for %s", s.Weight, spec.Duration(s.Bake))
}

// steps is a plan in words.
func steps(p rollout.Plan) string {
	said := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		said[i] = stepWords(s)
	}
	// A linear plan in full would be a paragraph.
	if n := len(said); n > 4 {
		said = append(said[:2:2], fmt.Sprintf("%d more steps", n-3), said[n-1])
	}
	return strings.Join(said, ", ")
}

// ofPerson is what stands before the name in the ARN of a person or a role's session.
var ofPerson = regexp.MustCompile(`arn:aws[a-z-]*:(?:sts|iam)::\d+:(?:assumed-role|user|federated-user)/`)

// people shortens who a text names to how people know each other: Admin/ana for
// arn:aws:sts::111122223333:assumed-role/Admin/ana.
func people(text string) string { return ofPerson.ReplaceAllString(text, "") }

// weight is the share that was asked for last: while a rollout goes back, none.
func weight(r rollout.Record) int {
	if r.State == rollout.Returning {
		return 0
	}
	return r.Weight()
}

// short is the beginning of a spec's version, enough to tell versions apart.
func short(version string) string { return version[:min(len(version), 12)] }

// wording is what is said of a rollout in a state: its mark, the word of tables, and
// the end of a sentence that begins with the rollout.
type wording struct {
	mark           ui.Mark
	word, sentence string
}

// wordings are the states of a rollout.
var wordings = map[rollout.State]wording{
	rollout.Waiting:    {ui.Wait, "waiting", "waits for the endpoint"},
	rollout.Preparing:  {ui.Prepare, "preparing", "brings the candidate up"},
	rollout.Running:    {ui.Bake, "running", "is under way"},
	rollout.Standby:    {ui.Standby, "standby", "is promoted, with the baseline kept warm"},
	rollout.Promoting:  {ui.Promote, "promoting", "is being promoted"},
	rollout.Returning:  {ui.RollBack, "rolling back", "is rolling back"},
	rollout.Promoted:   {ui.Promote, "promoted", "was promoted"},
	rollout.RolledBack: {ui.RollBack, "rolled back", "was rolled back"},
	rollout.Halted:     {ui.Halt, "halted", "halted: a person must look"},
	rollout.Refused:    {ui.Reject, "refused", "was refused, and nothing was changed"},
	rollout.Aborted:    {ui.Abort, "aborted", "was aborted, and is back on the baseline"},
	rollout.Superseded: {ui.Abort, "superseded", "made room for a newer one before it began"},
}

// standing is what is said of a rollout as it stands: of its state, and of what keeps
// it there.
func standing(r rollout.Record) wording {
	c := r.Control
	moves := r.State == rollout.Preparing || r.State == rollout.Running
	switch {
	case c.Abort != "" && (moves || r.State == rollout.Standby):
		return wording{ui.RollBack, "going back", "is about to go back"}
	case !moves:
	case r.OpenGate() != nil:
		return wording{ui.Ask, "to approve", "waits for an approval"}
	case c.Paused != nil || r.Now().Kind == rollout.Rest:
		return wording{ui.Hold, "paused", "is paused"}
	case !c.Frozen.IsZero():
		return wording{ui.Wait, "frozen", "waits for a window to open"}
	case c.Held:
		return wording{ui.Hold, "held", "is held: the judge can conclude nothing"}
	}
	if known, ok := wordings[r.State]; ok {
		return known
	}
	return wording{ui.Info, string(r.State), "is " + string(r.State)}
}

// stateWord is the word of a state, also of one that this version does not know.
func stateWord(s rollout.State) string {
	if known, ok := wordings[s]; ok {
		return known.word
	}
	return string(s)
}
