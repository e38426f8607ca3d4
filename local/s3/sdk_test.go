package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

var ctx = context.Background()

// sent is an event that S3 sent.
type sent struct {
	DetailType string
	Detail     map[string]any
}

// stage is S3 with the AWS SDK's client before it.
type stage struct {
	w      *sim.World
	s      *Service
	c      *s3.Client
	events []sent
	asked  []wire.Access
	deny   func(wire.Access) bool
}

func newStage(t *testing.T, pathStyle bool) *stage {
	t.Helper()
	g := &stage{w: sim.NewWorld(start, 1), deny: func(wire.Access) bool { return false }}
	emit := func(_, detailType string, _ []string, detail any) {
		b, err := json.Marshal(detail)
		if err != nil {
			t.Fatal(err)
		}
		e := sent{DetailType: detailType}
		if err := json.Unmarshal(b, &e.Detail); err != nil {
			t.Fatal(err)
		}
		g.events = append(g.events, e)
	}
	permit := func(_ *wire.Call, need ...wire.Access) error {
		g.asked = append(g.asked, need...)
		for _, n := range need {
			if g.deny(n) {
				return wire.Errorf("AccessDeniedException", "not authorized to perform: %s", n.Action)
			}
		}
		return nil
	}
	g.s = New(g.w, emit, permit)
	srv := wire.NewServer(g.w)
	srv.Register(g.s.Wire())
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:  &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	g.c = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = pathStyle })
	return g
}

// ok fails the test at once on an error.
func ok[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestObjectGoesRoundInBothStyles(t *testing.T) {
	for _, pathStyle := range []bool{true, false} {
		t.Run(fmt.Sprintf("path style %v", pathStyle), func(t *testing.T) {
			g := newStage(t, pathStyle)
			g.w.Do(func() {
				ok[*s3.CreateBucketOutput](t)(g.c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("data")}))
				for _, key := range []string{"a/b c+ü.csv", "x"} {
					body := []byte(strings.Repeat(key, 1000))
					put := ok[*s3.PutObjectOutput](t)(g.c.PutObject(ctx, &s3.PutObjectInput{
						Bucket: aws.String("data"), Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("text/csv"),
						Metadata: map[string]string{"owner": "me"},
					}))
					got := ok[*s3.GetObjectOutput](t)(g.c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("data"), Key: &key}))
					read := ok[[]byte](t)(io.ReadAll(got.Body))
					if !bytes.Equal(read, body) || *got.ETag != *put.ETag || *got.ContentType != "text/csv" || !got.LastModified.Equal(start) {
						t.Errorf("got %d bytes, %v", len(read), got)
					}
					if diff := cmp.Diff(map[string]string{"owner": "me"}, got.Metadata); diff != "" {
						t.Error(diff)
					}
					if stored, found := g.s.Get("data", key); !found || !bytes.Equal(stored, body) {
						t.Errorf("%q is not stored", key)
					}
				}
				head := ok[*s3.HeadObjectOutput](t)(g.c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("data"), Key: aws.String("x")}))
				if *head.ContentLength != 1000 {
					t.Errorf("length %d", *head.ContentLength)
				}
			})
		})
	}
}
