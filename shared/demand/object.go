// Package demand decides what one training run answers for: it coalesces triggers
// into demand, says when demand has settled, and merges chunks of object events
// into a manifest that lists each object once.
//
// It is pure: events and chunks in, decisions and bytes out. Storage, time and the
// launch itself belong to its callers, intake and training.
package demand

import (
	"cmp"
	"strings"
)

// Object is one S3 object of a manifest, at the version that the run shall read.
// The json names are the manifest's, which users' pipelines read.
type Object struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer"`
	ETag      string `json:"etag,omitempty"`
	Size      int64  `json:"size"` // bytes
	// Gone is set on deletions, which chunks list and manifests do not.
	Gone Gone `json:"gone,omitempty"`
}

// Gone says what a deletion took away.
type Gone string

const (
	// GoneKey: the key itself, for good or under a delete marker.
	GoneKey Gone = "key"
	// GoneVersion: one version, or one delete marker, of a bucket with versions. What
	// was below it is current again.
	GoneVersion Gone = "version"
)

// Compare orders objects by bucket and key in bytes, and the versions of one key
// from old to new.
func Compare(a, b Object) int {
	if c := strings.Compare(a.Bucket, b.Bucket); c != 0 { // most differ in their key, and need no more
		return c
	}
	if c := strings.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	return cmp.Or(
		compareSequencers(a.Sequencer, b.Sequencer),
		strings.Compare(a.VersionID, b.VersionID),
		strings.Compare(string(a.Gone), string(b.Gone)),
	)
}

// order is Compare with ties broken by the rest: two spellings of one version are
// one version, and it is always the same of them that is kept.
func order(a, b Object) int {
	if c := Compare(a, b); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(a.Sequencer, b.Sequencer),
		strings.Compare(a.ETag, b.ETag),
		cmp.Compare(a.Size, b.Size),
	)
}

// sameKey reports whether a and b are versions of one key.
func sameKey(a, b Object) bool { return a.Bucket == b.Bucket && a.Key == b.Key }

// compareSequencers orders two sequencers of one key: hexadecimal numbers, of which
// S3 says to pad the shorter on the left.
// Source: S3 user guide, event message structure, as of 2026-04.
func compareSequencers(a, b string) int {
	a, b = strings.ToUpper(strings.TrimLeft(a, "0")), strings.ToUpper(strings.TrimLeft(b, "0"))
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
