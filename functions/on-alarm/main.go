// on-alarm takes drift alarms into demand.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awsmetrics"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/intake"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	machines := awsmachines.Open(cfg, edge.TrainingMachine.Must())
	in := intake.New(
		table,
		nil, // a cause without objects stores nothing
		machines,
		awsmetrics.Open(cfg),
		waiting.NewRoom(table, machines),
	)
	edge.Start("on-alarm", in.OnAlarm)
}
