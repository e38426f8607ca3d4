package spec

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Code is the Git repository that the model's code and this file live in. A push to
// it puts the file in force and starts what the changed paths ask for.
type Code struct {
	// Repository is a CodeCommit repository's name, or what pushes from elsewhere call
	// theirs, such as github.com/acme/churn.
	Repository string `json:"repository"`
	// Path is the folder of this file; empty is the root.
	Path string `json:"path,omitempty"`
	// Flow names the rules that the branches follow, unless Rules are given.
	Flow Flow `json:"flow,omitempty"`
	// Checks is the CodeBuild project that tests a commit; empty for no tests.
	Checks string `json:"checks,omitempty"`
	// Image is how serving images are built; nil if the model has none of its own.
	Image *Image `json:"image,omitempty"`
	Rules []Rule `json:"rules,omitempty"`
}

// Flow is a branching model.
type Flow string

// The flows: with FlowGitHub main deploys; with FlowGitflow develop goes to staging,
// release branches to pre-production, main and hotfixes to production.
const (
	FlowGitHub  Flow = "github"
	FlowGitflow Flow = "gitflow"
)

// Image is the serving image of a model. A CodeBuild project builds it and pushes it to
// an ECR repository under the commit's id, or others push it under one of Tags.
type Image struct {
	Project    string `json:"project,omitempty"` // empty if Sluice has nothing built
	Repository string `json:"repository"`
	// Tags are patterns of tags; an image that others push under one goes out with the
	// weights of the champion. * stands for any characters.
	Tags []string `json:"tags,omitempty"`
	// Block is the least severity of a scan's findings that stops the image.
	Block Severity `json:"block,omitempty"`
}

// Severity is how bad a finding in an image is.
type Severity string

// The severities that may block; SeverityNone lets images pass unscanned.
const (
	SeverityCritical Severity = "critical"
	SeverityHigh     Severity = "high"
	SeverityMedium   Severity = "medium"
	SeverityNone     Severity = "none"
)

// Rule says what changed paths ask for. The first rule that matches a path decides
// about it; a path without a rule asks for nothing. Branches, Environments and Paths
// hold patterns in which ** stands for any folders; without Environments or Paths, all
// are meant.
type Rule struct {
	Branches     []string `json:"branches"`
	Environments []string `json:"environments,omitempty"`
	Paths        []string `json:"paths,omitempty"`
	Do           Do       `json:"do"`
}

// Do is what a changed path asks for.
type Do string

// What paths ask for. DoBuild builds the serving image; DoRollout rolls it out, too,
// with the weights of the champion.
const (
	DoNothing Do = "nothing"
	DoTest    Do = "test"
	DoBuild   Do = "build"
	DoTrain   Do = "train"
	DoRollout Do = "rollout"
)

// Builds reports whether the spec says how an image is built.
func (c Code) Builds() bool { return c.Image != nil && c.Image.Project != "" }

// Takes reports whether an image that others push under this tag goes out.
func (i *Image) Takes(tag string) bool {
	return i != nil && slices.ContainsFunc(i.Tags, func(pattern string) bool { return matches(pattern, tag) })
}

// File is where the spec of c stands in its repository.
func (c Code) File() string { return path.Join(c.Path, "sluice.yaml") }

const (
	maxRepository  = 255
	maxProject     = 255
	maxPatterns    = 256 // characters
	maxEnvironment = 40
	maxImageTag    = 128
)

// Names of code. Sources: CodeCommit, CodeBuild and ECR API references.
var (
	gitRepository = regexp.MustCompile(`^[\w.-]+(/[\w.~-]+)*$`)
	buildProject  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	imageName     = regexp.MustCompile(`^[a-z0-9]+([._/-][a-z0-9]+)*$`)
	imageTag      = regexp.MustCompile(`^[\w.*-]+$`)
	environment   = regexp.MustCompile(`^[a-z0-9](-*[a-z0-9])*$`)
)

