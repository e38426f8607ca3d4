package codedeploy

import (
	"slices"

	"sluice/local/wire"
)

// rollbackOn is the event of a group's rollback configuration that each end is.
func (d *deployment) rollbackOn(status string) string {
	switch {
	case status == failed:
		return "DEPLOYMENT_FAILURE"
	case d.fault.Code == "ALARM_ACTIVE":
		return "DEPLOYMENT_STOP_ON_ALARM"
	}
	return "DEPLOYMENT_STOP_ON_REQUEST"
}

// end brings the deployment to its end, and back if the group asks for that.
func (d *deployment) end(status, code, message string) {
	now := d.s.world.Now()
	d.next.Stop()
	d.poll.Stop()
	d.status, d.completed = status, now
	if e := d.running(); e != nil {
		e.finish(failed, now)
	}
	for _, e := range d.events {
		if e.status == "Pending" {
			e.status = "Skipped"
		}
	}
	if code != "" {
		d.fault = &faultShape{code, message}
	}
	d.tell(map[string]string{succeeded: "SUCCESS", failed: "FAILURE", stopped: "STOP"}[status])
	if status != succeeded && d.undoes == "" && d.group.RollbackOn && slices.Contains(d.group.RollbackWhen, d.rollbackOn(status)) {
		d.rollBack()
		return // who waits for this deployment waits for its rollback
	}
	d.over()
}

// over tells who waits.
func (d *deployment) over() {
	for _, fn := range d.ended {
		fn()
	}
}

// rollBack makes the deployment that brings the alias back: CodeDeploy documents that
// a rollback is a new deployment. That it runs no hooks, heeds no alarms and moves
// everything at once is assumed, as is that there is none where no traffic has moved.
func (d *deployment) rollBack() {
	if d.percent == 0 {
		d.undoneText = "No traffic had been shifted: there was nothing to roll back."
		d.over()
		return
	}
	back := d.revision
	back.CurrentVersion, back.TargetVersion, back.BeforeAllowTraffic, back.AfterAllowTraffic = back.TargetVersion, back.CurrentVersion, "", ""
	undo := d.s.create(d.group, prefix+"AllAtOnce", configs[prefix+"AllAtOnce"], back)
	undo.creator, undo.undoes, undo.ended = "codeDeployRollback", d.id, d.ended
	undo.description = "Deployment " + d.id + " is rolled back"
	d.undoneBy, d.undoneText = undo.id, "Deployment "+undo.id+" rolls this deployment back."
}

// finishRollback moves all traffic back.
func (d *deployment) finishRollback() {
	if err := d.route(100); err != nil {
		d.refused(err)
		return
	}
	d.percent = 100
	d.event(allow).finish(succeeded, d.s.world.Now())
	d.end(succeeded, "", "")
}

// Stop stops a deployment that is under way. rollBack is whether traffic goes back;
// nil is what the group says. Without, it stays where it is. Errors:
// DeploymentDoesNotExistException, DeploymentAlreadyCompletedException.
func (s *Service) Stop(id string, rollBack *bool) error {
	d, err := s.deployment(id)
	if err != nil {
		return err
	}
	if !d.completed.IsZero() {
		return wire.Errorf("DeploymentAlreadyCompletedException", "The deployment %s has already been completed.", id)
	}
	if rollBack != nil {
		d.group.RollbackOn, d.group.RollbackWhen = *rollBack, []string{"DEPLOYMENT_STOP_ON_REQUEST"}
	}
	d.end(stopped, "MANUAL_STOP", "The deployment was stopped by a request.")
	return nil
}

// tell sends the event of the deployment's new state.
func (d *deployment) tell(state string) {
	d.s.outside.Emit("aws.codedeploy", "CodeDeploy Deployment State-change Notification",
		[]string{arn("application", d.group.Application), d.group.arn()}, map[string]string{
			"state": state, "application": d.group.Application, "deploymentId": d.id, "deploymentGroup": d.group.Name,
			"instanceGroupId": d.group.ID, "region": wire.Region,
		})
	if d.s.Changed != nil {
		d.s.Changed(d.read())
	}
}
