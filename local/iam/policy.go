// Package iam decides who may do what in local AWS: it reads policy documents,
// keeps roles with their inline and managed policies, hands out credentials for a
// role's sessions, and answers whether a caller may take an action on a resource.
// It remembers what every role was ever allowed to do, so that a test can name
// the permissions nobody needs.
//
// It evaluates identity policies, trust policies and resource policies. It knows
// no boundaries, session policies or organisation policies. The wire server asks
// it about every call; local/lambda, local/states and the deployer use its roles.
package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Policy is one policy document, as parsed and checked.
type Policy struct {
	Version    string // "2008-10-17" where the document names none
	ID         string
	Statements []Statement
}

// Statement is one statement. Exactly one of Actions and NotActions, and in
// policies that are no trust policies one of Resources and NotResources, is set.
type Statement struct {
	Sid          string
	Effect       string // Allow or Deny
	Principals   []Principal
	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	Conditions   []Condition
}

// Principal is who a resource or trust policy speaks of: Kind AWS, Service or
// Federated, or "*" for everybody.
type Principal struct {
	Kind string
	Name string
}

// Kind is what a policy is attached to; it decides which members it must have.
type Kind int

// The kinds: attached to a role, to a resource, or a role's trust policy.
const (
	Identity Kind = iota
	Resource
	Trust
)

// maxDocument bounds a policy document, in bytes; AWS bounds the policies of a
// role at 10,240 and a queue's at far less.
const maxDocument = 128 << 10

// Parse reads a policy document in JSON. What it does not know it refuses by
// name: policy variables, operators, members.
func Parse(doc []byte, kind Kind) (*Policy, error) {
	if len(doc) > maxDocument {
		return nil, fmt.Errorf("policy document has %d bytes, more than %d", len(doc), maxDocument)
	}
	var raw struct {
		Version   *string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strict(doc, &raw); err != nil {
		return nil, fmt.Errorf("policy document: %w", err)
	}
	p := &Policy{Version: "2008-10-17", ID: raw.ID}
	if raw.Version != nil {
		p.Version = *raw.Version
	}
	if p.Version != "2008-10-17" && p.Version != "2012-10-17" {
		return nil, fmt.Errorf("policy document: Version %q is neither 2012-10-17 nor 2008-10-17", p.Version)
	}
	if len(raw.Statement) == 0 || string(raw.Statement) == "null" {
		return nil, errors.New("policy document: Statement is missing")
	}
	var statements []json.RawMessage
	if raw.Statement[0] == '[' {
		if err := json.Unmarshal(raw.Statement, &statements); err != nil {
			return nil, fmt.Errorf("policy document: Statement: %w", err)
		}
	} else {
		statements = []json.RawMessage{raw.Statement}
	}
	if len(statements) == 0 {
		return nil, errors.New("policy document: Statement is empty")
	}
	for i, s := range statements {
		st, err := parseStatement(s, kind)
		if err != nil {
			return nil, fmt.Errorf("policy document: statement %d: %w", i+1, err)
		}
		if p.Version == "2012-10-17" { // in the older version ${ is plain text
			if err := noVariables(st); err != nil {
				return nil, fmt.Errorf("policy document: statement %d: %w", i+1, err)
			}
		}
		p.Statements = append(p.Statements, st)
	}
	return p, nil
}

func strict(doc []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the end of the document")
	}
	return nil
}

