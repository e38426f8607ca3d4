// await-pipeline waits until a pipeline execution is over.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/leasing"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	room := waiting.NewRoom(table, awsmachines.Open(cfg, ""))
	run := &training.Training{
		Table:     table,
		Pipelines: awspipelines.Open(cfg),
		Room:      room,
		Desk:      leasing.NewDesk(table, room),
	}
	edge.Start("await-pipeline", run.AwaitPipeline)
}
