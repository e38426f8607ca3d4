package demand_test

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"testing"

	"sluice/shared/demand"
)

// loaded is the i-th object of a load in random order, its fields at the lengths they
// have in S3.
func loaded(i int) demand.Object {
	h := uint64(i) * 0x9e3779b97f4a7c15
	n := h >> 40
	return demand.Object{
		Bucket: "acme-features", Key: fmt.Sprintf("churn/day=%03d/part-%08d-c000.snappy.parquet", n%365, n), VersionID: fmt.Sprintf("%016xAbCdEfGhIjKlMnOp", h),
		Sequencer: fmt.Sprintf("00%016X", h), ETag: fmt.Sprintf("%016x%016x", h, h*31), Size: int64(i % 9000),
	}
}

// BenchmarkManifest is one line of a manifest.
func BenchmarkManifest(b *testing.B) {
	m := demand.NewManifestWriter(io.Discard)
	for i := range b.N {
		if err := m.Write(loaded(i)); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := m.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkMerge is what a launch spends on one object of a chunk while as many chunks
// are merged as it opens at once.
func BenchmarkMerge(b *testing.B) {
	const lists, each = 512, 100
	content := make([][]byte, lists)
	for l := range content {
		objects := make([]demand.Object, each)
		for i := range objects {
			objects[i] = loaded(l*each + i)
		}
		content[l], _, _ = demand.Pack(objects)
	}
	for b.Loop() {
		m := demand.NewManifestWriter(io.Discard)
		chunks := make([]iter.Seq2[demand.Object, error], lists)
		for l := range chunks {
			chunks[l] = demand.Read(bytes.NewReader(content[l]))
		}
		for o, err := range demand.Merge(chunks, nil) {
			if err == nil {
				err = m.Write(o)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		if _, err := m.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(lists*each), "ns/object")
}
