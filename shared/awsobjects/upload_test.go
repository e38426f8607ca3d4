package awsobjects_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/local/s3"
	"sluice/local/wire"
	"sluice/shared/fault"
)

// stream writes n bytes in pieces that do not fit evenly into parts.
func stream(n int) (content []byte, write func(io.Writer) error) {
	content = make([]byte, n)
	for i := range content {
		content[i] = byte(i * 31 >> 3)
	}
	return content, func(w io.Writer) error {
		for rest := content; len(rest) > 0; rest = rest[min(len(rest), 100_003):] {
			if _, err := w.Write(rest[:min(len(rest), 100_003)]); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestUpload(t *testing.T) {
	tests := []struct {
		name  string
		bytes int
		calls map[string]int
	}{
		{"nothing", 0, map[string]int{"PutObject": 1}},
		{"little", 3, map[string]int{"PutObject": 1}},
		{"a part and a byte", 8<<20 + 1, map[string]int{"CreateMultipartUpload": 1, "UploadPart": 2, "CompleteMultipartUpload": 1}},
		{"three parts", 20 << 20, map[string]int{"CreateMultipartUpload": 1, "UploadPart": 3, "CompleteMultipartUpload": 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			service, store := open(t)
			content, write := stream(tt.bytes)
			if err := store.Upload(ctx, "manifests/m", write); err != nil {
				t.Fatal(err)
			}
			if kept, ok := service.Get("store", "manifests/m"); !ok || !bytes.Equal(kept, content) {
				t.Errorf("kept %d bytes, %v", len(kept), ok)
			}
			if diff := cmp.Diff(tt.calls, service.Requests()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever fails, there is no object afterwards, and no upload that costs on.
func TestUploadFails(t *testing.T) {
	broken := errors.New("the source broke")
	for _, operation := range []string{"", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		service, store := open(t)
		service.Fault = func(_ *wire.Call, in any) wire.Effect {
			if in.(*s3.Request).Operation == operation {
				return wire.Throttle
			}
			return wire.NoFault
		}
		_, write := stream(20 << 20)
		err := store.Upload(ctx, "manifests/m", func(w io.Writer) error {
			if err := write(w); err != nil {
				return err
			}
			if operation == "" {
				return broken
			}
			return nil
		})
		if operation == "" && !errors.Is(err, broken) || operation != "" && !fault.Is(err, fault.Throttled) {
			t.Errorf("%s fails: %v", operation, err)
		}
		if _, ok := service.Get("store", "manifests/m"); ok {
			t.Errorf("%s fails, and there is an object", operation)
		}
		began := service.Requests()["CreateMultipartUpload"] > 0 && operation != "CreateMultipartUpload"
		if aborted := service.Requests()["AbortMultipartUpload"] == 1; aborted != began {
			t.Errorf("%s fails: aborted %v", operation, aborted)
		}
	}
}
