// on-alarm takes drift alarms into demand.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/intake"
)

func main() {
	cfg := edge.AWS()
	in := intake.New(
		awstable.Open(cfg, edge.Table.Must()),
		nil, // a cause without objects stores nothing
		awsmachines.Open(cfg, edge.TrainingMachine.Must()),
	)
	edge.Start("on-alarm", in.OnAlarm)
}
