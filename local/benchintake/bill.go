package benchintake

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
)

// List prices in us-east-1, in dollars. Source: AWS.md F (DynamoDB, EventBridge,
// Lambda on arm64, SQS) and D.6 (Step Functions); free tiers are left out. S3's are its
// published request prices of 2026, which AWS.md does not list; that of S3's events
// is not confirmed there.
const (
	perMillion    = 1e-6
	lambdaRequest = 0.20 * perMillion
	lambdaSecond  = 0.0000133334 // for one GB
	writeUnit     = 0.625 * perMillion
	readUnit      = 0.125 * perMillion
	s3Write       = 0.005 / 1000
	s3Read        = 0.0004 / 1000
	transition    = 0.025 / 1000
	busEvent      = 1.00 * perMillion
	queueRequest  = 0.40 * perMillion
	messagesAtOne = 10 // messages that one request receives or deletes
)

// Assumed of AWS, since a laptop cannot know it: how long a call takes, and which share
// of a processor a function of 1 GB has (one at 1,769 MB, AWS.md E).
const (
	callTakes   = 25 * time.Millisecond
	coreAt      = 1769.0
	eventMemory = 128
	eventTakes  = 15 * time.Millisecond // of the function that handles one event: a write and little else
)

// Units are DynamoDB's.
type Units struct{ Write, Read float64 }

// add counts what a call consumed. Items of Sluice are under 1 KB.
func (u *Units) add(name string, request []byte, answer *http.Response) {
	switch name {
	case "DynamoDB TransactWriteItems":
		var in struct{ TransactItems []json.RawMessage }
		if json.Unmarshal(request, &in) == nil {
			u.Write += 2 * float64(len(in.TransactItems))
		}
	case "DynamoDB PutItem", "DynamoDB DeleteItem", "DynamoDB UpdateItem":
		u.Write += math.Ceil(float64(len(request)) / 1024)
	case "DynamoDB Query", "DynamoDB GetItem":
		body, err := io.ReadAll(answer.Body)
		if err == nil {
			u.Read += max(1, math.Ceil(float64(len(body))/4096))
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
	}
}

// Line is one line of a bill.
type Line struct {
	What    string
	Count   float64
	Dollars float64
}

// Sum adds up a bill.
func Sum(lines []Line) (dollars float64) {
	for _, l := range lines {
		dollars += l.Dollars
	}
	return dollars
}

// count adds up calls of a service, those named or, if none are, all.
func (m Measurement) count(service string, operations ...string) (n float64) {
	for name, calls := range m.Calls {
		s, operation, _ := strings.Cut(name, " ")
		wanted := len(operations) == 0
		for _, o := range operations {
			wanted = wanted || o == operation
		}
		if s == service && wanted {
			n += float64(calls)
		}
	}
	return n
}

// Ours is what Sluice adds.
func (m Measurement) Ours() []Line {
	invocations, seconds := 0.0, 0.0
	for _, f := range m.Functions {
		invocations += float64(f.Invocations)
		seconds += f.Took(f.Spent).Seconds() * float64(f.MemoryMB) / 1024
	}
	writes := m.count("S3", "PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload")
	reads := m.count("S3", "GetObject")
	return []Line{
		{"Lambda invocations", invocations, invocations * lambdaRequest},
		{"Lambda GB-seconds", seconds, seconds * lambdaSecond},
		{"DynamoDB write units", m.Units.Write, m.Units.Write * writeUnit},
		{"DynamoDB read units", m.Units.Read, m.Units.Read * readUnit},
		{"S3 writes", writes, writes * s3Write},
		{"S3 reads", reads, reads * s3Read},
		{"Step Functions transitions", transitions, transitions * transition},
	}
}

// PerEvent is what the design with one invocation and one conditional write for each
// delivery adds, before it reads anything back.
func (m Measurement) PerEvent() []Line {
	n := float64(m.Messages)
	seconds := n * eventTakes.Seconds() * eventMemory / 1024
	return []Line{
		{"Lambda invocations", n, n * lambdaRequest},
		{"Lambda GB-seconds", seconds, seconds * lambdaSecond},
		{"DynamoDB write units", n, n * writeUnit},
	}
}

// Anyway is what AWS charges for the objects and the events themselves, in either
// design.
func (m Measurement) Anyway() []Line {
	events, requests := float64(m.Events), float64(m.Events)+2*math.Ceil(float64(m.Messages)/messagesAtOne)
	return []Line{
		{"S3, requests that write the objects", events, events * s3Write},
		{"EventBridge, events of S3", events, events * busEvent},
		{"SQS requests", requests, requests * queueRequest},
	}
}
