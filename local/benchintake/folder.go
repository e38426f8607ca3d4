package benchintake

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// folder is the part of S3 that the store needs, over a folder: what a large run
// writes must not count as memory of the functions.
type folder struct {
	dir     string
	uploads int
}

// operation names a request; "" for what the folder does not do.
func (f *folder) operation(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Method == "PUT" && q.Has("uploadId"):
		return "UploadPart"
	case r.Method == "PUT":
		return "PutObject"
	case r.Method == "GET":
		return "GetObject"
	case r.Method == "POST" && q.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == "POST" && q.Has("uploadId"):
		return "CompleteMultipartUpload"
	case r.Method == "DELETE" && q.Has("uploadId"):
		return "AbortMultipartUpload"
	}
	return ""
}

// file is where a key's bytes are. Keys are Sluice's own, and hold no dots before
// their suffix.
func (f *folder) file(path string) string { return filepath.Join(f.dir, filepath.FromSlash(path)) }

func (f *folder) answer(r *http.Request) (*http.Response, error) {
	store, _, _ := strings.Cut(r.URL.Host, ".") // the bucket is in the host's name
	file := f.file(store + r.URL.Path)
	switch f.operation(r) {
	case "PutObject":
		return f.keep(r, file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
	case "UploadPart": // parts come in order, one after another
		return f.keep(r, f.upload(r), os.O_CREATE|os.O_WRONLY|os.O_APPEND)
	case "CreateMultipartUpload":
		f.uploads++
		type result struct {
			XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
			UploadID string   `xml:"UploadId"`
		}
		return written(result{UploadID: fmt.Sprint("upload-", f.uploads)})
	case "CompleteMultipartUpload":
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.Rename(f.upload(r), file); err != nil {
			return nil, err
		}
		type result struct {
			XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
			ETag    string
		}
		return written(result{ETag: `"e"`})
	case "AbortMultipartUpload":
		return response(http.StatusNoContent, http.NoBody), os.RemoveAll(f.upload(r))
	case "GetObject":
		body, err := os.Open(file)
		if os.IsNotExist(err) {
			return response(http.StatusNotFound, io.NopCloser(strings.NewReader("<Error><Code>NoSuchKey</Code></Error>"))), nil
		}
		return response(http.StatusOK, body), err
	}
	return response(http.StatusNotImplemented, http.NoBody), nil
}

func (f *folder) upload(r *http.Request) string {
	return filepath.Join(f.dir, r.URL.Query().Get("uploadId"))
}

func (f *folder) keep(r *http.Request, file string, how int) (*http.Response, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(file, how, 0o644)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(out, r.Body); err != nil {
		return nil, err
	}
	ok := response(http.StatusOK, http.NoBody)
	ok.Header.Set("ETag", `"e"`)
	return ok, out.Close()
}

func response(status int, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: body, ContentLength: -1}
}

func written(v any) (*http.Response, error) {
	b, err := xml.Marshal(v)
	return response(http.StatusOK, io.NopCloser(bytes.NewReader(b))), err
}