func (r *report) code(c *Code) {
	if c == nil {
		return
	}
	r.pattern("code.repository", c.Repository, gitRepository, maxRepository, "the name of a repository")
	if p := c.Path; r.usable("code.path") && (p == "" || p != path.Clean(p) || path.IsAbs(p) || p == "." || strings.HasPrefix(p, "..")) {
		r.add("code.path", quote(p)+" is no folder below the root of the repository", "write it like models/churn, or leave it out for the root")
	}
	r.pattern("code.checks", c.Checks, buildProject, maxProject, "the name of a CodeBuild project")
	r.image(c.Image)
	if len(c.Rules) > 0 && r.usable("code.flow", "code.rules") {
		r.add("code.flow", "rules are given, which replace it", "leave one of them out")
	}
	for i, rule := range c.Rules {
		field := fmt.Sprintf("code.rules[%d]", i)
		if len(rule.Branches) == 0 && r.usable(field+".branches") {
			r.add(field+".branches", "names no branch", `write branches: ["**"] for all`)
		}
		r.globs(field+".branches", rule.Branches)
		r.globs(field+".paths", rule.Paths)
		for j, e := range rule.Environments {
			r.pattern(fmt.Sprintf("%s.environments[%d]", field, j), e, environment, maxEnvironment, "the name of an environment")
		}
		r.means(field, c, rule.Do)
	}
}

func (r *report) image(i *Image) {
	if i == nil {
		return
	}
	r.pattern("code.image.project", i.Project, buildProject, maxProject, "the name of a CodeBuild project")
	r.pattern("code.image.repository", i.Repository, imageName, maxRepository, "the name of an ECR repository")
	for j, tag := range i.Tags {
		r.pattern(fmt.Sprintf("code.image.tags[%d]", j), tag, imageTag, maxImageTag, "a tag of an image")
	}
	if !r.written("code.image.project") && len(i.Tags) == 0 && !r.bad["code.image"] {
		r.add("code.image", "says neither what builds the image nor under which tags it is pushed", "write "+example("code.image.project")+", or "+example("code.image.tags"))
	}
}

// means reports a rule that asks for what the spec does not say how to do.
func (r *report) means(field string, c *Code, do Do) {
	field = join(field, "do")
	switch {
	case !r.usable(field):
	case do == DoTest && c.Checks == "":
		r.add(field, "there is nothing to test with", "write code.checks, the CodeBuild project that runs the tests")
	case (do == DoBuild || do == DoRollout) && !c.Builds():
		r.add(field, "there is no image to build", "write code.image, the CodeBuild project that builds it and the ECR repository")
	}
}

// pattern checks a name.
func (r *report) pattern(field, value string, form *regexp.Regexp, limit int, what string) {
	if r.usable(field) && (!form.MatchString(value) || len(value) > limit) {
		r.add(field, quote(value)+" is not "+what, fixOf(field, "write "+what))
	}
}

func (r *report) globs(field string, patterns []string) {
	for i, p := range patterns {
		at := fmt.Sprintf("%s[%d]", field, i)
		if r.usable(at) && (p == "" || len(p) > maxPatterns || !doublestar.ValidatePattern(p)) {
			r.add(at, quote(p)+" is no pattern", "write "+example(field))
		}
	}
}

// fill fills the defaults of code.
func (c *Code) fill() {
	if c == nil {
		return
	}
	if len(c.Rules) == 0 {
		fill(&c.Flow, FlowGitHub)
	}
	if c.Image != nil {
		fill(&c.Image.Block, SeverityCritical)
	}
}

// clone is c with nothing shared.
func (c *Code) clone() *Code {
	c = copied(c)
	if c == nil {
		return nil
	}
	if c.Image = copied(c.Image); c.Image != nil {
		c.Image.Tags = cloned(c.Image.Tags)
	}
	c.Rules = cloned(c.Rules)
	for i := range c.Rules {
		rule := &c.Rules[i]
		rule.Branches, rule.Environments, rule.Paths = cloned(rule.Branches), cloned(rule.Environments), cloned(rule.Paths)
	}
	return c
}
