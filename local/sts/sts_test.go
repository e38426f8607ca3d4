package sts_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"sluice/local/sim"
	"sluice/local/sts"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)

const role = "arn:aws:iam::111122223333:role/shift"

// roles knows one role, which trusts the key "test".
type roles struct{ until time.Time }

func (*roles) Caller(key string) (sts.Identity, error) {
	return sts.Identity{ARN: "arn:aws:iam::111122223333:user/" + key, ID: "AIDA" + key}, nil
}

func (r *roles) Assume(key, arn, session, _ string, until time.Time) (sts.Session, error) {
	if key != "test" || arn != role {
		return sts.Session{}, wire.Errorf("AccessDenied", "User is not authorized to perform: sts:AssumeRole on resource: %s", arn)
	}
	r.until = until
	return sts.Session{AccessKey: "ASIA1", SecretKey: "secret", SessionToken: "token", Identity: sts.Identity{ARN: "arn:aws:sts::111122223333:assumed-role/shift/" + session, ID: "AROA1:" + session}}, nil
}

func client(w *sim.World, r sts.Roles) *sdk.Client {
	srv := wire.NewServer(w)
	srv.Register(sts.New(w, r).Wire())
	return sdk.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
}

func TestCallerAndRole(t *testing.T) {
	w, r := sim.NewWorld(start, 1), &roles{}
	c := client(w, r)
	w.Do(func() {
		who, err := c.GetCallerIdentity(context.Background(), &sdk.GetCallerIdentityInput{})
		if err != nil || *who.Arn != "arn:aws:iam::111122223333:user/test" || *who.Account != wire.Account {
			t.Errorf("caller %+v, %v", who, err)
		}
		out, err := c.AssumeRole(context.Background(), &sdk.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("demo"), DurationSeconds: aws.Int32(900)})
		if err != nil {
			t.Error(err)
			return
		}
		if *out.Credentials.AccessKeyId != "ASIA1" || !out.Credentials.Expiration.Equal(start.Add(15*time.Minute)) || !r.until.Equal(*out.Credentials.Expiration) {
			t.Errorf("credentials %+v", out.Credentials)
		}
		if *out.AssumedRoleUser.Arn != "arn:aws:sts::111122223333:assumed-role/shift/demo" {
			t.Errorf("user %+v", out.AssumedRoleUser)
		}
	})
}

func TestRefusals(t *testing.T) {
	w := sim.NewWorld(start, 1)
	c := client(w, &roles{})
	for _, tt := range []struct {
		in   sdk.AssumeRoleInput
		code string
	}{
		{sdk.AssumeRoleInput{RoleArn: aws.String(role + "x"), RoleSessionName: aws.String("demo")}, "AccessDenied"},
		{sdk.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("a b")}, "ValidationError"},
		{sdk.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("demo"), DurationSeconds: aws.Int32(60)}, "ValidationError"},
		{sdk.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("demo"), Policy: aws.String("{}")}, "NotImplemented"},
	} {
		w.Do(func() {
			_, err := c.AssumeRole(context.Background(), &tt.in)
			var e smithy.APIError
			if !errors.As(err, &e) || e.ErrorCode() != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
		})
	}
}
