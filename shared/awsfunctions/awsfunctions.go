// Package awsfunctions invokes Lambda functions and their versions. It fills the functions
// of deploying and of redriving.
package awsfunctions

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"sluice/shared/awsfault"
	"sluice/shared/deploying"
)

// Functions is Lambda.
type Functions struct{ client *lambda.Client }

// Open returns Lambda.
func Open(cfg aws.Config) *Functions { return &Functions{client: lambda.NewFromConfig(cfg)} }

// patience is how long a version may take to answer: less than the timeout of
// check-deployment, which must say that it did not.
const patience = 45 * time.Second

// Invoke fills deploying's functions.
func (f *Functions) Invoke(ctx context.Context, function, version string, payload []byte) (deploying.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := f.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Qualifier: &version, Payload: payload})
	if err != nil {
		return deploying.Reply{}, awsfault.Errorf(err, "invoking version %s of %s", version, function)
	}
	reply := deploying.Reply{Payload: out.Payload, Version: aws.ToString(out.ExecutedVersion)}
	if out.FunctionError != nil {
		var failed struct{ ErrorType, ErrorMessage string }
		_ = json.Unmarshal(out.Payload, &failed) // whatever it is, it is no answer
		reply.Error = strings.Trim(failed.ErrorType+": "+failed.ErrorMessage, ": ")
		if reply.Error == "" {
			reply.Error = *out.FunctionError
		}
	}
	return reply, nil
}

// Send fills redriving's functions.
func (f *Functions) Send(ctx context.Context, function string, payload []byte) error {
	_, err := f.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: payload})
	return awsfault.Errorf(err, "giving an event to %s", function)
}
