package autoscaling

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"

	"sluice/local/wire"
)

// The one kind of resource that is scaled here. Source: AWS.md B.7.
const (
	namespace = "sagemaker"
	dimension = "sagemaker:variant:DesiredInstanceCount"
)

// key says which target a call is about.
type key struct {
	ServiceNamespace  string `json:"ServiceNamespace"`
	ResourceID        string `json:"ResourceId"`
	ScalableDimension string `json:"ScalableDimension"`
}

// of is the key of a variant's target.
func of(endpoint, variant string) key {
	return key{namespace, "endpoint/" + endpoint + "/variant/" + variant, dimension}
}

var resource = regexp.MustCompile(`^endpoint/([^/]+)/variant/([^/]+)$`)

// names reads the resource of a key, all of whose members are required.
func (k key) names() (endpoint, variant string, err error) {
	switch {
	case k.ServiceNamespace == "":
		return "", "", missing("serviceNamespace")
	case k.ResourceID == "":
		return "", "", missing("resourceId")
	case k.ScalableDimension == "":
		return "", "", missing("scalableDimension")
	}
	if err := k.check(); err != nil {
		return "", "", err
	}
	m := resource.FindStringSubmatch(k.ResourceID)
	return m[1], m[2], nil
}

// check refuses what no target can have. Members of a filter may be absent, but a
// dimension goes with a resource.
func (k key) check() error {
	others := []string{"sagemaker:variant:DesiredProvisionedConcurrency", "sagemaker:inference-component:DesiredCopyCount"}
	switch {
	case k.ServiceNamespace == "":
		return missing("serviceNamespace")
	case k.ServiceNamespace != namespace:
		return notImplemented("scaling of service namespace %q", k.ServiceNamespace)
	case slices.Contains(others, k.ScalableDimension):
		return notImplemented("scaling of dimension %s", k.ScalableDimension)
	case k.ScalableDimension != "" && k.ScalableDimension != dimension:
		return invalid("Scalable dimension %s does not belong to service namespace %s.", k.ScalableDimension, k.ServiceNamespace)
	case k.ScalableDimension != "" && k.ResourceID == "":
		return invalid("A scalable dimension needs a resource ID beside it.")
	case k.ResourceID != "" && !resource.MatchString(k.ResourceID):
		return invalid("Unsupported resource ID %s for service namespace %s: it must be endpoint/NAME/variant/NAME.", k.ResourceID, k.ServiceNamespace)
	}
	return nil
}

// matches reports whether a filter lets other pass.
func (k key) matches(other key) bool { return k.ResourceID == "" || k.ResourceID == other.ResourceID }

// arn is the target's ARN as IAM and the caller see it. In AWS its last part is drawn
// once; here it follows from the key, so that it can be asked about beforehand (A6).
func (k key) arn() string {
	sum := sha256.Sum256([]byte(k.ScalableDimension + "/" + k.ResourceID))
	return "arn:aws:application-autoscaling:" + wire.Region + ":" + wire.Account + ":scalable-target/" + hex.EncodeToString(sum[:17])
}

// access is what the caller needs for an action on the target.
func (k key) access(action string) wire.Access {
	return wire.Access{Action: "application-autoscaling:" + action, Resource: k.arn(), Conditions: map[string][]string{
		"application-autoscaling:service-namespace": {k.ServiceNamespace}, "application-autoscaling:scalable-dimension": {k.ScalableDimension},
	}}
}

// may is an operation's need on the target that its input names.
func may[In interface{ access(string) wire.Access }](action string) func(*In) []wire.Access {
	return func(in *In) []wire.Access { return []wire.Access{(*in).access(action)} }
}

// mayList is the need of an operation that reads: IAM knows no resource of it.
func mayList[In any](action string) func(*In) []wire.Access {
	return func(*In) []wire.Access {
		return []wire.Access{{Action: "application-autoscaling:" + action, Resource: "*"}}
	}
}

// Deregistration is what a caller needs to end the scaling of a variant.
func Deregistration(endpoint, variant string) wire.Access {
	return of(endpoint, variant).access("DeregisterScalableTarget")
}
