// Package shifting carries a rollout out: it moves an endpoint from its baseline to
// the candidate step by step, and back when it must. Its methods are the handlers
// of the rollout machine's functions, in the machine's order: await-turn,
// plan-rollout, prepare-variants, await-endpoint, shift-weight, bake, judge,
// promote, roll-back, clean-up, report-rollout.
//
// What to do is decided in rollout and judge; here it is done, read back and
// recorded. Before each effect the lease is renewed; after each effect the endpoint
// is read, for SageMaker may undo an update without a word.
package shifting

import (
	"context"
	"fmt"
	"time"

	"sluice/shared/alarm"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/judge"
	"sluice/shared/leasing"
	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

type table interface {
	// Spec is the model's spec in force. Errors: NotFound.
	Spec(ctx context.Context, model string) (spec.Spec, error)
	// Rollout is the record of a rollout. ok is false if there is none yet.
	Rollout(ctx context.Context, id string) (r rollout.Record, ok bool, err error)
	// PutRollout writes r, which must have been read at its latest. It returns r as
	// it is now. Errors: Conflict if somebody else wrote meanwhile.
	PutRollout(ctx context.Context, r rollout.Record) (rollout.Record, error)
	// AddHistory adds to a rollout's history. The same entry may be added again.
	AddHistory(ctx context.Context, e rollout.Entry) error
	// Commands lists a rollout's commands, oldest first, with what became of them.
	Commands(ctx context.Context, id string) ([]rollout.Command, error)
	// AddCommand writes a command. One that is there already stays as it is.
	AddCommand(ctx context.Context, c rollout.Command) error
	// AnswerCommand writes down what became of a command.
	AnswerCommand(ctx context.Context, c rollout.Command) error
	// ClaimTurn makes owner the newest rollout that waits for a lease, unless one of
	// a higher rank waits. It returns the newest.
	ClaimTurn(ctx context.Context, lease, owner string, rank int) (newest string, err error)
	// LeaveTurn ends owner's claim.
	LeaveTurn(ctx context.Context, lease, owner string) error
	// HaltLease keeps a lease with its owner until a person frees it.
	HaltLease(ctx context.Context, name, owner string, now time.Time) error
}

// EndpointConfig is what an endpoint config holds, as far as a rollout cares.
type EndpointConfig struct {
	Name     string
	Variants []ConfigVariant
	Shadows  []ConfigVariant
	Async    bool   // answers go to S3
	Captures string // where requests are captured, s3://; "" for nowhere
	Created  time.Time
}

// ConfigVariant is one variant of a config.
type ConfigVariant struct {
	Name         string
	Model        string
	InstanceType string // "" for a serverless variant, or one with an instance pool
	Count        int
	Serverless   bool
	Pooled       bool // has instances of several types
}

// ConfigRequest asks for a config made from another one: everything that the
// config From says is kept, but for the variants. Each variant is a copy of
// From's only one, with its own name, model, instances and weight. With From "" it
// is a config of the variants alone.
type ConfigRequest struct {
	Name     string
	From     string
	Variants []WeightedVariant
	Shadow   *WeightedVariant // its weight is the share of requests that it gets copies of
}

// WeightedVariant is a variant with its initial weight in whole percent.
type WeightedVariant struct {
	ConfigVariant
	Weight int
}

type endpoints interface {
	// Describe reads an endpoint. Errors: NotFound.
	Describe(ctx context.Context, name string) (rollout.Endpoint, error)
	// Config reads an endpoint config. Errors: NotFound.
	Config(ctx context.Context, name string) (EndpointConfig, error)
	// Model reads a SageMaker model. Errors: NotFound.
	Model(ctx context.Context, name string) (preflight.Model, error)
	// EnsureModel makes a SageMaker model of a package, or finds it made. Errors:
	// Conflict if a model of this name was made from something else.
	EnsureModel(ctx context.Context, name, packageARN, roleARN string) error
	// EnsureConfig makes a config, or finds it made. Errors: Conflict if a config of
	// this name has other variants.
	EnsureConfig(ctx context.Context, r ConfigRequest) error
	// Create makes an endpoint with a config. Errors: Conflict if there is one.
	Create(ctx context.Context, endpoint, config string) error
	// Delete removes an endpoint. Errors: NotReady while it is busy.
	Delete(ctx context.Context, endpoint string) error
	// Update moves an endpoint to a config. Instance counts of variants that stay
	// are kept. Errors: NotReady while the endpoint is busy.
	Update(ctx context.Context, endpoint, config string) error
	// SetWeights sets variants' shares in whole percent. Errors: NotReady while the
	// endpoint is busy.
	SetWeights(ctx context.Context, endpoint string, weights map[string]int) error
	// SetCount sets the instances of one variant. Errors: NotReady while the
	// endpoint is busy.
	SetCount(ctx context.Context, endpoint, variant string, count int) error
}

type scaling interface {
	// Read is the autoscaling of a variant; nil if it has none.
	Read(ctx context.Context, endpoint, variant string) (*rollout.Scaling, error)
	// Ensure gives a variant this autoscaling, or finds that it has it.
	Ensure(ctx context.Context, endpoint, variant string, s rollout.Scaling) error
	// Remove takes a variant's autoscaling away. That it has none is no error.
	Remove(ctx context.Context, endpoint, variant string) error
}

// Alarm is what CloudWatch says of an alarm now.
type Alarm struct {
	Name   string
	State  string // OK, ALARM, INSUFFICIENT_DATA; "" if there is no such alarm
	Reason string
}

type alarms interface {
	// States reads alarms by name, in the order of names.
	States(ctx context.Context, names []string) ([]Alarm, error)
	// Definitions reads alarms with all that they are made of, in the order of names.
	Definitions(ctx context.Context, names []string) ([]alarm.Alarm, error)
}

// MetricQuery asks for the minutes of variants in From..Until, Until excluded.
type MetricQuery struct {
	Endpoint   string    `json:"endpoint"`
	Variants   []string  `json:"variants"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	Percentile string    `json:"percentile,omitempty"` // of latency, such as p90; "" for none
}

// VariantMetrics is what CloudWatch has of one variant, by minute. Errors counts
// requests and bad answers; Latency has the percentile in milliseconds, and the
// requests it was taken from.
type VariantMetrics struct {
	Errors  judge.Points
	Latency judge.Points
}

type metrics interface {
	// Read reads the metrics of variants, by variant.
	Read(ctx context.Context, q MetricQuery) (map[string]VariantMetrics, error)
}

type registry interface {
	Package(ctx context.Context, arn string) (training.Package, error)
	// Contents reads a model package with what it is made of. Errors: NotFound.
	Contents(ctx context.Context, arn string) (preflight.Package, error)
}

type notices interface {
	// Publish sends a report to people.
	Publish(ctx context.Context, subject, text string) error
}

// Shifting has the handlers. Each function sets the parts that its handlers use.
type Shifting struct {
	Table     table
	Endpoints endpoints
	Scaling   scaling
	Attic     attic
	Trail     trail
	Alarms    alarms
	Metrics   metrics
	Registry  registry
	Notices   notices
	Room      *waiting.Room
	Desk      *leasing.Desk
	// ModelRole is the ARN of the role that models run under, unless the spec
	// names one.
	ModelRole string
}

// Step is the input of every state of the rollout machine.
type Step struct {
	Rollout string    `json:"rollout"` // id, and name of the execution
	Model   string    `json:"model"`
	Package string    `json:"package"` // ARN of the candidate
	Lease   string    `json:"lease"`   // that the machine took; only where it matters
	Token   string    `json:"token"`   // of states that wait
	Now     time.Time `json:"now"`     // when the state was entered
}

// Answer is the answer of every state that asks something of the endpoint.
type Answer struct {
	Outcome rollout.Outcome `json:"outcome"`
	Reason  string          `json:"reason"`
	// Alarm is what ended a wait for the endpoint, if an alarm did. Reason is the
	// alarm's then.
	Alarm string `json:"alarm,omitempty"`
}

// record reads the step's rollout. Errors: NotFound if it has never waited for its
// turn, which the machine's order rules out.
func (s *Shifting) record(ctx context.Context, in Step) (rollout.Record, error) {
	r, ok, err := s.Table.Rollout(ctx, in.Rollout)
	if err == nil && !ok {
		err = notPlanned(in.Rollout)
	}
	edge.Note(ctx, "rollout", in.Rollout)
	return r, err
}

// planned reads the step's rollout, which has its plan. Errors: NotFound if it was never
// planned, which the machine's order rules out, but not a person who invokes a function.
func (s *Shifting) planned(ctx context.Context, in Step) (rollout.Record, error) {
	r, err := s.record(ctx, in)
	if err == nil && len(r.Plan.Steps) == 0 {
		err = notPlanned(in.Rollout)
	}
	return r, err
}

// note adds a line to the history.
func (s *Shifting) note(ctx context.Context, in Step, kind, data, format string, args ...any) error {
	return s.Table.AddHistory(ctx, rollout.Entry{Rollout: in.Rollout, At: in.Now, Kind: kind, Text: fmt.Sprintf(format, args...), Data: data})
}

// describe reads an endpoint that may not be there.
func (s *Shifting) describe(ctx context.Context, name string) (rollout.Endpoint, error) {
	e, err := s.Endpoints.Describe(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return rollout.Endpoint{Name: name}, nil
	}
	return e, err
}
