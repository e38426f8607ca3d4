package building

import (
	"context"
	"slices"
	"time"

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
	for _, model := range models {
		f, err := b.take(ctx, i, model, known, e.Time)
		if err != nil {
			return last, err
		}
		if f.Package != "" {
			last = f
		}
	}
	return last, nil
}

// take writes an order for an image that a model takes, and goes on with it. The order
// is kept by the image's digest: one that goes out does so once, whatever tags it has.
func (b *Building) take(ctx context.Context, i event.Image, model string, known []Order, at time.Time) (Followed, error) {
	sp, err := b.Table.Spec(ctx, model)
	if fault.Is(err, fault.NotFound) || err == nil && (sp.Code == nil || !sp.Code.Image.Takes(i.Tag)) {
		return Followed{}, nil
	}
	if err != nil {
		return Followed{}, err
	}
	edge.Note(ctx, "image", i.Repository+":"+i.Tag)
	if n := slices.IndexFunc(known, func(o Order) bool { return o.Model == model }); n >= 0 && known[n].Package != "" {
		return Followed{}, nil
	}
	o := Order{Repository: i.Repository, Tag: i.Tag, Digest: i.Digest, Model: model, Do: spec.DoRollout}
	if err := b.Table.PutImageOrder(ctx, i.Repository, o); err != nil {
		return Followed{}, err
	}
	return b.serve(ctx, o, at)
}
