package spec

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Names that AWS refuses, so that a file is turned down before anything runs.
// Sources: AWS.md B.1 (SageMaker names), B.9 (pipelines), and for buckets the rules
// of general purpose buckets in the S3 user guide.
const (
	maxModel         = 40 // ours: execution and display names (80, 82) are made of it
	maxPipelineName  = 256
	maxSageMakerName = 63
	maxEndpoint      = maxSageMakerName - len("-0123456789ab") // configs and models are <endpoint>-<12 hex>
	maxParameterName = 256
	maxParameter     = 1024
	maxAlarm         = 255
	maxKey           = 1024
	maxMetric        = 256
	maxRole          = 2048
)

var (
	sageMakerName = regexp.MustCompile(`^[a-zA-Z0-9](-*[a-zA-Z0-9])*$`)
	parameterName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	bucketName    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	instanceType  = regexp.MustCompile(`^ml\.[a-z0-9-]+\.[a-z0-9]+$`)
	bareInstance  = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9]+$`)
	roleARN       = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[a-zA-Z0-9+=,.@_/-]+$`)
	metricPath    = regexp.MustCompile(`^[^\s.]+(\.[^\s.]+)*$`)
	percentile    = regexp.MustCompile(`^p(\d{1,2}(\.\d{1,2})?)$`)
)

// name checks one of SageMaker's names.
func (r *report) name(field, value string, limit int, why string) {
	switch {
	case !r.usable(field):
	case value == "":
		r.add(field, "is empty", fixOf(field, "write a name"))
	case len(value) > limit:
		r.add(field, fmt.Sprintf("has %d characters", len(value)), fmt.Sprintf("at most %d are allowed%s", limit, why))
	case !sageMakerName.MatchString(value):
		r.add(field, quote(value)+" is not a name that SageMaker takes", nameFix(value))
	}
}

var notNamed = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// nameFix proposes the nearest name, if it is still the same name to a reader.
func nameFix(value string) string {
	const rule = "use letters, digits and single hyphens between them"
	if proposal := strings.Trim(notNamed.ReplaceAllString(value, "-"), "-"); proposal != "" && len(value) < 40 {
		return rule + ": " + proposal
	}
	return rule
}

func (r *report) bucket(field, value string) {
	if !r.usable(field) {
		return
	}
	wrong := ""
	switch {
	case value == "":
		r.add(field, "is empty", "write "+example(field))
		return
	case strings.HasPrefix(value, "s3://"):
		bucket, _, _ := strings.Cut(strings.TrimPrefix(value, "s3://"), "/")
		r.add(field, quote(value)+" is a URI, not a bucket", "write "+bucket+", and the rest as prefix")
		return
	case strings.HasPrefix(value, "arn:"):
		r.add(field, quote(value)+" is an ARN, not a bucket", "write what follows its last colon")
		return
	case len(value) < 3 || len(value) > 63:
		wrong = "bucket names have 3 to 63 characters"
	case !bucketName.MatchString(value):
		wrong = "bucket names are lower-case letters, digits, hyphens and dots, with a letter or digit at both ends"
	case strings.Contains(value, ".."):
		wrong = "no two dots may follow each other"
	case isAddress(value):
		wrong = "a bucket name may not look like an IP address"
	default:
		for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
			if strings.HasPrefix(value, prefix) {
				wrong = "AWS keeps names that begin with " + prefix + " for itself"
			}
		}
		for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
			if strings.HasSuffix(value, suffix) {
				wrong = "AWS keeps names that end with " + suffix + " for itself"
			}
		}
	}
	if wrong != "" {
		r.add(field, quote(value)+" is not a name that S3 takes", wrong)
	}
}

func isAddress(value string) bool {
	address, err := netip.ParseAddr(value)
	return err == nil && address.Is4()
}

func (r *report) instance(field, value string) {
	switch {
	case !r.usable(field) || instanceType.MatchString(value):
	case value == "":
		r.add(field, "is empty", "write "+example(field))
	case bareInstance.MatchString(value):
		r.add(field, quote(value)+" is an instance type of EC2", "SageMaker's begin with ml.: write ml."+value)
	default:
		r.add(field, quote(value)+" is not an instance type of SageMaker", "write "+example(field))
	}
}

// alarm checks the name of an alarm, or a pattern for such names.
func (r *report) alarm(field, value string) {
	switch {
	case !r.usable(field):
	case value == "":
		r.add(field, "is empty", "write the alarm's name")
	case len(value) > maxAlarm:
		r.add(field, fmt.Sprintf("has %d characters", len(value)), fmt.Sprintf("alarm names have at most %d", maxAlarm))
	}
}
