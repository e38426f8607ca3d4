// Package sts is AWS STS on a laptop: who am I, and be this role for a while.
//
// It decides nothing about who may be what: identities and roles belong to IAM,
// which is injected. Session policies, tags and MFA are not modelled and refused.
package sts

import (
	"regexp"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Identity is a caller: its ARN, and its unique id, such as "AROAEXAMPLE:session".
type Identity struct {
	ARN string
	ID  string
}

// Session is temporary credentials of a role, and who has them.
type Session struct {
	AccessKey    string
	SecretKey    string
	SessionToken string
	Identity     Identity
}

// Roles is what STS needs of IAM.
type Roles interface {
	// Caller is who has this access key; "" is an unsigned request.
	Caller(accessKey string) (Identity, error)
	// Assume gives out credentials of a role until the given time. It refuses a
	// role that does not exist or does not trust the caller.
	Assume(accessKey, roleARN, sessionName, externalID string, until time.Time) (Session, error)
}

// Service is STS.
type Service struct {
	world *sim.World
	roles Roles
}

// New returns an STS over these roles.
func New(w *sim.World, roles Roles) *Service { return &Service{w, roles} }

type callerIn struct{}

type callerOut struct {
	UserID  string `json:"UserId"`
	Account string `json:"Account"`
	ARN     string `json:"Arn"`
}

type assumeIn struct {
	RoleARN           string     `json:"RoleArn"`
	RoleSessionName   string     `json:"RoleSessionName"`
	DurationSeconds   int        `json:"DurationSeconds"`
	ExternalID        string     `json:"ExternalId"`
	Policy            string     `json:"Policy"`
	PolicyARNs        []struct{} `json:"PolicyArns"`
	Tags              []struct{} `json:"Tags"`
	TransitiveTagKeys []string   `json:"TransitiveTagKeys"`
	SerialNumber      string     `json:"SerialNumber"`
	TokenCode         string     `json:"TokenCode"`
	SourceIdentity    string     `json:"SourceIdentity"`
	ProvidedContexts  []struct{} `json:"ProvidedContexts"`
}

type credentials struct {
	AccessKeyID     string     `json:"AccessKeyId"`
	SecretAccessKey string     `json:"SecretAccessKey"`
	SessionToken    string     `json:"SessionToken"`
	Expiration      *wire.Time `json:"Expiration"`
}

type assumedRole struct {
	AssumedRoleID string `json:"AssumedRoleId"`
	ARN           string `json:"Arn"`
}

type assumeOut struct {
	Credentials     credentials `json:"Credentials"`
	AssumedRoleUser assumedRole `json:"AssumedRoleUser"`
}

// Wire is the service with all its operations. GetCallerIdentity needs no
// permission; AssumeRole needs one, and the role's trust as well.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "sts", Version: "2011-06-15", XMLNS: "https://sts.amazonaws.com/doc/2011-06-15/"}
	wire.Handle(svc, "GetCallerIdentity", nil, func(c *wire.Call, _ *callerIn) (*callerOut, error) {
		who, err := s.roles.Caller(c.AccessKey)
		return &callerOut{who.ID, wire.Account, who.ARN}, err
	})
	wire.Handle(svc, "AssumeRole", func(in *assumeIn) []wire.Access {
		return []wire.Access{{Action: "sts:AssumeRole", Resource: in.RoleARN}}
	}, s.assumeRole)
	return svc
}

var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

func (s *Service) assumeRole(c *wire.Call, in *assumeIn) (*assumeOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	seconds := in.DurationSeconds
	if seconds == 0 {
		seconds = 3600
	}
	until := s.world.Now().Add(time.Duration(seconds) * time.Second)
	ses, err := s.roles.Assume(c.AccessKey, in.RoleARN, in.RoleSessionName, in.ExternalID, until)
	if err != nil {
		return nil, err
	}
	return &assumeOut{
		credentials{ses.AccessKey, ses.SecretKey, ses.SessionToken, wire.At(until)},
		assumedRole{ses.Identity.ID, ses.Identity.ARN},
	}, nil
}

func (in *assumeIn) check() error {
	refused := map[string]bool{
		"Policy": in.Policy != "", "PolicyArns": len(in.PolicyARNs) > 0, "SerialNumber": in.SerialNumber != "",
		"TokenCode": in.TokenCode != "", "SourceIdentity": in.SourceIdentity != "", "ProvidedContexts": len(in.ProvidedContexts) > 0,
		"Tags": len(in.Tags) > 0, "TransitiveTagKeys": len(in.TransitiveTagKeys) > 0,
	}
	for _, name := range []string{"Policy", "PolicyArns", "ProvidedContexts", "SerialNumber", "SourceIdentity", "Tags", "TokenCode", "TransitiveTagKeys"} {
		if refused[name] {
			return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement " + name + " of sts AssumeRole", Status: 501}
		}
	}
	switch {
	case len(in.RoleARN) < 20:
		return wire.Errorf("ValidationError", "%s is invalid", in.RoleARN)
	case !sessionName.MatchString(in.RoleSessionName):
		return wire.Errorf("ValidationError", "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]* and have length between 2 and 64", in.RoleSessionName)
	case in.DurationSeconds != 0 && (in.DurationSeconds < 900 || in.DurationSeconds > 43200):
		return wire.Errorf("ValidationError", "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200", in.DurationSeconds)
	}
	return nil
}
