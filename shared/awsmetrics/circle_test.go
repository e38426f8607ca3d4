package awsmetrics

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/alarm"
)

// CloudWatch lets composite alarms name each other in a circle.
func TestCirclesAreCut(t *testing.T) {
	found := map[string]alarm.Alarm{
		"a":    {Name: "a", State: "OK", Rule: "ALARM(b) OR ALARM(five)"},
		"b":    {Name: "b", State: "OK", Rule: "ALARM(a) OR ALARM(five)"},
		"five": {Name: "five", State: "OK"},
	}
	five := alarm.Alarm{Name: "five", State: "OK"}
	want := alarm.Alarm{Name: "a", State: "OK", Rule: "ALARM(b) OR ALARM(five)", Children: []alarm.Alarm{
		{Name: "b", State: "OK", Rule: "ALARM(a) OR ALARM(five)", Children: []alarm.Alarm{five}}, five,
	}}
	if diff := cmp.Diff(want, whole("a", found, nil)); diff != "" {
		t.Errorf("alarm (-want +got):\n%s", diff)
	}
}
