package registry

import (
	"maps"

	"sluice/local/sagemaker/api"
	"sluice/local/wire"
)

type updatePackageIn struct {
	ModelPackageARN                        string            `json:"ModelPackageArn"`
	ModelApprovalStatus                    string            `json:"ModelApprovalStatus"`
	ApprovalDescription                    *string           `json:"ApprovalDescription"`
	CustomerMetadataProperties             map[string]string `json:"CustomerMetadataProperties"`
	CustomerMetadataPropertiesToRemove     []string          `json:"CustomerMetadataPropertiesToRemove"`
	AdditionalInferenceSpecificationsToAdd any               `json:"AdditionalInferenceSpecificationsToAdd"`
	InferenceSpecification                 *Inference        `json:"InferenceSpecification"`
	ModelCard                              any               `json:"ModelCard"`
	ModelLifeCycle                         *LifeCycle        `json:"ModelLifeCycle"`
	SourceURI                              *string           `json:"SourceUri"`
	ClientToken                            string            `json:"ClientToken"`
}

// updatePackage changes a package and says in the event which members were updated.
// Source: AWS.md B.9, A.2.
func (r *Registry) updatePackage(_ *wire.Call, in *updatePackageIn) (*packageARN, error) {
	if in.ModelPackageARN == "" {
		return nil, api.Missing("modelPackageArn")
	}
	if in.AdditionalInferenceSpecificationsToAdd != nil || in.ModelCard != nil {
		return nil, api.NotImplemented("UpdateModelPackage AdditionalInferenceSpecificationsToAdd and ModelCard")
	}
	p, ok := r.find(in.ModelPackageARN)
	if !ok {
		return nil, missing(in.ModelPackageARN)
	}
	next, updated := p.Definition, []string{}
	if in.ModelApprovalStatus != "" {
		next.ModelApprovalStatus = in.ModelApprovalStatus
		updated = append(updated, "ModelApprovalStatus")
	}
	description := p.ApprovalDescription
	if in.ApprovalDescription != nil {
		if err := api.CheckLength("approvalDescription", *in.ApprovalDescription, 0, 1024); err != nil {
			return nil, err
		}
		description = *in.ApprovalDescription
		updated = append(updated, "ApprovalDescription")
	}
	if in.SourceURI != nil {
		next.SourceURI = *in.SourceURI
		updated = append(updated, "sourceUri")
	}
	if in.CustomerMetadataProperties != nil || in.CustomerMetadataPropertiesToRemove != nil {
		next.CustomerMetadataProperties = maps.Clone(p.CustomerMetadataProperties)
		if next.CustomerMetadataProperties == nil {
			next.CustomerMetadataProperties = map[string]string{}
		}
		maps.Copy(next.CustomerMetadataProperties, in.CustomerMetadataProperties)
		for _, k := range in.CustomerMetadataPropertiesToRemove {
			delete(next.CustomerMetadataProperties, k)
		}
		updated = append(updated, "CustomerMetadataProperties")
	}
	if in.InferenceSpecification != nil {
		next.InferenceSpecification = in.InferenceSpecification
		updated = append(updated, "InferenceSpecification")
	}
	if in.ModelLifeCycle != nil {
		next.ModelLifeCycle = in.ModelLifeCycle
		updated = append(updated, "ModelLifeCycle")
	}
	if err := checkDefinition(next); err != nil {
		return nil, err
	}
	p.Definition, p.ApprovalDescription, p.LastModifiedTime = next, description, wire.At(r.w.Now())
	r.emitPackage(p, updated)
	return &packageARN{p.ModelPackageARN}, nil
}

// Approve sets a package's approval, as a person would in the console.
func (r *Registry) Approve(nameOrARN, status, description string) error {
	_, err := r.updatePackage(nil, &updatePackageIn{ModelPackageARN: nameOrARN, ModelApprovalStatus: status, ApprovalDescription: &description})
	return err
}

type listPackagesIn struct {
	api.Query
	ModelPackageGroupName string `json:"ModelPackageGroupName"`
	ModelApprovalStatus   string `json:"ModelApprovalStatus"`
	ModelPackageType      string `json:"ModelPackageType"`
}

type listPackagesOut struct {
	ModelPackageSummaryList []packageSummary `json:"ModelPackageSummaryList"`
	NextToken               string           `json:"NextToken,omitempty"`
}

type packageSummary struct {
	ModelPackageGroupName   string     `json:"ModelPackageGroupName"`
	ModelPackageVersion     int        `json:"ModelPackageVersion"`
	ModelPackageARN         string     `json:"ModelPackageArn"`
	ModelPackageDescription string     `json:"ModelPackageDescription,omitempty"`
	CreationTime            *wire.Time `json:"CreationTime"`
	ModelPackageStatus      string     `json:"ModelPackageStatus"`
	ModelApprovalStatus     string     `json:"ModelApprovalStatus"`
	ModelLifeCycle          *LifeCycle `json:"ModelLifeCycle,omitempty"`
}

// listPackages sorts by CreationTime, Ascending unless asked otherwise, as the API
// documents. Without a group it lists unversioned packages, of which there are none.
func (r *Registry) listPackages(_ *wire.Call, in *listPackagesIn) (*listPackagesOut, error) {
	if err := api.First(
		api.CheckOneOf("modelApprovalStatus", in.ModelApprovalStatus, "Approved", "Rejected", "PendingManualApproval"),
		api.CheckOneOf("modelPackageType", in.ModelPackageType, "Versioned", "Unversioned", "Both"),
		api.CheckOneOf("sortBy", in.SortBy, "Name", "CreationTime"),
	); err != nil {
		return nil, err
	}
	all := r.packages.All()
	switch {
	case in.ModelPackageGroupName != "":
		g, err := r.findGroup(in.ModelPackageGroupName)
		if err != nil {
			return nil, err
		}
		all = r.versions(g)
	case in.ModelPackageType == "" || in.ModelPackageType == "Unversioned":
		all = nil
	}
	var kept []*pkg
	for _, p := range all {
		if in.ModelApprovalStatus == "" || p.ModelApprovalStatus == in.ModelApprovalStatus {
			kept = append(kept, p)
		}
	}
	page, next, err := api.List(in.Query, kept, "Ascending", func(p *pkg) api.Row {
		return api.Row{Name: p.ModelPackageGroupName, Created: p.CreationTime.Time, Modified: p.CreationTime.Time}
	})
	if err != nil {
		return nil, err
	}
	out := &listPackagesOut{ModelPackageSummaryList: []packageSummary{}, NextToken: next}
	for _, p := range page {
		out.ModelPackageSummaryList = append(out.ModelPackageSummaryList, packageSummary{p.ModelPackageGroupName, p.ModelPackageVersion, p.ModelPackageARN,
			p.ModelPackageDescription, p.CreationTime, p.ModelPackageStatus, p.ModelApprovalStatus, p.ModelLifeCycle})
	}
	return out, nil
}
