package ecr

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

var (
	ctx  = context.Background()
	name = aws.String("churn-inference")
)

type world struct {
	*testing.T
	*Service
	sim    *sim.World
	client *ecr.Client
	sent   []map[string]any
}

// newWorld is a world with the repository churn-inference, which scans on push.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, sim: sim.NewWorld(time.Date(2026, 3, 2, 1, 54, 34, 0, time.UTC), 1)}
	w.Service = New(w.sim, func(source, detailType string, resources []string, detail any) {
		raw, err := json.Marshal(map[string]any{"source": source, "detail-type": detailType, "resources": resources, "detail": detail})
		var e map[string]any
		if err = errors.Join(err, json.Unmarshal(raw, &e)); err != nil {
			t.Fatal(err)
		}
		w.sent = append(w.sent, e)
	})
	srv := wire.NewServer(w.sim)
	srv.Register(w.Wire())
	w.client = ecr.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	_, err := w.client.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: name, ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true}})
	w.ok(err)
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		w.Errorf("got %v, want %s", err, code)
	}
}

// put pushes an image of this manifest and returns its digest.
func (w *world) put(manifest, tag string) string {
	w.Helper()
	out, err := w.client.PutImage(ctx, &ecr.PutImageInput{RepositoryName: name, ImageManifest: &manifest, ImageTag: &tag})
	w.ok(err)
	return *out.Image.ImageId.ImageDigest
}

// like fails unless an event has the members of a sample.
func (w *world) like(e map[string]any, sample string) {
	w.Helper()
	raw, err := os.ReadFile("../../events/" + sample + ".json")
	w.ok(err)
	var want map[string]any
	w.ok(json.Unmarshal(raw, &want))
	for _, member := range []string{"source", "detail-type", "resources"} {
		if diff := cmp.Diff(want[member], e[member]); diff != "" {
			w.Errorf("%s: %s (-sample +sent):\n%s", sample, member, diff)
		}
	}
	names := func(e map[string]any) (all []string) {
		for n := range e["detail"].(map[string]any) {
			all = append(all, n)
		}
		slices.Sort(all)
		return all
	}
	if diff := cmp.Diff(names(want), names(e)); diff != "" {
		w.Errorf("%s: members (-sample +sent):\n%s", sample, diff)
	}
}

func TestAPushIsScanned(t *testing.T) {
	w := newWorld(t)
	w.Findings = func(string, string, []string) (map[string]int, string) {
		return map[string]int{"CRITICAL": 10, "MEDIUM": 9, "LOW": 0}, ""
	}
	digest := w.put(`{"layers":[]}`, "1.4.0")
	w.like(w.sent[0], "ecr-image-action-push")
	describe := &ecr.DescribeImagesInput{RepositoryName: name, ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("1.4.0")}}}
	out, err := w.client.DescribeImages(ctx, describe)
	w.ok(err)
	if d := out.ImageDetails[0]; *d.ImageDigest != digest || d.ImageScanStatus.Status != types.ScanStatusInProgress || d.ImageScanFindingsSummary != nil {
		t.Errorf("at once: %+v", d)
	}
	w.sim.RunFor(time.Minute)
	w.like(w.sent[1], "ecr-image-scan")
	out, err = w.client.DescribeImages(ctx, describe)
	w.ok(err)
	want := map[string]int32{"CRITICAL": 10, "MEDIUM": 9}
	if d := out.ImageDetails[0]; d.ImageScanStatus.Status != types.ScanStatusComplete || !cmp.Equal(d.ImageScanFindingsSummary.FindingSeverityCounts, want) {
		t.Errorf("after a minute: %+v", d)
	}
	found, err := w.client.DescribeImageScanFindings(ctx, &ecr.DescribeImageScanFindingsInput{RepositoryName: name, ImageId: &types.ImageIdentifier{ImageDigest: &digest}})
	if err != nil || !cmp.Equal(found.ImageScanFindings.FindingSeverityCounts, want) {
		t.Errorf("findings %+v %v", found, err)
	}
}

func TestAScanThatFails(t *testing.T) {
	w := newWorld(t)
	w.Findings = func(string, string, []string) (map[string]int, string) { return nil, "UnsupportedImageError" }
	w.put("{}", "a")
	w.sim.RunFor(time.Minute)
	out, err := w.client.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: name})
	if err != nil || out.ImageDetails[0].ImageScanStatus.Status != types.ScanStatusFailed || *out.ImageDetails[0].ImageScanStatus.Description != "UnsupportedImageError" {
		t.Errorf("%+v %v", out, err)
	}
}

func TestTagsMove(t *testing.T) {
	w := newWorld(t)
	first, second := w.put("1", "latest"), w.put("2", "latest")
	out, err := w.client.BatchGetImage(ctx, &ecr.BatchGetImageInput{RepositoryName: name, ImageIds: []types.ImageIdentifier{
		{ImageTag: aws.String("latest")}, {ImageDigest: &first}, {ImageTag: aws.String("gone")}, {ImageDigest: &first, ImageTag: aws.String("latest")},
	}})
	w.ok(err)
	if len(out.Images) != 2 || *out.Images[0].ImageId.ImageDigest != second || *out.Images[1].ImageManifest != "1" || len(out.Failures) != 2 {
		t.Errorf("got %+v", out)
	}
	_, err = w.client.PutImage(ctx, &ecr.PutImageInput{RepositoryName: name, ImageManifest: aws.String("2"), ImageTag: aws.String("latest")})
	w.refused(err, "ImageAlreadyExistsException")
	_, err = w.client.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: name, ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("gone")}}})
	w.refused(err, "ImageNotFoundException")
	_, err = w.client.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String("none")})
	w.refused(err, "RepositoryNotFoundException")
	w.ok(w.CreateRepository("fixed", Settings{Immutable: true}))
	for i, want := range []string{"", "ImageTagAlreadyExistsException"} {
		_, err := w.client.PutImage(ctx, &ecr.PutImageInput{RepositoryName: aws.String("fixed"), ImageManifest: aws.String(string(rune('1' + i))), ImageTag: aws.String("v1")})
		if want != "" {
			w.refused(err, want)
		}
	}
	pages := ecr.NewDescribeImagesPaginator(w.client, &ecr.DescribeImagesInput{RepositoryName: name, MaxResults: aws.Int32(1)})
	n := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		w.ok(err)
		n += len(page.ImageDetails)
	}
	if n != 2 {
		t.Errorf("pages list %d images", n)
	}
}
