package awsobjects_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/s3"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsobjects"
	"sluice/shared/fault"
)

var ctx = context.Background()

func open(t *testing.T) (*s3.Service, *awsobjects.Store) {
	t.Helper()
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	service, srv := s3.New(w, nil, nil), wire.NewServer(w)
	srv.Register(service.Wire())
	for _, b := range []string{"store", "users"} {
		if err := service.CreateBucket(b, s3.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	return service, awsobjects.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, "store")
}

func TestPutAndGet(t *testing.T) {
	service, store := open(t)
	content := []byte("\x1f\x8b\x00binary\n")
	for range 2 { // may be repeated
		if err := store.Put(ctx, "chunks/churn/a.jsonl.gz", content); err != nil {
			t.Fatal(err)
		}
	}
	if kept, _ := service.Get("store", "chunks/churn/a.jsonl.gz"); !bytes.Equal(kept, content) {
		t.Errorf("kept %q", kept)
	}
	body, err := store.Get(ctx, "chunks/churn/a.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err != nil || body.Close() != nil || !bytes.Equal(got, content) {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := store.Get(ctx, "chunks/churn/b"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
	if got := store.URI("a/b"); got != "s3://store/a/b" {
		t.Errorf("address %s", got)
	}
}

func TestOpenAndList(t *testing.T) {
	service, store := open(t)
	for _, key := range []string{"a/1", "a/2", "a/3", "b/1"} {
		if err := service.Put("store", key, []byte(key)); err != nil {
			t.Fatal(err)
		}
		if err := service.Put("users", key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	if keys, err := store.List(ctx, "a/", "a/1"); err != nil || !slices.Equal(keys, []string{"a/2", "a/3"}) {
		t.Errorf("listed %v, %v", keys, err)
	}
	body, tag, err := store.Open(ctx, "users", "b/1")
	if err != nil || tag == "" {
		t.Fatal(tag, err)
	}
	if got, err := io.ReadAll(body); err != nil || body.Close() != nil || string(got) != "b/1" {
		t.Errorf("read %q, %v", got, err)
	}
	if _, again, err := store.Open(ctx, "users", "a/1"); err != nil || again == tag {
		t.Errorf("another object has the tag %s, too, %v", again, err)
	}
	if _, _, err := store.Open(ctx, "users", "none"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
}

func TestFetch(t *testing.T) {
	service, store := open(t)
	for key, size := range map[string]int{"evaluation.json": 10, "limit": 8 << 20, "over": 8<<20 + 1} {
		if err := service.Put("users", key, bytes.Repeat([]byte("x"), size)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		uri  string
		want fault.Kind
		size int
	}{
		{"s3://users/evaluation.json", "", 10},
		{"s3://users/limit", "", 8 << 20},
		{"s3://users/over", fault.Invalid, 0},
		{"s3://users/none", fault.NotFound, 0},
		{"s3://nobody/x", fault.NotFound, 0},
		{"s3://users", fault.Invalid, 0},
		{"s3://users/", fault.Invalid, 0},
		{"s3:///key", fault.Invalid, 0},
		{"https://users/evaluation.json", fault.Invalid, 0},
		{"users/evaluation.json", fault.Invalid, 0},
		{"", fault.Invalid, 0},
	}
	for _, tt := range tests {
		got, err := store.Fetch(ctx, tt.uri)
		if tt.want == "" && err != nil || tt.want != "" && !fault.Is(err, tt.want) || len(got) != tt.size {
			t.Errorf("%q: %d bytes, %v; want %q", tt.uri, len(got), err, tt.want)
		}
	}
	service.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	if err := store.Put(ctx, "k", nil); !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
}
