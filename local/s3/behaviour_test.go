package s3

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
)

func (g *stage) bucket(t *testing.T, o Options) {
	t.Helper()
	g.w.Do(func() {
		if err := g.s.CreateBucket("data", o); err != nil {
			t.Fatal(err)
		}
	})
}

func (g *stage) put(key, body string) (*s3.PutObjectOutput, error) {
	return g.c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("data"), Key: &key, Body: strings.NewReader(body)})
}

func TestConditionalWrites(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{EventBridge: true})
	g.w.Do(func() {
		once := func(body string) (*s3.PutObjectOutput, error) {
			return g.c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("data"), Key: aws.String("k"), Body: strings.NewReader(body), IfNoneMatch: aws.String("*")})
		}
		first := ok[*s3.PutObjectOutput](t)(once("one"))
		if _, err := once("two"); code(err) != "PreconditionFailed" {
			t.Errorf("written twice: %v", err)
		}
		swap := func(etag string) error {
			_, err := g.c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("data"), Key: aws.String("k"), Body: strings.NewReader("three"), IfMatch: &etag})
			return err
		}
		if err := swap(`"0123"`); code(err) != "PreconditionFailed" {
			t.Errorf("swapped with a wrong ETag: %v", err)
		}
		if err := swap(*first.ETag); err != nil {
			t.Error(err)
		}
		if body, _ := g.s.Get("data", "k"); string(body) != "three" || len(g.events) != 2 {
			t.Errorf("%s, %d events", body, len(g.events))
		}
		if _, err := g.c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("k"), IfMatch: first.ETag}); code(err) != "PreconditionFailed" {
			t.Errorf("read with an old ETag: %v", err)
		}
	})
}

func TestEventsOfChanges(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{EventBridge: true})
	g.w.Do(func() {
		ok[*s3.PutObjectOutput](t)(g.put("a b+c.csv", "hello"))
		ok[*s3.CopyObjectOutput](t)(g.c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("data"), Key: aws.String("copy"), CopySource: aws.String("data/a%20b%2Bc.csv")}))
		ok[*s3.DeleteObjectOutput](t)(g.c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("data"), Key: aws.String("copy")}))
		ok[*s3.DeleteObjectOutput](t)(g.c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("data"), Key: aws.String("not there")}))
		ok[*s3.PutBucketVersioningOutput](t)(g.c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String("data"), VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}}))
		ok[*s3.PutObjectOutput](t)(g.put("v", "1"))
		ok[*s3.DeleteObjectOutput](t)(g.c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("data"), Key: aws.String("v")}))
		ok[*s3.PutBucketNotificationConfigurationOutput](t)(g.c.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String("data"), NotificationConfiguration: &types.NotificationConfiguration{}}))
		ok[*s3.PutObjectOutput](t)(g.put("quiet", "1"))
	})
	type brief struct{ Type, Key, Reason, Deletion string }
	var got []brief
	last := ""
	for _, e := range g.events {
		object := e.Detail["object"].(map[string]any)
		deletion, _ := e.Detail["deletion-type"].(string)
		got = append(got, brief{e.DetailType, object["key"].(string), e.Detail["reason"].(string), deletion})
		if s := object["sequencer"].(string); s <= last || len(s) != 16 {
			t.Errorf("sequencer %s after %s", s, last)
		} else {
			last = s
		}
		if _, has := object["version-id"]; has != (object["key"] == "v") {
			t.Errorf("version-id of %v", object)
		}
		if _, has := object["size"]; has != (e.DetailType == "Object Created") {
			t.Errorf("size of %v", object)
		}
	}
	want := []brief{
		{"Object Created", "a b+c.csv", "PutObject", ""}, {"Object Created", "copy", "CopyObject", ""},
		{"Object Deleted", "copy", "DeleteObject", "Permanently Deleted"},
		{"Object Created", "v", "PutObject", ""}, {"Object Deleted", "v", "DeleteObject", "Delete Marker Created"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestListingIsPagedAndGrouped(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{})
	g.w.Do(func() {
		for _, key := range []string{"a", "b/1", "b/2", "b/3", "c", "d/1", "d/2/x", "e"} {
			if err := g.s.Put("data", key, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.s.Delete("data", "c"); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			prefix, delimiter string
			size              int32
			want              []string
		}{
			{"", "", 3, []string{"a", "b/1", "b/2", "|", "b/3", "d/1", "d/2/x", "|", "e"}},
			{"", "/", 2, []string{"a", "(b/)", "|", "(d/)", "e"}},
			{"", "/", 1, []string{"a", "|", "(b/)", "|", "(d/)", "|", "e"}},
			{"d/", "/", 10, []string{"d/1", "(d/2/)"}},
			{"b", "", 3, []string{"b/1", "b/2", "b/3"}},
			{"nothing", "", 3, nil},
		} {
			var got []string
			pages := s3.NewListObjectsV2Paginator(g.c, &s3.ListObjectsV2Input{Bucket: aws.String("data"), Prefix: &tc.prefix, Delimiter: &tc.delimiter, MaxKeys: &tc.size})
			for pages.HasMorePages() {
				page := ok[*s3.ListObjectsV2Output](t)(pages.NextPage(ctx))
				names := []string{}
				for _, o := range page.Contents {
					names = append(names, *o.Key)
				}
				for _, p := range page.CommonPrefixes {
					names = append(names, "("+*p.Prefix+")")
				}
				if got != nil {
					got = append(got, "|")
				}
				got = append(got, names...)
			}
			sortWithin(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%+v: %s", tc, diff)
			}
		}
	})
}

// sortWithin puts the keys and prefixes of each page in one order.
func sortWithin(names []string) {
	plain := func(s string) string { return strings.Trim(s, "()") }
	for i := 1; i < len(names); i++ {
		for j := i; j > 0 && names[j] != "|" && names[j-1] != "|" && plain(names[j]) < plain(names[j-1]); j-- {
			names[j], names[j-1] = names[j-1], names[j]
		}
	}
}

func TestVersions(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{Versioned: true})
	g.w.Do(func() {
		first := ok[*s3.PutObjectOutput](t)(g.put("k", "one"))
		ok[*s3.PutObjectOutput](t)(g.put("k", "second"))
		deleted := ok[*s3.DeleteObjectOutput](t)(g.c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("data"), Key: aws.String("k")}))
		if _, err := g.c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("k")}); code(err) != "NoSuchKey" {
			t.Errorf("read a deleted object: %v", err)
		}
		old := ok[*s3.GetObjectOutput](t)(g.c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("k"), VersionId: first.VersionId}))
		if b := ok[[]byte](t)(io.ReadAll(old.Body)); string(b) != "one" {
			t.Errorf("old version %q", b)
		}
		head := ok[*s3.HeadObjectOutput](t)(g.c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("data"), Key: aws.String("k"), VersionId: first.VersionId}))
		if *head.ContentLength != 3 {
			t.Errorf("head of the old version: %d", *head.ContentLength)
		}
		ok[*s3.DeleteObjectOutput](t)(g.c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("data"), Key: aws.String("k"), VersionId: deleted.VersionId}))
		if b, _ := g.s.Get("data", "k"); string(b) != "second" {
			t.Errorf("without the marker: %q", b)
		}
		listed := ok[*s3.ListObjectVersionsOutput](t)(g.c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: aws.String("data")}))
		if len(listed.Versions) != 2 || *listed.Versions[1].VersionId != *first.VersionId || !*listed.Versions[0].IsLatest {
			t.Errorf("%+v", listed.Versions)
		}
	})
}

