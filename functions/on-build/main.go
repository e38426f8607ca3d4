// on-build registers the images that builds have made or others push.
package main

import (
	"sluice/shared/awsbuilds"
	"sluice/shared/awsimages"
	"sluice/shared/awsmachines"
	"sluice/shared/awsnotices"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/building"
	"sluice/shared/edge"
	"sluice/shared/reporting"
	"sluice/shared/requesting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	b := &building.Building{
		Table: table, Builds: awsbuilds.Open(cfg), Images: awsimages.Open(cfg),
		Champion: awspipelines.OpenRegistry(cfg), Packages: awsimages.OpenRegistry(cfg),
		Rollouts: requesting.New(table, awsmachines.Open(cfg, edge.RolloutMachine.Must())),
		Reports:  reporting.NewDesk(table, awsnotices.Open(cfg, edge.Topic.Must())),
	}
	edge.Start("on-build", b.OnBuild)
}
