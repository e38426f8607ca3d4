// Package s3 is Amazon S3 on a laptop, in virtual time. gofakes3 reads requests
// and writes answers; the objects are kept here, and before it stands what it
// lacks: aws-chunked bodies with checksums, virtual hosts, IAM, faults, bucket
// notifications, and a refusal of everything that is not done.
//
// It decides what an object is, who may touch it, and which EventBridge event a
// change sends. gofakes3's own memory store is not used: it keeps the metadata of
// overwritten objects, repeats common prefixes across pages, reports pages that
// are not there, and breaks on listing a key whose newest version was deleted.
//
// Callers: the SDK, the CLI and boto3 over the wire (REST, XML); in process,
// whoever seeds buckets or looks into them. Not modelled: ACLs, bucket policies,
// tags, encryption, lifecycle; the ETag of a multipart upload is the MD5 of the whole.
package s3

import (
	"net/http"
	"time"

	"github.com/johannesboyne/gofakes3"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Emit sends an event of AWS's own to EventBridge.
type Emit func(source, detailType string, resources []string, detail any)

// Permit asks IAM whether the caller may have all of need.
type Permit func(c *wire.Call, need ...wire.Access) error

// Request is one call, as Fault and Observe see it.
type Request struct {
	Operation string // such as PutObject
	Bucket    string
	Key       string
	VersionID string
}

// Service is all buckets.
type Service struct {
	// Fault is asked about each call; in is a *Request. nil never fails.
	Fault func(c *wire.Call, in any) wire.Effect
	// Observe sees each call after it was answered; its Input is a *Request. It may be nil.
	Observe func(wire.Record)
	// Hosts are the names under which buckets are virtual hosts: bucket.host.
	Hosts []string

	w        *sim.World
	emit     Emit
	permit   Permit
	buckets  map[string]*bucket
	front    http.Handler
	requests map[string]int

	current   *wire.Call // the call being answered; nil for Go callers
	reason    string     // of the change being made, for its event
	sequencer uint64
}

// New returns S3 without buckets. emit and permit may be nil: then nothing is
// sent, and everything is allowed.
func New(w *sim.World, emit Emit, permit Permit) *Service {
	s := &Service{
		Hosts: []string{"local", "localhost", "s3.amazonaws.com", "s3." + wire.Region + ".amazonaws.com"},
		w:     w, emit: emit, permit: permit, buckets: map[string]*bucket{}, requests: map[string]int{},
	}
	s.front = gofakes3.New(backend{s}, gofakes3.WithTimeSource(clock{w}), gofakes3.WithTimeSkewLimit(0)).Server()
	return s
}

// Wire is the service for the server.
func (s *Service) Wire() *wire.Service { return &wire.Service{Prefix: "s3", HTTP: s.serve} }

// Requests counts the calls over the wire by operation, refused ones included.
func (s *Service) Requests() map[string]int { return s.requests }

// clock is the world's time in gofakes3's form.
type clock struct{ w *sim.World }

func (c clock) Now() time.Time                  { return c.w.Now() }
func (c clock) Since(t time.Time) time.Duration { return c.w.Now().Sub(t) }

// BucketARN and ObjectARN are the names that policies use.
func BucketARN(bucket string) string      { return "arn:aws:s3:::" + bucket }
func ObjectARN(bucket, key string) string { return BucketARN(bucket) + "/" + key }