func TestMetadataOfAnOverwrittenObjectIsGone(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{})
	g.w.Do(func() {
		ok[*s3.PutObjectOutput](t)(g.c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("data"), Key: aws.String("k"), Body: strings.NewReader("1"), Metadata: map[string]string{"old": "1"}}))
		ok[*s3.PutObjectOutput](t)(g.put("k", "2"))
		if got := ok[*s3.HeadObjectOutput](t)(g.c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("data"), Key: aws.String("k")})); len(got.Metadata) != 0 {
			t.Errorf("%v", got.Metadata)
		}
	})
}

func TestMultipartUploadAndRange(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{EventBridge: true})
	g.w.Do(func() {
		key := aws.String("big")
		up := ok[*s3.CreateMultipartUploadOutput](t)(g.c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("data"), Key: key}))
		var parts []types.CompletedPart
		for n := int32(1); n <= 2; n++ {
			out := ok[*s3.UploadPartOutput](t)(g.c.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String("data"), Key: key, UploadId: up.UploadId, PartNumber: &n, Body: bytes.NewReader(bytes.Repeat([]byte{byte('0' + n)}, 5))}))
			parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(n)})
		}
		ok[*s3.CompleteMultipartUploadOutput](t)(g.c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: aws.String("data"), Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}))
		got := ok[*s3.GetObjectOutput](t)(g.c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("data"), Key: key, Range: aws.String("bytes=3-6")}))
		if b := ok[[]byte](t)(io.ReadAll(got.Body)); string(b) != "1122" {
			t.Errorf("range %q", b)
		}
	})
	if len(g.events) != 1 || g.events[0].Detail["reason"] != "CompleteMultipartUpload" {
		t.Errorf("%+v", g.events)
	}
}

