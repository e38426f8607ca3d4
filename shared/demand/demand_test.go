package demand_test

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/demand"
)

// all gathers a list; err is the error that ended it.
func all(list iter.Seq2[demand.Object, error]) (objects []demand.Object, err error) {
	for o, e := range list {
		if e != nil {
			return objects, e
		}
		objects = append(objects, o)
	}
	return objects, nil
}

func mustAll(t interface{ Fatalf(string, ...any) }, list iter.Seq2[demand.Object, error]) []demand.Object {
	objects, err := all(list)
	if err != nil {
		t.Fatalf("reading a list: %v", err)
	}
	return objects
}

// packed is a list as the store gives it back.
func packed(objects ...demand.Object) iter.Seq2[demand.Object, error] {
	content, _, _ := demand.Pack(objects)
	return demand.Read(bytes.NewReader(content))
}

// list is packed without the bytes between: what Pack keeps, in its order.
func list(objects []demand.Object) iter.Seq2[demand.Object, error] {
	_, _, kept := demand.Pack(objects)
	return func(yield func(demand.Object, error) bool) {
		for _, o := range kept {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// anObject draws from few buckets and keys, so that versions of one key meet. Its
// sequencers differ in length and case, as S3 does not promise either.
func anObject() *rapid.Generator[demand.Object] {
	return rapid.Custom(func(t *rapid.T) demand.Object {
		return demand.Object{
			Bucket:    rapid.SampledFrom([]string{"a", "b", "a.b"}).Draw(t, "bucket"),
			Key:       rapid.SampledFrom([]string{"x", "x/1", "x/10", "x/2", "é", "\n", "{\"a\":\"b\"}"}).Draw(t, "key"),
			Sequencer: rapid.StringMatching(`0{0,2}[1-2a-bA-B]{1,2}`).Draw(t, "sequencer"),
			VersionID: rapid.SampledFrom([]string{"", "v1", "V1"}).Draw(t, "version"),
			ETag:      rapid.SampledFrom([]string{"e", "f"}).Draw(t, "etag"),
			Size:      rapid.Int64Range(0, 3).Draw(t, "size"),
			Gone:      rapid.SampledFrom([]demand.Gone{"", "", "", demand.GoneKey}).Draw(t, "gone"),
		}
	})
}

func value(sequencer string) *big.Int {
	n, ok := new(big.Int).SetString(sequencer, 16)
	if !ok {
		panic("sequencer " + sequencer)
	}
	return n
}

func TestPackDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := rapid.SliceOfN(anObject(), 0, 30).Draw(t, "objects")
		content, name, kept := demand.Pack(objects)
		shuffled := append(slices.Clone(objects), objects...)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, nameAgain, keptAgain := demand.Pack(shuffled)
		if name != nameAgain || !bytes.Equal(content, again) {
			t.Fatalf("the same objects in another order, each twice, are another chunk:\n%s", cmp.Diff(kept, keptAgain))
		}
		same, nameSame, _ := demand.Pack(kept)
		if nameSame != name || !bytes.Equal(content, same) {
			t.Fatalf("packing what was packed changes it")
		}
		if diff := cmp.Diff(kept, mustAll(t, demand.Read(bytes.NewReader(content)))); diff != "" && len(kept) > 0 {
			t.Fatalf("read back (-packed +read):\n%s", diff)
		}
		for i := 1; i < len(kept); i++ {
			if demand.Compare(kept[i-1], kept[i]) >= 0 {
				t.Fatalf("objects %d and %d are out of order or repeated", i-1, i)
			}
		}
	})
}

// naive is Merge by maps.
func naive(chunks, served [][]demand.Object) map[string]demand.Object {
	type key struct{ bucket, key string }
	newer := func(a, b demand.Object) bool { // a instead of b
		if c := value(a.Sequencer).Cmp(value(b.Sequencer)); c != 0 {
			return c > 0
		}
		if a.VersionID != b.VersionID {
			return a.VersionID > b.VersionID
		}
		return a.Gone > b.Gone
	}
	newest, done := map[key]demand.Object{}, map[key]*big.Int{}
	for _, list := range chunks {
		for _, o := range list {
			k := key{o.Bucket, o.Key}
			if old, ok := newest[k]; !ok || newer(o, old) {
				newest[k] = o
			}
		}
	}
	for _, list := range served {
		for _, o := range list {
			k := key{o.Bucket, o.Key}
			if n := value(o.Sequencer); done[k] == nil || n.Cmp(done[k]) > 0 {
				done[k] = n
			}
		}
	}
	fresh := map[string]demand.Object{}
	for k, o := range newest {
		if o.Gone == "" && (done[k] == nil || value(o.Sequencer).Cmp(done[k]) > 0) {
			fresh[k.bucket+"\x00"+k.key] = o
		}
	}
	return fresh
}

func TestMergeEqualsMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(anObject(), 0, 8), 0, 5)
		chunks, served := lists.Draw(t, "chunks"), lists.Draw(t, "served")
		merge := func(chunks, served [][]demand.Object) []demand.Object {
			var cs, ss []iter.Seq2[demand.Object, error]
			for _, c := range chunks {
				cs = append(cs, list(c))
			}
			for _, s := range served {
				ss = append(ss, list(s))
			}
			return mustAll(t, demand.Merge(cs, ss))
		}
		got, want := merge(chunks, served), naive(chunks, served)
		if len(got) != len(want) {
			t.Fatalf("%d objects, want %d\ngot %v\nwant %v", len(got), len(want), got, want)
		}
		for i, o := range got {
			w, ok := want[o.Bucket+"\x00"+o.Key]
			if !ok || value(o.Sequencer).Cmp(value(w.Sequencer)) != 0 || o.VersionID != w.VersionID {
				t.Fatalf("got %v, want %v", o, w)
			}
			if i > 0 && strings.Compare(got[i-1].Bucket+"\x00"+got[i-1].Key, o.Bucket+"\x00"+o.Key) >= 0 {
				t.Fatalf("the result is not sorted at %v", o)
			}
		}
		// Merging in two steps is merging in one.
		var some []iter.Seq2[demand.Object, error]
		for _, c := range chunks {
			some = append(some, list(c))
		}
		union := list(mustAll(t, demand.Union(some[:len(some)/2])))
		twoSteps := mustAll(t, demand.Merge(append(some[len(some)/2:], union), []iter.Seq2[demand.Object, error]{list(slices.Concat(served...))}))
		if diff := cmp.Diff(got, twoSteps); diff != "" {
			t.Fatalf("merged in two steps (-one +two):\n%s", diff)
		}
		// How events fell into chunks, and in which order the chunks come, changes nothing.
		slices.Reverse(chunks)
		if diff := cmp.Diff(got, merge(chunks, served)); diff != "" {
			t.Fatalf("with the chunks reversed (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(got, merge([][]demand.Object{slices.Concat(chunks...)}, served)); diff != "" {
			t.Fatalf("with all events in one chunk (-before +after):\n%s", diff)
		}
		// A run that has served the result leaves nothing to do.
		if rest := merge(chunks, append(served, got)); len(rest) > 0 {
			t.Fatalf("served, and new again: %v", rest)
		}
	})
}

func TestMerge(t *testing.T) {
	object := func(key, sequencer string) demand.Object {
		return demand.Object{Bucket: "b", Key: key, Sequencer: sequencer}
	}
	gone := func(key, sequencer string, what demand.Gone) demand.Object {
		return demand.Object{Bucket: "b", Key: key, Sequencer: sequencer, Gone: what}
	}
	version := func(key, sequencer, id string) demand.Object {
		return demand.Object{Bucket: "b", Key: key, Sequencer: sequencer, VersionID: id}
	}
	marker := func(key, sequencer, id string) demand.Object {
		return demand.Object{Bucket: "b", Key: key, Sequencer: sequencer, VersionID: id, Gone: demand.GoneKey}
	}
	goneVersion := func(key, sequencer, id string) demand.Object {
		return demand.Object{Bucket: "b", Key: key, Sequencer: sequencer, VersionID: id, Gone: demand.GoneVersion}
	}
	type lists = [][]demand.Object
	tests := []struct {
		name           string
		chunks, served lists
		want           []demand.Object
	}{
		{"nothing", nil, nil, nil},
		{"empty lists", lists{{}, {}}, lists{{}}, nil},
		{"served only", nil, lists{{object("k", "1")}}, nil},
		{"each key once", lists{{object("k", "1"), object("l", "1")}, {object("k", "1")}}, nil, []demand.Object{object("k", "1"), object("l", "1")}},
		{"newest version", lists{{object("k", "9")}, {object("k", "10")}}, nil, []demand.Object{object("k", "10")}},
		{"longer is not newer by its zeros", lists{{object("k", "00000009")}, {object("k", "A")}}, nil, []demand.Object{object("k", "A")}},
		{"served", lists{{object("k", "1")}}, lists{{object("k", "1")}}, nil},
		{"served in another spelling", lists{{object("k", "0a")}}, lists{{object("k", "A")}}, nil},
		{"a newer one served", lists{{object("k", "1")}}, lists{{object("k", "2")}}, nil},
		{"an older one served", lists{{object("k", "2")}}, lists{{object("k", "1")}}, []demand.Object{object("k", "2")}},
		{"deleted", lists{{object("k", "1"), gone("k", "2", demand.GoneKey)}}, nil, nil},
		{"deleted in another chunk", lists{{gone("k", "2", demand.GoneKey)}, {object("k", "1"), object("l", "1")}}, nil, []demand.Object{object("l", "1")}},
		{"deleted and written again", lists{{gone("k", "2", demand.GoneKey)}, {object("k", "1"), object("k", "3")}}, nil, []demand.Object{object("k", "3")}},
		{"an old deletion comes late", lists{{object("k", "3")}, {gone("k", "2", demand.GoneKey)}}, nil, []demand.Object{object("k", "3")}},
		{"its newest version deleted", lists{{version("k", "1", "v1"), version("k", "2", "v2")}, {goneVersion("k", "3", "v2")}}, nil, []demand.Object{version("k", "1", "v1")}},
		{"an old version deleted", lists{{version("k", "1", "v1"), version("k", "2", "v2"), goneVersion("k", "3", "v1")}}, nil, []demand.Object{version("k", "2", "v2")}},
		{"its marker deleted", lists{{version("k", "1", "v1"), marker("k", "2", "m"), goneVersion("k", "3", "m")}}, nil, []demand.Object{version("k", "1", "v1")}},
		{"what is current again was served", lists{{version("k", "2", "v2"), version("k", "1", "v1"), goneVersion("k", "3", "v2")}}, lists{{version("k", "1", "v1")}}, nil},
		{"another key served", lists{{object("k", "1")}}, lists{{object("K", "9")}}, []demand.Object{object("k", "1")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var cs, ss []iter.Seq2[demand.Object, error]
			for _, c := range tt.chunks {
				cs = append(cs, packed(c...))
			}
			for _, s := range tt.served {
				ss = append(ss, packed(s...))
			}
			if diff := cmp.Diff(tt.want, mustAll(t, demand.Merge(cs, ss))); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
		})
	}
}

