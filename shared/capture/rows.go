package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The limits of a row. What is over them is left out: no model has so many features,
// and a metric's dimension no longer name.
const (
	maxValues = 1000
	maxName   = 200 // bytes
	maxDepth  = 5   // of objects and lists within a row
)

// naming says what values without names are called.
type naming struct {
	columns []string
	other   string // begins the names of those that columns does not name
	rows    int    // how many answers are expected; 0 for not known
}

func (n naming) column(i int) string {
	if i < len(n.columns) {
		return n.columns[i]
	}
	return n.other + strconv.Itoa(i+1)
}

// rows are the rows of a payload.
func (p *payload) rows(n naming) ([]Row, error) {
	data, form := []byte(p.Data), strings.ToUpper(p.Encoding)
	if form == "BASE64" {
		var err error
		if data, err = base64.StdEncoding.DecodeString(p.Data); err != nil {
			return nil, fmt.Errorf("it is not base64: %w", err)
		}
	}
	kind := strings.ToLower(p.ObservedContentType)
	switch {
	case form == "JSON", form != "CSV" && strings.Contains(kind, "json"):
		return jsonRows(data, n)
	case form == "CSV", strings.Contains(kind, "csv"):
		return csvRows(data, n)
	}
	return nil, fmt.Errorf("content of type %q in encoding %q is not read: only CSV and JSON are", p.ObservedContentType, p.Encoding)
}

func csvRows(data []byte, n naming) ([]Row, error) {
	in := csvReader(bytes.NewReader(data))
	var rows []Row
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return apart(rows, n), nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is no CSV: %w", err)
		}
		if slices.Equal(fields, n.columns) && len(rows) == 0 && n.rows == 0 {
			continue // a header
		}
		rows = append(rows, csvRow(fields, n.column))
	}
}

// apart is one line with an answer for each input, as XGBoost gives them, as a row each.
func apart(rows []Row, n naming) []Row {
	if len(rows) != 1 || n.rows < 2 || len(rows[0]) != n.rows {
		return rows
	}
	each := make([]Row, n.rows)
	for i, v := range rows[0] {
		each[i] = Row{{n.column(0), v.Text}}
	}
	return each
}

func csvReader(r io.Reader) *csv.Reader {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.LazyQuotes, in.TrimLeadingSpace, in.ReuseRecord = -1, true, true, true
	return in
}

func csvRow(fields []string, name func(i int) string) Row {
	row := make(Row, 0, min(len(fields), maxValues))
	for i, text := range fields {
		row = row.with(name(i), strings.TrimSpace(strings.Clone(text)))
	}
	return row
}

// with adds a value, within the limits.
func (r Row) with(name, text string) Row {
	if len(r) >= maxValues || name == "" || len(name) > maxName {
		return r
	}
	return append(r, Value{name, text})
}

// jsonRows reads one JSON value, or JSON lines.
func jsonRows(data []byte, n naming) ([]Row, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var rows []Row
	for {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) && len(rows) > 0 {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is no JSON: %w", err)
		}
		rows = append(rows, rowsOf(v, n)...)
	}
}

// Keys under which requests and answers hold many rows, one an element, and those
// under which they hold rows, or the values of one. Source: SageMaker developer guide,
// "Common data formats for inference".
var (
	manyRows = []string{"instances", "predictions", "outputs"}
	someRows = []string{"features", "inputs", "data", "dataframe_records"}
)

// rowsOf are the rows of one value: an element of a list each, or the one row that it is.
func rowsOf(v any, n naming) []Row {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range manyRows {
			if list, ok := v[key].([]any); ok {
				return eachRow(list, n)
			}
		}
		for _, key := range someRows {
			if inner, ok := v[key]; ok && len(v) == 1 {
				return rowsOf(inner, n)
			}
		}
	case []any:
		if plain := !slices.ContainsFunc(v, nested); !plain || n.rows > 0 && len(v) == n.rows {
			return eachRow(v, n)
		}
	}
	return []Row{rowOf(v, n)}
}

func eachRow(list []any, n naming) []Row {
	rows := make([]Row, len(list))
	for i, v := range list {
		rows[i] = rowOf(v, n)
	}
	return rows
}

func nested(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// rowOf is one value as a row: an object's members by name, a list's elements by column.
func rowOf(v any, n naming) Row {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range someRows {
			if list, ok := v[key].([]any); ok && len(v) == 1 {
				return rowOf(list, n)
			}
		}
		prefix := ""
		if n.other == Prediction {
			prefix = Prediction
		}
		return flat(nil, prefix, v, 0)
	case []any:
		var row Row
		for i, e := range v {
			row = flat(row, n.column(i), e, 1)
		}
		return row
	}
	return flat(nil, n.column(0), v, 0)
}

// flat adds a value and what is in it. Members of a within name are called name.a.
func flat(row Row, name string, v any, depth int) Row {
	if depth > maxDepth {
		return row
	}
	below := func(part string) string {
		if name == "" {
			return part
		}
		return name + "." + part
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) { // so that the same are left out of each row
			row = flat(row, below(key), v[key], depth+1)
		}
		return row
	case []any:
		for i, e := range v {
			row = flat(row, below(strconv.Itoa(i+1)), e, depth+1)
		}
		return row
	case nil:
		return row.with(name, "")
	case string:
		return row.with(name, v)
	}
	return row.with(name, fmt.Sprint(v)) // a number in its own digits, true or false
}

// ReadTable reads a reference file: CSV with a header if its name ends in .csv, else
// JSON lines, each an object. Errors: those of r, and a CSV file without a header.
func ReadTable(r io.Reader, name string, each func(Row)) (Tally, error) {
	if !strings.HasSuffix(strings.ToLower(name), ".csv") {
		return lines(r, func(line []byte) error {
			rows, err := jsonRows(line, naming{other: "column"})
			for _, row := range rows {
				each(row)
			}
			return err
		})
	}
	in := csvReader(r)
	first, err := in.Read()
	if err != nil {
		return Tally{}, fmt.Errorf("reading the header: %w", err)
	}
	header := naming{other: "column"}
	for _, field := range first {
		header.columns = append(header.columns, strings.TrimSpace(strings.Clone(strings.TrimPrefix(field, "\ufeff"))))
	}
	t := Tally{}
	for {
		fields, err := in.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return t, nil
		case errors.As(err, &wrong):
			t.take(nil, false, func([]byte) error { return err })
		case err != nil:
			return t, err
		default:
			t.Lines++
			each(csvRow(fields, header.column))
		}
	}
}
