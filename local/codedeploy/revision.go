package codedeploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"

	"sluice/local/wire"
)

// Revision is what a deployment is to do, as an AppSpec says it.
type Revision struct {
	Function       string // name
	Alias          string
	CurrentVersion string
	TargetVersion  string
	// BeforeAllowTraffic and AfterAllowTraffic are hooks: functions, by name or ARN, or "".
	BeforeAllowTraffic string
	AfterAllowTraffic  string
}

// appSpec is an AppSpec file for Lambda, in YAML or JSON.
type appSpec struct {
	Version   any                      `yaml:"version" json:"version"`
	Resources []map[string]appResource `yaml:"Resources" json:"Resources"`
	Hooks     []map[string]string      `yaml:"Hooks" json:"Hooks,omitempty"`
}

type appResource struct {
	Type       string            `yaml:"Type" json:"Type"`
	Properties map[string]string `yaml:"Properties" json:"Properties"`
}

const functionType = "AWS::Lambda::Function"

// readRevision reads an AppSpec. Errors: InvalidRevisionException.
func readRevision(content string) (Revision, error) {
	bad := func(format string, args ...any) (Revision, error) {
		return Revision{}, wire.Errorf("InvalidRevisionException", "The AppSpec file is not valid: "+format, args...)
	}
	var doc appSpec
	if err := yaml.Unmarshal([]byte(content), &doc); err != nil {
		return bad("%v", err)
	}
	if fmt.Sprint(doc.Version) != "0" && fmt.Sprint(doc.Version) != "0.0" {
		return bad("version is %v; it must be 0.0", doc.Version)
	}
	if len(doc.Resources) != 1 || len(doc.Resources[0]) != 1 {
		return bad("Resources must have exactly one function")
	}
	r := Revision{}
	for name, f := range doc.Resources[0] {
		p := f.Properties
		r.Function, r.Alias, r.CurrentVersion, r.TargetVersion = p["Name"], p["Alias"], p["CurrentVersion"], p["TargetVersion"]
		if f.Type != functionType || r.Function == "" || r.Alias == "" || r.CurrentVersion == "" || r.TargetVersion == "" {
			return bad("%s must be an %s with Name, Alias, CurrentVersion and TargetVersion", name, functionType)
		}
	}
	for _, hooks := range doc.Hooks {
		for event, function := range hooks {
			switch event {
			case before:
				r.BeforeAllowTraffic = function
			case after:
				r.AfterAllowTraffic = function
			default:
				return bad("Lambda has no lifecycle event %s with a hook", event)
			}
		}
	}
	return r, nil
}

// text is the revision as an AppSpec in JSON.
func (r Revision) text() string {
	doc := appSpec{Version: 0.0, Resources: []map[string]appResource{{r.Function: {Type: functionType, Properties: map[string]string{
		"Name": r.Function, "Alias": r.Alias, "CurrentVersion": r.CurrentVersion, "TargetVersion": r.TargetVersion,
	}}}}}
	for event, function := range map[string]string{before: r.BeforeAllowTraffic, after: r.AfterAllowTraffic} {
		if function != "" {
			doc.Hooks = append(doc.Hooks, map[string]string{event: function})
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err) // texts
	}
	return string(b)
}

type revisionShape struct {
	Type    string        `json:"revisionType"`
	AppSpec *contentShape `json:"appSpecContent,omitempty"`
	String  *contentShape `json:"string,omitempty"`
}

type contentShape struct {
	Content string `json:"content,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
}

// read is the revision that a call gives.
func (in *revisionShape) read() (Revision, error) {
	if in == nil {
		return Revision{}, wire.Errorf("RevisionRequiredException", "Revision is required")
	}
	c := in.AppSpec
	if in.Type == "String" {
		c = in.String
	}
	switch {
	case in.Type != "AppSpecContent" && in.Type != "String":
		return Revision{}, &wire.Error{Code: "NotImplemented", Message: "local AWS takes revisions of type AppSpecContent and String, not " + in.Type, Status: 501}
	case c == nil:
		return Revision{}, wire.Errorf("InvalidRevisionException", "the revision has no content")
	case c.SHA256 != "" && c.SHA256 != sum(c.Content):
		return Revision{}, wire.Errorf("InvalidRevisionException", "The SHA256 of the content is %s, not %s", sum(c.Content), c.SHA256)
	}
	return readRevision(c.Content)
}

func (r Revision) shape() *revisionShape {
	text := r.text()
	return &revisionShape{Type: "AppSpecContent", AppSpec: &contentShape{text, sum(text)}}
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}
