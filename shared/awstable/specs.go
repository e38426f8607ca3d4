package awstable

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/shared/applying"
	"sluice/shared/fault"
	"sluice/shared/intake"
	"sluice/shared/spec"
)

const (
	allModels = "MODELS"
	schedules = "SCHEDULES"
)

// maxWrites is how many writes DynamoDB takes in one transaction. Source: AWS.md F.
const maxWrites = 100

func specKey(model string) key { return modelKey(model, "SPEC") }

// specItem is a model's spec in force. The spec is kept as JSON text: it is read
// whole or not at all.
type specItem struct {
	Model   string    `json:"model"`
	Version string    `json:"version"`
	Source  string    `json:"source"`
	At      time.Time `json:"at"`
	Spec    string    `json:"spec"`
	Rev     int       `json:"rev"`
}

// Applied fills applying's table.
func (t *Table) Applied(ctx context.Context, model string) (applying.Applied, bool, error) {
	var it specItem
	ok, err := t.get(ctx, specKey(model), &it)
	if err != nil || !ok {
		return applying.Applied{}, false, err
	}
	a := applying.Applied{Version: it.Version, Source: it.Source, At: it.At, Rev: it.Rev}
	if err := json.Unmarshal([]byte(it.Spec), &a.Spec); err != nil {
		return a, false, fault.Internal.Errorf("reading the spec of model %s: %w", model, err)
	}
	return a, true, nil
}

// Spec fills training's and shifting's table.
func (t *Table) Spec(ctx context.Context, model string) (spec.Spec, error) {
	a, ok, err := t.Applied(ctx, model)
	if err == nil && !ok {
		err = fault.NotFound.Errorf("model %s has no spec; apply its sluice.yaml first", model)
	}
	return a.Spec, err
}

// Models lists the names of all models, sorted.
func (t *Table) Models(ctx context.Context) ([]string, error) { return t.modelsAt(ctx, allModels) }

// modelsAt lists the models of a partition, sorted.
func (t *Table) modelsAt(ctx context.Context, pk string) ([]string, error) {
	items, err := query[struct {
		Model string `json:"model"`
	}](ctx, t, pk, "", page{})
	names := make([]string, len(items))
	for i, it := range items {
		names[i] = it.Model
	}
	return names, err
}

// entry is an item of an index, that leads from a resource to its model.
type entry struct {
	key   key
	value any
	owned bool // only one model may have it
}

// index lists the index items of a spec.
func index(s spec.Spec, at time.Time) []entry {
	name := struct {
		Model string `json:"model"`
	}{s.Model}
	all := []entry{
		{key: key{allModels, s.Model}, value: name},
		{key: ownerKey(applying.Group, s.Package.Group), value: name, owned: true},
		{key: ownerKey(applying.Endpoint, s.Endpoint.Name), value: name, owned: true},
	}
	for i, d := range s.Triggers.Data {
		all = append(all, entry{key: key{"BUCKET#" + d.Bucket, fmt.Sprintf("%s#%d", s.Model, i)}, value: intake.Trigger{Model: s.Model, Index: i, Prefix: d.Prefix, Suffix: d.Suffix, Marker: d.Marker}})
	}
	for i, d := range s.Triggers.Drift {
		all = append(all, entry{key: key{"ALARMS", fmt.Sprintf("%s#%d", s.Model, i)}, value: intake.DriftTrigger{Model: s.Model, Pattern: d.Alarm, Tag: d.Tag, Hold: d.Hold.Std()}})
	}
	for i, d := range s.Triggers.Schedule {
		all = append(all, entry{key: key{schedules, fmt.Sprintf("%s#%d", s.Model, i)}, value: intake.ScheduleTrigger{Model: s.Model, Cron: d.Cron, Zone: d.Zone, Rate: d.Rate.Std(), Since: at}})
	}
	for _, m := range s.Triggers.After() {
		all = append(all, entry{key: key{promotionsOf(m), s.Model}, value: name})
	}
	all = append(all, captures(s)...)
	if c := s.Code; c != nil {
		all = append(all, entry{key: codeKey(c.Repository, "MODEL#"+s.Model), value: specFile{Model: s.Model, File: c.File()}})
		if i := c.Image; i != nil && len(i.Tags) > 0 {
			all = append(all, entry{key: key{imageModels(i.Repository), s.Model}, value: name})
		}
	}
	return all
}

