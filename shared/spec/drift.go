package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Drift asks for an alarm of Sluice's own: what the endpoint is asked and answers now is
// compared with a reference, feature by feature, and the alarm is a drift trigger of the
// model without being named in Triggers.
type Drift struct {
	// Captures is where the endpoint's data capture writes: the DestinationS3Uri of its
	// DataCaptureConfig.
	Captures string `json:"captures"`
	// Columns are the names of the values of a CSV request, in their order. What they do
	// not name is not compared; without them, everything is.
	Columns []string `json:"columns,omitempty"`
	// Categorical are features whose numbers are names; Ignore those that are not
	// compared.
	Categorical []string `json:"categorical,omitempty"`
	Ignore      []string `json:"ignore,omitempty"`
	// Reference is an S3 object to compare with, CSV with a header or JSON lines; without
	// one, what a champion was asked first, for Learn, is the reference.
	Reference string   `json:"reference,omitempty"`
	Learn     Duration `json:"learn,omitzero"`
	// Window is what is compared at a time; one with less than MinRows rows waits for
	// the next.
	Window  Duration `json:"window,omitzero"`
	MinRows int      `json:"minRows,omitempty"`
	// PSI and KS are the distances from the reference that are drift: the population
	// stability index, and the Kolmogorov-Smirnov distance of a feature's numbers.
	PSI float64 `json:"psi,omitempty"`
	KS  float64 `json:"ks,omitempty"`
	// Hold is how long the alarm must stay on before it counts.
	Hold Duration `json:"hold,omitzero"`
}

// DriftAlarm is the name of Sluice's own alarm of a model.
func DriftAlarm(model string) string { return "sluice-drift-" + model }

// Bucket is where captures come in.
func (d Drift) Bucket() string { bucket, _ := cutURI(d.Captures); return bucket }

// Prefix is what the keys of captures begin with. It ends in a slash, or is empty.
func (d Drift) Prefix() string {
	_, prefix := cutURI(d.Captures)
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return prefix
}

// Object is where the reference is; "" for none.
func (d Drift) Object() (bucket, key string) { return cutURI(d.Reference) }

// cutURI splits an s3:// address.
func cutURI(uri string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	return bucket, key
}

