// on-command wakes the rollout that a command is for, or answers for one that is over.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/commanding"
	"sluice/shared/edge"
	"sluice/shared/requesting"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	machines := awsmachines.Open(cfg, edge.RolloutMachine.Must())
	commands := commanding.New(table, requesting.New(table, machines), waiting.NewRoom(table, machines))
	edge.Start("on-command", commands.OnCommand)
}
