package s3

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// readBody reads a request's body, out of aws-chunked form if it is in that, and
// checks it against the checksums that came with it, as headers or as trailers.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, failf(400, "IncompleteBody", "reading the body: %v", err)
	}
	trailer := http.Header{}
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if strings.HasPrefix(payload, "STREAMING-") {
		if body, trailer, err = dechunk(body); err != nil {
			return nil, failf(400, "IncompleteBody", "%v", err)
		}
		if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != "" && want != strconv.Itoa(len(body)) {
			return nil, failf(400, "IncompleteBody", "The request body terminated unexpectedly")
		}
	} else if len(payload) == 64 {
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != payload {
			return nil, failf(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	for name, sum := range checksums {
		want := r.Header.Get("X-Amz-Checksum-" + name)
		if want == "" {
			want = trailer.Get("X-Amz-Checksum-" + name)
		}
		if want == "" {
			continue
		}
		h := sum()
		h.Write(body)
		if base64.StdEncoding.EncodeToString(h.Sum(nil)) != want {
			return nil, failf(400, "BadDigest", "The %s you specified did not match the calculated checksum.", strings.ToUpper(name))
		}
	}
	return body, nil
}

// checksums by the name in their header.
var checksums = map[string]func() hash.Hash{
	"Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"Sha1":      sha1.New,
	"Sha256":    sha256.New,
}

type chunkError string

func (e chunkError) Error() string { return "aws-chunked body: " + string(e) }

// dechunk takes an aws-chunked body apart: chunks of "size[;extension]\r\n data
// \r\n", one of size zero at the end, then trailing headers. Signatures are not
// checked.
func dechunk(b []byte) (body []byte, trailer http.Header, err error) {
	trailer = http.Header{}
	line := func() (string, bool) {
		head, rest, ok := bytes.Cut(b, []byte("\r\n"))
		b = rest
		return string(head), ok
	}
	for {
		head, ok := line()
		if !ok {
			return nil, nil, chunkError("a chunk has no size line")
		}
		digits, _, _ := strings.Cut(head, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 31)
		if err != nil {
			return nil, nil, chunkError("the chunk size " + strconv.Quote(digits) + " is no hexadecimal number")
		}
		if n == 0 {
			break
		}
		if uint64(len(b)) < n+2 || string(b[n:n+2]) != "\r\n" {
			return nil, nil, chunkError("a chunk is shorter than its size")
		}
		body = append(body, b[:n]...)
		b = b[n+2:]
	}
	for {
		head, _ := line()
		name, value, ok := strings.Cut(head, ":")
		if !ok {
			return body, trailer, nil
		}
		trailer.Set(textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value))
	}
}

// withoutChunked is a Content-Encoding less the one that only the wire has.
func withoutChunked(encoding string) string {
	var rest []string
	for e := range strings.SplitSeq(encoding, ",") {
		if e = strings.TrimSpace(e); e != "" && e != "aws-chunked" {
			rest = append(rest, e)
		}
	}
	return strings.Join(rest, ",")
}
