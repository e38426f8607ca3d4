package export

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected readings in testdata")

// read reads a file of testdata.
func read(t *testing.T, name string) []byte {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// told is what a record says, or what is wrong with its file.
func told(name string, src []byte) string {
	file, err := Parse(name, src)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, r := range file.Results {
		fmt.Fprintf(&b, "%s (%s), line %d: %d points\n", r.ID, r.Label, r.Line, len(r.Points))
	}
	fmt.Fprintf(&b, "incomplete: %v\n", file.Incomplete)
	record, err := Assemble(file, nil)
	if err != nil {
		return b.String() + "error: " + err.Error() + "\n"
	}
	for _, of := range []Variant{Baseline, Candidate} {
		for i, m := range record.Variants[of] {
			fmt.Fprintf(&b, "%s %s: %d requests, %d failed, %v ms\n", record.Start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), of, m.Requests, m.Failed, m.Latency)
		}
	}
	for _, n := range record.Notes {
		fmt.Fprintln(&b, "note:", n)
	}
	return b.String()
}

// The files were written by the AWS CLI: as version 2 prints times and as version 1
// does, in pages, cut off, and in the other formats that people save.
func TestAWSCLIOutput(t *testing.T) {
	names, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range names {
		name := filepath.Base(path)
		if strings.HasSuffix(name, ".golden") || name == "fuzz" {
			continue
		}
		seen++
		t.Run(name, func(t *testing.T) {
			got := told(name, read(t, name))
			if *update {
				if err := os.WriteFile(path+".golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, name+".golden")), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if seen < 9 {
		t.Errorf("only %d files in testdata", seen)
	}
}

// However an export is cut into pages and ordered, it says the same.
func TestSameRecordInEveryForm(t *testing.T) {
	record := func(name string) Record {
		file, err := Parse(name, read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Assemble(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	want := record("plain.json")
	for _, name := range []string{"descending.json", "epoch.json", "pages.json"} {
		if diff := cmp.Diff(want, record(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// page is an export with the given members of its only result.
func page(members string) string {
	return "{\n  \"MetricDataResults\": [\n    {\n      \"Id\": \"invocations\",\n" + members + "\n    }\n  ]\n}\n"
}

func TestMalformed(t *testing.T) {
	for name, tt := range map[string]struct{ src, want string }{
		"empty":              {"", "f: is empty; write the output of aws cloudwatch get-metric-data into it"},
		"blank":              {" \n\n", "f: is empty; write the output of aws cloudwatch get-metric-data into it"},
		"null":               {"null\n", "f:1: begins with null, not with an object; save what the AWS CLI prints with --output json"},
		"text":               {"METRICDATARESULTS\tinvocations\n", "f:1: is not JSON: invalid character 'M' looking for beginning of value; save what the AWS CLI prints with --output json"},
		"an error of AWS":    {"\nAn error occurred (AccessDenied)\n", "f:2: is not JSON: invalid character 'A' looking for beginning of value; save what the AWS CLI prints with --output json"},
		"list":               {"[]", "f:1: begins with a list; save what the AWS CLI prints as a whole, without --query"},
		"something else":     {"{\n\"Alarms\": []\n}", "f:1: has no MetricDataResults; save what aws cloudwatch get-metric-data prints, without --query"},
		"second page wrong":  {page(`"Values": []`) + "{\"a\":\n1}", "f:9: has no MetricDataResults; save what aws cloudwatch get-metric-data prints, without --query"},
		"cut off":            {"{\n  \"MetricDataResults\": [\n    {\n      \"Id\": \"m\",\n", "f:4: ends in the middle of an answer; the export was cut off: make it again"},
		"missing comma":      {page("\"Values\": [1\n 2]"), "f:6: is not JSON: invalid character '2' after array element; save what the AWS CLI prints with --output json"},
		"results no list":    {`{"MetricDataResults": 3}`, "f:1: MetricDataResults is the number 3, not a list"},
		"result no object":   {`{"MetricDataResults": ["x"]}`, `f:1: has the text "x" among MetricDataResults; each must be an object`},
		"no id":              {`{"MetricDataResults": [{"Label": "x"}]}`, "f:1: has a result without Id"},
		"id no text":         {`{"MetricDataResults": [{"Id": [1]}]}`, "f:1: Id is a list, not a text"},
		"numbers differ":     {page("\"Timestamps\": [\"2026-01-01T00:00:00Z\"],\n\"Values\": []"), "f:3: result invocations has 1 Timestamps and 0 Values; export again: one belongs to the other"},
		"no zone":            {page("\"Timestamps\": [\n\"2026-01-01T00:00:00Z\",\n\"2026-01-01T00:01:00\"]"), `f:7: timestamp "2026-01-01T00:01:00" has no zone; write +00:00 or Z behind it if it is UTC`},
		"no time":            {page("\"Timestamps\": [\n\"yesterday\"]"), `f:6: timestamp "yesterday" is no time in ISO 8601; save what the AWS CLI prints with --output json`},
		"half a minute":      {page("\"Timestamps\": [\"2026-01-01T00:00:30Z\"]"), "f:5: timestamp 2026-01-01T00:00:30Z is not a whole minute; export with a period of 60"},
		"epoch, no minute":   {page("\"Timestamps\": [1767225601]"), "f:5: timestamp 1767225601 is not a whole minute; export with a period of 60"},
		"epoch, far off":     {page("\"Timestamps\": [1e300]"), "f:5: timestamp 1e300 is no number of seconds since 1970; save what the AWS CLI prints with --output json"},
		"time is an object":  {page("\"Timestamps\": [{}]"), "f:5: has an object among Timestamps; save what the AWS CLI prints with --output json"},
		"value is text":      {page("\"Values\": [\n1,\n\"2\"]"), `f:7: has the text "2" among Values; each must be a number`},
		"value negative":     {page("\"Values\": [-1]"), "f:5: value -1 is no count and no latency; both are 0 to 1e12"},
		"value too large":    {page("\"Values\": [1e999]"), "f:5: value 1e999 is no count and no latency; both are 0 to 1e12"},
		"denied":             {page("\"StatusCode\": \"Forbidden\""), "f:3: CloudWatch answered Forbidden for result invocations; export again, with leave to call cloudwatch:GetMetricData"},
		"statistics":         {"{\n\"Label\": \"Invocations\",\n\"Datapoints\": []}", "f:3: is an answer of get-metric-statistics; export with aws cloudwatch get-metric-data"},
		"message no object":  {`{"Messages": [1]}`, "f:1: has the number 1 among Messages; each must be an object"},
		"nothing after name": {`{"MetricDataResults"`, "f:1: ends in the middle of an answer; the export was cut off: make it again"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.src))
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want an Error", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzParse: whatever a file holds, Parse and Assemble neither panic nor make a record
// that breaks its own promises.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte(`{"MetricDataResults":[{"Id":"x","Label":"candidate Invocations","Timestamps":[0],"Values":[1]}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := Parse("f", src)
		if err != nil {
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Line < 0 || wrong.Line > strings.Count(string(src), "\n")+1 {
				t.Fatalf("%v", err)
			}
			return
		}
		record, err := Assemble(file, nil)
		if err != nil {
			return
		}
		for of, minutes := range record.Variants {
			for _, m := range minutes {
				if m.Failed < 0 || m.Failed > m.Requests || m.Latency < 0 {
					t.Fatalf("%s: %+v", of, m)
				}
			}
		}
	})
}
