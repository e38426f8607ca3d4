package codedeploy

import "sluice/local/wire"

// hashed is the revision as GetDeployment tells it: by its hash, without its text.
// Assumed: AWS documents neither this nor that GetApplicationRevision has the text, as
// JSON in the member string; hooks in use read it so.
func (r Revision) hashed() *revisionShape {
	return &revisionShape{Type: "String", String: &contentShape{SHA256: sum(r.text())}}
}

type revisionIn struct {
	Application string         `json:"applicationName"`
	Revision    *revisionShape `json:"revision"`
}

type revisionOut struct {
	Application string         `json:"applicationName"`
	Revision    *revisionShape `json:"revision"`
}

// getRevision finds the text of a revision that was deployed, by its hash.
func (s *Service) getRevision(_ *wire.Call, in *revisionIn) (*revisionOut, error) {
	if in.Revision == nil {
		return nil, wire.Errorf("RevisionRequiredException", "Revision is required")
	}
	for _, d := range s.deployments {
		text := d.revision.text()
		for _, c := range []*contentShape{in.Revision.String, in.Revision.AppSpec} {
			if c != nil && c.SHA256 == sum(text) && d.group.Application == in.Application {
				return &revisionOut{in.Application, &revisionShape{Type: "String", String: &contentShape{text, c.SHA256}}}, nil
			}
		}
	}
	return nil, wire.Errorf("RevisionDoesNotExistException", "application %s has no such revision", in.Application)
}
