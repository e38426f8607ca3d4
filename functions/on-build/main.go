// on-build goes on after builds: it answers pull requests and registers images.
package main

import (
	"sluice/shared/awsbuilds"
	"sluice/shared/awsgit"
	"sluice/shared/awsimages"
	"sluice/shared/awsmachines"
	"sluice/shared/awsnotices"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/building"
	"sluice/shared/checking"
	"sluice/shared/edge"
	"sluice/shared/reporting"
	"sluice/shared/requesting"
)

func main() {
	cfg := edge.AWS()
	table, builds := awstable.Open(cfg, edge.Table.Must()), awsbuilds.Open(cfg)
	b := &building.Building{
		Table: table, Builds: builds, Images: awsimages.Open(cfg),
		Checks:   &checking.Checking{Table: table, Requests: awsgit.Open(cfg), Builds: builds},
		Champion: awspipelines.OpenRegistry(cfg), Packages: awsimages.OpenRegistry(cfg),
		Rollouts: requesting.New(table, awsmachines.Open(cfg, edge.RolloutMachine.Must())),
		Reports:  reporting.NewDesk(table, awsnotices.Open(cfg, edge.Topic.Must())),
	}
	edge.Start("on-build", b.OnBuild)
}
