// report-training ends a training run.
package main

import (
	"sluice/shared/awslogs"
	"sluice/shared/awsmachines"
	"sluice/shared/awsnotices"
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
		Table:   table,
		Room:    room,
		Desk:    leasing.NewDesk(table, room),
		Notices: awsnotices.Open(cfg, edge.Topic.Must()),
		Logs:    awslogs.Open(cfg),
	}
	edge.Start("report-training", run.ReportTraining)
}
