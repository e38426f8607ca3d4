// gate-package holds a model package against the gate and writes its approval.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awsobjects"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/requesting"
	"sluice/shared/training"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	run := &training.Training{
		Table:     table,
		Store:     awsobjects.Open(cfg, edge.Store.Must()),
		Pipelines: awspipelines.Open(cfg),
		Rollouts:  requesting.New(table, awsmachines.Open(cfg, edge.RolloutMachine.Must())),
		Registry:  awspipelines.OpenRegistry(cfg),
	}
	edge.Start("gate-package", run.GatePackage)
}
