package building

import (
	"context"
	"errors"
	"slices"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// pushed takes in an image that others have pushed under a tag that a spec takes. What
// is pushed without a tag is a part of another image, or nobody's yet; what a build of
// ours pushes has its order, which goes on when the build is over.
func (b *Building) pushed(ctx context.Context, e event.Envelope) (last Followed, err error) {
	i, err := event.ImagePush(e)
	if err != nil || i.Status != "SUCCESS" || i.Tag == "" {
		return last, err
	}
	ours, err := b.Table.ImageOrders(ctx, i.Repository, i.Tag)
	if err != nil || len(ours) > 0 {
		return last, err
	}
	models, err := b.Table.ImageModels(ctx, i.Repository)
	if err != nil {
		return last, err
	}
	known, err := b.Table.ImageOrders(ctx, i.Repository, i.Digest)
	if err != nil {
		return last, err
	}
	var orders []Order
	for _, model := range models {
		o, ok, err := b.order(ctx, i, model, known)
		if err != nil {
			return last, err
		}
		if ok {
			orders = append(orders, o)
		}
	}
	// All orders are written by now: the scan's event goes on with each.
	for _, o := range orders {
		f, failed := b.serve(ctx, o, e.Time)
		if f.Package != "" {
			last = f
		}
		err = errors.Join(err, failed)
	}
	return last, err
}

// order writes an order for an image that a model takes; ok is false if it does not, or
// if the image has become a package. The order is kept by the image's digest: one that
// goes out does so once, whatever tags it has.
func (b *Building) order(ctx context.Context, i event.Image, model string, known []Order) (o Order, ok bool, err error) {
	sp, err := b.Table.Spec(ctx, model)
	if fault.Is(err, fault.NotFound) || err == nil && (sp.Code == nil || !sp.Code.Image.Takes(i.Tag)) {
		return o, false, nil
	}
	if err != nil || slices.ContainsFunc(known, func(o Order) bool { return o.Model == model && o.Package != "" }) {
		return o, false, err
	}
	edge.Note(ctx, "image", i.Repository+":"+i.Tag)
	o = Order{Repository: i.Repository, Tag: i.Tag, Digest: i.Digest, Model: model, Do: spec.DoRollout}
	return o, true, b.Table.PutImageOrder(ctx, i.Repository, o)
}
