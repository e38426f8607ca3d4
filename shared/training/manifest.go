package training

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"

	"sluice/shared/demand"
)

// maxLists is how many lists are merged at once. Each costs a decompressor and, for a
// chunk, its compressed bytes: about a third of a megabyte.
const maxLists = 512

// list is a sorted list of objects in the store.
type list struct {
	key   string
	short bool // a chunk: one batch of events
}

// objects are lists being read.
type objects = iter.Seq2[demand.Object, error]

// errNothing ends the writing of a manifest that would be empty.
var errNothing = errors.New("no object is new")

// manifest merges the chunks, leaving out what earlier runs have answered for, and
// writes the result. uri is "" if nothing is left. It is written as it is merged, in
// constant memory, under a name that is made of what goes into it: the same demand
// gives the same bytes at the same place.
func (t *Training) manifest(ctx context.Context, s Step, chunks []demand.Chunk, runs []Run) (uri string, sum demand.Summary, err error) {
	var fresh, served []list
	for _, c := range chunks {
		if c.List != "" {
			fresh = append(fresh, list{key: c.List, short: true})
		}
	}
	if len(fresh) == 0 {
		return "", sum, nil
	}
	for _, r := range runs {
		if r.Generation < s.Generation && r.State != Failed && r.Manifest != "" && s.Now.Sub(r.ClosedAt) < servedFor {
			served = append(served, list{key: t.keyOf(r.Manifest)})
		}
	}
	name := digest(fresh, served)
	if fresh, err = t.fewer(ctx, s.Model, fresh); err != nil {
		return "", sum, err
	}
	if served, err = t.fewer(ctx, s.Model, served); err != nil {
		return "", sum, err
	}
	key := path.Join("manifests", s.Model, name+".jsonl.gz")
	err = t.Store.Upload(ctx, key, func(w io.Writer) error {
		sum, err = write(w, demand.Merge(t.readAll(ctx, fresh), t.readAll(ctx, served)))
		if err == nil && sum.Objects == 0 {
			err = errNothing
		}
		return err
	})
	if errors.Is(err, errNothing) {
		return "", sum, nil
	}
	return t.Store.URI(key), sum, err
}

// keyOf is the key in the store that a manifest's address leads to.
func (t *Training) keyOf(uri string) string { return strings.TrimPrefix(uri, t.Store.URI("")) }

// digest names what lists hold together.
func digest(lists ...[]list) string {
	sum := sha256.New()
	for _, group := range lists {
		for _, l := range group {
			fmt.Fprintln(sum, l.key)
		}
		fmt.Fprintln(sum)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// fewer merges lists until few enough are left to be read side by side, and no more of
// them than that takes: what is merged here is read and written once more.
func (t *Training) fewer(ctx context.Context, model string, lists []list) ([]list, error) {
	for len(lists) > maxLists {
		n := min(maxLists, len(lists)-maxLists+1)
		group, rest := lists[:n], lists[n:]
		merged := list{key: path.Join("merges", model, digest(group)+".jsonl.gz")}
		err := t.Store.Upload(ctx, merged.key, func(w io.Writer) error {
			_, err := write(w, demand.Union(t.readAll(ctx, group)))
			return err
		})
		if err != nil {
			return nil, err
		}
		lists = append(slices.Clone(rest), merged)
	}
	return lists, nil
}

func write(w io.Writer, list objects) (demand.Summary, error) {
	m := demand.NewManifestWriter(w)
	for o, err := range list {
		if err == nil {
			err = m.Write(o)
		}
		if err != nil {
			return demand.Summary{}, fmt.Errorf("writing a list of objects: %w", err)
		}
	}
	return m.Close()
}

func (t *Training) readAll(ctx context.Context, lists []list) []objects {
	all := make([]objects, len(lists))
	for i, l := range lists {
		all[i] = t.read(ctx, l)
	}
	return all
}

// read yields a list from the store, opened when its first object is wanted.
func (t *Training) read(ctx context.Context, l list) objects {
	return func(yield func(demand.Object, error) bool) {
		body, err := t.Store.Get(ctx, l.key)
		if err != nil {
			yield(demand.Object{}, err)
			return
		}
		defer func() { body.Close() }()
		if l.short { // hundreds are open at once: no connection may stand idle for each
			content, err := io.ReadAll(body)
			if err != nil {
				yield(demand.Object{}, fmt.Errorf("list %s: %w", l.key, err))
				return
			}
			body.Close()
			body = io.NopCloser(bytes.NewReader(content))
		}
		for o, err := range demand.Read(body) {
			if err != nil {
				err = fmt.Errorf("list %s: %w", l.key, err)
			}
			if !yield(o, err) {
				return
			}
		}
	}
}