// Basis names what sketches of captures rest on: with another one, they cannot be
// compared with those that there are.
func (d Drift) Basis() string {
	d.MinRows, d.PSI, d.KS, d.Hold = 0, 0, 0, 0
	text, err := json.Marshal(d)
	if err != nil {
		panic("spec: a Drift is not JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

const (
	minDriftWindow = Duration(5 * time.Minute)
	maxDriftWindow = Duration(24 * time.Hour)
	maxLearn       = Duration(10 * 24 * time.Hour)
	leastRows      = 200
	maxMinRows     = 10_000_000
	maxDistance    = 10 // of PSI; KS has at most 1
	maxFeatureName = 200
)

func (r *report) drift(d *Drift, data []DataTrigger) {
	if d == nil {
		return
	}
	r.folder("drift.captures", d.Captures)
	r.object("drift.reference", d.Reference)
	for _, l := range []struct {
		name  string
		names []string
	}{{"columns", d.Columns}, {"categorical", d.Categorical}, {"ignore", d.Ignore}} {
		r.features("drift."+l.name, l.names)
	}
	r.driftTimes(d)
	if r.usable("drift.minRows") && (d.MinRows < leastRows || d.MinRows > maxMinRows) {
		r.add("drift.minRows", fmt.Sprintf("%d rows are no least number to compare", d.MinRows), fmt.Sprintf("write %d to %d", leastRows, maxMinRows))
	}
	r.threshold("drift.psi", d.PSI, maxDistance)
	r.threshold("drift.ks", d.KS, 1)
	r.captured(d, data)
}

// driftTimes checks lengths of time, alone and against each other.
func (r *report) driftTimes(d *Drift) {
	const window, learn, hold = "drift.window", "drift.learn", "drift.hold"
	switch {
	case !r.usable(window):
	case d.Window < minDriftWindow || d.Window > maxDriftWindow:
		r.add(window, d.Window.String()+" is no window to compare", fmt.Sprintf("write %s to %s", minDriftWindow, maxDriftWindow))
	case d.Window.Std()%time.Minute != 0:
		r.add(window, d.Window.String()+" is not in whole minutes, as the periods of alarms are", "write it like 1h")
	}
	width := DefaultDriftWindow
	if d.Window > 0 {
		width = d.Window
	}
	switch {
	case !r.usable(learn):
	case r.written("drift.reference"):
		r.add(learn, "stands beside reference, from which nothing is learned", "leave one of them out")
	case d.Learn > maxLearn:
		r.add(learn, d.Learn.String()+" is too long", "write "+maxLearn.String()+" or less")
	case d.Learn < width && !r.bad[window]:
		r.add(learn, fmt.Sprintf("%s is shorter than the window (%s)", d.Learn, width), "write "+width.String()+" or more; a day or a week holds all hours")
	}
	if r.usable(hold) && d.Hold > maxHold {
		r.add(hold, d.Hold.String()+" is too long", "write "+maxHold.String()+" or less")
	}
}

func (r *report) threshold(field string, value, most float64) {
	if r.usable(field) && (value <= 0 || value > most) {
		r.add(field, fmt.Sprintf("%v is no distance between what was and what is", value), fmt.Sprintf("write more than 0 and at most %v, like %s", most, examples[field]))
	}
}

// folder checks an s3:// address of a folder.
func (r *report) folder(field, uri string) {
	if !r.usable(field) {
		return
	}
	if bucket, prefix := cutURI(uri); !strings.HasPrefix(uri, "s3://") || !bucketName.MatchString(bucket) || strings.Contains(prefix, "*") || len(prefix) > maxPrefix {
		r.add(field, quote(uri)+" is no place in S3", "write "+example(field))
	}
}

// maxPrefix leaves room in a key for endpoint, variant, hour and file.
const maxPrefix = 512

// object checks an s3:// address of an object.
func (r *report) object(field, uri string) {
	if !r.usable(field) {
		return
	}
	bucket, key := cutURI(uri)
	csv, lines := strings.HasSuffix(key, ".csv"), strings.HasSuffix(key, ".jsonl")
	if !strings.HasPrefix(uri, "s3://") || !bucketName.MatchString(bucket) || !csv && !lines || len(key) > maxKey {
		r.add(field, quote(uri)+" is no CSV file or file of JSON lines in S3", "write "+example(field))
	}
}

// features checks names of features, each once.
func (r *report) features(list string, names []string) {
	seen := map[string]int{}
	for i, name := range names {
		field := fmt.Sprintf("%s[%d]", list, i)
		switch j, twice := seen[name]; {
		case !r.usable(field):
			continue
		case name == "" || len(name) > maxFeatureName:
			r.add(field, quote(name)+" is no name of a feature", fmt.Sprintf("write 1 to %d bytes", maxFeatureName))
		case twice:
			r.add(field, fmt.Sprintf("is the name of entry %d, too", j), "keep one")
		}
		seen[name] = i
	}
}

// captured reports captures that would be new data to train on.
func (r *report) captured(d *Drift, data []DataTrigger) {
	const field = "drift.captures"
	if !r.usable(field) {
		return
	}
	for i, t := range data {
		at := fmt.Sprintf("triggers.data[%d]", i)
		if r.soundBelow(at) && t.Bucket == d.Bucket() && nested(t.Prefix, d.Prefix(), strings.HasPrefix) && nested(t.Suffix, ".jsonl", strings.HasSuffix) {
			r.add(field, fmt.Sprintf("lies where triggers.data[%d] on line %d looks for data: each captured file would be taken for new data", i, r.place(at).line), "let captures land elsewhere, or narrow the trigger")
			return
		}
	}
}

// fill fills the defaults of drift.
func (d *Drift) fill() {
	if d == nil {
		return
	}
	if d.Reference == "" {
		fill(&d.Learn, DefaultDriftLearn)
	}
	fill(&d.Window, DefaultDriftWindow)
	fill(&d.MinRows, DefaultDriftRows)
	fill(&d.PSI, DefaultDriftPSI)
	fill(&d.KS, DefaultDriftKS)
}

// clone is d with nothing shared.
func (d *Drift) clone() *Drift {
	if d = copied(d); d != nil {
		d.Columns, d.Categorical, d.Ignore = cloned(d.Columns), cloned(d.Categorical), cloned(d.Ignore)
	}
	return d
}
