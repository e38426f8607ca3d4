package s3

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// copySource reads the header that names the object to copy.
func copySource(h http.Header) (bucket, key, version string) {
	source, query, _ := strings.Cut(h.Get("X-Amz-Copy-Source"), "?")
	if plain, err := url.PathUnescape(source); err == nil {
		source = plain
	}
	if q, err := url.ParseQuery(query); err == nil {
		version = q.Get("versionId")
	}
	bucket, key, _ = strings.Cut(strings.TrimPrefix(source, "/"), "/")
	return bucket, key, version
}

type copied struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	LastModified string
	ETag         string
}

// copyObject keeps the metadata of the source unless it is told to replace it;
// given are the headers as sent, kept those that become metadata.
func (s *Service) copyObject(q *Request, given, kept http.Header, to *answer) error {
	fromBucket, key, version := copySource(given)
	k := backend{s}
	if _, err := k.bucket(q.Bucket); err != nil {
		return missing("NoSuchBucket", "The specified bucket does not exist")
	}
	if _, err := k.bucket(fromBucket); err != nil {
		return missing("NoSuchBucket", "The specified bucket does not exist")
	}
	source, err := k.find(fromBucket, key, version)
	if err != nil {
		return missing("NoSuchKey", "The specified key does not exist.")
	}
	meta := maps.Clone(source.meta)
	switch given.Get("X-Amz-Metadata-Directive") {
	case "", "COPY":
		if fromBucket == q.Bucket && key == q.Key && version == "" {
			return failf(400, "InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
		}
	case "REPLACE":
		meta = map[string]string{}
		for name, v := range kept {
			if strings.HasPrefix(name, "X-Amz-Meta-") || strings.HasPrefix(name, "Content-") && name != "Content-Length" && name != "Content-Md5" {
				meta[name] = v[0]
			}
		}
	default:
		return failf(400, "InvalidArgument", "Unknown metadata directive.")
	}
	v := s.put(s.buckets[q.Bucket], q.Key, source.body, meta)
	if v.id != "null" {
		to.header.Set("X-Amz-Version-Id", v.id)
	}
	return to.xml(copied{LastModified: v.at.UTC().Format("2006-01-02T15:04:05.000Z"), ETag: `"` + v.etag() + `"`})
}

func missing(code, message string) error { return failf(404, code, "%s", message) }
