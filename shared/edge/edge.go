// Package edge is the rim of a Lambda function: it decodes the payload, runs the
// handler, logs once as JSON, counts what is worth counting as CloudWatch metrics,
// and turns errors into the names that state machines match.
//
// Every function's main starts through it, and local AWS runs the same handlers
// through it in process. It decides nothing about models or rollouts.
package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"sluice/shared/fault"
)

// Handler is a function as its host calls it: JSON in, JSON out. Its errors are
// what fault.Wire makes of them.
type Handler func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error)

// Handle makes a Handler of a typed handler. Errors: Invalid for a payload that is
// not an In, else the handler's own.
func Handle[In, Out any](name string, out io.Writer, handle func(context.Context, In) (Out, error)) Handler {
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: withoutTime})).With("function", name)
	return func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
		notes := &notes{}
		ctx = context.WithValue(ctx, notesKey{}, notes)
		var in In
		if answer, is, err := probed(name, payload, &in); is {
			log.Info("probed", "good", err == nil)
			return answer, fault.Wire(err)
		}
		if err := json.Unmarshal(payload, &in); err != nil {
			err = fault.Invalid.Errorf("reading the payload of %s: %w", name, err)
			log.Error("refused", "error", err.Error(), "kind", fault.Invalid)
			return nil, fault.Wire(err)
		}
		result, err := handle(ctx, in)
		notes.emit(out, name)
		if err != nil {
			log.Error("failed", append(notes.attrs, "error", err.Error(), "kind", fault.Of(err))...)
			return nil, fault.Wire(err)
		}
		log.Info("done", notes.attrs...)
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(result); err != nil {
			return nil, fault.Wire(fmt.Errorf("writing the answer of %s: %w", name, err))
		}
		return bytes.TrimSpace(b.Bytes()), nil
	}
}

// withoutTime drops the time of a log line: Lambda stamps each line itself, and a
// replay must write the same log.
func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// Start runs a typed handler as this process's Lambda function. It does not return.
func Start[In, Out any](name string, handle func(context.Context, In) (Out, error)) {
	lambda.Start((func(context.Context, json.RawMessage) (json.RawMessage, error))(Handle(name, os.Stdout, handle)))
}

// AWS is the configuration of AWS clients from the environment. A function that
// cannot have one cannot start.
func AWS() aws.Config {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(fmt.Sprintf("loading the AWS configuration: %v", err))
	}
	return cfg
}

// Var is the name of an environment variable that template.yaml gives a function.
type Var string

// The variables. Each is set by template.yaml for the functions that read it.
const (
	Table           Var = "TABLE"            // the DynamoDB table
	Store           Var = "STORE_BUCKET"     // the S3 bucket of chunks and manifests
	Topic           Var = "TOPIC_ARN"        // the SNS topic of reports
	TrainingMachine Var = "TRAINING_MACHINE" // ARN of the training state machine
	RolloutMachine  Var = "ROLLOUT_MACHINE"  // ARN of the rollout state machine
	ModelRole       Var = "MODEL_ROLE_ARN"   // the role that models run under, unless the spec names one
	Stack           Var = "STACK_NAME"       // the stack, whose name its functions' sessions bear
	Environment     Var = "ENVIRONMENT"      // that this deployment is, such as production
)

// Must reads the variable. A function without it cannot start.
func (v Var) Must() string {
	s := os.Getenv(string(v))
	if s == "" {
		panic(fmt.Sprintf("environment variable %s is not set; template.yaml sets it for each function that needs it", string(v)))
	}
	return s
}

type notesKey struct{}

// notes gathers what one invocation wants logged and counted.
type notes struct {
	attrs  []any
	counts []count
}

type count struct {
	name string
	n    int
	at   time.Time
}

// Note adds key and value to the invocation's one log line.
func Note(ctx context.Context, key string, value any) {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		n.attrs = append(n.attrs, key, value)
	}
}

// Count adds n to the metric name in the namespace Sluice, dimension Function, in
// the minute of at, which comes from the event. Nothing is sent for zero.
func Count(ctx context.Context, name string, n int, at time.Time) {
	if s, ok := ctx.Value(notesKey{}).(*notes); ok && n != 0 {
		s.counts = append(s.counts, count{name, n, at})
	}
}

// emit writes the counts in CloudWatch's embedded metric format, which CloudWatch
// Logs turns into metrics without an API call. Timestamp is required by the format.
// Source: CloudWatch user guide, embedded metric format specification.
func (s *notes) emit(out io.Writer, function string) {
	for _, c := range s.counts {
		line := map[string]any{
			"_aws": map[string]any{
				"Timestamp": c.at.UnixMilli(),
				"CloudWatchMetrics": []any{map[string]any{
					"Namespace":  "Sluice",
					"Dimensions": [][]string{{"Function"}},
					"Metrics":    []any{map[string]any{"Name": c.name, "Unit": "Count"}},
				}},
			},
			"Function": function,
			c.name:     c.n,
		}
		_ = json.NewEncoder(out).Encode(line) // a log that cannot be written must not fail the work
	}
}
