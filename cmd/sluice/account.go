package main

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"sluice/shared/awstable"
)

// account is where Sluice runs: the flags of every subcommand that talks to AWS.
type account struct {
	Table       string `group:"account" placeholder:"NAME" env:"SLUICE_TABLE" help:"Sluice's table, the output Table of its stack."`
	Region      string `group:"account" placeholder:"NAME" help:"AWS region, if not the one of the environment."`
	Profile     string `group:"account" placeholder:"NAME" help:"Profile of the AWS configuration."`
	EndpointURL string `group:"account" placeholder:"URL" name:"endpoint-url" help:"Address of another AWS, such as one on this machine."`
}

const findTable = "its name is the output Table of Sluice's stack: aws cloudformation describe-stacks --stack-name sluice --query \"Stacks[0].Outputs[?OutputKey=='Table'].OutputValue\" --output text"

// place names the AWS that is asked.
func (a *account) place() string {
	if a.EndpointURL != "" {
		return a.EndpointURL
	}
	return "region " + a.Region
}

// config reads the AWS configuration as every AWS tool does, and checks that there
// are credentials before the first call needs them.
func (a *account) config(c *call) (aws.Config, error) {
	// The SDK's own warnings are for programs; what matters comes back as an error.
	options := []func(*config.LoadOptions) error{config.WithRegion(a.Region), config.WithLogger(logging.Nop{})}
	if a.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(a.Profile))
	}
	cfg, err := config.LoadDefaultConfig(c.ctx, options...)
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return cfg, &failure{code: exitUsage, text: "there is no profile " + missing.Profile + " in the AWS configuration", fix: "aws configure list-profiles shows those there are"}
	}
	if err != nil {
		return cfg, &failure{code: exitUsage, text: "reading the AWS configuration: " + err.Error()}
	}
	if cfg.Region == "" {
		return cfg, &failure{code: exitUsage, text: "no AWS region is set", fix: "name the region of Sluice's stack with --region or AWS_REGION"}
	}
	a.Region = cfg.Region
	if a.EndpointURL != "" {
		cfg.BaseEndpoint = &a.EndpointURL
	}
	if _, err := cfg.Credentials.Retrieve(c.ctx); err != nil {
		if c.ctx.Err() != nil {
			return cfg, c.ctx.Err()
		}
		return cfg, &failure{code: exitAWS, text: "there are no AWS credentials to use: " + err.Error(), fix: "log in, or name a profile with --profile or AWS_PROFILE"}
	}
	return cfg, nil
}

// open returns Sluice's table.
func (c *call) open() (*awstable.Table, aws.Config, error) {
	if c.account.Table == "" {
		return nil, aws.Config{}, &failure{code: exitUsage, text: "which table? name it with --table or SLUICE_TABLE", fix: findTable}
	}
	cfg, err := c.account.config(c)
	if err != nil {
		return nil, cfg, err
	}
	return awstable.Open(cfg, c.account.Table), cfg, nil
}

// caller is who gives a command, as AWS knows them: an ARN. Where STS cannot be
// reached, the access key must do: an abort does not wait for it.
func (c *call) caller(cfg aws.Config) (string, error) {
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(c.ctx, &sts.GetCallerIdentityInput{})
	if err == nil && who.Arn != nil {
		return *who.Arn, nil
	}
	if c.ctx.Err() != nil {
		return "", c.ctx.Err()
	}
	credentials, err := cfg.Credentials.Retrieve(c.ctx)
	return "access key " + credentials.AccessKeyID, err
}
