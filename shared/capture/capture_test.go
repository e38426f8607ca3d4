package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var at = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// captured is a line as SageMaker writes it.
func captured(input, output map[string]string) string {
	data := map[string]any{}
	if input != nil {
		data["endpointInput"] = input
	}
	if output != nil {
		data["endpointOutput"] = output
	}
	b, err := json.Marshal(map[string]any{
		"captureData": data, "eventVersion": "0",
		"eventMetadata": map[string]string{"eventId": "e1", "inferenceTime": "2026-03-02T09:30:00Z"},
	})
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

func payloadOf(kind, encoding, data string) map[string]string {
	return map[string]string{"observedContentType": kind, "mode": "INPUT", "encoding": encoding, "data": data}
}

func TestRead(t *testing.T) {
	const csv, js = "text/csv", "application/json"
	columns := Layout{Columns: []string{"age", "country"}}
	tests := []struct {
		name    string
		layout  Layout
		in, out map[string]string
		inputs  []Row
		answers []Row
	}{
		{"csv", columns, payloadOf(csv, "CSV", "42,DE"), payloadOf(csv, "CSV", "0.7\n"), []Row{{{"age", "42"}, {"country", "DE"}}}, []Row{{{"prediction", "0.7"}}}},
		{"csv of several rows, one value missing", columns, payloadOf(csv, "CSV", "42,DE\n17,"), payloadOf(csv, "CSV", "0.7\n0.2"), []Row{{{"age", "42"}, {"country", "DE"}}, {{"age", "17"}, {"country", ""}}}, []Row{{{"prediction", "0.7"}}, {{"prediction", "0.2"}}}},
		{"answers on one line", columns, payloadOf(csv, "CSV", "42,DE\n17,FR"), payloadOf("text/csv; charset=utf-8", "CSV", "0.7,0.2"), []Row{{{"age", "42"}, {"country", "DE"}}, {{"age", "17"}, {"country", "FR"}}}, []Row{{{"prediction", "0.7"}}, {{"prediction", "0.2"}}}},
		{"a header, and a column without a name", columns, payloadOf(csv, "CSV", "age,country\n42,DE,x"), nil, []Row{{{"age", "42"}, {"country", "DE"}, {"column3", "x"}}}, nil},
		{"base64", columns, payloadOf(csv, "BASE64", "NDIsREU="), payloadOf(js, "BASE64", "eyJwcmVkaWN0aW9ucyI6W3sic2NvcmUiOjAuNX1dfQ=="), []Row{{{"age", "42"}, {"country", "DE"}}}, []Row{{{"prediction.score", "0.5"}}}},
		{"an object", columns, payloadOf(js, "JSON", `{"age": 42, "address": {"country": "DE", "lines": ["a", null]}, "new": true}`), payloadOf(js, "JSON", "0.7"),
			[]Row{{{"address.country", "DE"}, {"address.lines.1", "a"}, {"address.lines.2", ""}, {"age", "42"}, {"new", "true"}}}, []Row{{{"prediction", "0.7"}}}},
		{"instances", columns, payloadOf(js, "JSON", `{"instances": [{"age": 1e3}, {"features": [7, "FR"]}, [8, "IT"]]}`), payloadOf(js, "JSON", `{"predictions": [0.1, 0.2, 0.3]}`),
			[]Row{{{"age", "1e3"}}, {{"age", "7"}, {"country", "FR"}}, {{"age", "8"}, {"country", "IT"}}}, []Row{{{"prediction", "0.1"}}, {{"prediction", "0.2"}}, {{"prediction", "0.3"}}}},
		{"features", columns, payloadOf(js, "JSON", `{"features": [42, "DE"]}`), payloadOf(js, "JSON", `[0.3, 0.7]`), []Row{{{"age", "42"}, {"country", "DE"}}}, []Row{{{"prediction", "0.3"}, {"prediction2", "0.7"}}}},
		{"lists", columns, payloadOf(js, "JSON", `[[42, "DE"], [17, "FR"]]`), payloadOf(js, "JSON", `[0.3, 0.7]`), []Row{{{"age", "42"}, {"country", "DE"}}, {{"age", "17"}, {"country", "FR"}}}, []Row{{{"prediction", "0.3"}}, {{"prediction", "0.7"}}}},
		{"JSON lines", Layout{}, payloadOf("application/jsonlines", "JSON", "{\"age\": 1}\n{\"age\": 2}\n"), nil, []Row{{{"age", "1"}}, {{"age", "2"}}}, nil},
		{"digits are kept", Layout{}, payloadOf(js, "JSON", `[12345678901234567890]`), nil, []Row{{{"column1", "12345678901234567890"}}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Record
			tally, err := Read(strings.NewReader(captured(tt.in, tt.out)), tt.layout, func(r Record) { got = append(got, r) })
			if err != nil || tally.Unreadable > 0 {
				t.Fatal(err, tally)
			}
			if diff := cmp.Diff([]Record{{at, tt.inputs, tt.answers}}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be read is counted, and hides nothing of the rest.
func TestReadPassesOverWhatItCannotRead(t *testing.T) {
	good := captured(payloadOf("text/csv", "CSV", "1"), nil)
	for line, why := range map[string]string{
		"no JSON": "line 2: it is no line of a capture", "{}": "line 2: it has no eventMetadata.inferenceTime",
		`{"eventMetadata":{"inferenceTime":"2026-03-02T09:30:00Z"}}`:         "line 2: it has neither endpointInput nor endpointOutput",
		captured(payloadOf("image/png", "NONE", "x"), nil):                   `line 2: its input: content of type "image/png" in encoding "NONE" is not read`,
		captured(payloadOf("text/csv", "BASE64", "!"), nil):                  "line 2: its input: it is not base64",
		captured(nil, payloadOf("application/json", "JSON", "{")):            "line 2: its output: it is no JSON",
		captured(nil, payloadOf("application/json", "JSON", "")):             "line 2: its output: it is no JSON",
		`{"captureData":{"endpointInput":{"data":"` + long + `"}}` + "\n":    fmt.Sprintf("line 2: it is longer than %d bytes", maxLine),
		`{"captureData": 7, "eventMetadata": {"inferenceTime": "yesterday"}`: "line 2: it is no line of a capture",
	} {
		n := 0
		tally, err := Read(strings.NewReader(good+strings.TrimSpace(line)+"\n\n"+strings.TrimSpace(good)), Layout{}, func(Record) { n++ })
		if err != nil || n != 2 || tally.Lines != 3 || tally.Unreadable != 1 || !strings.HasPrefix(tally.Why, why) {
			t.Errorf("%.80s: %d records, %+v, %v", line, n, tally, err)
		}
	}
}

var long = strings.Repeat("x", maxLine)

func TestReadFailsWithItsReader(t *testing.T) {
	broken := errors.New("broken")
	good := captured(payloadOf("text/csv", "CSV", "1"), nil)
	if _, err := Read(io.MultiReader(strings.NewReader(good), iotest.ErrReader(broken)), Layout{}, func(Record) {}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestReadTable(t *testing.T) {
	want := []Row{{{"age", "42"}, {"country", "DE"}}, {{"age", "17"}, {"country", ""}}}
	for name, text := range map[string]string{
		"r.csv":   "\ufeffage,country\n42,DE\n17,\n",
		"r.jsonl": "{\"age\": 42, \"country\": \"DE\"}\nno JSON\n{\"age\": 17, \"country\": null}\n",
	} {
		var got []Row
		tally, err := ReadTable(strings.NewReader(text), name, func(r Row) { got = append(got, r) })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || tally.Unreadable != strings.Count(text, "no JSON") {
			t.Errorf("%s: %+v (-want +got):\n%s", name, tally, diff)
		}
	}
	if _, err := ReadTable(strings.NewReader(""), "r.csv", func(Row) {}); err == nil {
		t.Error("a CSV file without a header is taken")
	}
}

// FuzzRead: no file makes Read panic or fail, each line is a record or is counted, and
// what it gives is within its limits.
func FuzzRead(f *testing.F) {
	f.Add([]byte(captured(payloadOf("text/csv", "CSV", "1,\"a\nb\",2"), payloadOf("text/csv", "CSV", "0.5"))))
	f.Add([]byte(captured(payloadOf("application/json", "JSON", `{"instances":[{"a":{"b":[1,null]}}]}`), payloadOf("application/json", "BASE64", "eyJhIjoxfQ=="))))
	f.Add([]byte(captured(payloadOf("application/json", "JSON", `[[[[[[[1]]]]]]]`), nil)))
	f.Add([]byte("{}\n\r\nnull\n[]\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := 0
		tally, err := Read(strings.NewReader(string(text)), Layout{Columns: []string{"a"}}, func(r Record) {
			n++
			for _, row := range append(r.Inputs, r.Answers...) {
				if len(row) > maxValues {
					t.Errorf("a row of %d values", len(row))
				}
				for _, v := range row {
					if v.Name == "" || len(v.Name) > maxName {
						t.Errorf("the name %q", v.Name)
					}
				}
			}
		})
		if err != nil || n+tally.Unreadable != tally.Lines || tally.Unreadable > 0 && tally.Why == "" {
			t.Fatalf("%d records, %+v, %v", n, tally, err)
		}
		if _, err := ReadTable(strings.NewReader(string(text)), "x.jsonl", func(Row) {}); err != nil {
			t.Fatal(err)
		}
	})
}
