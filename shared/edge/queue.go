package edge

import (
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Sent is when the newest message of a batch was sent, as SQS says; 1970 if it does not.
func Sent(batch events.SQSEvent) time.Time {
	var newest int64
	for _, m := range batch.Records {
		if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
			newest = max(newest, ms)
		}
	}
	return time.UnixMilli(newest).UTC()
}
