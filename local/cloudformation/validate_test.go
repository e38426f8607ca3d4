package cloudformation

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var suffix = regexp.MustCompile(`-([0-9A-Z]{12}|[0-9a-z]{12})\b`)

// problems reads and validates a template, and returns all that is wrong with it.
func problems(src string, o Options) []string {
	tpl, err := Read([]byte(src))
	if err == nil {
		err = tpl.Validate(o)
	}
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestValidateFindsAllAtOnce(t *testing.T) {
	src := `Parameters:
  Stage: {Type: String, AllowedValues: [dev], Default: prod}
Conditions:
  Loop: !Not [!Condition Loop]
Resources:
  A:
    Type: AWS::SQS::Queue
    DependsOn: Nowhere
    Properties:
      VisibilityTimeout: soon
      Colour: red
      RedrivePolicy: {maxReceiveCount: 3}
  B:
    Type: AWS::EC2::Instance
  C:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Sub "${Missing} ${A.Colour}"
  D:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref E}
  E:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !GetAtt D.TopicName}
`
	want := []string{
		`line 2: Parameters.Stage: "prod" is none of the allowed values dev`,
		"line 4: Conditions.Loop: depends on itself",
		"line 6: A.DependsOn: the template has no resource Nowhere",
		`line 10: A.VisibilityTimeout: must be a whole number, not "soon"`,
		"line 11: A.Colour: this property is not implemented locally",
		"line 12: A.RedrivePolicy: needs property deadLetterTargetArn",
		"line 13: B: resources of type AWS::EC2::Instance are not implemented locally",
		"line 18: C.DisplayName: the template has neither parameter nor resource Missing",
		"line 18: C.DisplayName: AWS::SQS::Queue A has no attribute Colour locally; it has Arn, QueueName, QueueUrl",
		"line 19: D: circular dependency: D -> E -> D",
	}
	if diff := cmp.Diff(want, problems(src, Options{})); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestRefuses(t *testing.T) {
	resource := func(body string) string { return "Resources:\n  R: " + body }
	sam := func(body string) string {
		return "Transform: AWS::Serverless-2016-10-31\nResources:\n  R: {Type: AWS::Serverless::Function, Properties: {CodeUri: x, Handler: b, Runtime: r, " + body + "}}"
	}
	tests := []struct{ name, src, want string }{
		{"no yaml", "a: [", "line 1"},
		{"no map", "- a", "must be a map"},
		{"two documents", "a: b\n---\nc: d", "one YAML document"},
		{"section", "Rules: {}\nResources: {}", "Rules: this section"},
		{"transform", "Transform: AWS::LanguageExtensions\nResources: {}", "AWS::LanguageExtensions"},
		{"sam without transform", resource("{Type: AWS::Serverless::Function}"), "needs Transform"},
		{"anchor", "Resources: &a {}", "anchors"},
		{"key twice", "Resources: {A: {Type: AWS::SQS::Queue}, A: {Type: AWS::SQS::Queue}}", "A"},
		{"function", resource("{Type: AWS::SNS::Topic, Properties: {DisplayName: !ImportValue x}}"), "!ImportValue"},
		{"long function", resource("{Type: AWS::SNS::Topic, Properties: {DisplayName: {Fn::Base64: x}}}"), "Fn::Base64 is not implemented"},
		{"dynamic reference", resource(`{Type: AWS::SNS::Topic, Properties: {DisplayName: "{{resolve:ssm:x}}"}}`), "dynamic references"},
		{"attribute", resource("{Type: AWS::SNS::Topic, CreationPolicy: {}}"), "CreationPolicy"},
		{"no type", resource("{Properties: {}}"), "has no Type"},
		{"logical id", "Resources:\n  a-b: {Type: AWS::SNS::Topic}", "letters and digits"},
		{"no condition", resource("{Type: AWS::SNS::Topic, Condition: None}"), "no condition None"},
		{"condition function", "Conditions: {A: !Join ['', []]}\n" + resource("{Type: AWS::SNS::Topic}"), "no condition function"},
		{"map", resource("{Type: AWS::SNS::Topic, Properties: {DisplayName: !FindInMap [M, a, b]}}"), "there is no Mappings.M"},
		{"select", resource("{Type: AWS::SNS::Topic, Properties: {DisplayName: !Select [2, [a]]}}"), "1 items"},
		{"excluded by condition", "Conditions: {N: !Equals [a, b]}\nResources:\n  R: {Type: AWS::SNS::Topic, Condition: N}\n  S: {Type: AWS::SNS::Topic, Properties: {DisplayName: !GetAtt R.TopicName}}", "no resource R"},
		{"sam property", sam("Layers: [a]"), "R.Layers: this property"},
		{"sam policy template", sam("Policies: [KMSDecryptPolicy: {KeyId: x}]"), "KMSDecryptPolicy"},
		{"sam policy parameter", sam("Policies: [SQSPollerPolicy: {Queue: x}]"), "needs QueueName"},
		{"managed policy", sam("Policies: [AdministratorAccess]"), `"AdministratorAccess"`},
		{"sam event", sam("Events: {E: {Type: Api, Properties: {}}}"), `"Api"`},
		{"sam event property", sam("Events: {E: {Type: SQS, Properties: {Queue: q, FilterCriteria: {}}}}"), "Events.E.FilterCriteria"},
		{"deployment without alias", sam("DeploymentPreference: {Type: AllAtOnce}"), "R.DeploymentPreference: needs AutoPublishAlias"},
		{"deployment without type", sam("AutoPublishAlias: live, DeploymentPreference: {Enabled: true}"), "needs a Type"},
		{"deployment triggers", sam("AutoPublishAlias: live, DeploymentPreference: {Type: AllAtOnce, TriggerConfigurations: []}"), "DeploymentPreference.TriggerConfigurations"},
		{"deployment hook", sam("AutoPublishAlias: live, DeploymentPreference: {Type: AllAtOnce, Hooks: {Before: x}}"), "DeploymentPreference.Hooks.Before"},
		{"deployment alarms", sam("AutoPublishAlias: live, DeploymentPreference: {Type: AllAtOnce, Alarms: x}"), "Alarms: must be a list"},
		{"deployment id", sam("AutoPublishAlias: live, DeploymentPreference: {Type: AllAtOnce}") + "\n  CodeDeployServiceRole: {Type: AWS::SQS::Queue}", "choose another"},
		{"update policy", resource("{Type: AWS::Lambda::Alias, UpdatePolicy: {CodeDeployLambdaAliasUpdate: {ApplicationName: a}}, Properties: {Name: a, FunctionName: f, FunctionVersion: '1'}}"), "R.UpdatePolicy.CodeDeployLambdaAliasUpdate: needs property DeploymentGroupName"},
		{"role and policies", sam("Role: r, Policies: []"), "leaves Policies out"},
		{"sam globals", strings.Replace(sam(""), "Resources", "Globals: {Api: {}}\nResources", 1), "Globals.Api"},
		{"globals property", strings.Replace(sam(""), "Resources", "Globals: {Function: {Policies: []}}\nResources", 1), "not possible in Globals"},
		{"unknown parameter", resource("{Type: AWS::SNS::Topic}"), "no such parameter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{}
			if tt.name == "unknown parameter" {
				o.Parameters = map[string]string{"None": "x"}
			}
			got := problems(tt.src, o)
			if !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, tt.want) }) {
				t.Errorf("got %q, want a problem with %q", got, tt.want)
			}
		})
	}
}

