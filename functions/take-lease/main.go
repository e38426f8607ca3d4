// take-lease waits for the right to train a model or to change an endpoint.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/leasing"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	desk := leasing.NewDesk(table, waiting.NewRoom(table, awsmachines.Open(cfg, "")))
	edge.Start("take-lease", desk.TakeLease)
}
