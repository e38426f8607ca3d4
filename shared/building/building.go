package building

import (
	"context"
	"encoding/json"
	"time"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/reporting"
	"sluice/shared/spec"
)

type builds interface {
	// Build reads a build by its id or ARN. Errors: NotFound.
	Build(ctx context.Context, id string) (Build, error)
}

type table interface {
	// Spec is the model's spec in force. Errors: NotFound.
	Spec(ctx context.Context, model string) (spec.Spec, error)
	// ImageOrders lists the orders for an image in an ECR repository, by what it is
	// found by, of all models.
	ImageOrders(ctx context.Context, repository, image string) ([]Order, error)
	// PutImageOrder writes an order for an image in an ECR repository.
	PutImageOrder(ctx context.Context, repository string, o Order) error
	// ImageModels lists the models whose images are in an ECR repository.
	ImageModels(ctx context.Context, repository string) ([]string, error)
}

type images interface {
	// Tagged is the image with a tag; ok is false if there is none.
	Tagged(ctx context.Context, repository, tag string) (i Image, ok bool, err error)
	// Tags are the tags of an image.
	Tags(ctx context.Context, repository, digest string) ([]string, error)
}

type champions interface {
	// Champion is the package that an endpoint serves now; "" if none.
	Champion(ctx context.Context, endpoint string) (arn string, err error)
}

type packages interface {
	// WithImage registers the package that champion would be with another image. The
	// same token gives the same package.
	WithImage(ctx context.Context, champion, image, approval, text, token string) (arn string, version int, err error)
}

type rollouts interface {
	// Request asks for the rollout of a version of a model's package. Asking again
	// asks for the same one.
	Request(ctx context.Context, model, packageARN string, version int) (id string, err error)
}

// Building has the handler of on-build.
type Building struct {
	Table    table
	Builds   builds
	Images   images
	Champion champions
	Packages packages
	Rollouts rollouts
	Reports  *reporting.Desk
}

// Followed says what became of an event.
type Followed struct {
	Package string `json:"package"` // ARN of the package that got a new image
	Rollout string `json:"rollout"`
}

// OnBuild is the handler of on-build: builds that are over, scans of images that are,
// and images that others push. All are read again; the event may be late or come twice.
// Errors: NotReady while an image is being scanned, for Lambda to try again in case the
// scan's event is lost.
func (b *Building) OnBuild(ctx context.Context, raw json.RawMessage) (Followed, error) {
	e, err := event.Parse(raw)
	if err != nil {
		return Followed{}, err
	}
	switch e.DetailType {
	case event.ImageScanType:
		return b.scanned(ctx, e)
	case event.ImageActionType:
		return b.pushed(ctx, e)
	}
	s, err := event.BuildState(e)
	if err != nil {
		return Followed{}, err
	}
	build, err := b.Builds.Build(ctx, s.ARN)
	if err != nil || !build.Ordered || !build.Over() {
		return Followed{}, err
	}
	edge.Note(ctx, "build", build.ID)
	edge.Note(ctx, "status", build.Status)
	if build.Status == Succeeded && build.Order.Do != spec.DoTest {
		return b.serve(ctx, build.Order, e.Time)
	}
	return Followed{}, nil
}

// scanned goes on with the orders that waited for the scan of an image.
func (b *Building) scanned(ctx context.Context, e event.Envelope) (Followed, error) {
	s, err := event.ImageScan(e)
	if err != nil {
		return Followed{}, err
	}
	tags, err := b.Images.Tags(ctx, s.Repository, s.Digest)
	if err != nil {
		return Followed{}, err
	}
	var last Followed
	for _, image := range append(tags, s.Digest) {
		orders, err := b.Table.ImageOrders(ctx, s.Repository, image)
		if err != nil {
			return last, err
		}
		for _, o := range orders {
			if last, err = b.serve(ctx, o, e.Time); err != nil {
				return last, err
			}
		}
	}
	return last, nil
}

// report tells people why an image is not served.
func (b *Building) report(ctx context.Context, o Order, at time.Time, why, do string) error {
	r := reporting.Failure{
		Cause: "image/" + o.Token(), What: "image of model " + o.Model + " at " + Short(o.Commit), Where: "ECR repository of project " + o.Project, Why: why, Do: do,
	}
	if o.Digest != "" {
		r.What, r.Where = "image "+o.name()+" of model "+o.Model, "ECR repository "+o.Repository
	}
	return b.Reports.Report(ctx, r, at)
}