func TestDefinitions(t *testing.T) {
	tests := []struct{ name, properties, want string }{
		{"substitution missing", "DefinitionUri: machine.asl.json", "line 4: M.DefinitionSubstitutions: the definition has ${Work}, which has no substitution"},
		{"substitution unused", "DefinitionUri: machine.asl.json, DefinitionSubstitutions: {Work: a, Other: b}", "line 4: M.DefinitionSubstitutions.Other: the definition has no ${Other}"},
		{"no file", "DefinitionUri: none.json", "line 4: M.DefinitionUri: reading the definition: open none.json: file does not exist"},
		{"none", "Name: m", "line 4: M: needs exactly one of DefinitionUri, Definition and DefinitionString"},
		{"inline", "Definition: {StartAt: A}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := "Transform: AWS::Serverless-2016-10-31\nResources:\n  M:\n    {Type: AWS::Serverless::StateMachine, Properties: {" + tt.properties + ", Role: r}}"
			src = strings.Replace(src, "  M:\n    {", "\n  M: {", 1)
			if got := strings.Join(problems(src, Options{Files: files()}), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFunctions(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`!Join ["-", [a, !Ref "AWS::AccountId", b]]`, "a-111122223333-b"},
		{`!Select [1, !Split [",", "a,b,c"]]`, "b"},
		{`!Select [0, !Ref Many]`, "x"},
		{`!Sub ["${A}-${Stage}", {A: !Ref Stage}]`, "dev-dev"},
		{`!Sub "${AWS::Partition}.${AWS::URLSuffix}"`, "aws.amazonaws.com"},
		{`!FindInMap [Sizes, !Ref Stage, memory]`, "256"},
		{`!If [Dev, yes, no]`, "yes"},
		{`!If [Both, yes, !Ref Nowhere]`, "yes"},
		{`!If [Neither, !Ref Nowhere, no]`, "no"},
		{`{"Fn::Join": ["", ["a", {"Fn::Sub": "${Stage}"}]]}`, "adev"},
		{`!Ref AWS::StackName`, "s"},
		{`!Sub "arn:${AWS::Partition}:sqs::q"`, "arn:aws:sqs::q"},
		{`{Fn::GetAtt: [Topic, TopicName]}`, "named"},
		{`{"Fn::GetAtt":["Topic","TopicName"]}`, "named"},
		{`!GetAtt Topic.TopicName`, "named"},
		{`!Sub "${Topic}"`, "arn:aws:sns:us-east-1:111122223333:named"},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			tpl, err := Read([]byte(`Parameters: {Stage: {Type: String, Default: dev}, Many: {Type: CommaDelimitedList, Default: "x, y"}}
Mappings: {Sizes: {dev: {memory: 256}}}
Conditions:
  Dev: !Equals [!Ref Stage, dev]
  Both: !And [!Condition Dev, !Equals [a, a]]
  Neither: !Not [!Or [!Condition Both, !Equals [a, b]]]
Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: named}}}
Outputs: {Out: {Value: ` + tt.expr + `}}`))
			if err != nil {
				t.Fatal(err)
			}
			stack, err := tpl.Deploy(Options{StackName: "s"}, &recorder{})
			if err != nil {
				t.Fatal(err)
			}
			if got := stack.Outputs["Out"]; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Every spec must be one that decode has a form for, and give its Ref and attributes.
func TestSpecsDecode(t *testing.T) {
	for _, table := range []map[string]kind{kinds, dataKinds} {
		for name, k := range table {
			spec, meta := k.spec()
			meta.LogicalID = "R"
			var walk func(typ reflect.Type, n int) *Node
			walk = func(typ reflect.Type, n int) *Node {
				switch {
				case n > 8 || typ == documentType || typ == ignoredType:
					return object()
				case typ.Kind() == reflect.Pointer:
					return walk(typ.Elem(), n+1)
				case typ.Kind() == reflect.Slice:
					return list(walk(typ.Elem(), n+1))
				case typ.Kind() == reflect.Map:
					return object("k", walk(typ.Elem(), n+1))
				case typ.Kind() == reflect.Bool:
					return &Node{Kind: Bool, Text: "true"}
				case typ.Kind() != reflect.Struct:
					return &Node{Kind: Number, Text: "1"}
				}
				out := object()
				for i := range typ.NumField() {
					f := typ.Field(i)
					key, _, _ := strings.Cut(f.Tag.Get("cfn"), ",")
					if key == "-" || f.Type == metaType {
						continue
					}
					if key == "" {
						key = f.Name
					}
					out.set(key, walk(f.Type, n+1))
				}
				return out
			}
			found := &Problems{}
			decode(walk(reflect.TypeOf(spec).Elem(), 0), spec, name, found)
			if err := found.err(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if c := k.usually(spec, Created{}); c.Ref == "" && name != "AWS::Lambda::Permission" {
				t.Errorf("%s has no Ref", name)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	sources, err := filepath.Glob("testdata/sam/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range sources {
		src, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte(small))
	f.Add([]byte("Resources: {A: {Type: AWS::SQS::Queue, Properties: !If [A, !Ref B, !Sub ['${x', {}]]}}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		tpl, err := Read(src)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error that says nothing")
			}
			return
		}
		o := Options{StackName: "s", Files: files()}
		first, second := tpl.Validate(o), tpl.Validate(o)
		if (first == nil) != (second == nil) || first != nil && first.Error() != second.Error() {
			t.Fatalf("two validations differ:\n%v\n%v", first, second)
		}
	})
}
