package sqs

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// MessageAttribute is one attribute that a sender put on a message. DataType is
// String, Number or Binary, perhaps with a custom label after a dot.
type MessageAttribute struct {
	DataType    string  `json:"DataType"`
	StringValue *string `json:"StringValue,omitempty"`
	BinaryValue []byte  `json:"BinaryValue,omitempty"`
}

// Text is a message attribute of type String.
func Text(s string) MessageAttribute { return MessageAttribute{DataType: "String", StringValue: &s} }

// Outgoing is a message to be sent.
type Outgoing struct {
	Body            string
	Attributes      map[string]MessageAttribute
	Delay           *time.Duration // nil means the queue's own
	GroupID         string         // FIFO queues demand one
	DeduplicationID string         // FIFO queues without content-based deduplication demand one
	TraceHeader     string
}

// Message is a message as a receiver sees it. Attributes are the system
// attributes, all of them: SenderId, SentTimestamp, ApproximateReceiveCount,
// ApproximateFirstReceiveTimestamp and, where they apply, the FIFO ones and
// DeadLetterQueueSourceArn. Times in them are milliseconds since 1970.
type Message struct {
	ID                string
	ReceiptHandle     string // "" for a message that was only looked at
	Body              string
	MD5               string
	Attributes        map[string]string
	MessageAttributes map[string]MessageAttribute
	SentAt            time.Time
	ReceiveCount      int
}

// state is where a message is.
type state int

const (
	delayed state = iota
	visible
	inFlight
	gone
)

// message is one message in a queue.
type message struct {
	Outgoing
	id            string
	sender        string
	sentAt        time.Time
	enteredAt     time.Time // into this queue; differs from sentAt in a dead-letter queue
	firstReceived time.Time
	receives      int
	sequence      uint64 // order of arrival in this queue; the SequenceNumber of FIFO queues
	deadFrom      string // ARN of the queue that gave it up

	state   state
	receipt string
	timer   *sim.Timer // ends the delay or the visibility timeout
}

func (m *message) seen() Message {
	at := map[string]string{
		"SenderId":                m.sender,
		"SentTimestamp":           strconv.FormatInt(m.sentAt.UnixMilli(), 10),
		"ApproximateReceiveCount": strconv.Itoa(m.receives),
	}
	if !m.firstReceived.IsZero() {
		at["ApproximateFirstReceiveTimestamp"] = strconv.FormatInt(m.firstReceived.UnixMilli(), 10)
	}
	if m.GroupID != "" {
		at["MessageGroupId"] = m.GroupID
	}
	if m.DeduplicationID != "" {
		at["MessageDeduplicationId"] = m.DeduplicationID
		at["SequenceNumber"] = sequenceNumber(m.sequence)
	}
	if m.TraceHeader != "" {
		at["AWSTraceHeader"] = m.TraceHeader
	}
	if m.deadFrom != "" {
		at["DeadLetterQueueSourceArn"] = m.deadFrom
	}
	out := Message{
		ID: m.id, Body: m.Body, MD5: hexMD5([]byte(m.Body)), Attributes: at,
		MessageAttributes: m.Outgoing.Attributes, SentAt: m.sentAt, ReceiveCount: m.receives,
	}
	if m.state == inFlight {
		out.ReceiptHandle = m.receipt
	}
	return out
}

func sequenceNumber(n uint64) string { return fmt.Sprintf("18849%015d", n) }

func hexMD5(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// attributesMD5 digests message attributes as SDKs check it: sorted by name,
// each as length-prefixed name, type and value. "" if there are none.
func attributesMD5(attributes map[string]MessageAttribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var b []byte
	field := func(x string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(x)))
		b = append(b, x...)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		field(name)
		field(a.DataType)
		if a.StringValue != nil {
			b = append(b, 1)
			field(*a.StringValue)
		} else {
			b = append(b, 2)
			field(string(a.BinaryValue))
		}
	}
	return hexMD5(b)
}

// handle names one receipt of one message. It holds the id, so that a handle of
// an earlier receipt is told apart from one that never was.
func handle(m *message) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d:%d", m.id, m.sequence, m.receives))
}

func idOf(handle string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(handle)
	parts := strings.Split(string(b), ":")
	if err != nil || len(parts) != 3 {
		return "", wire.Errorf("ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle.", handle)
	}
	return parts[0], nil
}

func size(out Outgoing) int {
	n := len(out.Body)
	for name, a := range out.Attributes {
		n += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			n += len(*a.StringValue)
		}
	}
	return n
}
