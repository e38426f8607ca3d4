// on-commit puts specs in force that are pushed, and starts what changed paths ask for.
package main

import (
	"sluice/shared/awsbuilds"
	"sluice/shared/awsgit"
	"sluice/shared/awsmachines"
	"sluice/shared/awsnotices"
	"sluice/shared/awstable"
	"sluice/shared/committing"
	"sluice/shared/edge"
	"sluice/shared/intake"
	"sluice/shared/reporting"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	machines := awsmachines.Open(cfg, edge.TrainingMachine.Must())
	c := &committing.Committing{
		Table: table, Git: awsgit.Open(cfg), Builds: awsbuilds.Open(cfg),
		// a commit brings no objects, so it stores nothing
		Trainer:     intake.New(table, nil, machines, nil, waiting.NewRoom(table, machines)),
		Reports:     reporting.NewDesk(table, awsnotices.Open(cfg, edge.Topic.Must())),
		Environment: edge.Environment.Must(),
	}
	edge.Start("on-commit", c.OnCommit)
}
