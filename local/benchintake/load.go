package benchintake

import (
	"fmt"
	"iter"
	"math/bits"
)

// A batch is bounded by what Lambda takes in one invocation and by the template's
// BatchSize. Source: AWS.md A.1 and template.yaml.
const (
	maxPayload  = 6 << 20
	maxMessages = 10_000
)

// payloads are the batches that the queue would hand to on-data: every event, a fifth
// of them twice, in random order.
func payloads(events int, seed uint64) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		messages := events + events/redelivered
		shuffled := permutation{n: uint64(messages), seed: seed}
		payload, held := []byte(`{"Records":[`), 0
		var next []byte
		for i := range messages {
			m := int(shuffled.at(uint64(i)))
			if m >= events {
				m = (m - events) * redelivered // delivered before, or later
			}
			next = message(next[:0], m, events, i)
			if held == maxMessages || len(payload)+len(next)+2 > maxPayload {
				if !yield(append(payload, `]}`...)) {
					return
				}
				payload, held = []byte(`{"Records":[`), 0
			}
			if held > 0 {
				payload = append(payload, ',')
			}
			payload = append(payload, next...)
			held++
		}
		if held > 0 {
			yield(append(payload, `]}`...))
		}
	}
}

const bucket = "acme-features"

// key is the key of an object.
func key(object int) string {
	return fmt.Sprintf("churn/day=%03d/part-%08d-c000.snappy.parquet", object%365, object)
}

// number is the object that a key is of; -1 if it is none of ours.
func number(k string) int {
	var day, n int
	if _, err := fmt.Sscanf(k, "churn/day=%03d/part-%08d-", &day, &n); err != nil || k != key(n) {
		return -1
	}
	return n
}

// size is an object's, in bytes.
func size(object int) int64 { return int64(1000 + object%9000) }

// message appends event e as Lambda gets it from the queue: the fields of S3's event and
// of the queue at the lengths they have in AWS.
func message(b []byte, e, events, nth int) []byte {
	object := e
	if distinct := events - events/repeated; e >= distinct {
		object = e - distinct
	}
	h := mix(uint64(object)+1, 0)
	b = fmt.Appendf(b, `{"messageId":"%08x-05d4-4198-9fde-%012x","receiptHandle":"%0412x","body":"`, uint32(nth), nth, h)
	b = fmt.Appendf(b, `{\"version\":\"0\",\"id\":\"17793124-05d4-b198-2fde-%012x\",\"detail-type\":\"Object Created\",\"source\":\"aws.s3\",\"account\":\"111122223333\",\"time\":\"2026-03-02T09:%02d:%02dZ\",\"region\":\"us-east-1\",`, e, object/60%8, object%60)
	b = fmt.Appendf(b, `\"resources\":[\"arn:aws:s3:::%s\"],\"detail\":{\"version\":\"0\",\"bucket\":{\"name\":\"%s\"},\"object\":{\"key\":\"%s\",\"size\":%d,\"etag\":\"%016x%016x\",\"version-id\":\"%016xAbCdEfGhIjKlMnOp\",\"sequencer\":\"00%016X\"},`, bucket, bucket, key(object), size(object), h, mix(h, 1), mix(h, 2), h)
	b = fmt.Appendf(b, `\"request-id\":\"%016X\",\"requester\":\"111122223333\",\"source-ip-address\":\"10.20.30.40\",\"reason\":\"PutObject\"}}`, mix(h, 3))
	return fmt.Appendf(b, `","attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1772446531120","SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1772446531190"},"messageAttributes":{},"md5OfBody":"%016x%016x","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:111122223333:sluice-DataQueue-1A2B3C4D5E6F","awsRegion":"us-east-1"}`, h, h)
}

// permutation is a random order of 0..n-1 that takes no memory: a Feistel network over
// the next power of four, walked until it lands below n.
type permutation struct{ n, seed uint64 }

func (p permutation) at(i uint64) uint64 {
	half := (bits.Len64(p.n-1) + 1) / 2
	mask := uint64(1)<<half - 1
	for {
		left, right := i>>half, i&mask
		for round := range uint64(4) {
			left, right = right, left^mix(right, p.seed+round)&mask
		}
		if i = left<<half | right; i < p.n {
			return i
		}
	}
}

// mix is a hash of x (splitmix64).
func mix(x, seed uint64) uint64 {
	x += 0x9e3779b97f4a7c15 * (seed + 1)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
