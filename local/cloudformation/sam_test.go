package cloudformation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The golden files are what aws-sam-translator makes of the templates beside them;
// testdata/sam/generate.py writes them.
func TestExpansionIsTheTranslators(t *testing.T) {
	sources, err := filepath.Glob("testdata/sam/*.yaml")
	if err != nil || len(sources) == 0 {
		t.Fatal("no templates in testdata/sam", err)
	}
	for _, source := range sources {
		t.Run(strings.TrimSuffix(filepath.Base(source), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			template, err := Read(src)
			if err != nil {
				t.Fatal(err)
			}
			problems := &Problems{}
			s := newScope(template, Options{}, problems)
			got := map[string]any{}
			for _, r := range s.expandAll() {
				doc := object("Type", text(r.kind), "Properties", r.properties)
				doc.set("UpdatePolicy", r.updatePolicy)
				if len(r.dependsOn) > 0 {
					ids := list()
					for _, id := range r.dependsOn {
						ids.Items = append(ids.Items, text(id))
					}
					doc.set("DependsOn", ids)
				}
				got[r.id] = doc
			}
			if err := problems.err(); err != nil {
				t.Fatal(err)
			}
			gotJSON, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			wantJSON, err := os.ReadFile(strings.TrimSuffix(source, ".yaml") + ".golden.json")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(comparable(t, wantJSON), comparable(t, gotJSON)); diff != "" {
				t.Errorf("translator (-) and this package (+) differ:\n%s", diff)
			}
		})
	}
}

var versionID = regexp.MustCompile(`Version[0-9a-f]{10}`)

// comparable drops what must differ: where code is, hashes of it, and attributes of
// resources that local AWS reads over (Condition is decided already).
func comparable(t *testing.T, doc []byte) map[string]map[string]any {
	var out map[string]map[string]any
	if err := json.Unmarshal(versionID.ReplaceAll(doc, []byte("Version0")), &out); err != nil {
		t.Fatal(err)
	}
	for _, r := range out {
		delete(r, "Condition")
		delete(r, "DeletionPolicy")
		if id, ok := r["DependsOn"].(string); ok {
			r["DependsOn"] = []any{id}
		}
		p, _ := r["Properties"].(map[string]any)
		if p == nil {
			r["Properties"] = map[string]any{}
		}
		for _, where := range []string{"Code", "DefinitionUri", "DefinitionS3Location"} {
			delete(p, where)
		}
	}
	return out
}
