package demand_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/demand"
)

// A list is what encoding/json would write, byte for byte, whatever is in it.
func TestListIsJSONLines(t *testing.T) {
	text := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[ -~]{0,20}`), rapid.StringN(0, 20, 60), rapid.SampledFrom([]string{"\x7f", "<&>", "\u2028", "\xff", "é", `"`, `\`}))
	object := rapid.Custom(func(t *rapid.T) demand.Object {
		return demand.Object{
			Bucket: text.Draw(t, "bucket"), Key: text.Draw(t, "key"), VersionID: text.Draw(t, "version"), Sequencer: text.Draw(t, "sequencer"),
			ETag: text.Draw(t, "etag"), Size: rapid.Int64().Draw(t, "size"), Gone: demand.Gone(rapid.OneOf(rapid.Just(""), text).Draw(t, "gone")),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		var got, want bytes.Buffer
		m, enc := demand.NewManifestWriter(&got), json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		for _, o := range rapid.SliceOfN(object, 1, 5).Draw(t, "objects") {
			if err := m.Write(o); err != nil {
				t.Fatal(err)
			}
			if err := enc.Encode(o); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.Close(); err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(&got)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := io.ReadAll(z)
		if diff := cmp.Diff(want.String(), string(lines)); diff != "" || err != nil {
			t.Fatalf("%v (-encoding/json +list):\n%s", err, diff)
		}
	})
}

// FuzzLine: a line is read as encoding/json reads it, and refused where it refuses.
func FuzzLine(f *testing.F) {
	for _, line := range []string{
		`{"bucket":"b","key":"k","versionId":"v","sequencer":"1","etag":"e","size":12,"gone":"key"}`, `{"bucket":"b","key":"k","sequencer":"1","size":0}`,
		`{"bucket":"b","key":"k","sequencer":"1","size":-7}`, `{"bucket":"b","key":"k","sequencer":"1","size":-0}`, `{"bucket":"b","key":"k","sequencer":"1","size":01}`,
		`{"bucket":"b","key":"k","sequencer":"1","size":+1}`, `{"bucket":"b","key":"k","sequencer":"1","size":1e2}`, `{"bucket":"b","key":"k","sequencer":"1","size":}`,
		`{"bucket":"b","key":"k","sequencer":"1","size":9223372036854775808}`, `{"bucket":"b","key":"k","sequencer":"1","size":1} `, `{"bucket":"b","key":"k","sequencer":"1","size":1}}`,
		`{"key":"k","bucket":"b"}`, `{"bucket":"b","key":"k\n","sequencer":"1","size":1}`, `{"bucket":"b","key":"é","sequencer":"1","size":1}`, "{\"bucket\":\"b\",\"key\":\"\t\",\"sequencer\":\"1\",\"size\":1}",
		`{"bucket":"b","key":"k","sequencer":"1","size":1,"gone":"key","gone":"version"}`, `{"bucket":"b","key":"k","sequencer":"1","size":1,"size":2}`, `null`, `{`, `[]`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) == 0 || bytes.ContainsAny([]byte(line), "\r\n") {
			return // no line, or more than one
		}
		var want demand.Object
		wrong := json.Unmarshal([]byte(line), &want)
		var list bytes.Buffer
		z := gzip.NewWriter(&list)
		if _, err := io.WriteString(z, line); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := all(demand.Read(&list))
		if (err != nil) != (wrong != nil) {
			t.Fatalf("read: %v, encoding/json: %v", err, wrong)
		}
		if diff := cmp.Diff([]demand.Object{want}, got); diff != "" && err == nil {
			t.Errorf("(-encoding/json +read):\n%s", diff)
		}
	})
}
