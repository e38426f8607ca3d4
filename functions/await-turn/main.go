// await-turn waits until it is a rollout's turn to change its endpoint.
package main

import (
	"sluice/shared/awsmachines"
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
	shift := &shifting.Shifting{Table: table, Room: room, Desk: leasing.NewDesk(table, room)}
	edge.Start("await-turn", shift.AwaitTurn)
}
