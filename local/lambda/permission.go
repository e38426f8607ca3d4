package lambda

import (
	"encoding/json"

	"sluice/local/iam"
	"sluice/local/wire"
)

// Permission is one statement of a function's resource policy, as AddPermission
// takes it.
type Permission struct {
	StatementID   string
	Action        string // lambda:InvokeFunction
	Principal     string // a service, an account or an ARN
	SourceARN     string // "" or an ARN with wildcards
	SourceAccount string
}

// AddPermission lets a principal call the function. Errors: ResourceConflictException
// for a statement id that is taken, InvalidParameterValueException.
func (s *Service) AddPermission(nameOrARN string, p Permission) error {
	f, err := s.find(nameOrARN)
	if err != nil {
		return err
	}
	for _, other := range f.permissions {
		if other.StatementID == p.StatementID {
			return &wire.Error{Code: "ResourceConflictException", Status: 409,
				Message: "The statement id (" + p.StatementID + ") provided already exists. Please provide a new statement id, or remove the existing statement."}
		}
	}
	changed := append(f.permissions[:len(f.permissions):len(f.permissions)], p)
	if _, err := iam.Parse(policyText(f, changed), iam.Resource); err != nil {
		return invalid("permission %s: %v", p.StatementID, err)
	}
	f.permissions = changed
	return nil
}

// Permits decides whether a service principal, such as events.amazonaws.com acting
// for the rule sourceARN, may call the function. Errors: AccessDeniedException,
// ResourceNotFoundException.
func (s *Service) Permits(nameOrARN, principal, sourceARN string) error {
	f, err := s.find(nameOrARN)
	if err != nil {
		return err
	}
	if len(f.permissions) > 0 {
		policy, err := iam.Parse(policyText(f, f.permissions), iam.Resource)
		if err != nil {
			return err
		}
		need := wire.Access{Action: "lambda:InvokeFunction", Resource: f.ARN(), Conditions: map[string][]string{"aws:SourceAccount": {wire.Account}}}
		if sourceARN != "" {
			need.Conditions["aws:SourceArn"] = []string{sourceARN}
		}
		if iam.EvaluateResource(policy, []iam.Principal{{Kind: "Service", Name: principal}}, need).Allowed {
			return nil
		}
	}
	return &wire.Error{Code: "AccessDeniedException", Status: 403, Message: "User: " + principal + " is not authorized to perform: lambda:InvokeFunction on resource: " +
		f.ARN() + " because no resource-based policy allows the lambda:InvokeFunction action"}
}

// policyText is the resource policy in the form in which GetPolicy returns it.
func policyText(f *function, permissions []Permission) []byte {
	type object = map[string]any
	var statements []any
	for _, p := range permissions {
		st := object{"Sid": p.StatementID, "Effect": "Allow", "Action": p.Action, "Resource": f.ARN()}
		kind := "AWS"
		if p.isService() {
			kind = "Service"
		}
		st["Principal"] = object{kind: p.Principal}
		condition := object{}
		if p.SourceARN != "" {
			condition["ArnLike"] = object{"AWS:SourceArn": p.SourceARN}
		}
		if p.SourceAccount != "" {
			condition["StringEquals"] = object{"AWS:SourceAccount": p.SourceAccount}
		}
		if len(condition) > 0 {
			st["Condition"] = condition
		}
		statements = append(statements, st)
	}
	text, err := json.Marshal(object{"Version": "2012-10-17", "Id": "default", "Statement": statements})
	if err != nil {
		panic(err) // maps of strings
	}
	return text
}

func (p Permission) isService() bool {
	const suffix = ".amazonaws.com"
	return len(p.Principal) > len(suffix) && p.Principal[len(p.Principal)-len(suffix):] == suffix
}
