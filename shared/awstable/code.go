package awstable

import (
	"context"
	"time"

	"sluice/shared/building"
	"sluice/shared/checking"
	"sluice/shared/committing"
	"sluice/shared/fault"
)

func codeKey(repository, sk string) key { return key{"CODE#" + repository, sk} }

// specFile is an index item that leads from a repository to a model kept in it.
type specFile struct {
	Model string `json:"model"`
	File  string `json:"file"`
}

// SpecFiles fills committing's table.
func (t *Table) SpecFiles(ctx context.Context, repository string) (map[string]string, error) {
	items, err := query[specFile](ctx, t, codeKey(repository, "").PK, "MODEL#", page{})
	all := map[string]string{}
	for _, it := range items {
		all[it.File] = it.Model
	}
	return all, err
}

func headKey(repository, branch, file string) key {
	return codeKey(repository, "HEAD#"+file+"#"+branch)
}

// Head fills committing's table.
func (t *Table) Head(ctx context.Context, repository, branch, file string) (h committing.Head, err error) {
	_, err = t.get(ctx, headKey(repository, branch, file), &h)
	return h, err
}

// PutHead fills committing's table.
func (t *Table) PutHead(ctx context.Context, repository, branch, file string, next committing.Head) error {
	return t.put(ctx, headKey(repository, branch, file), next, before(next.Rev))
}

// before is the condition that an item has the revision before rev, or that there is
// none.
func before(rev int) condition {
	if rev == 1 {
		return condition{expression: "attribute_not_exists(pk)"}
	}
	return condition{expression: "rev = :rev", values: item{":rev": num(int64(rev - 1))}}
}

func requestKey(repository, id string) key { return codeKey(repository, "REQUEST#"+id) }

// Check fills checking's table.
func (t *Table) Check(ctx context.Context, repository, request string) (c checking.Check, err error) {
	_, err = t.get(ctx, requestKey(repository, request), &c)
	return c, err
}

// PutCheck fills checking's table.
func (t *Table) PutCheck(ctx context.Context, repository, request string, next checking.Check) error {
	return t.put(ctx, requestKey(repository, request), next, before(next.Rev))
}

// PutImageOrder fills committing's and building's table.
func (t *Table) PutImageOrder(ctx context.Context, imageRepository string, o building.Order) error {
	return t.put(ctx, imageKey(imageRepository, o.Image()+"#"+o.Model), o, condition{})
}

func imageKey(repository, sk string) key { return key{"IMAGE#" + repository, sk} }

// ImageOrders fills building's table.
func (t *Table) ImageOrders(ctx context.Context, repository, image string) ([]building.Order, error) {
	return query[building.Order](ctx, t, imageKey(repository, "").PK, image+"#", page{})
}

// imageModels is where the models stand whose images are in a repository.
func imageModels(repository string) string { return "IMAGES#" + repository }

// ImageModels fills building's table.
func (t *Table) ImageModels(ctx context.Context, repository string) ([]string, error) {
	return t.modelsAt(ctx, imageModels(repository))
}

// toldFor is how long a cause is remembered as told.
const toldFor = 30 * 24 * time.Hour

// told is that people were told of a cause. TTL is in seconds since 1970.
type told struct {
	At  time.Time `json:"at"`
	TTL int64     `json:"ttl"`
}

func toldKey(cause string) key { return key{"TOLD#" + cause, "TOLD"} }

// Told fills reporting's table.
func (t *Table) Told(ctx context.Context, cause string) (bool, error) {
	var it told
	return t.get(ctx, toldKey(cause), &it)
}

// Tell fills reporting's table.
func (t *Table) Tell(ctx context.Context, cause string, at time.Time) error {
	err := t.put(ctx, toldKey(cause), told{at, at.Add(toldFor).Unix()}, condition{expression: "attribute_not_exists(pk)"})
	if fault.Is(err, fault.Conflict) {
		return nil // told by another at the same time
	}
	return err
}
