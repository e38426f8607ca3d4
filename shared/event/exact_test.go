package event_test

import (
	"testing"

	"sluice/shared/event"
	"sluice/shared/fault"
)

// A key is read as it was sent, or not at all.
func TestKeysAreExact(t *testing.T) {
	tests := []struct {
		sent, want string // in JSON; "" if it is refused
	}{
		{`\ud83d\udd11`, "🔑"},
		{`🔑`, "🔑"},
		{`\ufffd\uFFFD�`, "\ufffd\ufffd\ufffd"},
		{`\\ud83d`, `\ud83d`},
		{`\\\\\ud83d\udd11\\`, `\\🔑\`},
		{`\u00e9\u0000\"`, "é\x00\""},
		{`\ud83d`, ""},
		{`\udd11`, ""},
		{`\udd11\ud83d`, ""},
		{`\ud83d\ud83d\udd11`, ""},
		{`\ud83dx`, ""},
		{`\ud83d\n`, ""},
		{`\ud83d\u0041`, ""},
		{`\ud83d\\udd11`, ""},
		{`\\\ud83d`, ""},
		{"a\xff", ""},
		{"\xed\xa0\xbd", ""},
	}
	for _, tt := range tests {
		for _, field := range []string{`datasets/churn/2026-03-02/train.csv`, `IYV3p45BT0ac8hjHg1houSdS1a.Mro8e`} {
			o, err := event.ObjectChange(parsed(t, with(t, "s3-object-created", field, tt.sent)))
			if tt.want == "" && !fault.Is(err, fault.Invalid) || tt.want != "" && (err != nil || o.Key != tt.want && o.VersionID != tt.want) {
				t.Errorf("%s: %q, %q, %v", tt.sent, o.Key, o.VersionID, err)
			}
		}
	}
}
