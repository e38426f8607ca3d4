package cloudwatch

import (
	"encoding/json"
	"fmt"
)

// Define puts a metric alarm, or a composite one if it has an AlarmRule, whose JSON
// members are those of PutMetricAlarm and PutCompositeAlarm. It is for whoever
// deploys a template. Errors: as of these calls.
func (s *Service) Define(alarm []byte) error {
	var kind struct{ AlarmRule string }
	if err := json.Unmarshal(alarm, &kind); err != nil {
		return fmt.Errorf("reading an alarm: %w", err)
	}
	if kind.AlarmRule != "" {
		var in putCompositeAlarmIn
		if err := json.Unmarshal(alarm, &in); err != nil {
			return fmt.Errorf("reading a composite alarm: %w", err)
		}
		return s.putCompositeAlarm(&in)
	}
	var in putMetricAlarmIn
	if err := json.Unmarshal(alarm, &in); err != nil {
		return fmt.Errorf("reading a metric alarm: %w", err)
	}
	return s.putMetricAlarm(&in)
}
