package building

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// Image is an image in ECR. Scan is "" for one that is not scanned.
type Image struct {
	URI      string // with its digest
	Digest   string
	Scan     string // IN_PROGRESS, COMPLETE, FAILED, ...
	Why      string // a scan failed
	Findings map[string]int
}

// The approvals of a model package, as in the registry.
const (
	approved = "Approved"
	pending  = "PendingManualApproval"
)

// serve registers an image with the weights of the champion, and asks for its rollout
// if the spec approves by itself. An image that must not pass is reported.
func (b *Building) serve(ctx context.Context, o Order, at time.Time) (Followed, error) {
	sp, err := b.Table.Spec(ctx, o.Model)
	if err != nil || o.Package != "" {
		return Followed{Package: o.Package}, err
	}
	if sp.Code == nil || sp.Code.Image == nil || o.Digest != "" && o.Repository != sp.Code.Image.Repository {
		return Followed{}, nil // the spec has changed since
	}
	img, ok, err := b.Images.Tagged(ctx, sp.Code.Image.Repository, cmp.Or(o.Tag, o.Commit))
	if err != nil {
		return Followed{}, err
	}
	if o.Digest != "" && o.Digest != img.Digest {
		edge.Note(ctx, "passed over", o.name()+" is another image by now")
		return Followed{}, nil
	}
	if !ok {
		return Followed{}, b.report(ctx, o, at, fmt.Sprintf("the build succeeded, but %s has no image with the tag %s", sp.Code.Image.Repository, o.Commit),
			"push the image under the whole commit id: SLUICE_COMMIT in the build's environment")
	}
	if img.Scan == "IN_PROGRESS" && sp.Code.Image.Block != spec.SeverityNone {
		return Followed{}, fault.NotReady.Errorf("image %s is being scanned", img.URI)
	}
	if why, do := blocked(img, sp.Code.Image.Block); why != "" {
		edge.Note(ctx, "blocked", why)
		return Followed{}, b.report(ctx, o, at, why, do)
	}
	if o.Do != spec.DoRollout {
		return Followed{}, nil
	}
	champion, err := b.Champion.Champion(ctx, sp.Endpoint.Name)
	if err != nil {
		return Followed{}, err
	}
	if champion == "" {
		return Followed{}, b.report(ctx, o, at, fmt.Sprintf("endpoint %s serves no model package, so there are no weights to go with the image", sp.Endpoint.Name),
			"train the model: its package can name this image")
	}
	approval := pending
	if sp.Package.Approve == spec.Automatic {
		approval = approved
	}
	text := fmt.Sprintf("image of %s with the weights of %s", o.name(), champion[strings.LastIndex(champion, ":")+1:])
	arn, version, err := b.Packages.WithImage(ctx, champion, img.URI, approval, text, o.Token()[:36])
	if err != nil {
		return Followed{}, err
	}
	edge.Note(ctx, "package", arn)
	f := Followed{Package: arn}
	if approval == approved { // the registry's event may be lost
		f.Rollout, err = b.Rollouts.Request(ctx, o.Model, arn, version)
	}
	if err != nil || o.Digest == "" {
		return f, err
	}
	o.Package = arn // last: the registry remembers a token for a while only
	return f, b.Table.PutImageOrder(ctx, o.Repository, o)
}

// severities are ECR's, from bad to harmless.
var severities = []string{"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"}

// blocked says why an image must not pass, and what to do; "" if it may.
func blocked(i Image, block spec.Severity) (why, do string) {
	switch {
	case block == spec.SeverityNone:
		return "", ""
	case i.Scan == "":
		return "the image is not scanned", "turn on scanning on push for the ECR repository, or write block: none in code.image"
	case i.Scan != "COMPLETE":
		return "the scan of the image ended as " + i.Scan + ": " + cmp.Or(i.Why, "no reason given"), "look at the image in ECR; scan it again, or write block: none in code.image"
	}
	var bad []string
	for _, level := range severities[:slices.Index(severities, strings.ToUpper(string(block)))+1] {
		if n := i.Findings[level]; n > 0 {
			bad = append(bad, fmt.Sprintf("%d %s", n, level))
		}
	}
	if len(bad) == 0 {
		return "", ""
	}
	return "the scan of the image found vulnerabilities: " + strings.Join(bad, ", "), "update what the image is built from, and push again"
}
