package states

import (
	"encoding/json"
	"strings"
	"unicode"

	"sluice/local/asl/exec"
)

// integrate runs sns:publish, events:putEvents, states:startExecution and the four
// of DynamoDB through the injected hook. Step Functions has members in upper camel
// case and takes objects where these services want JSON text; the hook gets what
// the service's own API takes.
func (s *Service) integrate(p *exec.Pending, service, action string) {
	if s.needs.Integration == nil {
		p.Fail(exec.Fail("NotImplemented", "nothing is wired to "+p.Resource))
		return
	}
	in, err := object(p.Parameters)
	if err != nil {
		p.Fail(exec.Fail(exec.Runtime, "The Parameters of "+service+":"+action+" must be an object"))
		return
	}
	switch service {
	case "sns":
		stringify(in, "Message")
	case "states":
		stringify(in, "Input")
		in = recased(in, unicode.ToLower)
	case "events":
		in = entries(in)
	}
	b, err := json.Marshal(in)
	if err != nil {
		p.Fail(exec.Fail(exec.Runtime, err.Error()))
		return
	}
	out, err := s.needs.Integration(p.Info.RoleARN, service, action, b)
	if err != nil {
		p.Fail(s.serviceFailure(service, err))
		return
	}
	if service == "states" {
		if m, err := object(string(out)); err == nil {
			out, _ = json.Marshal(recased(m, unicode.ToUpper)) // raw messages that were read before
		}
	}
	if service == "events" && failedEntries(out) {
		p.Fail(exec.Fail("EventBridge.FailedEntry", string(out)))
		return
	}
	p.Return(jsonOr(out, "{}"))
}

// stringify turns a member that is not a string into JSON text.
func stringify(m map[string]json.RawMessage, key string) {
	v, ok := m[key]
	if !ok || len(v) > 0 && v[0] == '"' {
		return
	}
	m[key], _ = json.Marshal(string(v)) // a string always encodes
}

func recased(m map[string]json.RawMessage, first func(rune) rune) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(m))
	for k, v := range m {
		if k != "" {
			k = string(first(rune(k[0]))) + k[1:]
		}
		out[k] = v
	}
	return out
}

// entries makes text of every Detail that is an object.
func entries(in map[string]json.RawMessage) map[string]json.RawMessage {
	var list []map[string]json.RawMessage
	if json.Unmarshal(in["Entries"], &list) != nil {
		return in // the service will say what is wrong
	}
	for _, e := range list {
		if strings.HasPrefix(string(e["Detail"]), "{") {
			stringify(e, "Detail")
		}
	}
	in["Entries"], _ = json.Marshal(list) // raw messages that were read before
	return in
}

func failedEntries(out json.RawMessage) bool {
	var r struct{ FailedEntryCount int }
	return json.Unmarshal(out, &r) == nil && r.FailedEntryCount > 0
}
