package s3

import (
	"fmt"

	"github.com/johannesboyne/gofakes3"
)

// Options are how a bucket is made.
type Options struct {
	EventBridge bool // send Object Created and Object Deleted
	Versioned   bool
}

// CreateBucket makes a bucket. Errors: the name is taken, or not allowed.
func (s *Service) CreateBucket(name string, o Options) error {
	if err := gofakes3.ValidateBucketName(name); err != nil {
		return fmt.Errorf("creating bucket %s: %w", name, err)
	}
	if s.buckets[name] != nil {
		return fmt.Errorf("creating bucket %s: it exists", name)
	}
	b := s.makeBucket(name)
	b.eventBridge = o.EventBridge
	if o.Versioned {
		b.versioning = "Enabled"
	}
	return nil
}

func (s *Service) makeBucket(name string) *bucket {
	b := &bucket{name: name, createdAt: s.w.Now(), objects: map[string]*object{}}
	s.buckets[name] = b
	return b
}

// Put writes an object, with its event. The body is kept and must not be changed.
// Error: there is no such bucket.
func (s *Service) Put(bucket, key string, body []byte) error {
	b := s.buckets[bucket]
	if b == nil {
		return noBucket(bucket)
	}
	s.put(b, key, body, nil)
	return nil
}

// Delete deletes an object, with its event. Error: there is no such bucket.
func (s *Service) Delete(bucket, key string) error {
	b := s.buckets[bucket]
	if b == nil {
		return noBucket(bucket)
	}
	s.remove(b, key)
	return nil
}

// Get reads an object, false if it is not there. The body must not be changed.
func (s *Service) Get(bucket, key string) ([]byte, bool) {
	if b := s.buckets[bucket]; b != nil {
		if v := b.get(key); v != nil {
			return v.body, true
		}
	}
	return nil, false
}

// List lists the keys of a bucket that begin with prefix, sorted.
func (s *Service) List(bucket, prefix string) []string {
	b := s.buckets[bucket]
	if b == nil {
		return nil
	}
	return b.list(prefix, "", "", len(b.objects)+1, func(o *object) bool { return o.current() != nil }).keys
}

func noBucket(name string) error { return fmt.Errorf("there is no bucket %s", name) }