func parseStatement(doc []byte, kind Kind) (Statement, error) {
	var raw struct {
		Sid          string
		Effect       string
		Principal    json.RawMessage
		NotPrincipal json.RawMessage
		Action       texts
		NotAction    texts
		Resource     texts
		NotResource  texts
		Condition    map[string]map[string]texts
	}
	if err := strict(doc, &raw); err != nil {
		return Statement{}, err
	}
	st := Statement{Sid: raw.Sid, Effect: raw.Effect, Actions: raw.Action, NotActions: raw.NotAction, Resources: raw.Resource, NotResources: raw.NotResource}
	if st.Effect != "Allow" && st.Effect != "Deny" {
		return st, fmt.Errorf("its Effect %q is neither Allow nor Deny", st.Effect)
	}
	if len(raw.NotPrincipal) > 0 {
		return st, errors.New("NotPrincipal is not implemented locally")
	}
	if (len(st.Actions) > 0) == (len(st.NotActions) > 0) {
		return st, errors.New("exactly one of Action and NotAction must be given")
	}
	for _, a := range slices.Concat(st.Actions, st.NotActions) {
		service, name, ok := strings.Cut(a, ":")
		if a != "*" && (!ok || service == "" || name == "" || strings.ContainsAny(service, "*?")) {
			return st, fmt.Errorf("action %q must be service:Action, where only the part after the colon has wildcards, or *", a)
		}
	}
	if err := checkTargets(&st, kind, raw.Principal); err != nil {
		return st, err
	}
	var err error
	st.Conditions, err = parseConditions(raw.Condition)
	return st, err
}

// checkTargets checks the members that depend on what the policy is attached to.
func checkTargets(st *Statement, kind Kind, principal json.RawMessage) error {
	resources := slices.Concat(st.Resources, st.NotResources)
	if kind == Trust {
		if len(resources) > 0 {
			return errors.New("a trust policy must not have a Resource")
		}
	} else if (len(st.Resources) > 0) == (len(st.NotResources) > 0) {
		return errors.New("exactly one of Resource and NotResource must be given")
	}
	for _, r := range resources {
		if r != "*" && !strings.HasPrefix(r, "arn:") {
			return fmt.Errorf("resource %q must be an ARN or *", r)
		}
	}
	if kind == Identity {
		if len(principal) > 0 {
			return errors.New("a policy of a role must not have a Principal")
		}
		return nil
	}
	if len(principal) == 0 {
		return errors.New("Principal is missing")
	}
	if string(principal) == `"*"` {
		st.Principals = []Principal{{Kind: "*", Name: "*"}}
		return nil
	}
	var kinds map[string]texts
	if err := json.Unmarshal(principal, &kinds); err != nil {
		return fmt.Errorf("Principal must be \"*\" or name AWS, Service or Federated: %w", err)
	}
	for _, k := range []string{"AWS", "Service", "Federated"} {
		for _, name := range kinds[k] {
			st.Principals = append(st.Principals, Principal{Kind: k, Name: name})
		}
		delete(kinds, k)
	}
	for k := range kinds {
		return fmt.Errorf("principals of kind %s are not implemented locally", k)
	}
	if len(st.Principals) == 0 {
		return errors.New("Principal names nobody")
	}
	return nil
}

// noVariables refuses policy variables: locally they would never match, which
// would look like a missing permission.
func noVariables(st Statement) error {
	all := slices.Concat(st.Resources, st.NotResources)
	for _, c := range st.Conditions {
		all = append(all, c.Values...)
	}
	for _, text := range all {
		if i := strings.Index(text, "${"); i >= 0 {
			name, _, _ := strings.Cut(text[i:], "}")
			return fmt.Errorf("policy variable %s} in %q is not implemented locally", name, text)
		}
	}
	return nil
}

// texts is one or several strings. Conditions also take numbers and booleans.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if len(b) > 0 && b[0] == '[' {
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
	} else {
		list = []json.RawMessage{b}
	}
	for _, e := range list {
		switch {
		case len(e) > 0 && e[0] == '"':
			var s string
			if err := json.Unmarshal(e, &s); err != nil {
				return err
			}
			*t = append(*t, s)
		case len(e) > 0 && (e[0] == '{' || e[0] == '[' || e[0] == 'n'):
			return fmt.Errorf("%s is no string", e)
		default:
			*t = append(*t, string(e))
		}
	}
	return nil
}
