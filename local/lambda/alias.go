package lambda

import (
	"maps"
	"regexp"
	"slices"

	"sluice/local/wire"
)

// Alias is a name that leads to a version or, while traffic shifts, to two.
type Alias struct {
	Name        string
	Version     string // number, or $LATEST
	Description string
	// Weights is the share of invocations, 0 to 1, that another version gets. There is
	// one entry at most.
	Weights  map[string]float64
	Revision string // changes with each change
}

var aliasName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)

// CreateAlias makes an alias of the function and returns its ARN. Errors:
// ResourceConflictException, ResourceNotFoundException, InvalidParameterValueException.
func (s *Service) CreateAlias(function string, a Alias) (string, error) {
	at, err := s.find(function)
	if err != nil {
		return "", err
	}
	arn := at.Function.ARN() + ":" + a.Name
	if at.of.aliases[a.Name] != nil {
		return "", &wire.Error{Code: "ResourceConflictException", Message: "Alias already exists: " + arn, Status: 409}
	}
	if !aliasName.MatchString(a.Name) || digits.MatchString(a.Name) {
		return "", wire.Errorf("ValidationException", "alias %q must have 1 to 128 letters, digits, - or _, and be no number", a.Name)
	}
	return arn, s.setAlias(at.of, a)
}

// UpdateAlias gives the alias of this name another version and other weights. Errors:
// as of CreateAlias.
func (s *Service) UpdateAlias(function string, a Alias) error {
	at, err := s.find(function)
	if err != nil {
		return err
	}
	if at.of.aliases[a.Name] == nil {
		return noAlias(at, a.Name)
	}
	return s.setAlias(at.of, a)
}

// Alias is the alias of this name. Errors: ResourceNotFoundException.
func (s *Service) Alias(function, name string) (Alias, error) {
	at, err := s.find(function)
	if err != nil {
		return Alias{}, err
	}
	a := at.of.aliases[name]
	if a == nil {
		return Alias{}, noAlias(at, name)
	}
	out := *a
	out.Weights = maps.Clone(a.Weights)
	return out, nil
}

func noAlias(at place, name string) error {
	return &wire.Error{Code: "ResourceNotFoundException", Message: "Cannot find alias arn: " + at.Function.ARN() + ":" + name, Status: 404}
}

var digits = regexp.MustCompile(`^[0-9]+$`)

func (s *Service) setAlias(f *function, a Alias) error {
	if len(a.Weights) > 1 {
		return invalid("An alias may route to one version beside its own, not to %d", len(a.Weights))
	}
	for _, n := range append(slices.Collect(maps.Keys(a.Weights)), a.Version) {
		if f.number(n) == nil {
			return &wire.Error{Code: "ResourceNotFoundException", Message: "Function not found: " + f.latest.ARN() + ":" + n, Status: 404}
		}
	}
	for n, weight := range a.Weights {
		switch main, other := f.number(a.Version), f.number(n); {
		case n == latest || a.Version == latest:
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		case n == a.Version:
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", n, n)
		case weight < 0 || weight > 1:
			return wire.Errorf("ValidationException", "the weight of version %s is %g; it must be 0 to 1", n, weight)
		case main.RoleARN != other.RoleARN || main.DeadLetterARN != other.DeadLetterARN:
			return invalid("Versions %s and %s of an alias must have the same execution role and dead-letter target", a.Version, n)
		}
	}
	a.Weights, a.Revision = maps.Clone(a.Weights), s.world.UUID("lambda/revision")
	f.aliases[a.Name] = &a
	return nil
}
