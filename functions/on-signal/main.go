// on-signal wakes state machines when what they wait for has changed.
package main

import (
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/signalling"
	"sluice/shared/waiting"
)

func main() {
	cfg := edge.AWS()
	table := awstable.Open(cfg, edge.Table.Must())
	signals := signalling.New(waiting.NewRoom(table, awsmachines.Open(cfg, "")))
	edge.Start("on-signal", signals.OnSignal)
}
