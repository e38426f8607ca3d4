package spec

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("sluice.schema.json", tree); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sluice.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate asks the schema, as an editor would.
func validate(t testing.TB, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	written, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
	if err != nil {
		return err // infinity, which JSON does not have
	}
	return schema.Validate(tree)
}

func TestSchemaAcceptsValid(t *testing.T) {
	schema := compiled(t)
	for _, path := range append(glob(t, "testdata/valid/*.yaml"), "../../examples/churn/sluice.yaml") {
		if err := validate(t, schema, read(t, path)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestSchemaRefusesInvalid: the schema refuses exactly the chunks that say so.
func TestSchemaRefusesInvalid(t *testing.T) {
	schema := compiled(t)
	for _, c := range chunks(t) {
		if c.word["yaml"] {
			continue
		}
		err := validate(t, schema, []byte(c.text))
		if refused := err != nil; refused != c.word["schema"] {
			t.Errorf("%s:%d: schema refuses: %v, expected: %v\n%v", c.path, c.line, refused, c.word["schema"], err)
		}
	}
}

// node is what this test reads of the schema.
type node struct {
	Ref                  string          `json:"$ref"`
	Description          string          `json:"description"`
	Type                 string          `json:"type"`
	Properties           map[string]node `json:"properties"`
	AdditionalProperties any             `json:"additionalProperties"`
	Required             []string        `json:"required"`
	Items                *node           `json:"items"`
	Enum                 []string        `json:"enum"`
	Default              any             `json:"default"`
	Examples             []any           `json:"examples"`
	MaxItems             int             `json:"maxItems"`
	MaxProperties        int             `json:"maxProperties"`
	MaxLength            int             `json:"maxLength"`
	Defs                 map[string]node `json:"$defs"`
}

func schemaRoot(t *testing.T) node {
	t.Helper()
	var root node
	if err := json.Unmarshal(Schema, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// resolved is n with what it refers to; what n says itself wins.
func (n node) resolved(root node) node {
	if n.Ref == "" {
		return n
	}
	target := root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
	own := n
	own.Ref = ""
	if own.Description != "" {
		target.Description = own.Description
	}
	if own.Examples != nil {
		target.Examples = own.Examples
	}
	if own.MaxLength != 0 {
		target.MaxLength = own.MaxLength
	}
	target.Default = own.Default
	return target
}

// TestSchemaEqualsTypes walks schema and Go types side by side: the same fields,
// required and not, the same kinds, words and sizes, and a description for each.
func TestSchemaEqualsTypes(t *testing.T) {
	root := schemaRoot(t)
	compare(t, root, root, reflect.TypeFor[Spec](), "")
}

func compare(t *testing.T, root, n node, typ reflect.Type, field string) {
	n = n.resolved(root)
	if n.Description == "" {
		t.Errorf("%s has no description", field)
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if words := wordsOf(field, typ); !cmp.Equal(words, n.Enum) {
		t.Errorf("%s: words %v in Go, %v in the schema", field, words, n.Enum)
	}
	if want := kindOf(typ); n.Enum == nil && n.Type != want {
		t.Errorf("%s: type %q in the schema, want %q", field, n.Type, want)
	}
	switch {
	case typ.Kind() == reflect.Struct:
		f := fieldsOf(typ)
		var names []string
		for name := range n.Properties {
			names = append(names, name)
		}
		if diff := cmp.Diff(f.names, names, cmpopts.SortSlices(strings.Compare)); diff != "" {
			t.Errorf("%s: fields (-Go +schema):\n%s", field, diff)
		}
		if diff := cmp.Diff(f.required, n.Required, cmpopts.SortSlices(strings.Compare)); diff != "" {
			t.Errorf("%s: required (-Go +schema):\n%s", field, diff)
		}
		if n.AdditionalProperties != false {
			t.Errorf("%s: the schema lets unknown fields pass", field)
		}
		for i, name := range f.names {
			if property, ok := n.Properties[name]; ok {
				compare(t, root, property, typ.Field(i).Type, join(field, name))
			}
		}
	case typ.Kind() == reflect.Slice:
		if n.MaxItems != maxItems(field) {
			t.Errorf("%s: maxItems %d, want %d", field, n.MaxItems, maxItems(field))
		}
		if item := n.Items.resolved(root); item.Type == "object" || enums[typ.Elem()] != nil {
			compare(t, root, item, typ.Elem(), field+"[]")
		}
	case typ.Kind() == reflect.Map && n.MaxProperties != maxItems(field):
		t.Errorf("%s: maxProperties %d, want %d", field, n.MaxProperties, maxItems(field))
	}
}

func kindOf(typ reflect.Type) string {
	if typ == reflect.TypeFor[Duration]() || typ == reflect.TypeFor[Percent]() || typ == reflect.TypeFor[Bytes]() {
		return "string"
	}
	return map[reflect.Kind]string{
		reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string",
		reflect.Int: "integer", reflect.Float64: "number", reflect.Bool: "boolean",
	}[typ.Kind()]
}

// TestSchemaDefaults: what the schema calls the default of a field is what
// Normalised fills in.
func TestSchemaDefaults(t *testing.T) {
	root, seen := schemaRoot(t), 0
	for _, rollout := range []Rollout{
		{}, {Strategy: StrategyLinear}, {Strategy: StrategyBlueGreen}, {Strategy: StrategyShadow},
		{Strategy: StrategySteps, Steps: []Step{{Weight: 5}}},
		{Strategy: StrategySteps, Steps: []Step{{Shadow: &Mirror{}}}},
		{Strategy: StrategySteps, Steps: []Step{{Approve: &Approval{}}}, Windows: []Window{{From: "09:00", To: "10:00"}}},
	} {
		rollout.Judge.Latency = &Latency{}
		s := Spec{Triggers: Triggers{Data: []DataTrigger{{Bucket: "abc"}}}, Drift: &Drift{}, Rollout: rollout}.Normalised()
		var filled any
		if err := json.Unmarshal(s.canonical(), &filled); err != nil {
			t.Fatal(err)
		}
		var visit func(n node, value any, field string)
		visit = func(n node, value any, field string) {
			n = n.resolved(root)
			written, ok := value.(map[string]any)
			if list, isList := value.([]any); isList && len(list) == 1 {
				n, field = n.Items.resolved(root), field+"[]"
				written, ok = list[0].(map[string]any)
			}
			if n.Default != nil && n.Default != value && field != "rollout.strategy" && n.Default != false {
				t.Errorf("%s: default %v in the schema, %v in Go", field, n.Default, value)
			} else if n.Default != nil {
				seen++
			}
			for name := range written {
				if ok {
					visit(n.Properties[name], written[name], join(field, name))
				}
			}
		}
		visit(root, filled, "")
	}
	if seen < 100 {
		t.Errorf("only %d defaults compared", seen)
	}
	if got := (Spec{}).Normalised().Rollout.Strategy; root.Defs["rollout"].Properties["strategy"].Default != string(got) {
		t.Errorf("default strategy is %s", got)
	}
}

// TestSchemaExamples: a fix proposes what the schema gives as an example.
func TestSchemaExamples(t *testing.T) {
	root := schemaRoot(t)
	for field, example := range examples {
		n := root
		for _, name := range strings.Split(field, ".") {
			name, isList := strings.CutSuffix(name, "[]")
			n = n.Properties[name].resolved(root)
			if isList {
				n = n.Items.resolved(root)
			}
		}
		var want any
		if err := yaml.Unmarshal([]byte(example), &want); err != nil {
			t.Fatal(err)
		}
		found := n.Default == want || len(n.Enum) > 0
		for _, given := range n.Examples {
			found = found || cmp.Equal(plain(t, given), plain(t, want))
		}
		if !found {
			t.Errorf("%s: the example %s is not one of the schema's: %v", field, example, n.Examples)
		}
	}
}

func plain(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSchemaLengths: lengths in the schema are those that Parse checks.
func TestSchemaLengths(t *testing.T) {
	root := schemaRoot(t)
	for field, want := range map[string]int{
		"model": maxModel, "pipeline.name": maxPipelineName, "package.group": maxSageMakerName,
		"endpoint.name": maxEndpoint, "endpoint.executionRole": maxRole,
	} {
		n := root
		for _, name := range strings.Split(field, ".") {
			n = n.Properties[name].resolved(root)
		}
		if n.MaxLength != want {
			t.Errorf("%s: maxLength %d in the schema, %d in Go", field, n.MaxLength, want)
		}
	}
}
