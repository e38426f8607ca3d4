package registry

import "time"

// packageDetail is the detail of "SageMaker Model Package State Change". Times are
// text here, unlike in endpoint events. Source: AWS.md A.2.
type packageDetail struct {
	ModelPackageGroupName      string            `json:"ModelPackageGroupName"`
	ModelPackageVersion        int               `json:"ModelPackageVersion"`
	ModelPackageARN            string            `json:"ModelPackageArn"`
	ModelPackageDescription    string            `json:"ModelPackageDescription,omitempty"`
	CreationTime               string            `json:"CreationTime"`
	InferenceSpecification     *Inference        `json:"InferenceSpecification,omitempty"`
	ModelPackageStatus         string            `json:"ModelPackageStatus"`
	ModelPackageStatusDetails  statusDetails     `json:"ModelPackageStatusDetails"`
	CertifyForMarketplace      bool              `json:"CertifyForMarketplace"`
	ModelApprovalStatus        string            `json:"ModelApprovalStatus"`
	ApprovalDescription        string            `json:"ApprovalDescription,omitempty"`
	MetadataProperties         any               `json:"MetadataProperties,omitempty"`
	ModelMetrics               any               `json:"ModelMetrics,omitempty"`
	CustomerMetadataProperties map[string]string `json:"CustomerMetadataProperties,omitempty"`
	ModelLifeCycle             *LifeCycle        `json:"ModelLifeCycle,omitempty"`
	UpdatedModelPackageFields  []string          `json:"UpdatedModelPackageFields,omitempty"`
	LastModifiedTime           string            `json:"LastModifiedTime"`
}

// emitPackage tells of a new package (updated is nil) or of updated members.
func (r *Registry) emitPackage(p *pkg, updated []string) {
	text := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	modified := p.CreationTime
	if p.LastModifiedTime != nil {
		modified = p.LastModifiedTime
	}
	r.emit("aws.sagemaker", "SageMaker Model Package State Change", []string{p.ModelPackageARN}, packageDetail{
		ModelPackageGroupName: p.ModelPackageGroupName, ModelPackageVersion: p.ModelPackageVersion, ModelPackageARN: p.ModelPackageARN,
		ModelPackageDescription: p.ModelPackageDescription, CreationTime: text(p.CreationTime.Time), InferenceSpecification: p.InferenceSpecification,
		ModelPackageStatus: p.ModelPackageStatus, ModelPackageStatusDetails: p.ModelPackageStatusDetails, CertifyForMarketplace: p.CertifyForMarketplace,
		ModelApprovalStatus: p.ModelApprovalStatus, ApprovalDescription: p.ApprovalDescription, MetadataProperties: p.MetadataProperties,
		ModelMetrics: p.ModelMetrics, CustomerMetadataProperties: p.CustomerMetadataProperties, ModelLifeCycle: p.ModelLifeCycle,
		UpdatedModelPackageFields: updated, LastModifiedTime: text(modified.Time)})
}
