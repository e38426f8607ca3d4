// await-endpoint waits until an endpoint has settled, and reads what it is.
package main

import (
	"sluice/shared/awsendpoints"
	"sluice/shared/awsmachines"
	"sluice/shared/awsmetrics"
	"sluice/shared/awsscaling"
	"sluice/shared/awstable"
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
		Table:     table,
		Endpoints: awsendpoints.Open(cfg),
		Scaling:   awsscaling.Open(cfg),
		Alarms:    awsmetrics.Open(cfg),
		Room:      room,
		Desk:      leasing.NewDesk(table, room),
	}
	edge.Start("await-endpoint", shift.AwaitEndpoint)
}
