package local

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"sluice/local/cloudformation"
	"sluice/local/codedeploy"
	"sluice/local/lambda"
)

// NewCode is other code for one function of a stack.
type NewCode struct {
	Function string // its folder, such as on-data
	Path     string // where the code is; "" is where the function's is, built anew
	Defect   lambda.Defect
}

// Updated is how the update of a stack ended.
type Updated struct {
	Stack       *cloudformation.Stack   // as it is now: after a rollback as it was
	Failed      string                  // why the update was rolled back, or ""
	Deployments []codedeploy.Deployment // that it started, in that order
}

// Update brings other code into a deployed stack, as an update by CloudFormation does:
// it publishes versions, changes what refers to them, and moves each alias by a
// deployment of its group or, where it has none, at once. All deployments run at the
// same time. If one does not succeed the others are stopped, and everything returns to
// what it was. done, if it is not nil, is called at the end. The caller holds the world.
//
// Assumed: while a stack returns, aliases that had moved are moved back at once. Errors:
// what is refused before a deployment has begun; nothing has changed then.
func (a *AWS) Update(stack *cloudformation.Stack, code []NewCode, done func(Updated)) error {
	if a.updating {
		return fmt.Errorf("stack %s is in UPDATE_IN_PROGRESS state and can not be updated", stack.Name)
	}
	u := &update{AWS: a, was: stack, done: done, before: map[string]lambda.Function{}}
	for _, c := range code {
		if err := u.bring(c); err != nil {
			u.restore()
			return err
		}
	}
	var err error
	if u.now, err = stack.Update(provider{a}, func(function string) bool { _, ok := u.before[function]; return ok }, u.change); err != nil {
		u.restore()
		return fmt.Errorf("updating stack %s: %w", stack.Name, err)
	}
	a.updating = true
	for _, move := range u.moves {
		id, err := a.CodeDeploy.Start(move.application, move.group, "", "CloudFormation", "", move.revision, u.ended)
		if err != nil {
			u.fail(err.Error())
			break
		}
		u.running = append(u.running, id)
		u.started = append(u.started, id)
	}
	a.World.After(0, "update of stack "+stack.Name, u.finish)
	return nil
}

// update is an update under way.
type update struct {
	*AWS
	was, now *cloudformation.Stack
	before   map[string]lambda.Function // the functions with other code as they were, by name
	changes  []cloudformation.Change    // that were made
	moves    []move                     // that deployments make
	running  []string                   // deployments under way
	started  []string
	failed   string
	done     func(Updated)
}

// move is an alias that a deployment moves.
type move struct {
	application, group string
	revision           codedeploy.Revision
}

// bring gives a function its other code.
func (u *update) bring(c NewCode) error {
	for _, name := range u.Lambda.Names() {
		f, err := u.Lambda.Function(name)
		if err != nil {
			return err
		}
		if path.Base(f.CodePath) != c.Function {
			continue
		}
		u.before[name] = f
		return u.Lambda.UpdateCode(name, c.Path, c.Defect)
	}
	return fmt.Errorf("the stack has no function %s", c.Function)
}

// change makes a resource what it is to be.
func (u *update) change(c cloudformation.Change) error {
	if alias, ok := c.Now.Spec.(*cloudformation.AliasSpec); ok && alias.UpdatePolicy != nil {
		how := alias.UpdatePolicy.CodeDeployLambdaAliasUpdate
		u.moves = append(u.moves, move{how.ApplicationName, how.DeploymentGroupName, codedeploy.Revision{
			Function: alias.FunctionName, Alias: alias.Name, CurrentVersion: c.Was.Spec.(*cloudformation.AliasSpec).FunctionVersion,
			TargetVersion: alias.FunctionVersion, BeforeAllowTraffic: how.BeforeAllowTrafficHook, AfterAllowTraffic: how.AfterAllowTrafficHook,
		}})
		u.changes = append(u.changes, c)
		return nil
	}
	if err := u.apply(c.Now.Spec); err != nil {
		return err
	}
	u.changes = append(u.changes, c)
	return nil
}

// apply makes a resource, which is there, what spec says.
func (u *update) apply(spec any) error {
	var err error
	switch s := spec.(type) {
	case *cloudformation.AliasSpec:
		err = u.Lambda.UpdateAlias(s.FunctionName, lambda.Alias{Name: s.Name, Version: s.FunctionVersion})
	case *cloudformation.FunctionSpec:
		f := function(s)
		var is lambda.Function
		if is, err = u.Lambda.Function(f.Name); err == nil {
			f.CodePath, f.Build, f.Defect, f.Async = is.CodePath, is.Build, is.Defect, is.Async
			err = u.Lambda.Update(f)
		}
	case *cloudformation.AlarmSpec:
		_, err = provider{u.AWS}.Alarm(s)
	case *cloudformation.CompositeAlarmSpec:
		_, err = provider{u.AWS}.CompositeAlarm(s)
	case *cloudformation.DashboardSpec:
		_, err = provider{u.AWS}.Dashboard(s)
	default:
		err = fmt.Errorf("local AWS updates no %T", spec)
	}
	return err
}

// ended hears that a deployment, and the rollback that it called for, is over.
func (u *update) ended(d codedeploy.Deployment) {
	u.running = slices.DeleteFunc(u.running, func(id string) bool { return id == d.ID })
	if d.Status != "Succeeded" {
		u.fail(fmt.Sprintf("deployment %s of %s: %s", d.ID, d.Revision.Function, cmp.Or(d.Message, d.Status)))
	}
	u.finish()
}

// fail stops what is under way; the first reason counts.
func (u *update) fail(why string) {
	if u.failed != "" {
		return
	}
	u.failed = why
	back := true
	for _, id := range slices.Clone(u.running) {
		_ = u.CodeDeploy.Stop(id, &back) // one that has ended by itself is waited for, too
	}
}

// finish ends the update when nothing of it is under way.
func (u *update) finish() {
	if len(u.running) > 0 || !u.updating {
		return
	}
	u.updating = false
	end := Updated{Stack: u.now, Failed: u.failed}
	if u.failed != "" {
		end.Stack = u.was
		u.restore()
	}
	for _, d := range u.CodeDeploy.Deployments() {
		if slices.Contains(u.started, d.ID) {
			end.Deployments = append(end.Deployments, d)
		}
	}
	if u.done != nil {
		u.done(end)
	}
}

// restore makes everything what it was. What cannot fail once does not fail again:
// each of these was so before.
func (u *update) restore() {
	for name, f := range u.before {
		must(u.Lambda.Update(f), name)
	}
	for _, c := range slices.Backward(u.changes) {
		must(u.apply(c.Was.Spec), c.Was.LogicalID)
	}
}

// must panics: a state of local AWS that it was in before is refused by none of it.
func must(err error, what string) {
	if err != nil {
		panic(fmt.Sprintf("local AWS cannot restore %s: %v", what, err))
	}
}
