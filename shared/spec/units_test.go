package spec

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
		back string
	}{
		{"10m", 10 * time.Minute, "10m"},
		{"2h", 2 * time.Hour, "2h"},
		{"1h30m", 90 * time.Minute, "1h30m"},
		{"90m", 90 * time.Minute, "1h30m"},
		{"24h", 24 * time.Hour, "1d"},
		{"1d1s", 24*time.Hour + time.Second, "1d1s"},
		{"0s", 0, "0s"},
		{"0h0m", 0, "0s"},
		{"366d", maxDuration, "366d"},
	}
	for _, tt := range tests {
		got, err := ParseDuration(tt.text)
		if err != nil || got.Std() != tt.want || got.String() != tt.back {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v written %q", tt.text, got, err, tt.want, tt.back)
		}
	}
	for _, text := range []string{"", "10", "m", "10 m", "1.5h", "-1m", "10min", "1m1h", "1h1h", "1w", "367d", "999999999d", "9999999999s", "365d48h", "1ms", "１m"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, d)
		}
	}
}

func TestParsePercent(t *testing.T) {
	tests := []struct {
		text string
		want Percent
		back string
	}{
		{"1%", 0.01, "1%"}, {"0.1%", 0.001, "0.1%"}, {"0.7%", 0.007, "0.7%"}, {"29%", 0.29, "29%"}, {"100%", 1, "100%"},
		{"0%", 0, "0%"}, {"0.000001%", 1e-8, "0.000001%"}, {"10.50%", 0.105, "10.5%"}, {"999999.999999%", 9999.99999999, "999999.999999%"},
	}
	for _, tt := range tests {
		got, err := ParsePercent(tt.text)
		if err != nil || got != tt.want || got.String() != tt.back {
			t.Errorf("ParsePercent(%q) = %v (%g), %v; want %g written %q", tt.text, got, float64(got), err, float64(tt.want), tt.back)
		}
	}
	for _, text := range []string{"", "1", "%", ".5%", "1.%", "-1%", "1 %", "1e2%", "1%%", "1,5%", "0.0000001%", "1234567%"} {
		if p, err := ParsePercent(text); err == nil {
			t.Errorf("ParsePercent(%q) = %v, want an error", text, p)
		}
	}
}

func TestUnitsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.IntRange(0, int(maxDuration/time.Second)).Draw(t, "seconds")) * Duration(time.Second)
		if back, err := ParseDuration(d.String()); err != nil || back != d {
			t.Fatalf("%d is written %s, read %v, %v", d, d, back, err)
		}
		p, err := ParsePercent(rapid.StringMatching(`[0-9]{1,6}(\.[0-9]{1,6})?%`).Draw(t, "percent"))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParsePercent(p.String()); err != nil || back != p {
			t.Fatalf("%g is written %s, read %v, %v", float64(p), p, back, err)
		}
	})
}
