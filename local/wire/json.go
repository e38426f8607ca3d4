package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Time is a timestamp member: seconds since 1970 in JSON, tag 1 in CBOR, ISO 8601
// in XML. AWS keeps milliseconds.
type Time struct{ time.Time }

// At returns t as a member, or nil for the zero time.
func At(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

func (t Time) seconds() float64 { return float64(t.UnixMilli()) / 1000 }

// MarshalJSON writes seconds since 1970.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.seconds()) }

// UnmarshalJSON reads seconds since 1970, or RFC 3339.
func (t *Time) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &t.Time)
	}
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("a timestamp must be a number of seconds: %w", err)
	}
	t.Time = fromSeconds(f)
	return nil
}

func fromSeconds(f float64) time.Time { return time.UnixMilli(int64(math.Round(f * 1000))).UTC() }

// jsonCodec is awsJson 1.0 or 1.1, as the content type says.
func jsonCodec(contentType string, svc *Service) codec {
	if !strings.HasPrefix(contentType, "application/x-amz-json-") {
		contentType = "application/x-amz-json-1.1"
	}
	write := func(w http.ResponseWriter, status int, v any) {
		var b bytes.Buffer
		if v != nil {
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(v) // the members are ours
		}
		w.Header().Set("Content-Type", contentType)
		// DynamoDB's clients check it, and complain where it is missing.
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(b.Bytes())), 10))
		w.WriteHeader(status)
		_, _ = w.Write(b.Bytes())
	}
	return codec{
		decode: func(r *http.Request) decoder {
			return func(in any) error {
				b, err := io.ReadAll(r.Body)
				if err != nil || len(b) == 0 {
					return err
				}
				return json.Unmarshal(b, in)
			}
		},
		encode: func(w http.ResponseWriter, _ *Call, out any) { write(w, http.StatusOK, out) },
		fail: func(w http.ResponseWriter, _ *Call, e *Error) {
			w.Header().Set("X-Amzn-Errortype", e.Code)
			svc.queryError(w.Header(), e)
			write(w, e.status(), e.body())
		},
	}
}

func (e *Error) body() map[string]any {
	b := map[string]any{"__type": e.Code, "message": e.Message, "Message": e.Message}
	maps.Copy(b, e.Members)
	return b
}
