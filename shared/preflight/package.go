package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// approved is the approval that a package needs to be rolled out. Source: AWS.md B.9.
const approved = "Approved"

// pkg finds what keeps the package from being rolled out, and says what changes.
func (c *check) pkg() {
	p := c.Package
	if p.Group == "" { // could not be read, and that was said
		return
	}
	subject := "package " + p.ARN
	switch {
	case p.Group != c.Spec.Package.Group:
		c.add(Refuse, "package.group", subject, "", "%s is not of package group %s", p.ARN, c.Spec.Package.Group)
	case p.Approval != approved:
		c.add(Refuse, "package.approval", subject, "", "%s is %s now, not Approved", p.ARN, p.Approval)
	case p.Status == "Pending" || p.Status == "InProgress":
		c.add(Wait, "package.status", subject, "", "%s is %s still: SageMaker makes a model of it when it is Completed", p.ARN, p.Status)
	case p.Status != "Completed":
		c.add(Refuse, "package.status", subject, "", "%s is %s: SageMaker makes no model of it", p.ARN, p.Status)
	}
	if c.Endpoint.Status == "InService" {
		c.supersedes(subject)
		c.change(subject)
	}
	if t := c.Spec.Endpoint.InstanceType; len(p.InstanceTypes) > 0 && !slices.Contains(p.InstanceTypes, t) {
		c.add(Warn, "package.type", subject, "register it for "+t+", or change endpoint.instanceType", "%s is registered for %s, not for %s", p.ARN, strings.Join(p.InstanceTypes, ", "), t)
	}
}

// supersedes refuses to put a package in the place of itself or of a newer one: an
// approval event may come late, after the next version's rollout. A champion that was
// deleted from the registry, and still serves, is neither.
func (c *check) supersedes(subject string) {
	p, champion := c.Package, c.Champion
	switch {
	case c.Model.Package != "" && c.Model.Package == p.ARN:
		c.add(Refuse, "package.serving", subject, "", "%s is in production already", p.ARN)
	case champion == nil:
	case c.Undo && c.Undoes > 0 && champion.Group == p.Group && champion.Version != c.Undoes: // it had to wait for its turn
		c.add(Refuse, "package.undone", subject, "", "version %d of %s is in production by now: there is nothing left to undo of version %d", champion.Version, p.Group, c.Undoes)
	case c.Undo: // an older one is meant
	case champion.Group == p.Group && champion.Version > p.Version:
		c.add(Refuse, "package.older", subject, "", "version %d of %s is in production, which is newer than version %d", champion.Version, p.Group, p.Version)
	}
}

// side is one side's containers under a name.
type side struct {
	name       string
	containers []Container
}

// sides are both sides' containers, as far as they are known.
func (c *check) sides() []side {
	return []side{{"what serves now", c.serving()}, {"the package", c.Package.Containers}}
}

// serving is what serves now: what the package says of it, with what only the model
// tells.
func (c *check) serving() []Container {
	if c.Champion == nil {
		return c.Model.Containers
	}
	all := slices.Clone(c.Champion.Containers)
	for i := range all {
		all[i].Models = i < len(c.Model.Containers) && c.Model.Containers[i].Models
	}
	return all
}

// change says what the package changes: the image, the model's data, or both.
func (c *check) change(subject string) {
	was, is := c.serving(), c.Package.Containers
	if len(was) == 0 || len(was) == 1 && was[0].Image == "" && was[0].Data == "" {
		c.add(Note, "package.change", subject, "", "what changes is not known: the package of what serves now is not in the registry")
		return
	}
	if len(was) != len(is) {
		c.add(Note, "package.change", subject, "", "the number of containers changes from %d to %d", len(was), len(is))
		return
	}
	var images, data, variables []string
	for i := range is {
		if !sameImage(was[i], is[i]) {
			images = append(images, fmt.Sprintf("image %s in place of %s", imageName(is[i]), imageName(was[i])))
		}
		if was[i].Data != is[i].Data {
			data = append(data, fmt.Sprintf("model data %s in place of %s", orNone(is[i].Data), orNone(was[i].Data)))
		}
		variables = append(variables, differing(was[i].Environment, is[i].Environment)...)
	}
	head := "both image and model data change"
	switch {
	case len(images) == 0 && len(data) == 0:
		head = "neither image nor model data change"
	case len(data) == 0:
		head = "only the image changes"
	case len(images) == 0:
		head = "only the model data change"
	}
	text := strings.Join(append([]string{head}, append(images, data...)...), "; ")
	if len(variables) > 0 {
		text += "; environment variables that differ: " + strings.Join(variables, ", ")
	}
	c.add(Note, "package.change", subject, "", "%s", text)
}

// sameImage compares digests where both are known: a tag may have moved.
func sameImage(a, b Container) bool {
	if a.Digest != "" && b.Digest != "" {
		return a.Digest == b.Digest
	}
	return a.Image == b.Image
}

// imageName is an image with the beginning of its digest.
func imageName(k Container) string {
	if k.Digest == "" || strings.Contains(k.Image, "@") {
		return orNone(k.Image)
	}
	return fmt.Sprintf("%s (%.19s)", orNone(k.Image), k.Digest)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// differing are the names of the variables that are not the same in both. Their values
// may be secrets.
func differing(a, b map[string]string) []string {
	names := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		was, had := a[name]
		is, has := b[name]
		return had == has && was == is
	})
}
