package s3

import "github.com/johannesboyne/gofakes3"

func (k backend) VersioningConfiguration(name string) (out gofakes3.VersioningConfiguration, err error) {
	b, err := k.bucket(name)
	if err != nil {
		return out, err
	}
	out.Status = gofakes3.VersioningStatus(b.versioning)
	return out, nil
}

func (k backend) SetVersioningConfiguration(name string, v gofakes3.VersioningConfiguration) error {
	b, err := k.bucket(name)
	if err != nil {
		return err
	}
	if v.MFADelete.Enabled() {
		return gofakes3.ErrNotImplemented
	}
	if v.Status != gofakes3.VersioningEnabled && v.Status != gofakes3.VersioningSuspended {
		return gofakes3.ErrIllegalVersioningConfiguration
	}
	b.versioning = string(v.Status)
	return nil
}

// DeleteMulti and DeleteMultiVersions are answered before gofakes3; see delete.go.
func (k backend) DeleteMulti(string, ...string) (gofakes3.MultiDeleteResult, error) {
	return gofakes3.MultiDeleteResult{}, gofakes3.ErrNotImplemented
}

func (k backend) DeleteMultiVersions(string, ...gofakes3.ObjectID) (gofakes3.MultiDeleteResult, error) {
	return gofakes3.MultiDeleteResult{}, gofakes3.ErrNotImplemented
}

// ListBucketVersions lists all versions, newest first within a key. A page ends
// between keys: one key's versions are never split, so a page may be longer than asked.
func (k backend) ListBucketVersions(name string, prefix *gofakes3.Prefix, page *gofakes3.ListBucketVersionsPage) (*gofakes3.ListBucketVersionsResult, error) {
	b, err := k.bucket(name)
	if err != nil {
		return nil, err
	}
	out := gofakes3.NewListBucketVersionsResult(name, prefix, page)
	l := b.list(prefix.Prefix, prefix.Delimiter, page.KeyMarker, int(page.MaxKeys), func(o *object) bool { return len(o.versions) > 0 })
	for _, p := range l.prefixes {
		out.AddPrefix(p)
	}
	for _, key := range l.keys {
		versions := b.objects[key].versions
		for i := len(versions) - 1; i >= 0; i-- {
			v, latest := versions[i], i == len(versions)-1
			if v.marker {
				out.Versions = append(out.Versions, &gofakes3.DeleteMarker{
					Key: key, VersionID: gofakes3.VersionID(v.id), IsLatest: latest, LastModified: gofakes3.NewContentTime(v.at),
				})
				continue
			}
			out.Versions = append(out.Versions, &gofakes3.Version{
				Key: key, VersionID: gofakes3.VersionID(v.id), IsLatest: latest, LastModified: gofakes3.NewContentTime(v.at),
				Size: int64(len(v.body)), ETag: gofakes3.FormatETag(v.hash[:]), StorageClass: gofakes3.StorageStandard,
			})
		}
	}
	out.IsTruncated, out.NextKeyMarker = l.next != "", l.next
	return out, nil
}
