package s3

import (
	"crypto/md5"
	"encoding/hex"
	"time"
)

// bucket is one bucket. Objects stay in the map, without versions, once their
// last one is deleted, until the index is next put in order.
type bucket struct {
	name        string
	createdAt   time.Time
	versioning  string // "", Enabled or Suspended
	eventBridge bool
	objects     map[string]*object
	index
}

// object is all versions of one key, the newest last.
type object struct{ versions []*version }

// version is one version of an object, or a delete marker.
type version struct {
	id     string // "null" unless the bucket was versioned when it was written
	body   []byte
	hash   [md5.Size]byte
	meta   map[string]string
	at     time.Time
	marker bool
}

func (v *version) etag() string { return hex.EncodeToString(v.hash[:]) }

// current is the newest version, if there is one and it is no delete marker.
func (o *object) current() *version {
	if o == nil || len(o.versions) == 0 {
		return nil
	}
	if v := o.versions[len(o.versions)-1]; !v.marker {
		return v
	}
	return nil
}

func (b *bucket) get(key string) *version { return b.objects[key].current() }

// version finds a version by id, nil if there is none.
func (b *bucket) version(key, id string) *version {
	if o := b.objects[key]; o != nil {
		for _, v := range o.versions {
			if v.id == id {
				return v
			}
		}
	}
	return nil
}

// put writes an object. The body is kept, not copied.
func (s *Service) put(b *bucket, key string, body []byte, meta map[string]string) *version {
	v := &version{body: body, hash: md5.Sum(body), meta: meta, at: s.w.Now()}
	s.add(b, key, v)
	s.created(b, key, v)
	return v
}

// add makes v the newest version. Where versions are not kept it replaces the null one.
func (s *Service) add(b *bucket, key string, v *version) {
	o := b.objects[key]
	if o == nil {
		o = &object{}
		b.objects[key] = o
		b.note(key)
	}
	v.id = "null"
	if b.versioning == "Enabled" {
		v.id = s.w.ID("s3 version", 32)
	} else {
		o.drop("null")
	}
	o.versions = append(o.versions, v)
}

// drop takes a version away and returns it, nil if it was not there.
func (o *object) drop(id string) *version {
	for i, v := range o.versions {
		if v.id == id {
			o.versions = append(o.versions[:i:i], o.versions[i+1:]...)
			return v
		}
	}
	return nil
}

// remove deletes a key as DeleteObject does without a version: for good, or by a
// delete marker. A key that is not there is no error, and sends no event.
func (s *Service) remove(b *bucket, key string) (marker *version) {
	if b.versioning == "" {
		if o := b.objects[key]; o != nil {
			if v := o.drop("null"); v != nil {
				s.deleted(b, key, v, "Permanently Deleted")
			}
		}
		return nil
	}
	v := &version{marker: true, at: s.w.Now(), hash: md5.Sum(nil)}
	s.add(b, key, v)
	s.deleted(b, key, v, "Delete Marker Created")
	return v
}

// removeVersion deletes one version for good.
func (s *Service) removeVersion(b *bucket, key, id string) *version {
	o := b.objects[key]
	if o == nil {
		return nil
	}
	v := o.drop(id)
	if v != nil {
		s.deleted(b, key, v, "Permanently Deleted")
	}
	return v
}

func (b *bucket) empty() bool {
	for _, o := range b.objects {
		if len(o.versions) > 0 {
			return false
		}
	}
	return true
}
