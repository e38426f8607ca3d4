package sluice_test

import (
	"io/fs"
	"sync"
	"testing"

	"sluice"
	cf "sluice/local/cloudformation"
)

// deployed is template.yaml as it would be deployed, with what SAM makes of it and all
// references resolved. Nothing is created.
var deployed = sync.OnceValues(func() (*cf.Stack, error) {
	text, err := fs.ReadFile(sluice.Deployed, "template.yaml")
	if err != nil {
		return nil, err
	}
	t, err := cf.Read(text)
	if err != nil {
		return nil, err
	}
	return t.Plan(cf.Options{Files: sluice.Deployed})
})

// resources are the deployed resources of one type.
func resources[Spec any](t *testing.T) []Spec {
	t.Helper()
	stack, err := deployed()
	if err != nil {
		t.Fatalf("template.yaml cannot be deployed:\n%v", err)
	}
	var all []Spec
	for _, r := range stack.Resources {
		if s, ok := r.Spec.(*Spec); ok {
			all = append(all, *s)
		}
	}
	return all
}

// arn is the ARN of a deployed resource.
func arn(t *testing.T, m cf.Meta) string {
	t.Helper()
	stack, err := deployed()
	if err != nil {
		t.Fatal(err)
	}
	r, _ := stack.Resource(m.LogicalID)
	if r.Attributes["Arn"] == "" {
		t.Fatalf("%s has no ARN", m.LogicalID)
	}
	return r.Attributes["Arn"]
}
