// on-promotion takes promotions of other models into demand.
package main

import (
	"sluice/shared/awsmachines"
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
		nil, // and a promotion has no alarms
		waiting.NewRoom(table, machines),
	)
	edge.Start("on-promotion", in.OnPromotion)
}
