package sluice_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	cf "sluice/local/cloudformation"

	"sluice/local/events/pattern"
)

func TestFunctionsGetTheVariablesThatTheyRead(t *testing.T) {
	names := variables(t)
	for _, f := range resources[cf.FunctionSpec](t) {
		folder := path.Clean(f.Code.LocalPath)
		var read []string
		for _, s := range sources(t) {
			if s.folder == folder {
				for _, v := range mustReads(s.syntax) {
					if names[v] == "" {
						t.Errorf("%s reads edge.%s, which is no edge.Var", s.path, v)
					}
					read = append(read, names[v])
				}
			}
		}
		given := keys(f.Environment.Variables)
		for _, v := range missing(read, given) {
			t.Errorf("template.yaml: %s does not get %s, which %s/main.go reads: it could not start", f.LogicalID, v, folder)
		}
		for _, v := range missing(given, append(read, names["Table"])) { // Globals give the table to all
			t.Errorf("template.yaml: %s gets %s, which %s/main.go does not read: a variable without a reader misleads", f.LogicalID, v, folder)
		}
	}
}

// variables leads from each constant of type Var in shared/edge to its value.
func variables(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	for _, s := range sources(t) {
		if s.folder != "shared/edge" || s.test {
			continue
		}
		for n := range ast.Preorder(s.syntax) {
			d, ok := n.(*ast.GenDecl)
			if !ok || d.Tok != token.CONST {
				continue
			}
			for _, spec := range d.Specs {
				v := spec.(*ast.ValueSpec)
				if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Var" && len(v.Values) == 1 {
					names[v.Names[0].Name] = literal(v.Values[0])
				}
			}
		}
	}
	if len(names) == 0 {
		t.Fatal("shared/edge has no constants of type Var")
	}
	return names
}

// mustReads are the X of all edge.X.Must() in f.
func mustReads(f *ast.File) []string {
	var names []string
	for n := range ast.Preorder(f) {
		if must, ok := n.(*ast.SelectorExpr); ok && must.Sel.Name == "Must" {
			if v, ok := must.X.(*ast.SelectorExpr); ok {
				names = append(names, v.Sel.Name)
			}
		}
	}
	return names
}

// literal is the value of a string literal, else "".
func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		s, _ := strconv.Unquote(lit.Value) // the parser takes no other
		return s
	}
	return ""
}

func TestFunctionsHaveTheirOwnRole(t *testing.T) {
	roles := map[string]cf.RoleSpec{}
	for _, r := range resources[cf.RoleSpec](t) {
		roles[arn(t, r.Meta)] = r
	}
	taken := map[string]string{}
	for _, f := range resources[cf.FunctionSpec](t) {
		switch role, ok := roles[f.Role]; {
		case !ok:
			t.Errorf("template.yaml: %s runs under %s, which the template does not make: give it Policies, and SAM makes its role", f.LogicalID, f.Role)
		case len(role.Policies) == 0:
			t.Errorf("template.yaml: %s has no Policies of its own: say what it may do", f.LogicalID)
		case taken[f.Role] != "":
			t.Errorf("template.yaml: %s and %s share a role, so each may do what only the other must", taken[f.Role], f.LogicalID)
		}
		taken[f.Role] = f.LogicalID
	}
}

// star is a scalar that is "*" and nothing else.
var star = regexp.MustCompile(`(^|[\s\[,{:-])(["'])\*(["'])`)

func TestEveryStarHasItsReason(t *testing.T) {
	for _, file := range []string{"template.yaml", "pipeline.yaml"} {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) && file != "template.yaml" {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		before := ""
		for i, line := range strings.Split(string(text), "\n") {
			reason, commented := strings.CutPrefix(strings.TrimSpace(before), "#")
			if star.MatchString(line) && !(commented && len(strings.Fields(reason)) >= 3) {
				t.Errorf("%s:%d: name the resource; if AWS takes only \"*\" here, say so in a comment on the line above", file, i+1)
			}
			before = line
		}
	}
}

