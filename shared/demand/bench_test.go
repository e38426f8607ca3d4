package demand_test

import (
	"fmt"
	"io"
	"testing"

	"sluice/shared/demand"
)

// BenchmarkManifest is most of what a launch costs: one line of a manifest.
func BenchmarkManifest(b *testing.B) {
	m := demand.NewManifestWriter(io.Discard)
	for i := range b.N {
		h := uint64(i) * 0x9e3779b97f4a7c15
		o := demand.Object{Bucket: "acme-features", Key: fmt.Sprintf("churn/day=%03d/part-%08d-c000.snappy.parquet", i%365, i), VersionID: fmt.Sprintf("%016xAbCdEfGhIjKlMnOp", h), Sequencer: fmt.Sprintf("00%016X", h), ETag: fmt.Sprintf("%016x%016x", h, h*31), Size: int64(i)}
		if err := m.Write(o); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := m.Close(); err != nil {
		b.Fatal(err)
	}
}
