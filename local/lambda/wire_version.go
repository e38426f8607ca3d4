package lambda

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"sluice/local/wire"
)

// serveVersions answers the calls about versions and aliases. Pages are whole.
func (s *Service) serveVersions(r *request, shape string, path []string, w http.ResponseWriter) error {
	ops := map[string]struct {
		name   string
		status int
		run    func(at place, in aliasIn) (any, error)
	}{
		"POST functions * versions": {"PublishVersion", http.StatusCreated, s.publishVersion},
		"GET functions * versions":  {"ListVersionsByFunction", http.StatusOK, s.listVersions},
		"POST functions * aliases":  {"CreateAlias", http.StatusCreated, s.createAlias},
		"GET functions * aliases":   {"ListAliases", http.StatusOK, s.listAliases},
		"GET functions * aliases *": {"GetAlias", http.StatusOK, s.getAlias},
		"PUT functions * aliases *": {"UpdateAlias", http.StatusOK, s.updateAlias},
	}
	op, ok := ops[shape]
	if !ok || r.HTTP.URL.Query().Has("FunctionVersion") {
		return notImplemented(r)
	}
	r.Operation = op.name
	at, err := s.find(path[1])
	if err != nil {
		return err
	}
	if err := s.permit(r, op.name, at.Function.ARN()); err != nil {
		return err
	}
	var in aliasIn
	if r.method != http.MethodGet {
		if err := json.NewDecoder(r.HTTP.Body).Decode(&in); err != nil {
			return wire.Errorf("InvalidRequestContentException", "Could not parse request body into json: %v", err)
		}
	}
	if len(path) == 4 {
		in.Name = path[3]
	}
	out, err := op.run(at, in)
	if err != nil {
		return err
	}
	return answer(w, op.status, out)
}

// aliasIn is the body of all these calls. Of PublishVersion only what is here is known.
type aliasIn struct {
	Name            string
	FunctionVersion string
	Description     *string
	RoutingConfig   *routing
	RevisionID      string `json:"RevisionId"`
	CodeSha256      string
}

type routing struct {
	AdditionalVersionWeights map[string]float64
}

type aliasOut struct {
	ARN             string   `json:"AliasArn"`
	Name            string   `json:"Name"`
	FunctionVersion string   `json:"FunctionVersion"`
	Description     string   `json:"Description"`
	RoutingConfig   *routing `json:"RoutingConfig,omitempty"`
	RevisionID      string   `json:"RevisionId"`
}

func (at place) alias(a Alias) aliasOut {
	out := aliasOut{ARN: at.Function.ARN() + ":" + a.Name, Name: a.Name, FunctionVersion: a.Version, Description: a.Description, RevisionID: a.Revision}
	if len(a.Weights) > 0 {
		out.RoutingConfig = &routing{a.Weights}
	}
	return out
}

func (s *Service) publishVersion(at place, in aliasIn) (any, error) {
	if in.CodeSha256 != "" || in.RevisionID != "" || in.Description != nil && *in.Description != "" {
		return nil, &wire.Error{Code: "NotImplemented", Message: "local AWS implements no CodeSha256, RevisionId and Description of PublishVersion", Status: 501}
	}
	n, err := s.Publish(at.Name)
	if err != nil {
		return nil, err
	}
	return configuration(place{at.of.number(n), at.of, n}), nil
}

func (s *Service) listVersions(at place, _ aliasIn) (any, error) {
	all := []any{}
	for _, v := range append([]*version{at.of.latest}, at.of.published...) {
		all = append(all, configuration(place{v, at.of, v.Version}))
	}
	return map[string]any{"Versions": all}, nil
}

func (s *Service) createAlias(at place, in aliasIn) (any, error) {
	a := Alias{Name: in.Name, Version: in.FunctionVersion}
	in.change(&a)
	if _, err := s.CreateAlias(at.Name, a); err != nil {
		return nil, err
	}
	return s.getAlias(at, in)
}

// change sets what the call has members for.
func (in aliasIn) change(a *Alias) {
	if in.FunctionVersion != "" {
		a.Version = in.FunctionVersion
	}
	if in.Description != nil {
		a.Description = *in.Description
	}
	if in.RoutingConfig != nil {
		a.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
}

func (s *Service) updateAlias(at place, in aliasIn) (any, error) {
	a, err := s.Alias(at.Name, in.Name)
	if err != nil {
		return nil, err
	}
	if in.RevisionID != "" && in.RevisionID != a.Revision {
		return nil, &wire.Error{Code: "PreconditionFailedException", Status: 412, Message: "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"}
	}
	in.change(&a)
	if err := s.UpdateAlias(at.Name, a); err != nil {
		return nil, err
	}
	return s.getAlias(at, in)
}

func (s *Service) getAlias(at place, in aliasIn) (any, error) {
	a, err := s.Alias(at.Name, in.Name)
	return at.alias(a), err
}

func (s *Service) listAliases(at place, _ aliasIn) (any, error) {
	all := []any{}
	for _, name := range slices.Sorted(maps.Keys(at.of.aliases)) {
		all = append(all, at.alias(*at.of.aliases[name]))
	}
	return map[string]any{"Aliases": all}, nil
}
