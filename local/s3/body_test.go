package s3

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func chunked(chunks [][]byte, trailer string) []byte {
	var b bytes.Buffer
	for _, c := range chunks {
		fmt.Fprintf(&b, "%x;chunk-signature=00\r\n%s\r\n", len(c), c)
	}
	b.WriteString("0\r\n" + trailer + "\r\n")
	return b.Bytes()
}

func TestChunksAreJoined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chunks := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 1, 40)).Draw(t, "chunks")
		body, trailer, err := dechunk(chunked(chunks, "x-amz-checksum-crc32:abc=\r\n"))
		if err != nil || !bytes.Equal(body, bytes.Join(chunks, nil)) || trailer.Get("X-Amz-Checksum-Crc32") != "abc=" {
			t.Fatalf("%q %v %v", body, trailer, err)
		}
	})
}

func TestBodiesThatAreNotWhatTheySayAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		header map[string]string
		body   string
		code   string
	}{
		{"crc32", map[string]string{"X-Amz-Checksum-Crc32": "AAAAAA=="}, "x", "BadDigest"},
		{"right crc32", map[string]string{"X-Amz-Checksum-Crc32": "jNwWgw=="}, "x", ""},
		{"right crc64nvme", map[string]string{"X-Amz-Checksum-Crc64nvme": "rosUhgp5mIg="}, "123456789", ""},
		{"sha256 of the payload", map[string]string{"X-Amz-Content-Sha256": strings.Repeat("0", 64)}, "x", "XAmzContentSHA256Mismatch"},
		{"trailer", map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "1\r\nx\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"},
		{"length", map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length": "2"}, "1\r\nx\r\n0\r\n\r\n", "IncompleteBody"},
		{"cut off", map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "5\r\nx", "IncompleteBody"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodPut, "http://local/b/k", strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range tc.header {
				r.Header.Set(k, v)
			}
			_, err = readBody(r)
			got := ""
			if f, ok := err.(*failure); ok {
				got = f.Code
			}
			if got != tc.code {
				t.Errorf("got %v, want %q", err, tc.code)
			}
		})
	}
}

func FuzzDechunk(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"))
	f.Add([]byte("ffffffff\r\n"))
	f.Add(chunked([][]byte{{1}, {2, 3}}, ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := len(b)
		if body, _, err := dechunk(b); err == nil && len(body) > n {
			t.Fatalf("%d bytes out of %d", len(body), n)
		}
	})
}
