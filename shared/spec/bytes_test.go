package spec

import "testing"

func TestBytes(t *testing.T) {
	for text, want := range map[string]Bytes{"1B": 1, "0B": 0, "500MB": 500e6, "1500kB": 1.5e6, "10GB": 10e9, "1PB": 1e15, "999999999B": 999999999} {
		got, err := ParseBytes(text)
		if got != want || err != nil {
			t.Errorf("%s is %d, %v", text, got, err)
		}
		if again, err := ParseBytes(got.String()); again != got || err != nil {
			t.Errorf("%s reads back from %s as %d, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "GB", "1", "1 GB", "1gb", "-1GB", "1.5GB", "2PB", "9999999999B", "1GBB"} {
		if b, err := ParseBytes(text); err == nil {
			t.Errorf("%q is %d", text, b)
		}
	}
}
