package stage_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/events"
	"sluice/local/sim"
)

const hostile = `
name: hostile
about: objects whose keys are made to break whoever passes them on
change: {triggers: {data: [{bucket: acme-features, quiet: 10m}]}}
models: [{auc: 0.5}]
do: [{at: 2m, put: {bucket: acme-features, prefix: last/, count: 1}}]
expect: {runs: 1, trained: [{state: trained}], rollouts: [], deadLetters: 0, pending: 0, noLeases: true}
`

// hostileKeys are keys that S3 takes: up to 1,024 bytes of any UTF-8.
var hostileKeys = []string{
	"plain", "new\nline", "carriage\r\n", "tab\t", "nul\x00", "\x01\x1f\x7f", `quo"te`, "apo'strophe", `back\slash`, `\n\u0041`, "../../etc/passwd", "..", "a/../b", "a/./b", "/", "//", "/a//b/", " ", " a ", "+", "a+b c",
	"%2F+%20", "%", "%zz", "%25", "a?versionId=1", "a&b=c#d", "a;b,c:d@e$f=g!*'()", "[a]{b}|^`~<c>", "<script>&amp;</script>", "]]>", `{"key":"x"}`, "${manifest}", "$(id)", "a\u0085\u200b\ufeff\u2028\u2029", "\ufffd",
	"ключ/鍵/🔑", "é", "e\u0301", "\u202egnp.exe", "İı", strings.Repeat("\x01", 1024), strings.Repeat("🔑", 256), strings.Repeat("/", 1024), strings.Repeat(`"`, 1024), strings.Repeat("%", 1024),
}

// example is the example with one more scenario.
func example(t *testing.T, name, scenario string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{"churn/scenarios/" + name + ".yaml": {Data: []byte(scenario)}}
	for _, name := range []string{"sluice.yaml", "pipeline.json"} {
		b, err := os.ReadFile("../../../examples/churn/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files["churn/"+name] = &fstest.MapFile{Data: b}
	}
	return files
}

// created is what S3's event tells of an object, in the order of a manifest's fields.
type created struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer"`
	ETag      string `json:"etag,omitempty"`
	Size      int    `json:"size"`
}

// TestHostileKeys puts objects into S3 as a client does, once into a bucket without
// versions and once into one with them, and wants their keys, byte for byte, in the
// manifest of the run: through EventBridge, the queue, on-data, a chunk and the launch.
func TestHostileKeys(t *testing.T) {
	for _, versions := range []bool{false, true} {
		s, err := stage.Load(example(t, "hostile", hostile), "churn/scenarios/hostile.yaml")
		if err != nil {
			t.Fatal(err)
		}
		st, err := stage.Set(t.Context(), s, sim.NewWorld(stage.Opening, s.Seed), local.InProcess)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		var story strings.Builder
		p := stage.Begin(t.Context(), st, ui.NewText(ui.Stream{Writer: &story}, ui.Stream{Writer: &story}))
		var sent []created
		st.AWS.World.Do(func() {
			usual := st.AWS.Events.Fate
			st.AWS.Events.Fate = func(e events.Event, to events.Target) []time.Duration {
				if e.Source == "aws.s3" {
					sent = append(sent, told(t, e))
				}
				return usual(e, to)
			}
			put(t, st, versions)
		})
		r, err := p.End(t.Context())
		if err != nil || len(r.Misses) > 0 {
			t.Fatalf("%v %q\n%s", err, r.Misses, story.String())
		}
		if len(sent) != len(hostileKeys)+2 {
			t.Errorf("%d events", len(sent))
		}
		newest := sent[1:] // the first is of an object that was overwritten
		slices.SortFunc(newest, func(a, b created) int { return strings.Compare(a.Key, b.Key) })
		var keys []string
		var want bytes.Buffer
		lines := json.NewEncoder(&want)
		lines.SetEscapeHTML(false)
		for _, o := range newest {
			keys = append(keys, o.Key)
			if err := lines.Encode(o); err != nil || (o.VersionID != "") != versions {
				t.Errorf("%+v: %v", o, err)
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(append(hostileKeys, "last/0000000"))), keys); diff != "" {
			t.Errorf("S3's events (-put +told):\n%s", diff)
		}
		if diff := cmp.Diff(want.String(), manifest(t, st)); diff != "" {
			t.Errorf("manifest (-want +got):\n%s", diff)
		}
	}
}

// put puts one object at each of the keys, and one at the first of them before.
func put(t *testing.T, st *stage.Stage, versions bool) {
	client, bucket := s3.NewFromConfig(st.AWS.AdminConfig()), aws.String("acme-features")
	if versions {
		if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
			t.Fatal(err)
		}
	}
	for i, key := range append(hostileKeys[:1:1], hostileKeys...) {
		st.AWS.World.After(time.Duration(i)*time.Second, "test: put", func() {
			if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader(strings.Repeat("x", i))}); err != nil {
				t.Errorf("putting %q: %v", key, err)
			}
		})
	}
}

// told is what an event of S3 says.
func told(t *testing.T, e events.Event) created {
	var d struct {
		Bucket struct{ Name string }
		Object struct {
			Key, ETag, Sequencer string
			VersionID            string `json:"version-id"`
			Size                 int
		}
	}
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		t.Error(err)
	}
	return created{d.Bucket.Name, d.Object.Key, d.Object.VersionID, d.Object.Sequencer, d.Object.ETag, d.Object.Size}
}

// manifest is the text of the only run's manifest.
func manifest(t *testing.T, st *stage.Stage) string {
	var text []byte
	st.AWS.World.Do(func() {
		run, _, err := st.Table.Run(t.Context(), "churn", 1)
		if err != nil {
			t.Error(err)
			return
		}
		bucket, key, _ := strings.Cut(strings.TrimPrefix(run.Manifest, "s3://"), "/")
		packed, ok := st.AWS.S3.Get(bucket, key)
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil || !ok {
			t.Errorf("manifest %q: %v", run.Manifest, err)
			return
		}
		if text, err = io.ReadAll(z); err != nil {
			t.Error(err)
		}
	})
	return string(text)
}
