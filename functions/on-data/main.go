// on-data takes S3 events from the data queue into demand.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awsobjects"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/intake"
)

func main() {
	cfg := edge.AWS()
	in := intake.New(
		awstable.Open(cfg, edge.Table.Must()),
		awsobjects.Open(cfg, edge.Store.Must()),
		awsmachines.Open(cfg, edge.TrainingMachine.Must()),
		nil, nil, // data has no alarms and wakes nobody
	)
	edge.Start("on-data", in.OnData)
}
