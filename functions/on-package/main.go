// on-package turns approved model packages into rollouts.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/requesting"
)

func main() {
	cfg := edge.AWS()
	requests := requesting.New(
		awstable.Open(cfg, edge.Table.Must()),
		awsmachines.Open(cfg, edge.RolloutMachine.Must()),
	)
	edge.Start("on-package", requests.OnPackage)
}
