package demand_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/demand"
)

func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // a buffer takes every write
	_ = z.Close()
	return b.Bytes()
}

func TestReadMalformed(t *testing.T) {
	good := `{"bucket":"b","key":"k","sequencer":"1","size":0}` + "\n"
	whole := zipped(good + good)
	tests := []struct {
		name    string
		content []byte
		before  int // objects before the error
		want    string
	}{
		{"empty", nil, 0, "EOF"},
		{"no gzip", []byte(good), 0, "gzip: invalid header"},
		{"cut short", whole[:len(whole)-4], 2, "unexpected EOF"},
		{"no JSON", zipped(good + "{\n"), 1, "unexpected end of JSON input"},
		{"another type", zipped(good + `{"size":"1"}` + "\n" + good), 1, "cannot unmarshal string"},
		{"a line without end", zipped(`{"key":"` + strings.Repeat("k", 1<<20)), 0, "token too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := all(demand.Read(bytes.NewReader(tt.content)))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "reading a list of objects: ") {
				t.Errorf("error %v, want one about %q", err, tt.want)
			}
			if len(got) != tt.before {
				t.Errorf("%d objects before the error, want %d", len(got), tt.before)
			}
		})
	}
}

// FuzzRead: no content makes Read panic, it ends with its first error, and what it
// accepts can be packed and read again without loss.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"", "\n", "{}\n", "null\n", `{"bucket":"b","key":"k","sequencer":"1","size":3}` + "\n", `{"key":"\ud800"}`, "[1]\n", "{\"size\":-1}\n{\"size\":1e3}\n"} {
		f.Add(zipped(text))
	}
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, content []byte) {
		var objects []demand.Object
		failed := false
		for o, err := range demand.Read(bytes.NewReader(content)) {
			if failed {
				t.Fatal("something follows the error")
			}
			if failed = err != nil; !failed {
				objects = append(objects, o)
			}
		}
		again, _, kept := demand.Pack(objects)
		if diff := cmp.Diff(kept, append([]demand.Object{}, mustAll(t, demand.Read(bytes.NewReader(again)))...)); diff != "" && len(kept) > 0 {
			t.Fatalf("read back (-packed +read):\n%s", diff)
		}
	})
}