func TestDeliveriesAreRetriedAndKept(t *testing.T) {
	for _, r := range resources[cf.RuleSpec](t) {
		for _, target := range r.Targets {
			if p := target.RetryPolicy; p == nil || p.MaximumRetryAttempts == nil || p.MaximumEventAgeInSeconds == nil {
				t.Errorf("template.yaml: target %s of rule %s needs a RetryPolicy with both members: how long an event is tried is our decision", target.Id, r.LogicalID)
			}
			if target.DeadLetterConfig == nil {
				t.Errorf("template.yaml: target %s of rule %s needs a DeadLetterConfig: without it EventBridge drops what it cannot deliver", target.Id, r.LogicalID)
			}
		}
	}
	for _, s := range resources[cf.ScheduleSpec](t) {
		if s.Target.RetryPolicy == nil || s.Target.DeadLetterConfig == nil {
			t.Errorf("template.yaml: schedule %s needs a RetryPolicy and a DeadLetterConfig", s.LogicalID)
		}
	}
}

func TestFailedInvocationsAreKept(t *testing.T) {
	kept := map[string]bool{} // by name of the function, of its alias
	for _, c := range resources[cf.EventInvokeConfigSpec](t) {
		kept[c.FunctionName+":"+c.Qualifier] = c.DestinationConfig.OnFailure.Destination != ""
	}
	redriven := map[string]bool{} // by ARN of the queue
	for _, q := range resources[cf.QueueSpec](t) {
		redriven[arn(t, q.Meta)] = q.RedrivePolicy != nil
	}
	asynchronous := callers(t)
	for _, f := range resources[cf.FunctionSpec](t) {
		if by := asynchronous[live(t, f)]; len(by) > 0 && !kept[f.FunctionName+":live"] {
			t.Errorf("template.yaml: %s is invoked by %s and needs an OnFailure destination: Lambda drops an event that fails three times", f.LogicalID, strings.Join(by, ", "))
		}
	}
	for _, m := range resources[cf.MappingSpec](t) {
		switch stream := m.StartingPosition != ""; {
		case stream && m.DestinationConfig.OnFailure.Destination == "":
			t.Errorf("template.yaml: %s needs an OnFailure destination: Lambda drops what it gives up of a stream", m.LogicalID)
		case stream && m.MaximumRetryAttempts == nil && m.MaximumRecordAgeInSeconds == nil:
			t.Errorf("template.yaml: %s needs MaximumRetryAttempts or MaximumRecordAgeInSeconds: else a change that always fails holds up all others for a day", m.LogicalID)
		case !stream && !redriven[m.EventSourceArn]:
			t.Errorf("template.yaml: the queue of %s needs a RedrivePolicy: a message that always fails would come back until it expires", m.LogicalID)
		}
	}
}

// callers leads from the ARN of each function that events invoke without waiting for
// its answer to what does.
func callers(t *testing.T) map[string][]string {
	t.Helper()
	by := map[string][]string{}
	for _, r := range resources[cf.RuleSpec](t) {
		for _, target := range r.Targets {
			by[target.Arn] = append(by[target.Arn], r.LogicalID)
		}
	}
	for _, s := range resources[cf.ScheduleSpec](t) {
		by[s.Target.Arn] = append(by[s.Target.Arn], s.LogicalID)
	}
	for _, s := range resources[cf.SubscriptionSpec](t) {
		by[s.Endpoint] = append(by[s.Endpoint], s.LogicalID)
	}
	return by
}

