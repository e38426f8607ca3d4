// Package awsobjects keeps Sluice's chunks and manifests in its S3 bucket, and
// reads what users' pipelines and endpoints wrote to theirs. It fills the stores of
// intake, training and capturing.
package awsobjects

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
)

// Store is the bucket.
type Store struct {
	client *s3.Client
	bucket string
}

// Open returns the store in this bucket.
func Open(cfg aws.Config, bucket string) *Store {
	return &Store{client: s3.NewFromConfig(cfg), bucket: bucket}
}

// Put writes content at key. Keys are named by their content, so that writing again
// changes nothing.
func (s *Store) Put(ctx context.Context, key string, content []byte) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(content)})
	return awsfault.Errorf(err, "writing %s", s.URI(key))
}

// Get opens what Put wrote. Errors: NotFound.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return s.open(ctx, s.bucket, key)
}

// URI is the s3:// address of a key.
func (s *Store) URI(key string) string { return address(s.bucket, key) }

func address(bucket, key string) string { return fmt.Sprintf("s3://%s/%s", bucket, key) }

// maxFetch bounds Fetch, in bytes: an evaluation report has a few kilobytes.
const maxFetch = 8 << 20

// Fetch reads a whole object by its s3:// address. Errors: Invalid for an address
// of another kind or an object over 8 MiB; NotFound.
func (s *Store) Fetch(ctx context.Context, uri string) ([]byte, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	if !ok || !strings.HasPrefix(uri, "s3://") || bucket == "" || key == "" {
		return nil, fault.Invalid.Errorf("%q is no s3:// address of an object", uri)
	}
	body, err := s.open(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxFetch+1))
	if err != nil {
		return nil, awsfault.Errorf(err, "reading %s", uri)
	}
	if len(b) > maxFetch {
		return nil, fault.Invalid.Errorf("%s is over %d bytes", uri, maxFetch)
	}
	return b, nil
}

// Open opens an object of another bucket, and says its entity tag. Errors: NotFound.
func (s *Store) Open(ctx context.Context, bucket, key string) (body io.ReadCloser, tag string, err error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, "", awsfault.Errorf(err, "reading %s", address(bucket, key))
	}
	return out.Body, aws.ToString(out.ETag), nil
}

// List lists the keys that begin with prefix and come after another one, sorted.
func (s *Store) List(ctx context.Context, prefix, after string) ([]string, error) {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, StartAfter: &after})
	var keys []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsfault.Errorf(err, "listing %s", s.URI(prefix))
		}
		for _, o := range page.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys, nil
}

func (s *Store) open(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	body, _, err := s.Open(ctx, bucket, key)
	return body, err
}
