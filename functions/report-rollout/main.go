// report-rollout ends a rollout.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awsnotices"
	"sluice/shared/awstable"
	"sluice/shared/awstrail"
	"sluice/shared/edge"
	"sluice/shared/leasing"
	"sluice/shared/shifting"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	room := waiting.NewRoom(table, awsmachines.Open(cfg, ""))
	shift := &shifting.Shifting{
		Table:   table,
		Room:    room,
		Desk:    leasing.NewDesk(table, room),
		Notices: awsnotices.Open(cfg, edge.Topic.Must()),
		Trail:   awstrail.Open(cfg, edge.Stack.Must()),
	}
	edge.Start("report-rollout", shift.ReportRollout)
}
