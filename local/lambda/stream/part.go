package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"sluice/local/lambda/partial"
)

// shard is the name of the one shard that a stream has here.
const shard = "shardId-00000000000000000001-00000001"

// part is a batch, or what is left or split off of one.
type part struct {
	records  []Record
	runs     int // of the function
	failures int // runs that count against MaxRetries
	waited   time.Duration
	last     Answer // of the last run
}

// settle decides about a part by how the function ended.
func (r *Reader) settle(p *part, a Answer) {
	if a.Err != nil { // before invocation, as the guide calls it: it uses up no retry
		r.result = "PROBLEM: " + a.Err.Error()
		r.again(p)
		return
	}
	p.runs, p.last = p.runs+1, a
	done := r.done(p, a)
	if done == len(p.records) {
		r.result = "OK"
		r.drop(p, done)
		r.attempt()
		return
	}
	r.result = "PROBLEM: Function call failed"
	halve := r.Bisect && a.Failed && len(p.records) > 1
	if !halve && !(r.Bisect && done > 0) {
		p.failures++
	}
	p.records = p.records[done:]
	switch {
	case r.MaxRetries != nil && *r.MaxRetries >= 0 && p.failures > *r.MaxRetries:
		r.giveUp(p, len(p.records), "RetryAttemptsExhausted")
		r.attempt()
	case halve:
		r.halve(p)
		r.again(r.work[0])
	default:
		r.again(p)
	}
}

// done is how many records at the beginning of a part are done. A record that failed
// takes all that follow it with it.
func (r *Reader) done(p *part, a Answer) int {
	if a.Failed {
		return 0
	}
	if !r.ReportItemFailures {
		return len(p.records)
	}
	var ids []string
	for _, rec := range p.records {
		ids = append(ids, rec.Sequence)
	}
	failed, ok := partial.Failures(a.Payload, ids)
	if !ok {
		return 0
	}
	n := 0
	for n < len(ids) && !failed[ids[n]] {
		n++
	}
	return n
}

// halve makes two parts of the first, which share its counts.
func (r *Reader) halve(p *part) {
	middle := len(p.records) / 2
	left, right := *p, *p
	left.records, right.records = p.records[:middle], p.records[middle:]
	left.waited, right.waited = 0, 0
	r.work = append([]*part{&left, &right}, r.work[1:]...)
}

// drop takes the first n records off the first part, and the part off the work when
// none is left.
func (r *Reader) drop(p *part, n int) {
	p.records = p.records[n:]
	if len(p.records) == 0 {
		r.work = r.work[1:]
	}
}

// giveUp reports the first n records of the first part, and drops them.
func (r *Reader) giveUp(p *part, n int, condition string) {
	records := p.records[:n]
	if r.OnFailureARN != "" {
		r.needs.GiveUp(r.report(p, records, condition))
	} else {
		r.needs.Log(fmt.Sprintf("%d records of %s from %s on are lost: %s, and the mapping has no failure destination",
			n, r.StreamARN, records[0].Sequence, condition))
	}
	r.drop(p, n)
}

// report is the document that the failure destination receives. It says where the
// records are, and not what they are.
func (r *Reader) report(p *part, records []Record, condition string) []byte {
	type object = map[string]any
	first, last := records[0], records[len(records)-1]
	id := p.last.RequestID
	if p.runs == 0 {
		id = r.w.UUID("lambda/request")
	}
	doc := object{
		"requestContext": object{"requestId": id, "functionArn": r.needs.FunctionARN, "condition": condition, "approximateInvokeCount": p.runs},
		"version":        "1.0", "timestamp": r.w.Now().Format("2006-01-02T15:04:05.000Z"),
		"DDBStreamBatchInfo": object{
			"shardId": shard, "startSequenceNumber": first.Sequence, "endSequenceNumber": last.Sequence,
			"approximateArrivalOfFirstRecord": arrival(first), "approximateArrivalOfLastRecord": arrival(last),
			"batchSize": len(records), "streamArn": r.StreamARN,
		},
	}
	if p.runs > 0 {
		context := object{"statusCode": 200, "executedVersion": "$LATEST"}
		if p.last.Failed {
			context["functionError"] = "Unhandled"
		}
		doc["responseContext"] = context
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err) // maps of strings and numbers
	}
	return text
}

func arrival(rec Record) string { return rec.Made.UTC().Format("2006-01-02T15:04:05Z") }
