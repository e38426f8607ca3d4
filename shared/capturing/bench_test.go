package capturing

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sluice/shared/spec"
)

// BenchmarkSketch reads 10,000 records of 30 numbers and a text, as one file.
func BenchmarkSketch(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var text strings.Builder
	for range 10_000 {
		values := []string{[]string{"DE", "FR", "PL"}[r.IntN(3)]}
		for range 30 {
			values = append(values, fmt.Sprintf("%.4f", 100*r.NormFloat64()))
		}
		fmt.Fprintf(&text, `{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":%q,"encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv","mode":"OUTPUT","data":"0.5","encoding":"CSV"}},"eventMetadata":{"eventId":"x","inferenceTime":"2026-03-02T09:00:00Z"},"eventVersion":"0"}`+"\n", strings.Join(values, ","))
	}
	d := spec.Drift{Window: spec.Duration(time.Hour)}
	b.SetBytes(int64(text.Len()))
	var size int
	for b.Loop() {
		pieces, tally, err := sketch(strings.NewReader(text.String()), d, at)
		if err != nil || tally.Unreadable > 0 || pieces[at].Rows() != 10_000 {
			b.Fatal(err, tally)
		}
		size = len(pieces[at].Encode())
	}
	b.ReportMetric(float64(size), "bytes/piece")
}