// heard reports whether report-failure hears of an alarm, which then tells people.
func heard(t *testing.T, a cf.AlarmSpec) bool {
	t.Helper()
	e, err := pattern.Take(fmt.Appendf(nil, `{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","detail":{"alarmName":%q,"state":{"value":"ALARM"}}}`, a.AlarmName))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources[cf.RuleSpec](t) {
		if !strings.HasPrefix(r.LogicalID, "ReportFailureFunction") {
			continue
		}
		p, err := pattern.Compile(string(r.EventPattern))
		if err != nil {
			t.Fatal(err)
		}
		if p.Match(e) {
			return true
		}
	}
	return false
}

// Each alarm of the stack reaches people: by itself, through report-failure, or as the end
// of the deployment that it stops, which report-failure hears of.
func TestAlarmsReachPeople(t *testing.T) {
	stops := map[string]bool{}
	for _, g := range resources[cf.DeploymentGroupSpec](t) {
		for _, a := range g.AlarmConfiguration.Alarms {
			stops[a.Name] = true
		}
	}
	for _, a := range resources[cf.AlarmSpec](t) {
		if len(a.AlarmActions) == 0 && !heard(t, a) && !stops[a.AlarmName] {
			t.Errorf("template.yaml: nobody hears of alarm %s", a.LogicalID)
		}
	}
}

// What lies in a dead-letter queue is lost, unless somebody is told.
func TestDeadLettersRaiseAnAlarm(t *testing.T) {
	dead := deadLetters(t)
	if len(dead) == 0 {
		t.Error("template.yaml has no dead letters")
	}
	watched := map[string]bool{} // by name of the queue
	for _, a := range resources[cf.AlarmSpec](t) {
		if a.Namespace == "AWS/SQS" && a.MetricName == "ApproximateNumberOfMessagesVisible" && (len(a.AlarmActions) > 0 || heard(t, a)) &&
			len(a.Dimensions) == 1 && a.Dimensions[0].Name == "QueueName" {
			watched[a.Dimensions[0].Value] = true
		}
	}
	queues := map[string]cf.QueueSpec{}
	for _, q := range resources[cf.QueueSpec](t) {
		queues[arn(t, q.Meta)] = q
	}
	for _, target := range keys(dead) {
		switch q, ok := queues[target]; {
		case !ok:
			t.Errorf("template.yaml: dead letters of %s go to %s, which is no queue of the template", strings.Join(dead[target], ", "), target)
		case !watched[q.QueueName]:
			t.Errorf("template.yaml: %s takes dead letters of %s and needs an alarm with actions on ApproximateNumberOfMessagesVisible", q.LogicalID, strings.Join(dead[target], ", "))
		}
	}
}

// deadLetters leads from the ARN of each place for dead letters to whose they are.
func deadLetters(t *testing.T) map[string][]string {
	t.Helper()
	of := map[string][]string{}
	note := func(target, whose string) {
		if target != "" && !slices.Contains(of[target], whose) {
			of[target] = append(of[target], whose)
		}
	}
	for _, q := range resources[cf.QueueSpec](t) {
		if q.RedrivePolicy != nil {
			note(q.RedrivePolicy.DeadLetterTargetArn, q.LogicalID)
		}
	}
	for _, r := range resources[cf.RuleSpec](t) {
		for _, target := range r.Targets {
			if target.DeadLetterConfig != nil {
				note(target.DeadLetterConfig.Arn, r.LogicalID)
			}
		}
	}
	for _, s := range resources[cf.ScheduleSpec](t) {
		if s.Target.DeadLetterConfig != nil {
			note(s.Target.DeadLetterConfig.Arn, s.LogicalID)
		}
	}
	for _, c := range resources[cf.EventInvokeConfigSpec](t) {
		note(c.DestinationConfig.OnFailure.Destination, c.FunctionName)
	}
	for _, m := range resources[cf.MappingSpec](t) {
		note(m.DestinationConfig.OnFailure.Destination, m.LogicalID)
	}
	for _, f := range resources[cf.FunctionSpec](t) {
		if f.DeadLetterConfig != nil {
			note(f.DeadLetterConfig.TargetArn, f.LogicalID)
		}
	}
	return of
}
