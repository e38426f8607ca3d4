// bake waits for the next look, or for an alarm.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awsmetrics"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/shifting"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	room := waiting.NewRoom(table, awsmachines.Open(cfg, ""))
	shift := &shifting.Shifting{
		Table:  table,
		Alarms: awsmetrics.Open(cfg),
		Room:   room,
	}
	edge.Start("bake", shift.Bake)
}
