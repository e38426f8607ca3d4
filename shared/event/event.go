// Package event reads the events that wake Sluice, as EventBridge delivers them and
// as the table's stream does, and holds the ones Sluice sends.
//
// It is tolerant where AWS is (unknown fields, odd numbers, two spellings of a
// status) and strict where losing a field would lose the event's meaning. An event
// is only ever a wake-up: nothing here is taken as the truth about an endpoint.
package event

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"sluice/shared/fault"
)

// Envelope is what every event has around its detail.
type Envelope struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// Detail types of the events that Sluice reads.
const (
	ObjectCreatedType     = "Object Created"
	ObjectDeletedType     = "Object Deleted"
	PackageStateType      = "SageMaker Model Package State Change"
	PipelineExecutionType = "SageMaker Model Building Pipeline Execution Status Change"
	EndpointStateType     = "SageMaker Endpoint State Change"
	AlarmStateType        = "CloudWatch Alarm State Change"
)

// Parse reads an envelope. Errors: Invalid for anything that is no event.
func Parse(raw []byte) (Envelope, error) {
	var read struct {
		Envelope
		Time moment `json:"time"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return Envelope{}, fault.Invalid.Errorf("reading an event: %w", err)
	}
	e := read.Envelope
	e.Time = read.Time.Time
	if e.Source == "" || e.DetailType == "" || len(e.Detail) == 0 {
		return e, fault.Invalid.Errorf("reading an event: source, detail-type and detail must all be there")
	}
	return e, nil
}

// moment is an envelope's time: RFC 3339, or milliseconds since 1970, as SageMaker's
// documentation has it for endpoints (AWS.md A.2). What is neither is the zero time:
// a wake-up must not be lost for it.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		m.Time = t.UTC()
	} else if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		m.Time = time.UnixMilli(n).UTC()
	}
	return nil
}

// whole is a number as an integer; 0 if it is none. AWS writes 2 and 2.0.
func whole(n json.Number) int64 {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if f, err := n.Float64(); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return 0
}

// detail decodes the envelope's detail if it is of this type.
func detail[T any](e Envelope, detailType string) (T, error) {
	var d T
	if e.DetailType != detailType {
		return d, fault.Invalid.Errorf("event %s is a %q, not a %q", e.ID, e.DetailType, detailType)
	}
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return d, fault.Invalid.Errorf("reading the detail of event %s (%s): %w", e.ID, detailType, err)
	}
	return d, nil
}

// Object is one version of an S3 object that was created or deleted. Sequencer
// orders what happened to one key, see demand.
type Object struct {
	Bucket    string
	Key       string
	VersionID string
	Sequencer string
	ETag      string
	Size      int64 // bytes
	At        time.Time
	// Deletion is "" for a creation, else S3's deletion-type: DeleteMarkerCreated or
	// PermanentlyDeleted.
	Deletion string
}

// S3's deletion types.
const (
	DeleteMarkerCreated = "Delete Marker Created"
	PermanentlyDeleted  = "Permanently Deleted"
)

// ObjectChange reads S3's events of created and deleted objects. Keys are taken as
// they stand: attacker-controlled text, never unescaped (AWS.md A.2). Errors: Invalid
// without bucket, key or sequencer, and for a key that JSON can spell and UTF-8 cannot.
func ObjectChange(e Envelope) (Object, error) {
	of := ObjectCreatedType
	if e.DetailType == ObjectDeletedType {
		of = ObjectDeletedType
	}
	d, err := detail[struct {
		Bucket struct{ Name string }
		Object struct {
			Key       exact
			Size      json.Number
			ETag      string
			VersionID exact `json:"version-id"`
			Sequencer string
		}
		DeletionType string `json:"deletion-type"`
	}](e, of)
	if err != nil {
		return Object{}, err
	}
	o := Object{Bucket: d.Bucket.Name, Key: string(d.Object.Key), VersionID: string(d.Object.VersionID), Sequencer: d.Object.Sequencer, ETag: d.Object.ETag, Size: max(0, whole(d.Object.Size)), At: e.Time}
	if of == ObjectDeletedType {
		o.Deletion = cmp.Or(d.DeletionType, PermanentlyDeleted)
	}
	if o.Bucket == "" || o.Key == "" || o.Sequencer == "" || o.At.IsZero() {
		return Object{}, fault.Invalid.Errorf("event %s (%s): bucket.name, object.key, object.sequencer and time must all be there", e.ID, e.DetailType)
	}
	return o, nil
}

// Package is a change of a model package in the registry.
type Package struct {
	ARN      string
	Group    string
	Version  int
	Status   string // Completed, ...
	Approval string // Approved, Rejected, PendingManualApproval
	// Changed lists the fields that the change touched; empty when the package was
	// created.
	Changed []string
	At      time.Time // when the package changed; zero if the event does not say
}

// PackageState reads the registry's event. Errors: Invalid without ARN or group.
func PackageState(e Envelope) (Package, error) {
	d, err := detail[struct {
		ModelPackageArn           string
		ModelPackageGroupName     string
		ModelPackageVersion       json.Number
		ModelPackageStatus        string
		ModelApprovalStatus       string
		UpdatedModelPackageFields []string
		LastModifiedTime          moment
	}](e, PackageStateType)
	if err != nil {
		return Package{}, err
	}
	if d.ModelPackageArn == "" || d.ModelPackageGroupName == "" {
		return Package{}, fault.Invalid.Errorf("event %s (%s): ModelPackageArn and ModelPackageGroupName must both be there", e.ID, e.DetailType)
	}
	return Package{ARN: d.ModelPackageArn, Group: d.ModelPackageGroupName, Version: int(whole(d.ModelPackageVersion)), Status: d.ModelPackageStatus, Approval: d.ModelApprovalStatus, Changed: d.UpdatedModelPackageFields, At: d.LastModifiedTime.Time}, nil
}

// Alarm is a change of a CloudWatch alarm's state.
type Alarm struct {
	ARN    string
	Name   string
	State  string // OK, ALARM, INSUFFICIENT_DATA
	Reason string
	At     time.Time // when the alarm changed, from the event's detail
}

// alarmTime is the layout of timestamps in alarm events, which is not RFC 3339.
const alarmTime = "2006-01-02T15:04:05.000-0700"

// AlarmState reads CloudWatch's event. Errors: Invalid without a name or a state.
func AlarmState(e Envelope) (Alarm, error) {
	d, err := detail[struct {
		AlarmName string
		State     struct{ Value, Reason, Timestamp string }
	}](e, AlarmStateType)
	if err != nil {
		return Alarm{}, err
	}
	a := Alarm{Name: d.AlarmName, State: d.State.Value, Reason: d.State.Reason, At: e.Time}
	if len(e.Resources) > 0 {
		a.ARN = e.Resources[0]
	}
	if t, err := time.Parse(alarmTime, d.State.Timestamp); err == nil {
		a.At = t.UTC()
	}
	if a.Name == "" || a.State == "" {
		return Alarm{}, fault.Invalid.Errorf("event %s (%s): alarmName and state.value must both be there", e.ID, e.DetailType)
	}
	return a, nil
}

// Subject names the resource whose change the event tells of, in the form that
// waiters use. Errors: Invalid for an event that names no resource we wait for.
func Subject(e Envelope) (Resource, error) {
	switch e.DetailType {
	case EndpointStateType:
		d, err := detail[struct{ EndpointName string }](e, EndpointStateType)
		if err == nil && d.EndpointName == "" {
			err = fault.Invalid.Errorf("event %s (%s): EndpointName must be there", e.ID, e.DetailType)
		}
		return Endpoint(d.EndpointName), err
	case PipelineExecutionType:
		d, err := detail[struct{ PipelineExecutionArn string }](e, PipelineExecutionType)
		if err == nil && d.PipelineExecutionArn == "" {
			err = fault.Invalid.Errorf("event %s (%s): pipelineExecutionArn must be there", e.ID, e.DetailType)
		}
		return PipelineExecution(d.PipelineExecutionArn), err
	case AlarmStateType:
		a, err := AlarmState(e)
		return AlarmNamed(a.Name), err
	}
	return "", fault.Invalid.Errorf("event %s: nobody waits for a %q", e.ID, e.DetailType)
}

// Resource names a thing that a waiter waits for, as "kind/name".
type Resource string

// Endpoint is the resource of a SageMaker endpoint. Endpoint names differ by more
// than case from each other, so case is folded.
func Endpoint(name string) Resource { return Resource("endpoint/" + strings.ToLower(name)) }

// PipelineExecution is the resource of one execution of a SageMaker pipeline.
func PipelineExecution(arn string) Resource { return Resource("pipeline/" + arn) }

// AlarmNamed is the resource of a CloudWatch alarm.
func AlarmNamed(name string) Resource { return Resource("alarm/" + name) }

// LeaseOn is the resource of a lease.
func LeaseOn(lease string) Resource { return Resource("lease/" + lease) }

// RolloutNamed is the resource of a rollout: of commands to it.
func RolloutNamed(id string) Resource { return Resource("rollout/" + id) }

// DemandOf is the resource of a model's demand.
func DemandOf(model string) Resource { return Resource(fmt.Sprintf("demand/%s", model)) }
