package s3

import (
	"encoding/xml"
	"errors"
	"io"

	"sluice/local/wire"
)

type deleteRequest struct {
	Objects []struct {
		Key       string
		VersionID string `xml:"VersionId"`
		ETag      string
	} `xml:"Object"`
	Quiet bool
}

type deletedKey struct {
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:"DeleteMarker,omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

type failedKey struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
	Code      string
	Message   string
}

type deleteResult struct {
	XMLName xml.Name `xml:"DeleteResult"`
	Deleted []deletedKey
	Error   []failedKey
}

// deleteObjects deletes up to a thousand keys. Each needs its own permission, and
// fails by itself.
func (s *Service) deleteObjects(c *wire.Call, name string, body io.Reader, to *answer) error {
	b := s.buckets[name]
	if b == nil {
		return missing("NoSuchBucket", "The specified bucket does not exist")
	}
	var in deleteRequest
	if err := xml.NewDecoder(body).Decode(&in); err != nil || len(in.Objects) == 0 || len(in.Objects) > 1000 {
		return failf(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	out := deleteResult{}
	for _, o := range in.Objects {
		if o.ETag != "" {
			return failf(501, "NotImplemented", "local AWS does not implement s3 DeleteObjects with ETag")
		}
		action := "s3:DeleteObject"
		if o.VersionID != "" {
			action = "s3:DeleteObjectVersion"
		}
		if err := s.allowed(c, wire.Access{Action: action, Resource: ObjectARN(name, o.Key)}); err != nil {
			var f *failure
			errors.As(err, &f)
			out.Error = append(out.Error, failedKey{o.Key, o.VersionID, f.Code, f.Message})
			continue
		}
		done := deletedKey{Key: o.Key, VersionID: o.VersionID}
		if o.VersionID != "" {
			if v := s.removeVersion(b, o.Key, o.VersionID); v != nil && v.marker {
				done.DeleteMarker, done.DeleteMarkerVersionID = true, v.id
			}
		} else if marker := s.remove(b, o.Key); marker != nil {
			done.DeleteMarker, done.DeleteMarkerVersionID = true, marker.id
		}
		if !in.Quiet {
			out.Deleted = append(out.Deleted, done)
		}
	}
	return to.xml(out)
}