// A list that breaks ends the merge with its error, and every list is let go of.
func TestMergeEndsWithTheFirstError(t *testing.T) {
	open := 0
	counted := func(objects []demand.Object, err error) iter.Seq2[demand.Object, error] {
		return func(yield func(demand.Object, error) bool) {
			open++
			defer func() { open-- }()
			for _, o := range objects {
				if !yield(o, nil) {
					return
				}
			}
			if err != nil {
				yield(demand.Object{}, err)
			}
		}
	}
	o := func(key string) demand.Object { return demand.Object{Bucket: "b", Key: key, Sequencer: "1"} }
	for _, broken := range [][]demand.Object{nil, {o("a")}, {o("a"), o("c")}} {
		got, err := all(demand.Merge([]iter.Seq2[demand.Object, error]{counted([]demand.Object{o("b"), o("d")}, nil), counted(broken, io.ErrUnexpectedEOF)}, []iter.Seq2[demand.Object, error]{counted([]demand.Object{o("z")}, nil)}))
		if err != io.ErrUnexpectedEOF || len(got) > 2 {
			t.Errorf("after %d objects: %v, %v", len(broken), got, err)
		}
		if open != 0 {
			t.Errorf("%d lists are still open", open)
		}
	}
	for range demand.Merge([]iter.Seq2[demand.Object, error]{counted([]demand.Object{o("a"), o("b")}, nil)}, nil) {
		break // the reader has enough
	}
	if open != 0 {
		t.Errorf("%d lists are still open after a break", open)
	}
}

func TestHostileKeysRoundTrip(t *testing.T) {
	keys := []string{
		"plain", "new\nline", "carriage\r\n", `quo"te`, `back\slash`, "../../etc/passwd", "/", "//", " ", "%2F+%20", "tab\t", "nul\x00", "\u2028\u2029",
		"<script>&amp;", "ключ/鍵/🔑", "{\"key\":\"x\"}", "\ufffd", strings.Repeat("\x01", 1024), strings.Repeat("🔑", 256), strings.Repeat("/", 1024),
	}
	var objects []demand.Object
	for _, k := range keys {
		objects = append(objects, demand.Object{Bucket: strings.Repeat("b", 63), Key: k, Sequencer: "61", VersionID: strings.Repeat("v", 1024), ETag: "e", Size: 1})
	}
	content, _, kept := demand.Pack(objects)
	if len(kept) != len(keys) {
		t.Fatalf("%d of %d keys are left", len(kept), len(keys))
	}
	if diff := cmp.Diff(kept, mustAll(t, demand.Read(bytes.NewReader(content)))); diff != "" {
		t.Errorf("read back (-written +read):\n%s", diff)
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringN(1, 256, 1024).Draw(t, "key")
		o := demand.Object{Bucket: "b", Key: key, Sequencer: "1"}
		if diff := cmp.Diff([]demand.Object{o}, mustAll(t, packed(o))); diff != "" {
			t.Fatalf("key %q (-written +read):\n%s", key, diff)
		}
	})
}

func TestSummary(t *testing.T) {
	var b bytes.Buffer
	m := demand.NewManifestWriter(&b)
	for i := range 3 {
		if err := m.Write(demand.Object{Bucket: "b", Key: fmt.Sprint(i), Sequencer: "1", Size: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := m.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, name, _ := demand.Pack(mustAll(t, demand.Read(&b)))
	if want := (demand.Summary{Objects: 3, Bytes: 3, SHA256: name}); sum != want {
		t.Errorf("got %+v, want %+v", sum, want)
	}
}
