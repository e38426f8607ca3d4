package local

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/lambda"
	"sluice/local/wire"
)

// attempts is how often an SDK client in process tries a call: the SDK's default.
const attempts = 3

// Config is the AWS configuration of a function that runs in this process, with the
// credentials of its role. Clients of it may be called while the world is held.
// Retries do not wait: that would be real time.
func (a *AWS) Config(f lambda.Function) aws.Config {
	key, secret, token := a.IAM.Session(f.RoleARN, f.Name)
	return a.config(key, secret, token)
}

// AdminConfig is the AWS configuration of the person at the laptop.
func (a *AWS) AdminConfig() aws.Config { return a.config("test", "test", "") }

func (a *AWS) config(key, secret, token string) aws.Config {
	return aws.Config{
		Region:       wire.Region,
		BaseEndpoint: aws.String("http://local"),
		Credentials:  credentials.NewStaticCredentialsProvider(key, secret, token),
		HTTPClient:   &http.Client{Transport: a.Server},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				o.RateLimiter = noLimit{}
			})
		},
	}
}

// noLimit lets clients retry as often as attempts says: a simulation makes more
// calls a second than the bucket of a real client allows.
type noLimit struct{}

func (noLimit) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (noLimit) AddTokens(uint) error { return nil }

// lines cuts what is written into lines.
type lines struct {
	write func(line string)
	rest  []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		l.write(string(l.rest[:i]))
		l.rest = l.rest[i+1:]
	}
}
