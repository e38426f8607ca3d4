package iam

import (
	"fmt"
	"strings"

	"sluice/local/wire"
)

// session is who the bearer of temporary credentials is.
type session struct {
	roleARN string
	name    string
}

// Session starts a session of the role under this name and returns its
// credentials. Lambda names a session after the function. Locally credentials do
// not expire, and the same role and name give the same credentials again.
func (s *Service) Session(roleARN, name string) (accessKey, secret, token string) {
	who := session{roleARN: roleARN, name: name}
	for key, other := range s.sessions {
		if other == who {
			return key, secretOf(key), tokenOf(key)
		}
	}
	accessKey = "ASIA" + strings.ToUpper(s.world.ID("iam/session", 16))
	s.sessions[accessKey] = who
	return accessKey, secretOf(accessKey), tokenOf(accessKey)
}

func secretOf(key string) string { return "local-secret-of-" + key }
func tokenOf(key string) string  { return "local-token-of-" + key }

// Caller is the ARN behind an access key: a role's session, or the administrator
// of the account for every key that is no session's.
func (s *Service) Caller(accessKey string) string {
	who, ok := s.sessions[accessKey]
	if !ok {
		return "arn:aws:iam::" + wire.Account + ":user/admin"
	}
	return who.arn()
}

func (who session) arn() string {
	role := who.roleARN[strings.LastIndex(who.roleARN, "/")+1:] // session ARNs leave the path out
	return "arn:aws:sts::" + wire.Account + ":assumed-role/" + role + "/" + who.name
}

// Allow decides whether the credentials may have this access. Keys that belong to
// no session are people on the laptop, who are the account's administrators; a key
// that looks like a session's but is unknown is refused.
func (s *Service) Allow(accessKey string, need wire.Access) error {
	who, ok := s.sessions[accessKey]
	if !ok {
		if strings.HasPrefix(accessKey, "ASIA") {
			return fmt.Errorf("the security token included in the request is invalid")
		}
		return nil
	}
	return s.decide(who, need)
}

// AllowRole decides whether a role may have this access. It is for services that
// act with a role without calling the wire, such as state machines and pollers.
func (s *Service) AllowRole(roleARN string, need wire.Access) error {
	return s.decide(session{roleARN: roleARN, name: "local"}, need)
}

func (s *Service) decide(who session, need wire.Access) error {
	refuse := func(why string) error {
		//lint:ignore ST1005 the text is AWS's
		return fmt.Errorf("User: %s is not authorized to perform: %s on resource: %s %s", who.arn(), need.Action, need.Resource, why)
	}
	nobody := fmt.Sprintf("because no identity-based policy allows the %s action", need.Action)
	r := s.byARN(who.roleARN)
	if r == nil {
		return refuse(nobody)
	}
	full := wire.Access{Action: need.Action, Resource: need.Resource, Conditions: map[string][]string{
		"aws:PrincipalArn":     {r.ARN},
		"aws:PrincipalAccount": {wire.Account},
		"aws:PrincipalType":    {"AssumedRole"},
		"aws:RequestedRegion":  {wire.Region},
		"aws:SecureTransport":  {"true"}, // local AWS stands for the real one, which is called over TLS
	}}
	for k, v := range need.Conditions {
		full.Conditions[k] = v
	}
	d := Evaluate(s.policies(r), full)
	switch {
	case d.Denied:
		return refuse("with an explicit deny in an identity-based policy")
	case !d.Allowed:
		return refuse(nobody)
	}
	s.used(r.ARN, full, d)
	return nil
}
