package hosting

import (
	"strings"
	"time"
	"unicode"

	"sluice/local/sagemaker/api"
)

// endpointDetail is the detail of both endpoint events. Times are milliseconds
// since 1970, the status is in UPPER_SNAKE. Source: AWS.md A.2.
type endpointDetail struct {
	EndpointName             string            `json:"EndpointName"`
	EndpointARN              string            `json:"EndpointArn"`
	EndpointConfigName       string            `json:"EndpointConfigName"`
	ProductionVariants       []eventVariant    `json:"ProductionVariants"`
	EndpointStatus           string            `json:"EndpointStatus"`
	FailureReason            string            `json:"FailureReason,omitempty"`
	CreationTime             int64             `json:"CreationTime"`
	LastModifiedTime         int64             `json:"LastModifiedTime"`
	Tags                     map[string]string `json:"Tags"`
	PendingDeploymentSummary *eventPending     `json:"PendingDeploymentSummary,omitempty"`
}

type eventVariant struct {
	VariantName          string        `json:"VariantName"`
	CurrentWeight        float64       `json:"CurrentWeight"`
	DesiredWeight        float64       `json:"DesiredWeight"`
	CurrentInstanceCount int           `json:"CurrentInstanceCount"`
	DesiredInstanceCount int           `json:"DesiredInstanceCount"`
	VariantStatus        []eventStatus `json:"VariantStatus,omitempty"`
}

type eventStatus struct {
	Status        string `json:"Status"`
	StatusMessage string `json:"StatusMessage,omitempty"`
	StartTime     int64  `json:"StartTime"`
}

type eventPending struct {
	EndpointConfigName string         `json:"EndpointConfigName"`
	StartTime          int64          `json:"StartTime"`
	ProductionVariants []eventVariant `json:"ProductionVariants"`
}

// upperSnake is a status as events spell it. OUT_OF_SERVICE and SYSTEM_UPDATING are
// inferred: no sample of them is known.
func upperSnake(status string) string {
	var b strings.Builder
	for i, r := range status {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

func (h *Hosting) detail(e *endpoint) endpointDetail {
	d := endpointDetail{EndpointName: e.name, EndpointARN: e.arn, EndpointConfigName: e.configName, ProductionVariants: []eventVariant{},
		EndpointStatus: upperSnake(e.status), FailureReason: e.reason, CreationTime: e.created.UnixMilli(), LastModifiedTime: e.modified.UnixMilli(),
		Tags: api.TagMap(h.tags[e.arn])}
	switch {
	case e.fleet != nil:
		d.ProductionVariants = eventVariants(e.fleet.variants, false)
	case e.deploy != nil:
		d.ProductionVariants = eventVariants(e.deploy.green.variants, false)
	}
	return d
}

func (h *Hosting) emitEndpoint(e *endpoint) {
	for range max(1, h.Repeats) {
		h.out.Emit("aws.sagemaker", "SageMaker Endpoint State Change", []string{e.arn}, h.detail(e))
	}
}

// emitDeployment tells how far a deployment is.
func (h *Hosting) emitDeployment(e *endpoint) {
	d := h.detail(e)
	if p := e.deploy; p != nil {
		d.PendingDeploymentSummary = &eventPending{p.green.config.EndpointConfigName, p.started.UnixMilli(), eventVariants(p.green.variants, true)}
	}
	for range max(1, h.Repeats) {
		h.out.Emit("aws.sagemaker", "SageMaker Endpoint Deployment State Change", []string{e.arn}, d)
	}
}

func eventVariants(vs []*variant, withStatus bool) []eventVariant {
	out := []eventVariant{}
	for _, v := range vs {
		ev := eventVariant{VariantName: v.spec.VariantName, CurrentWeight: v.weight, DesiredWeight: v.desired, CurrentInstanceCount: v.count, DesiredInstanceCount: v.wanted}
		for _, s := range v.status {
			if withStatus {
				ev.VariantStatus = append(ev.VariantStatus, eventStatus{s.Status, s.StatusMessage, s.StartTime.UnixMilli()})
			}
		}
		out = append(out, ev)
	}
	return out
}

// floor is the beginning of the minute of t.
func floor(t time.Time) time.Time { return t.Truncate(time.Minute) }
