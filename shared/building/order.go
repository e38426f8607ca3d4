// Package building knows the builds that Sluice asks CodeBuild for: what each is for,
// and what follows when it is over, and the images that others push. It has the handler
// of on-build.
//
// What a build is for is written into its environment, so that any event of it can be
// answered by reading the build. A tested commit asks for nothing more; the result of
// a pull request's check is checking's; an image is registered with the weights of the
// champion once its scan lets it pass.
package building

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"sluice/shared/spec"
)

// Order is what a build is for, or an image that others have pushed. Such a one has no
// project and no commit; its repository is in ECR.
type Order struct {
	Project    string
	Repository string
	Commit     string
	Model      string  // "" for a check of a pull request
	Do         spec.Do // test, build or rollout
	Request    string  // the pull request whose check it is; "" for none
	// Tag, Digest and Package are of an image that others have pushed: under which tag
	// first, and what it has become; "" for nothing yet.
	Tag     string `json:",omitempty"`
	Digest  string `json:",omitempty"`
	Package string `json:",omitempty"`
}

// Image is what the order's image is found by: the commit, or the digest of one that
// others have pushed.
func (o Order) Image() string { return cmp.Or(o.Digest, o.Commit) }

// name is what people call the order's image.
func (o Order) name() string {
	if o.Digest != "" {
		return o.Repository + ":" + o.Tag
	}
	return "commit " + Short(o.Commit)
}

// The environment variables that carry an order. A buildspec may use them, too.
const (
	varRepository = "SLUICE_REPOSITORY"
	varCommit     = "SLUICE_COMMIT"
	varModel      = "SLUICE_MODEL"
	varDo         = "SLUICE_DO"
	varRequest    = "SLUICE_REQUEST"
)

// Variables is the order as environment variables, without empty ones.
func (o Order) Variables() map[string]string {
	all := map[string]string{varRepository: o.Repository, varCommit: o.Commit, varDo: string(o.Do)}
	if o.Model != "" {
		all[varModel] = o.Model
	}
	if o.Request != "" {
		all[varRequest] = o.Request
	}
	return all
}

// OrderOf reads an order back; ok is false if a build is none of Sluice's.
func OrderOf(project string, variables map[string]string) (o Order, ok bool) {
	o = Order{
		Project: project, Repository: variables[varRepository], Commit: variables[varCommit], Model: variables[varModel],
		Do: spec.Do(variables[varDo]), Request: variables[varRequest],
	}
	return o, o.Repository != "" && o.Commit != "" && o.Do != ""
}

// Token makes CodeBuild start one build for an order, and the registry make one package
// of its image, however often they are asked.
func (o Order) Token() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%s\x00%s", o.Project, o.Repository, o.Image(), o.Model, o.Do, o.Request))
	return hex.EncodeToString(sum[:])
}

// Build is a build as CodeBuild has it now.
type Build struct {
	ID        string
	Status    string // as in its event
	Order     Order
	Ordered   bool   // whether Order is one
	Initiator string // who started it
	Phase     string // that failed
	Why       string // it failed
	Group     string // of its log
	Stream    string
	Link      string
}

// Statuses of builds. Source: CodeBuild's event.
const (
	Succeeded = "SUCCEEDED"
	running   = "IN_PROGRESS"
	stopped   = "STOPPED"
)

// Over reports whether the build has ended.
func (b Build) Over() bool { return b.Status != running }

// Failed reports whether the build went wrong by itself: one that was stopped did not.
func (b Build) Failed() bool { return b.Over() && b.Status != Succeeded && b.Status != stopped }

// Short is a commit id as people write it.
func Short(commit string) string { return commit[:min(len(commit), 7)] }
