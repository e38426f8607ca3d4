package lambda

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/local/wire"
)

// latest is the version of a function that is not published: what changes apply to.
const latest = "$LATEST"

// version is code with its configuration, and the environments that run it.
type version struct {
	Function
	host     Host
	modified time.Time
	warm     []time.Time // environments at rest, by when they came to rest
	series   map[string][]map[string]string
}

// place is where a call goes: a function, by one of its qualifiers.
type place struct {
	*version  // that the qualifier leads to; of an alias the one of most invocations
	of        *function
	qualifier string // "" is none, as in calls of the function's name
}

// ARN is the ARN with its qualifier, if there is one.
func (p place) ARN() string {
	if p.qualifier == "" {
		return p.Function.ARN()
	}
	return p.Function.ARN() + ":" + p.qualifier
}

// key is the qualifier under which settings of the function stand.
func (p place) key() string {
	if p.qualifier == "" {
		return latest
	}
	return p.qualifier
}

// version makes a version that runs f from now on.
func (s *Service) version(f Function) (*version, error) {
	host, err := s.hosts(f)
	if err != nil {
		return nil, invalid("the code of function %s: %v", f.Name, err)
	}
	if f.Defect.Kind != "" {
		host = defective{Host: host, defect: f.Defect, dice: s.world.Rand("lambda/defect/" + f.Name + ":" + f.Version)}
	}
	return &version{Function: f, host: host, modified: s.world.Now(), series: map[string][]map[string]string{}}, nil
}

// UpdateCode gives the function other code: at path, unless it is "", and with this
// defect. It always counts as other code. Published versions keep theirs. Errors: ResourceNotFoundException,
// InvalidParameterValueException.
func (s *Service) UpdateCode(name, path string, d Defect) error {
	at, err := s.find(name)
	if err != nil {
		return err
	}
	at.of.builds++
	changed := at.of.latest.Function
	changed.Build, changed.Defect = at.of.builds, d
	if path != "" {
		changed.CodePath = path
	}
	return s.Update(changed)
}

// Update gives the function of this name other code and configuration. Published
// versions keep theirs. Errors: as of UpdateCode.
func (s *Service) Update(f Function) error {
	at, err := s.find(f.Name)
	if err != nil {
		return err
	}
	f = f.withDefaults()
	if err := s.check(f); err != nil {
		return err
	}
	old := at.of.latest
	if reflect.DeepEqual(old.Function, f) {
		return nil
	}
	v, err := s.version(f)
	if err != nil {
		return err
	}
	at.of.latest, at.of.replaced = v, append(at.of.replaced, old)
	return nil
}

// withDefaults is f with Lambda's defaults.
func (f Function) withDefaults() Function {
	f.Version = latest
	if f.Timeout == 0 {
		f.Timeout = 3 * time.Second
	}
	if f.MemoryMB == 0 {
		f.MemoryMB = 128
	}
	if f.LogGroup == "" {
		f.LogGroup = "/aws/lambda/" + f.Name
	}
	return f
}

// Publish makes a version of the function's code and configuration of now, and
// returns its number. If they are those of the last version, that stays the last.
func (s *Service) Publish(name string) (string, error) {
	at, err := s.find(name)
	if err != nil {
		return "", err
	}
	f := at.of.latest.Function
	if n := len(at.of.published); n > 0 {
		last := at.of.published[n-1].Function
		f.Version = last.Version
		if reflect.DeepEqual(f, last) {
			return last.Version, nil
		}
	}
	f.Version = strconv.Itoa(len(at.of.published) + 1)
	v, err := s.version(f)
	if err != nil {
		return "", err
	}
	at.of.published = append(at.of.published, v)
	return f.Version, nil
}

// number is the version of this number, or nil.
func (f *function) number(n string) *version {
	if n == latest {
		return f.latest
	}
	i := slices.IndexFunc(f.published, func(v *version) bool { return v.Version == n })
	if i < 0 {
		return nil
	}
	return f.published[i]
}

// find resolves a name, a name with qualifier, a partial or a full ARN.
func (s *Service) find(nameOrARN string) (place, error) {
	rest := nameOrARN
	if i := strings.LastIndex(rest, "function:"); i >= 0 {
		rest = rest[i+len("function:"):]
	}
	name, qualifier, _ := strings.Cut(rest, ":")
	full := nameOrARN
	if !strings.HasPrefix(full, "arn:") {
		full = Function{Name: rest}.ARN()
	}
	missing := &wire.Error{Code: "ResourceNotFoundException", Message: "Function not found: " + full, Status: 404}
	f := s.functions[name]
	if f == nil || !strings.HasPrefix(full, f.latest.ARN()) {
		return place{}, missing
	}
	at := place{version: f.latest, of: f, qualifier: qualifier}
	switch alias := f.aliases[qualifier]; {
	case qualifier == "":
	case alias != nil:
		at.version = f.number(alias.Version)
	default:
		at.version = f.number(qualifier)
	}
	if at.version == nil {
		return place{}, missing
	}
	return at, nil
}

// pick is the place with the version that runs this invocation.
func (s *Service) pick(at place) place {
	alias := at.of.aliases[at.qualifier]
	if alias == nil || len(alias.Weights) == 0 {
		return at
	}
	draw := s.world.Rand("lambda/alias/" + at.Name + ":" + alias.Name).Float64()
	for n, weight := range alias.Weights { // there is one at most
		if draw < weight {
			at.version = at.of.number(n)
		}
	}
	return at
}
