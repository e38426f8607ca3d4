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

// AddPermission lets a principal call the function or, if it is named with a qualifier,
// the version or alias, and nothing else of the function. Errors: ResourceConflictException
// for a statement id that is taken, InvalidParameterValueException.
func (s *Service) AddPermission(nameOrARN string, p Permission) error {
	at, err := s.find(nameOrARN)
	if err != nil {
		return err
	}
	granted := at.of.permissions[at.key()]
	for _, other := range granted {
		if other.StatementID == p.StatementID {
			return &wire.Error{Code: "ResourceConflictException", Status: 409,
				Message: "The statement id (" + p.StatementID + ") provided already exists. Please provide a new statement id, or remove the existing statement."}
		}
	}
	changed := append(granted[:len(granted):len(granted)], p)
	if _, err := iam.Parse(policyText(at, changed), iam.Resource); err != nil {
		return invalid("permission %s: %v", p.StatementID, err)
	}
	at.of.permissions[at.key()] = changed
	return nil
}

// Permits decides whether a service principal, such as events.amazonaws.com acting
// for the rule sourceARN, may call the function, version or alias. Errors: AccessDeniedException,
// ResourceNotFoundException.
func (s *Service) Permits(nameOrARN, principal, sourceARN string) error {
	at, err := s.find(nameOrARN)
	if err != nil {
		return err
	}
	if granted := at.of.permissions[at.key()]; len(granted) > 0 {
		policy, err := iam.Parse(policyText(at, granted), iam.Resource)
		if err != nil {
			return err
		}
		need := wire.Access{Action: "lambda:InvokeFunction", Resource: at.ARN(), Conditions: map[string][]string{"aws:SourceAccount": {wire.Account}}}
		if sourceARN != "" {
			need.Conditions["aws:SourceArn"] = []string{sourceARN}
		}
		if iam.EvaluateResource(policy, []iam.Principal{{Kind: "Service", Name: principal}}, need).Allowed {
			return nil
		}
	}
	return &wire.Error{Code: "AccessDeniedException", Status: 403, Message: "User: " + principal + " is not authorized to perform: lambda:InvokeFunction on resource: " +
		at.ARN() + " because no resource-based policy allows the lambda:InvokeFunction action"}
}

// policyText is the resource policy in the form in which GetPolicy returns it.
func policyText(at place, permissions []Permission) []byte {
	type object = map[string]any
	var statements []any
	for _, p := range permissions {
		st := object{"Sid": p.StatementID, "Effect": "Allow", "Action": p.Action, "Resource": at.ARN()}
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
