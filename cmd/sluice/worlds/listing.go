package worlds

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"sluice/shared/demand"
)

// listing is one version of an object, as a manifest lists it.
type listing struct {
	object
	sequencer string
}

func compareObjects(a, b object) int {
	return cmp.Or(strings.Compare(a.bucket, b.bucket), strings.Compare(a.key, b.key))
}

// manifest reads a manifest by its s3:// address; "" is an empty one.
func (w *watch) manifest(uri string) ([]listing, error) {
	if uri == "" {
		return nil, nil
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	return w.list(bucket, key)
}

// list reads a list of objects, a manifest or a chunk, past the API.
func (w *watch) list(bucket, key string) ([]listing, error) {
	content, ok := w.p.aws().S3.Get(bucket, key)
	if !ok {
		return nil, fmt.Errorf("list s3://%s/%s is named and not there", bucket, key)
	}
	var all []listing
	for o, err := range demand.Read(bytes.NewReader(content)) {
		if err != nil {
			return nil, err
		}
		all = append(all, listing{object{o.Bucket, o.Key}, o.Sequencer})
	}
	return all, nil
}

// served counts in how many successful manifests each version is.
func (w *watch) served() (map[listing]int, error) {
	served := map[listing]int{}
	for _, r := range w.runs {
		if r.state != "trained" {
			continue
		}
		all, err := w.manifest(r.manifest)
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			served[l]++
		}
	}
	return served, nil
}

// pending is what is in the open demand.
func (w *watch) pending() (map[listing]bool, error) {
	_, chunks, err := w.p.st.Table.Demand(w.p.ctx, model)
	if err != nil {
		return nil, err
	}
	pending := map[listing]bool{}
	for _, c := range chunks {
		if c.List == "" {
			continue
		}
		all, err := w.list(w.p.st.Output("Store"), c.List)
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			pending[l] = true
		}
	}
	return pending, nil
}

// dead is what is in the dead-letter queues.
func (w *watch) dead() string {
	var b strings.Builder
	for _, name := range []string{"DataDeadLetters", "EventDeadLetters"} {
		for _, m := range w.p.aws().SQS.Messages(w.p.arn(name)) {
			b.WriteString(m.Body + "\n")
		}
	}
	return b.String()
}
