package ecr

import (
	"slices"

	"sluice/local/wire"
)

type imageID struct {
	ImageDigest string `json:"imageDigest,omitempty"`
	ImageTag    string `json:"imageTag,omitempty"`
}

type imagesIn struct {
	RepositoryName string    `json:"repositoryName"`
	RegistryID     string    `json:"registryId"`
	ImageIDs       []imageID `json:"imageIds"`
	ImageID        imageID   `json:"imageId"`
	Filter         *struct {
		TagStatus string `json:"tagStatus"`
	} `json:"filter"`
	NextToken  string `json:"nextToken"`
	MaxResults *int   `json:"maxResults"`

	ImageManifest          string `json:"imageManifest"`
	ImageManifestMediaType string `json:"imageManifestMediaType"`
	ImageTag               string `json:"imageTag"`

	ScanConfiguration struct {
		ScanOnPush bool `json:"scanOnPush"`
	} `json:"imageScanningConfiguration"`
	ImageTagMutability string `json:"imageTagMutability"`
}

// Wire is the service with its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "ecr", Target: "AmazonEC2ContainerRegistry_V20150921"}
	handle(svc, "CreateRepository", s.createRepository)
	handle(svc, "PutImage", s.putImage)
	handle(svc, "DescribeImages", s.describeImages)
	handle(svc, "BatchGetImage", s.batchGetImage)
	handle(svc, "DescribeImageScanFindings", s.describeFindings)
	return svc
}

func handle[Out any](svc *wire.Service, name string, run func(*imagesIn) (*Out, error)) {
	wire.Handle(svc, name, func(in *imagesIn) []wire.Access {
		return []wire.Access{{Action: "ecr:" + name, Resource: ARN(in.RepositoryName)}}
	}, func(_ *wire.Call, in *imagesIn) (*Out, error) { return run(in) })
}

type repositoryOut struct {
	Repository repositoryShape `json:"repository"`
}

type repositoryShape struct {
	ARN            string     `json:"repositoryArn"`
	RegistryID     string     `json:"registryId"`
	RepositoryName string     `json:"repositoryName"`
	RepositoryURI  string     `json:"repositoryUri"`
	CreatedAt      *wire.Time `json:"createdAt"`
}

func (s *Service) createRepository(in *imagesIn) (*repositoryOut, error) {
	if err := s.CreateRepository(in.RepositoryName, Settings{in.ScanConfiguration.ScanOnPush, in.ImageTagMutability == "IMMUTABLE"}); err != nil {
		return nil, err
	}
	r := s.repos[in.RepositoryName]
	return &repositoryOut{repositoryShape{ARN(r.name), wire.Account, r.name, URI(r.name), wire.At(r.created)}}, nil
}

type imageShape struct {
	RegistryID             string  `json:"registryId"`
	RepositoryName         string  `json:"repositoryName"`
	ImageID                imageID `json:"imageId"`
	ImageManifest          string  `json:"imageManifest"`
	ImageManifestMediaType string  `json:"imageManifestMediaType"`
}

type imageOut struct {
	Image imageShape `json:"image"`
}

func (s *Service) putImage(in *imagesIn) (*imageOut, error) {
	if in.ImageManifest == "" {
		return nil, wire.Errorf("InvalidParameterException", "Invalid parameter at 'imageManifest' failed to satisfy constraint: 'must not be empty'")
	}
	digest, err := s.Push(in.RepositoryName, in.ImageTag, in.ImageManifest, in.ImageManifestMediaType)
	if err != nil {
		return nil, err
	}
	r := s.repos[in.RepositoryName]
	return &imageOut{r.images[digest].shape(r, in.ImageTag)}, nil
}

func (i *image) shape(r *repository, tag string) imageShape {
	return imageShape{wire.Account, r.name, imageID{i.digest, tag}, i.manifest, i.mediaType}
}

// find is the image of an id, or nil.
func (r *repository) find(id imageID) *image {
	i := r.images[id.ImageDigest]
	if id.ImageDigest == "" {
		return r.tagged(id.ImageTag)
	}
	if i != nil && id.ImageTag != "" && !slices.Contains(i.tags, id.ImageTag) {
		return nil
	}
	return i
}

