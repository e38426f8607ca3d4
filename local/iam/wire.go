package iam

import (
	"net/url"
	"slices"
	"strings"

	"sluice/local/wire"
)

type roleOut struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               *wire.Time
	AssumeRolePolicyDocument string
	MaxSessionDuration       int
}

func (r *Role) out() roleOut {
	return roleOut{
		Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: r.ARN, CreateDate: wire.At(r.Created),
		AssumeRolePolicyDocument: escape(r.trustText), MaxSessionDuration: r.maxDuration,
	}
}

// escape is the form in which IAM returns documents: percent-encoded (RFC 3986).
func escape(doc string) string { return strings.ReplaceAll(url.QueryEscape(doc), "+", "%20") }

type roleIn struct {
	RoleName   string
	PolicyName string
	Marker     string
	MaxItems   int
	PathPrefix string
}

type getRoleOut struct{ Role roleOut }

type listRolesOut struct {
	Roles       []roleOut
	IsTruncated bool
}

type getRolePolicyOut struct {
	RoleName       string
	PolicyName     string
	PolicyDocument string
}

type listRolePoliciesOut struct {
	PolicyNames []string
	IsTruncated bool
}

type attachedOut struct {
	PolicyName string
	PolicyArn  string
}

type listAttachedOut struct {
	AttachedPolicies []attachedOut
	IsTruncated      bool
}

// Wire is the part of the IAM API that it takes to look: all lists come in one page.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "iam", Version: "2010-05-08", XMLNS: "https://iam.amazonaws.com/doc/2010-05-08/"}
	onRole := func(action string) func(*roleIn) []wire.Access {
		return func(in *roleIn) []wire.Access {
			return []wire.Access{{Action: action, Resource: s.arnOf(in.RoleName)}}
		}
	}
	wire.Handle(svc, "GetRole", onRole("iam:GetRole"), s.getRole)
	wire.Handle(svc, "ListRoles", func(*roleIn) []wire.Access {
		return []wire.Access{{Action: "iam:ListRoles", Resource: "arn:aws:iam::" + wire.Account + ":role/"}}
	}, s.listRoles)
	wire.Handle(svc, "GetRolePolicy", onRole("iam:GetRolePolicy"), s.getRolePolicy)
	wire.Handle(svc, "ListRolePolicies", onRole("iam:ListRolePolicies"), s.listRolePolicies)
	wire.Handle(svc, "ListAttachedRolePolicies", onRole("iam:ListAttachedRolePolicies"), s.listAttached)
	return svc
}

func (s *Service) arnOf(role string) string {
	if r := s.roles[role]; r != nil {
		return r.ARN
	}
	return "arn:aws:iam::" + wire.Account + ":role/" + role
}

func (s *Service) getRole(_ *wire.Call, in *roleIn) (*getRoleOut, error) {
	r, err := s.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &getRoleOut{Role: r.out()}, nil
}

func (s *Service) listRoles(_ *wire.Call, in *roleIn) (*listRolesOut, error) {
	out := &listRolesOut{}
	for _, arn := range s.RoleARNs() {
		if r := s.byARN(arn); strings.HasPrefix(r.Path, in.PathPrefix) {
			out.Roles = append(out.Roles, r.out())
		}
	}
	return out, nil
}

func (s *Service) getRolePolicy(_ *wire.Call, in *roleIn) (*getRolePolicyOut, error) {
	r, err := s.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	doc, ok := r.inline[in.PolicyName]
	if !ok {
		return nil, &wire.Error{Code: "NoSuchEntity", Message: "The role policy with name " + in.PolicyName + " cannot be found.", Status: 404}
	}
	return &getRolePolicyOut{RoleName: r.Name, PolicyName: in.PolicyName, PolicyDocument: escape(doc.text)}, nil
}

func (s *Service) listRolePolicies(_ *wire.Call, in *roleIn) (*listRolePoliciesOut, error) {
	r, err := s.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &listRolePoliciesOut{}
	for name := range r.inline {
		out.PolicyNames = append(out.PolicyNames, name)
	}
	slices.Sort(out.PolicyNames)
	return out, nil
}

func (s *Service) listAttached(_ *wire.Call, in *roleIn) (*listAttachedOut, error) {
	r, err := s.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &listAttachedOut{}
	for _, arn := range r.attached {
		out.AttachedPolicies = append(out.AttachedPolicies, attachedOut{PolicyName: arn[strings.LastIndex(arn, "/")+1:], PolicyArn: arn})
	}
	return out, nil
}