// Apply fills applying's table: the spec and its index entries change in one
// transaction.
func (t *Table) Apply(ctx context.Context, next applying.Applied, last *applying.Applied) error {
	doc, err := json.Marshal(next.Spec)
	if err != nil {
		return fmt.Errorf("writing the spec of model %s: %w", next.Spec.Model, err)
	}
	model := next.Spec.Model
	it, err := marshal(specKey(model), specItem{Model: model, Version: next.Version, Source: next.Source, At: next.At, Spec: string(doc), Rev: next.Rev})
	if err != nil {
		return err
	}
	seen := condition{expression: "attribute_not_exists(pk)"}
	keep := map[key]bool{}
	if last != nil {
		seen = condition{expression: "rev = :rev", values: item{":rev": num(int64(last.Rev))}}
	}
	writes := []types.TransactWriteItem{{Put: &types.Put{TableName: &t.name, Item: it, ConditionExpression: &seen.expression, ExpressionAttributeValues: seen.values}}}
	for _, e := range index(next.Spec, next.At) {
		keep[e.key] = true
		it, err := marshal(e.key, e.value)
		if err != nil {
			return err
		}
		put := &types.Put{TableName: &t.name, Item: it}
		if e.owned {
			free := "attribute_not_exists(pk) OR #model = :model"
			put.ConditionExpression = &free
			put.ExpressionAttributeNames = map[string]string{"#model": "model"}
			put.ExpressionAttributeValues = item{":model": str(model)}
		}
		writes = append(writes, types.TransactWriteItem{Put: put})
	}
	for _, bucket := range buckets(next.Spec, last) {
		it, err := marshal(wantedKey(bucket), wantedItem{Rev: fmt.Sprintf("%s@%d", model, next.Rev)})
		if err != nil {
			return err
		}
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: it}})
	}
	if last != nil {
		for _, e := range index(last.Spec, last.At) {
			if !keep[e.key] {
				writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: e.key.item()}})
			}
		}
	}
	if len(writes) > maxWrites {
		return fault.Invalid.Errorf("applying the spec of model %s: it adds and removes too many triggers at once (%d writes, at most %d): apply it in parts", model, len(writes), maxWrites)
	}
	return t.transact(ctx, fmt.Sprintf("applying the spec of model %s", model), writes)
}

// ownerKey is where the owner of a resource stands. SageMaker takes the name of an
// endpoint in any case. Source: AWS.md B.1.
func ownerKey(kind applying.Kind, name string) key {
	if kind == applying.Endpoint {
		name = strings.ToLower(name)
	}
	return key{string(kind) + "#" + name, "MODEL"}
}

// OwnerOf fills applying's table.
func (t *Table) OwnerOf(ctx context.Context, kind applying.Kind, name string) (string, error) {
	var it struct {
		Model string `json:"model"`
	}
	_, err := t.get(ctx, ownerKey(kind, name), &it)
	return it.Model, err
}

// wantedKey is where the revision of a bucket's triggers stands. No model's name
// begins with its sort key.
func wantedKey(bucket string) key { return key{"BUCKET#" + bucket, "#"} }

// wantedItem is written by every spec that has, or had, a trigger on the bucket.
type wantedItem struct {
	Rev string `json:"rev"` // <model>@<revision of its spec>
}

// buckets are those on which the next spec or the last one has triggers, sorted.
func buckets(next spec.Spec, last *applying.Applied) []string {
	var all []string
	for _, d := range next.Triggers.Data {
		all = append(all, d.Bucket)
	}
	if last != nil {
		for _, d := range last.Spec.Triggers.Data {
			all = append(all, d.Bucket)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// DataTriggers fills intake's table.
func (t *Table) DataTriggers(ctx context.Context, bucket string) (intake.Wanted, error) {
	items, err := query[struct {
		intake.Trigger
		wantedItem
	}](ctx, t, wantedKey(bucket).PK, "", page{})
	w := intake.Wanted{Bucket: bucket}
	for _, it := range items {
		if it.Model == "" {
			w.Rev = it.Rev
		} else {
			w.Triggers = append(w.Triggers, it.Trigger)
		}
	}
	return w, err
}

// DriftTriggers fills intake's table.
func (t *Table) DriftTriggers(ctx context.Context) ([]intake.DriftTrigger, error) {
	return query[intake.DriftTrigger](ctx, t, "ALARMS", "", page{})
}

// ScheduleTriggers fills intake's table.
func (t *Table) ScheduleTriggers(ctx context.Context) ([]intake.ScheduleTrigger, error) {
	return query[intake.ScheduleTrigger](ctx, t, schedules, "", page{})
}

// promotionsOf is where the models stand that train after a promotion of model.
func promotionsOf(model string) string { return "PROMOTIONS#" + model }

// ModelsAfter fills intake's table.
func (t *Table) ModelsAfter(ctx context.Context, model string) ([]string, error) {
	return t.modelsAt(ctx, promotionsOf(model))
}

// servedItem is up to when a trigger has been served. It is kept by the trigger's
// text, so that a spec that is applied again does not serve it again.
type servedItem struct {
	At time.Time `json:"at"`
}

func servedKey(model, trigger string) key { return modelKey(model, "SERVED#"+trigger) }

// Served fills intake's table.
func (t *Table) Served(ctx context.Context, model, trigger string) (time.Time, error) {
	var it servedItem
	_, err := t.get(ctx, servedKey(model, trigger), &it)
	return it.At, err
}

// SetServed fills intake's table.
func (t *Table) SetServed(ctx context.Context, model, trigger string, at time.Time) error {
	return t.put(ctx, servedKey(model, trigger), servedItem{at}, condition{})
}

// ModelOfGroup fills requesting's table.
func (t *Table) ModelOfGroup(ctx context.Context, group string) (string, error) {
	return t.OwnerOf(ctx, applying.Group, group)
}
