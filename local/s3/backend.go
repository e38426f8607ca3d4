package s3

import (
	"bytes"
	"io"
	"maps"
	"slices"

	"github.com/johannesboyne/gofakes3"
)

// backend is the store as gofakes3 wants it.
type backend struct{ s *Service }

var (
	_ gofakes3.Backend          = backend{}
	_ gofakes3.VersionedBackend = backend{}
)

func (k backend) bucket(name string) (*bucket, error) {
	if b := k.s.buckets[name]; b != nil {
		return b, nil
	}
	return nil, gofakes3.BucketNotFound(name)
}

func (k backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	var out []gofakes3.BucketInfo
	for _, name := range slices.Sorted(maps.Keys(k.s.buckets)) {
		out = append(out, gofakes3.BucketInfo{Name: name, CreationDate: gofakes3.NewContentTime(k.s.buckets[name].createdAt)})
	}
	return out, nil
}

func (k backend) BucketExists(name string) (bool, error) { return k.s.buckets[name] != nil, nil }

func (k backend) CreateBucket(name string) error {
	if k.s.buckets[name] != nil {
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
	}
	k.s.makeBucket(name)
	return nil
}

func (k backend) DeleteBucket(name string) error {
	b, err := k.bucket(name)
	if err != nil {
		return err
	}
	if !b.empty() {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	delete(k.s.buckets, name)
	return nil
}

func (k backend) ForceDeleteBucket(name string) error { return gofakes3.ErrNotImplemented }

func (k backend) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	b, err := k.bucket(name)
	if err != nil {
		return nil, err
	}
	out := gofakes3.NewObjectList()
	l := b.list(prefix.Prefix, prefix.Delimiter, page.Marker, int(page.MaxKeys), func(o *object) bool { return o.current() != nil })
	for _, key := range l.keys {
		v := b.get(key)
		out.Add(&gofakes3.Content{
			Key: key, LastModified: gofakes3.NewContentTime(v.at), ETag: gofakes3.FormatETag(v.hash[:]),
			Size: int64(len(v.body)), StorageClass: gofakes3.StorageStandard,
		})
	}
	for _, p := range l.prefixes {
		out.AddPrefix(p)
	}
	out.IsTruncated, out.NextMarker = l.next != "", l.next
	return out, nil
}

// find is the version asked for, or the error S3 has for its absence.
func (k backend) find(bucketName, key, id string) (*version, error) {
	b, err := k.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	if id == "" {
		if v := b.get(key); v != nil {
			return v, nil
		}
		return nil, gofakes3.KeyNotFound(key)
	}
	if v := b.version(key, id); v != nil {
		return v, nil
	}
	return nil, gofakes3.ErrNoSuchVersion
}

func shown(key string, v *version, body bool, want *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o := &gofakes3.Object{
		Name: key, Metadata: maps.Clone(v.meta), Size: int64(len(v.body)), Hash: v.hash[:],
		IsDeleteMarker: v.marker, VersionID: versionID(v), Contents: io.NopCloser(bytes.NewReader(nil)),
	}
	if o.Metadata == nil {
		o.Metadata = map[string]string{}
	}
	o.Metadata["Last-Modified"] = v.at.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	if !body {
		return o, nil
	}
	part, err := want.Range(o.Size)
	if err != nil {
		return nil, err
	}
	data := v.body
	if part != nil {
		data, o.Range = data[part.Start:part.Start+part.Length], part
	}
	o.Contents = io.NopCloser(bytes.NewReader(data))
	return o, nil
}

// versionID is what answers show: nothing for objects without versions.
func versionID(v *version) gofakes3.VersionID {
	if v.id == "null" {
		return ""
	}
	return gofakes3.VersionID(v.id)
}

func (k backend) GetObject(bucket, key string, want *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return k.GetObjectVersion(bucket, key, "", want)
}

func (k backend) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	return k.HeadObjectVersion(bucket, key, "")
}

func (k backend) GetObjectVersion(bucket, key string, id gofakes3.VersionID, want *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	v, err := k.find(bucket, key, string(id))
	if err != nil {
		return nil, err
	}
	return shown(key, v, true, want)
}

func (k backend) HeadObjectVersion(bucket, key string, id gofakes3.VersionID) (*gofakes3.Object, error) {
	v, err := k.find(bucket, key, string(id))
	if err != nil {
		return nil, err
	}
	return shown(key, v, false, nil)
}

func (k backend) PutObject(bucketName, key string, meta map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (out gofakes3.PutObjectResult, err error) {
	b, err := k.bucket(bucketName)
	if err != nil {
		return out, err
	}
	body, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return out, err
	}
	if conditions != nil {
		have := &gofakes3.ConditionalObjectInfo{}
		if v := b.get(key); v != nil {
			have.Exists, have.Hash = true, v.hash[:]
		}
		if err := gofakes3.CheckPutConditions(conditions, have); err != nil {
			return out, err
		}
	}
	delete(meta, "Last-Modified")
	out.VersionID = versionID(k.s.put(b, key, body, meta))
	return out, nil
}

// CopyObject is answered before gofakes3; see copy.go.
func (k backend) CopyObject(_, _, _, _ string, _ map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObjectResult{}, gofakes3.ErrNotImplemented
}

func (k backend) DeleteObject(bucket, key string) (out gofakes3.ObjectDeleteResult, err error) {
	b, err := k.bucket(bucket)
	if err != nil {
		return out, err
	}
	if marker := k.s.remove(b, key); marker != nil {
		out.IsDeleteMarker, out.VersionID = true, versionID(marker)
	}
	return out, nil
}

func (k backend) DeleteObjectVersion(bucket, key string, id gofakes3.VersionID) (out gofakes3.ObjectDeleteResult, err error) {
	b, err := k.bucket(bucket)
	if err != nil {
		return out, err
	}
	if v := k.s.removeVersion(b, key, string(id)); v != nil {
		out.IsDeleteMarker, out.VersionID = v.marker, id
	}
	return out, nil
}