func TestPermissionsAreAsked(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{})
	g.w.Do(func() {
		ok[*s3.PutObjectOutput](t)(g.put("d/k", "x"))
		ok[*s3.ListObjectsV2Output](t)(g.c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("data"), Prefix: aws.String("d/")}))
		ok[*s3.CopyObjectOutput](t)(g.c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("data"), Key: aws.String("e"), CopySource: aws.String("data/d/k")}))
		want := []wire.Access{
			{Action: "s3:PutObject", Resource: "arn:aws:s3:::data/d/k"},
			{Action: "s3:ListBucket", Resource: "arn:aws:s3:::data", Conditions: map[string][]string{"s3:prefix": {"d/"}}},
			{Action: "s3:PutObject", Resource: "arn:aws:s3:::data/e"}, {Action: "s3:GetObject", Resource: "arn:aws:s3:::data/d/k"},
		}
		if diff := cmp.Diff(want, g.asked); diff != "" {
			t.Error(diff)
		}
		missing := func() error {
			_, err := g.c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("missing")})
			return err
		}
		if err := missing(); code(err) != "NoSuchKey" {
			t.Error(err)
		}
		g.deny = func(n wire.Access) bool { return n.Action == "s3:ListBucket" || strings.HasSuffix(n.Resource, "/d/k") }
		if err := missing(); code(err) != "AccessDenied" {
			t.Errorf("told that a key is missing: %v", err)
		}
		if _, err := g.put("d/k", "y"); code(err) != "AccessDenied" {
			t.Error(err)
		}
		out := ok[*s3.DeleteObjectsOutput](t)(g.c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("data"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("d/k")}, {Key: aws.String("e")}}}}))
		if len(out.Deleted) != 1 || len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" {
			t.Errorf("%+v", out)
		}
		if diff := cmp.Diff([]string{"d/k"}, g.s.List("data", "")); diff != "" {
			t.Error(diff)
		}
	})
}

// lost is what code says of a broken connection.
const lost = "connection reset by peer (fault)"

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		effect wire.Effect
		code   string
		crash  string
		stored bool
	}{
		{wire.Throttle, "SlowDown", "", false}, {wire.Unavailable, "ServiceUnavailable", "", false},
		{wire.LostRequest, lost, "", false}, {wire.LostAnswer, lost, "", true},
		{wire.CrashBefore, "", "before s3.PutObject", false}, {wire.CrashAfter, "", "after s3.PutObject", true},
	} {
		t.Run(fmt.Sprint(tc.effect), func(t *testing.T) {
			g := newStage(t, true)
			g.bucket(t, Options{})
			g.s.Fault = func(_ *wire.Call, in any) wire.Effect {
				if q := in.(*Request); q.Operation != "PutObject" || q.Bucket != "data" || q.Key != "k" {
					t.Errorf("%+v", q)
				}
				return tc.effect
			}
			g.w.Do(func() {
				defer func() {
					crash, _ := recover().(wire.Crash)
					if crash.At != tc.crash {
						t.Errorf("crashed at %q", crash.At)
					}
				}()
				if _, err := g.put("k", "x"); !strings.HasSuffix(code(err), tc.code) {
					t.Error(err)
				}
			})
			if _, stored := g.s.Get("data", "k"); stored != tc.stored {
				t.Errorf("stored: %v", stored)
			}
		})
	}
}

func TestWhatIsNotDoneIsRefused(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{})
	g.w.Do(func() {
		_, acl := g.c.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: aws.String("data"), ACL: "private"})
		_, policy := g.c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("data"), Policy: aws.String("{}")})
		_, tags := g.c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: aws.String("data"), Key: aws.String("k")})
		_, queue := g.c.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String("data"), NotificationConfiguration: &types.NotificationConfiguration{
			QueueConfigurations: []types.QueueConfiguration{{QueueArn: aws.String("arn:aws:sqs:us-east-1:111122223333:q"), Events: []types.Event{"s3:ObjectCreated:*"}}},
		}})
		for what, err := range map[string]error{"acl": acl, "policy": policy, "tags": tags, "notification": queue} {
			if code(err) != "NotImplemented" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestTenThousandObjects(t *testing.T) {
	g := newStage(t, true)
	g.s.emit = func(_, _ string, _ []string, _ any) { g.events = append(g.events, sent{}) }
	g.bucket(t, Options{EventBridge: true})
	g.w.Do(func() {
		for i := range 10_000 {
			if err := g.s.Put("data", fmt.Sprintf("d/%05d", 9999-i), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		pages := s3.NewListObjectsV2Paginator(g.c, &s3.ListObjectsV2Input{Bucket: aws.String("data")})
		for pages.HasMorePages() {
			page := ok[*s3.ListObjectsV2Output](t)(pages.NextPage(ctx))
			for _, o := range page.Contents {
				if *o.Key != fmt.Sprintf("d/%05d", n) {
					t.Fatalf("%s at place %d", *o.Key, n)
				}
				n++
			}
		}
		if n != 10_000 || len(g.events) != n || g.s.Requests()["ListObjectsV2"] != 10 {
			t.Errorf("%d listed, %d events, %v", n, len(g.events), g.s.Requests())
		}
	})
}

func TestTimeIsTheWorlds(t *testing.T) {
	g := newStage(t, true)
	g.bucket(t, Options{})
	g.w.RunFor(time.Hour)
	g.w.Do(func() {
		ok[*s3.PutObjectOutput](t)(g.put("k", "x"))
		listed := ok[*s3.ListObjectsV2Output](t)(g.c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("data")}))
		if at := *listed.Contents[0].LastModified; !at.Equal(start.Add(time.Hour)) {
			t.Error(at)
		}
	})
}
