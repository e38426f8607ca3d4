package s3

import (
	"net/http"
	"net/url"
	"strings"

	"sluice/local/wire"
)

// operations says which call a request is, by method, what it is about, and the
// one sub-resource in its query ("" for none). What is not listed is refused.
var operations = map[string]string{
	"GET service ":            "ListBuckets",
	"PUT bucket ":             "CreateBucket",
	"HEAD bucket ":            "HeadBucket",
	"DELETE bucket ":          "DeleteBucket",
	"GET bucket ":             "ListObjects",
	"GET bucket list-type":    "ListObjectsV2",
	"GET bucket versions":     "ListObjectVersions",
	"GET bucket location":     "GetBucketLocation",
	"GET bucket versioning":   "GetBucketVersioning",
	"PUT bucket versioning":   "PutBucketVersioning",
	"GET bucket notification": "GetBucketNotificationConfiguration",
	"PUT bucket notification": "PutBucketNotificationConfiguration",
	"GET bucket uploads":      "ListMultipartUploads",
	"POST bucket delete":      "DeleteObjects",
	"GET object ":             "GetObject",
	"HEAD object ":            "HeadObject",
	"PUT object ":             "PutObject",
	"DELETE object ":          "DeleteObject",
	"POST object uploads":     "CreateMultipartUpload",
	"PUT object uploadId":     "UploadPart",
	"POST object uploadId":    "CompleteMultipartUpload",
	"DELETE object uploadId":  "AbortMultipartUpload",
	"GET object uploadId":     "ListParts",
}

// plain are query parameters that do not name a sub-resource.
var plain = map[string]bool{
	"prefix": true, "delimiter": true, "max-keys": true, "marker": true, "continuation-token": true, "start-after": true,
	"encoding-type": true, "fetch-owner": true, "key-marker": true, "version-id-marker": true, "upload-id-marker": true,
	"max-uploads": true, "max-parts": true, "part-number-marker": true, "partNumber": true, "versionId": true, "x-id": true,
	"response-content-type": true, "response-content-language": true, "response-expires": true, "response-cache-control": true,
	"AWSAccessKeyId": true, "Signature": true, "Expires": true, "x-amz-security-token": true, // presigned as S3 did it first
	"response-content-disposition": true, "response-content-encoding": true, "max-buckets": true, "bucket-region": true,
}

// locate splits a request into bucket and key, in either style of address.
func (s *Service) locate(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	host, _, _ = strings.Cut(host, ":")
	for _, h := range s.Hosts {
		if b, ok := strings.CutSuffix(host, "."+h); ok && b != "s3" && b != "" && !strings.HasPrefix(b, "s3.") {
			return b, path
		}
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// identify names the call. The second answer is what is not implemented, or "".
func (s *Service) identify(r *http.Request) (q Request, unknown string) {
	q.Bucket, q.Key = s.locate(r)
	query := r.URL.Query()
	if q.VersionID = query.Get("versionId"); q.VersionID == "null" {
		q.VersionID = "" // how the CLI asks for the one version of a bucket without versions
	}
	about := "object"
	switch {
	case q.Bucket == "":
		about = "service"
	case q.Key == "":
		about = "bucket"
	}
	sub := ""
	for name := range query {
		if !plain[name] && !strings.HasPrefix(name, "X-Amz-") {
			if sub != "" {
				return q, r.Method + " " + about + " with " + sub + " and " + name
			}
			sub = name
		}
	}
	q.Operation = operations[r.Method+" "+about+" "+sub]
	if q.Operation == "" {
		return q, strings.TrimSpace(r.Method + " " + about + " " + sub)
	}
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		if q.Operation == "UploadPart" {
			return q, "UploadPartCopy"
		}
		q.Operation = "CopyObject"
	}
	return q, unsupported(q.Operation, r.Header)
}

// unsupported names a header whose effect is not modelled and would be missed.
func unsupported(operation string, h http.Header) string {
	for _, name := range []string{
		"X-Amz-Tagging", "X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Legal-Hold", "X-Amz-Server-Side-Encryption-Customer-Algorithm",
		"X-Amz-Website-Redirect-Location", "X-Amz-Write-Offset-Bytes", "X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-None-Match",
		"X-Amz-Copy-Source-If-Modified-Since", "X-Amz-Copy-Source-If-Unmodified-Since", "If-Unmodified-Since",
	} {
		if h.Get(name) != "" {
			return operation + " with " + name
		}
	}
	conditional := h.Get("If-Match") != "" || h.Get("If-None-Match") != ""
	switch operation {
	case "GetObject", "HeadObject", "PutObject":
		if v := h.Get("If-None-Match"); operation == "PutObject" && v != "" && v != "*" {
			return "PutObject with If-None-Match other than *"
		}
	default:
		if conditional {
			return operation + " with If-Match or If-None-Match"
		}
	}
	return ""
}

// access is what IAM is asked for a call.
func (q *Request) access(r *http.Request) []wire.Access {
	bucket, object := BucketARN(q.Bucket), ObjectARN(q.Bucket, q.Key)
	one := func(action, resource string) []wire.Access {
		return []wire.Access{{Action: "s3:" + action, Resource: resource}}
	}
	versioned := func(action string) []wire.Access {
		if q.VersionID != "" {
			action += "Version"
		}
		return one(action, object)
	}
	switch q.Operation {
	case "ListBuckets":
		return one("ListAllMyBuckets", "*")
	case "HeadBucket":
		return one("ListBucket", bucket)
	case "ListObjects", "ListObjectsV2":
		return []wire.Access{{Action: "s3:ListBucket", Resource: bucket, Conditions: listConditions(r.URL.Query())}}
	case "ListObjectVersions":
		return []wire.Access{{Action: "s3:ListBucketVersions", Resource: bucket, Conditions: listConditions(r.URL.Query())}}
	case "GetBucketNotificationConfiguration":
		return one("GetBucketNotification", bucket)
	case "PutBucketNotificationConfiguration":
		return one("PutBucketNotification", bucket)
	case "ListMultipartUploads":
		return one("ListBucketMultipartUploads", bucket)
	case "GetObject", "HeadObject":
		return versioned("GetObject")
	case "DeleteObject":
		return versioned("DeleteObject")
	case "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
		return one("PutObject", object)
	case "CopyObject":
		from, key, _ := copySource(r.Header)
		return append(one("PutObject", object), wire.Access{Action: "s3:GetObject", Resource: ObjectARN(from, key)})
	case "AbortMultipartUpload":
		return one("AbortMultipartUpload", object)
	case "ListParts":
		return one("ListMultipartUploadParts", object)
	case "DeleteObjects":
		return nil // asked for each key
	}
	return one(q.Operation, bucket)
}

func listConditions(q url.Values) map[string][]string {
	c := map[string][]string{}
	for _, name := range []string{"prefix", "delimiter", "max-keys"} {
		if q.Has(name) {
			c["s3:"+name] = []string{q.Get(name)}
		}
	}
	return c
}
