// Package ecr is Amazon Elastic Container Registry on a laptop: repositories, images
// by tag and digest, basic scanning on push, and its events.
//
// An image is its manifest: layers are neither pushed nor pulled. What a scan finds,
// Findings says. Not modelled: lifecycle policies, replication, pull-through caches,
// enhanced scanning and archival.
package ecr

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// scanTakes is how long a basic scan takes. AWS promises nothing.
const scanTakes = 40 * time.Second

// Service is the repositories of one account.
type Service struct {
	world *sim.World
	emit  func(source, detailType string, resources []string, detail any)
	repos map[string]*repository

	// Findings are what the scan of an image finds, by severity; failed is a scan that
	// cannot be done. It may be set at any time.
	Findings func(repository, digest string, tags []string) (counts map[string]int, failed string)
}

type repository struct {
	name       string
	created    time.Time
	scanOnPush bool
	immutable  bool
	images     map[string]*image // by digest
}

type image struct {
	digest, manifest, mediaType string
	tags                        []string
	pushed                      time.Time
	scan                        string // "", IN_PROGRESS, COMPLETE, FAILED
	scanned                     time.Time
	reason                      string
	findings                    map[string]int
}

// New returns a registry without repositories, whose images have no findings.
func New(w *sim.World, emit func(source, detailType string, resources []string, detail any)) *Service {
	return &Service{world: w, emit: emit, repos: map[string]*repository{}, Findings: func(string, string, []string) (map[string]int, string) { return map[string]int{}, "" }}
}

// ARN is the ARN of a repository.
func ARN(name string) string {
	return "arn:aws:ecr:" + wire.Region + ":" + wire.Account + ":repository/" + name
}

// URI is the address of a repository, which image names begin with.
func URI(name string) string {
	return wire.Account + ".dkr.ecr." + wire.Region + ".amazonaws.com/" + name
}

var repositoryName = regexp.MustCompile(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

// Settings are how a repository treats what is pushed.
type Settings struct {
	ScanOnPush bool
	Immutable  bool // tags cannot move
}

// CreateRepository makes an empty repository.
func (s *Service) CreateRepository(name string, settings Settings) error {
	switch {
	case !repositoryName.MatchString(name) || len(name) < 2 || len(name) > 256:
		return wire.Errorf("InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression'")
	case s.repos[name] != nil:
		return wire.Errorf("RepositoryAlreadyExistsException", "The repository with name '%s' already exists in the registry with id '%s'", name, wire.Account)
	}
	s.repos[name] = &repository{name: name, created: s.world.Now(), scanOnPush: settings.ScanOnPush, immutable: settings.Immutable, images: map[string]*image{}}
	return nil
}

func (s *Service) repository(name string) (*repository, error) {
	if r := s.repos[name]; r != nil {
		return r, nil
	}
	return nil, wire.Errorf("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, wire.Account)
}

// manifestType is the media type of manifests that say none.
const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

// Push is what docker push does: an image of this manifest gets a tag, "" for none.
// It returns the image's digest.
func (s *Service) Push(repo, tag, manifest, mediaType string) (string, error) {
	r, err := s.repository(repo)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(manifest))
	digest := "sha256:" + hex.EncodeToString(sum[:])
	tagged := r.tagged(tag)
	switch {
	case tagged != nil && tagged.digest == digest:
		return "", wire.Errorf("ImageAlreadyExistsException", "Image with digest '%s' and tag '%s' already exists in the repository with name '%s'", digest, tag, repo)
	case tagged != nil && r.immutable:
		return "", wire.Errorf("ImageTagAlreadyExistsException", "The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the repository is immutable.", tag, repo)
	case tagged != nil:
		tagged.tags = slices.DeleteFunc(tagged.tags, func(t string) bool { return t == tag })
	}
	i := r.images[digest]
	isNew := i == nil
	if isNew {
		i = &image{digest: digest, manifest: manifest, mediaType: cmp.Or(mediaType, manifestType)}
		r.images[digest] = i
	}
	i.pushed = s.world.Now()
	if tag != "" {
		i.tags = append(i.tags, tag)
	}
	s.emit("aws.ecr", "ECR Image Action", []string{}, actionDetail{"SUCCESS", repo, digest, "PUSH", tag})
	if r.scanOnPush && isNew {
		s.scan(r, i)
	}
	return digest, nil
}

// tagged is the image that has a tag, or nil.
func (r *repository) tagged(tag string) *image {
	for _, i := range r.images {
		if tag != "" && slices.Contains(i.tags, tag) {
			return i
		}
	}
	return nil
}

type actionDetail struct {
	Result         string `json:"result"`
	RepositoryName string `json:"repository-name"`
	ImageDigest    string `json:"image-digest"`
	ActionType     string `json:"action-type"`
	ImageTag       string `json:"image-tag,omitempty"`
}

// scanDetail is the detail of "ECR Image Scan", which basic scanning sends. Its tags
// are empty in the one documented sample; here they are the image's.
type scanDetail struct {
	ScanStatus     string         `json:"scan-status"`
	RepositoryName string         `json:"repository-name"`
	SeverityCounts map[string]int `json:"finding-severity-counts"`
	ImageDigest    string         `json:"image-digest"`
	ImageTags      []string       `json:"image-tags"`
}

// scan looks for vulnerabilities in an image, which takes a while.
func (s *Service) scan(r *repository, i *image) {
	i.scan = "IN_PROGRESS"
	s.world.After(scanTakes, "ecr: scan "+r.name, func() {
		counts, failed := s.Findings(r.name, i.digest, slices.Clone(i.tags))
		i.scan, i.scanned, i.reason, i.findings = "COMPLETE", s.world.Now(), failed, map[string]int{}
		for level, n := range counts {
			if n > 0 {
				i.findings[level] = n
			}
		}
		if failed != "" {
			i.scan, i.findings = "FAILED", map[string]int{}
		}
		s.emit("aws.ecr", "ECR Image Scan", []string{ARN(r.name)}, scanDetail{i.scan, r.name, i.findings, i.digest, append([]string{}, i.tags...)})
	})
}

// sorted are the images of a repository by time of push, then by digest.
func (r *repository) sorted() []*image {
	return slices.SortedFunc(maps.Values(r.images), func(a, b *image) int {
		return cmp.Or(a.pushed.Compare(b.pushed), cmp.Compare(a.digest, b.digest))
	})
}

// cut is one page of a list. A token is the number of entries before the page.
func cut[T any](all []T, token string, limit *int) ([]T, string, error) {
	n, from := 100, 0
	if limit != nil {
		n = *limit
	}
	if token != "" {
		var err error
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(all) {
			return nil, "", wire.Errorf("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'")
		}
	}
	if n < 1 || n > 1000 {
		return nil, "", wire.Errorf("InvalidParameterException", "Invalid parameter at 'maxResults' failed to satisfy constraint: 'must be between 1 and 1000'")
	}
	to := min(from+n, len(all))
	if to < len(all) {
		return all[from:to], strconv.Itoa(to), nil
	}
	return all[from:to], "", nil
}
