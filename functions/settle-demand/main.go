// settle-demand says whether a burst of triggers has ended.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	room := waiting.NewRoom(table, awsmachines.Open(cfg, ""))
	run := &training.Training{
		Table: table,
		Room:  room,
	}
	edge.Start("settle-demand", run.SettleDemand)
}
