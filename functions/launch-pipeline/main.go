// launch-pipeline closes the demand, writes the manifest and starts the pipeline.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awsobjects"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/leasing"
	"sluice/shared/requesting"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	room := waiting.NewRoom(table, awsmachines.Open(cfg, ""))
	run := &training.Training{
		Table:     table,
		Store:     awsobjects.Open(cfg, edge.Store.Must()),
		Pipelines: awspipelines.Open(cfg),
		Rollouts:  requesting.New(table, awsmachines.Open(cfg, edge.RolloutMachine.Must())), // of what a killed machine left to gate
		Registry:  awspipelines.OpenRegistry(cfg),
		Desk:      leasing.NewDesk(table, room),
	}
	edge.Start("launch-pipeline", run.LaunchPipeline)
}
