package iam

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Role is one IAM role.
type Role struct {
	Name    string
	Path    string // "/" unless given
	ARN     string
	ID      string // AROA…
	Created time.Time

	trust       *Policy
	trustText   string
	inline      map[string]document
	attached    []string // ARNs of managed policies, in order of attachment
	maxDuration int      // of a session, in seconds
}

// document is a policy with its text as it was given.
type document struct {
	policy *Policy
	text   string
}

// Service keeps the roles, managed policies and sessions of the account.
type Service struct {
	world    *sim.World
	roles    map[string]*Role // by name
	managed  map[string]document
	sessions map[string]session // by access key
	usage    map[string]*usage  // by role ARN
}

// New returns an account without roles, in which AWS's own managed policies exist.
func New(w *sim.World) *Service {
	s := &Service{
		world: w, roles: map[string]*Role{}, managed: map[string]document{},
		sessions: map[string]session{}, usage: map[string]*usage{},
	}
	for arn, text := range awsManaged {
		p, err := Parse([]byte(text), Identity)
		if err != nil {
			panic(arn + ": " + err.Error()) // they are constants of this package
		}
		s.managed[arn] = document{policy: p, text: text}
	}
	return s
}

var nameForm = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// CreateRole creates a role that the given trust policy lets others assume. path
// is "" or begins and ends with a slash. Errors: EntityAlreadyExists,
// MalformedPolicyDocument, ValidationError.
func (s *Service) CreateRole(name, path string, trust []byte) (*Role, error) {
	if !nameForm.MatchString(name) {
		return nil, wire.Errorf("ValidationError", "The specified value for roleName is invalid: %q must have 1 to 64 of the characters A-Z a-z 0-9 _+=,.@-", name)
	}
	if path == "" {
		path = "/"
	}
	if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") {
		return nil, wire.Errorf("ValidationError", "The specified value for path is invalid: %q must begin and end with /", path)
	}
	if s.roles[name] != nil {
		return nil, wire.Errorf("EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	p, err := Parse(trust, Trust)
	if err != nil {
		return nil, wire.Errorf("MalformedPolicyDocument", "%v", err)
	}
	r := &Role{
		Name: name, Path: path, ARN: "arn:aws:iam::" + wire.Account + ":role" + path + name,
		ID: "AROA" + strings.ToUpper(s.world.ID("iam/role", 17)), Created: s.world.Now(),
		trust: p, trustText: string(trust), inline: map[string]document{}, maxDuration: 3600,
	}
	s.roles[name] = r
	return r, nil
}

// DeleteRole removes a role; its sessions lose all permissions.
func (s *Service) DeleteRole(name string) { delete(s.roles, name) }

// PutRolePolicy gives the role an inline policy, replacing one of that name.
func (s *Service) PutRolePolicy(role, name string, doc []byte) error {
	r, err := s.role(role)
	if err != nil {
		return err
	}
	p, err := Parse(doc, Identity)
	if err != nil {
		return wire.Errorf("MalformedPolicyDocument", "%v", err)
	}
	r.inline[name] = document{policy: p, text: string(doc)}
	return nil
}

// CreatePolicy creates a managed policy of the account and returns its ARN.
func (s *Service) CreatePolicy(name string, doc []byte) (string, error) {
	p, err := Parse(doc, Identity)
	if err != nil {
		return "", wire.Errorf("MalformedPolicyDocument", "%v", err)
	}
	arn := "arn:aws:iam::" + wire.Account + ":policy/" + name
	if _, ok := s.managed[arn]; ok {
		return "", wire.Errorf("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
	}
	s.managed[arn] = document{policy: p, text: string(doc)}
	return arn, nil
}

// AttachRolePolicy attaches a managed policy, of the account or of AWS. Only the
// AWS policies listed in managed.go exist locally.
func (s *Service) AttachRolePolicy(role, policyARN string) error {
	r, err := s.role(role)
	if err != nil {
		return err
	}
	if _, ok := s.managed[policyARN]; !ok {
		return wire.Errorf("NoSuchEntity", "Policy %s does not exist or is not attachable. (local AWS has %d managed policies)", policyARN, len(s.managed))
	}
	if !slices.Contains(r.attached, policyARN) {
		r.attached = append(r.attached, policyARN)
	}
	return nil
}

func (s *Service) role(name string) (*Role, error) {
	if r := s.roles[name]; r != nil {
		return r, nil
	}
	return nil, &wire.Error{Code: "NoSuchEntity", Message: fmt.Sprintf("The role with name %s cannot be found.", name), Status: 404}
}

// byARN finds a role by its ARN, path included.
func (s *Service) byARN(arn string) *Role {
	r := s.roles[arn[strings.LastIndex(arn, "/")+1:]]
	if r == nil || r.ARN != arn {
		return nil
	}
	return r
}

// RoleARNs lists the ARNs of all roles, sorted.
func (s *Service) RoleARNs() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.roles)) {
		out = append(out, s.roles[name].ARN)
	}
	return out
}

// Trusts reports whether the role's trust policy lets this service, such as
// lambda.amazonaws.com, assume the role.
func (s *Service) Trusts(roleARN, service string) bool {
	r := s.byARN(roleARN)
	if r == nil {
		return false
	}
	need := wire.Access{Action: "sts:AssumeRole", Conditions: map[string][]string{"aws:SourceAccount": {wire.Account}}}
	return EvaluateResource(r.trust, []Principal{{Kind: "Service", Name: service}}, need).Allowed
}

// policies lists what the role carries, in the order in which it is evaluated.
func (s *Service) policies(r *Role) []Named {
	var out []Named
	for _, name := range slices.Sorted(maps.Keys(r.inline)) {
		out = append(out, Named{Name: name, Policy: r.inline[name].policy})
	}
	for _, arn := range r.attached {
		out = append(out, Named{Name: arn, Policy: s.managed[arn].policy})
	}
	return out
}