// missing is the refusal of an id that is not there.
func (r *repository) missing(id imageID) error {
	return wire.Errorf("ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'", id.ImageDigest, id.ImageTag, r.name, wire.Account)
}

type describeOut struct {
	ImageDetails []detailShape `json:"imageDetails"`
	NextToken    string        `json:"nextToken,omitempty"`
}

type detailShape struct {
	RegistryID             string        `json:"registryId"`
	RepositoryName         string        `json:"repositoryName"`
	ImageDigest            string        `json:"imageDigest"`
	ImageTags              []string      `json:"imageTags,omitempty"`
	ImageSizeInBytes       int           `json:"imageSizeInBytes"`
	ImagePushedAt          *wire.Time    `json:"imagePushedAt"`
	ImageManifestMediaType string        `json:"imageManifestMediaType"`
	ImageScanStatus        *scanStatus   `json:"imageScanStatus,omitempty"`
	Findings               *scanFindings `json:"imageScanFindingsSummary,omitempty"`
}

type scanStatus struct {
	Status      string `json:"status"`
	Description string `json:"description,omitempty"`
}

type scanFindings struct {
	CompletedAt    *wire.Time     `json:"imageScanCompletedAt"`
	SeverityCounts map[string]int `json:"findingSeverityCounts"`
}

func (i *image) status() *scanStatus {
	if i.scan == "" {
		return nil
	}
	return &scanStatus{i.scan, i.reason}
}

func (i *image) found() *scanFindings {
	if i.scan != "COMPLETE" {
		return nil
	}
	return &scanFindings{wire.At(i.scanned), i.findings}
}

func (s *Service) describeImages(in *imagesIn) (*describeOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	chosen := r.sorted()
	if len(in.ImageIDs) > 0 {
		chosen = nil
		for _, id := range in.ImageIDs {
			i := r.find(id)
			if i == nil {
				return nil, r.missing(id)
			}
			chosen = append(chosen, i)
		}
	}
	all := []detailShape{}
	for _, i := range chosen {
		if f := in.Filter; f != nil && (f.TagStatus == "TAGGED" && len(i.tags) == 0 || f.TagStatus == "UNTAGGED" && len(i.tags) > 0) {
			continue
		}
		all = append(all, detailShape{wire.Account, r.name, i.digest, i.tags, len(i.manifest), wire.At(i.pushed), i.mediaType, i.status(), i.found()})
	}
	page, next, err := cut(all, in.NextToken, in.MaxResults)
	return &describeOut{page, next}, err
}

type batchOut struct {
	Images   []imageShape `json:"images"`
	Failures []failure    `json:"failures"`
}

type failure struct {
	ImageID imageID `json:"imageId"`
	Code    string  `json:"failureCode"`
	Reason  string  `json:"failureReason"`
}

func (s *Service) batchGetImage(in *imagesIn) (*batchOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	out := &batchOut{Images: []imageShape{}, Failures: []failure{}}
	for _, id := range in.ImageIDs {
		if i := r.find(id); i != nil {
			out.Images = append(out.Images, i.shape(r, id.ImageTag))
		} else {
			out.Failures = append(out.Failures, failure{id, "ImageNotFound", "Requested image not found"})
		}
	}
	return out, nil
}

type findingsOut struct {
	RegistryID     string        `json:"registryId"`
	RepositoryName string        `json:"repositoryName"`
	ImageID        imageID       `json:"imageId"`
	Status         *scanStatus   `json:"imageScanStatus"`
	Findings       *scanFindings `json:"imageScanFindings,omitempty"`
}

func (s *Service) describeFindings(in *imagesIn) (*findingsOut, error) {
	r, err := s.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	i := r.find(in.ImageID)
	switch {
	case i == nil:
		return nil, r.missing(in.ImageID)
	case i.scan == "":
		return nil, wire.Errorf("ScanNotFoundException", "Image scan does not exist for the image with '%v' in the repository with name '%s'", in.ImageID, r.name)
	}
	return &findingsOut{wire.Account, r.name, imageID{i.digest, in.ImageID.ImageTag}, i.status(), i.found()}, nil
}
