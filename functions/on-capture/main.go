// on-capture compares what an endpoint is asked and answers with what it was.
package main

import (
	"sluice/shared/awsmetrics"
	"sluice/shared/awsobjects"
	"sluice/shared/awstable"
	"sluice/shared/capturing"
	"sluice/shared/edge"
)

func main() {
	cfg := edge.AWS()
	c := &capturing.Capturing{
		Table:   awstable.Open(cfg, edge.Table.Must()),
		Store:   awsobjects.Open(cfg, edge.Store.Must()),
		Metrics: awsmetrics.Open(cfg),
	}
	edge.Start("on-capture", c.OnCapture)
}
