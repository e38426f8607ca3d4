package awsobjects

import (
	"bytes"
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"sluice/shared/awsfault"
)

// partSize is how much of a stream is sent at once, in bytes. S3 takes 10,000 parts.
const partSize = 8 << 20

// Upload writes at key what content writes, of any length, holding one part of it at
// a time. If content fails, nothing is written. What fits into one part is one request.
func (s *Store) Upload(ctx context.Context, key string, content func(io.Writer) error) error {
	u := upload{Store: s, ctx: ctx, key: key}
	if err := content(&u); err != nil {
		u.abort()
		return err
	}
	if u.id == nil {
		return s.Put(ctx, key, u.part.Bytes())
	}
	if err := u.send(); err != nil {
		u.abort()
		return err
	}
	_, err := s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.sent},
	})
	if err != nil {
		u.abort()
	}
	return awsfault.Errorf(err, "completing the upload of %s", s.URI(key))
}

// upload is a stream on its way.
type upload struct {
	*Store
	ctx  context.Context
	key  string
	part bytes.Buffer
	id   *string // of the multipart upload; nil while one part is enough
	sent []types.CompletedPart
}

func (u *upload) Write(p []byte) (int, error) {
	if u.part.Len() > 0 && u.part.Len()+len(p) > partSize {
		if err := u.send(); err != nil {
			return 0, err
		}
	}
	return u.part.Write(p)
}

// send sends the part.
func (u *upload) send() error {
	if u.id == nil {
		out, err := u.client.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{Bucket: &u.bucket, Key: &u.key})
		if err != nil {
			return awsfault.Errorf(err, "beginning the upload of %s", u.URI(u.key))
		}
		u.id = out.UploadId
	}
	n := aws.Int32(int32(len(u.sent) + 1))
	out, err := u.client.UploadPart(u.ctx, &s3.UploadPartInput{Bucket: &u.bucket, Key: &u.key, UploadId: u.id, PartNumber: n, Body: bytes.NewReader(u.part.Bytes())})
	if err != nil {
		return awsfault.Errorf(err, "writing part %d of %s", *n, u.URI(u.key))
	}
	u.sent = append(u.sent, types.CompletedPart{ETag: out.ETag, PartNumber: n})
	u.part.Reset()
	return nil
}

// abort lets go of the parts. One that cannot be is removed by the bucket's lifecycle.
func (u *upload) abort() {
	if u.id != nil {
		_, _ = u.client.AbortMultipartUpload(u.ctx, &s3.AbortMultipartUploadInput{Bucket: &u.bucket, Key: &u.key, UploadId: u.id})
	}
}
