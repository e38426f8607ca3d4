// on-delivery rolls models out for pipelines that wait for it, and answers them.
package main

import (
	"sluice/shared/awsdelivery"
	"sluice/shared/awsmachines"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/delivering"
	"sluice/shared/edge"
	"sluice/shared/requesting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	d := &delivering.Delivering{
		Table: table, Registry: awspipelines.OpenRegistry(cfg), Pipelines: awsdelivery.Open(cfg),
		Rollouts: requesting.New(table, awsmachines.Open(cfg, edge.RolloutMachine.Must())),
	}
	edge.Start("on-delivery", d.OnDelivery)
}
