// plan-rollout decides the steps of a rollout before anything is changed.
package main

import (
	"sluice/shared/awsendpoints"
	"sluice/shared/awsmetrics"
	"sluice/shared/awspipelines"
	"sluice/shared/awsscaling"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/shifting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	shift := &shifting.Shifting{
		Table:     table,
		Endpoints: awsendpoints.Open(cfg),
		Scaling:   awsscaling.Open(cfg),
		Alarms:    awsmetrics.Open(cfg),
		Registry:  awspipelines.OpenRegistry(cfg),
	}
	edge.Start("plan-rollout", shift.PlanRollout)
}
