// on-request tests pull requests.
package main

import (
	"sluice/shared/awsbuilds"
	"sluice/shared/awsgit"
	"sluice/shared/awstable"
	"sluice/shared/checking"
	"sluice/shared/edge"
)

func main() {
	cfg := edge.AWS()
	c := &checking.Checking{Table: awstable.Open(cfg, edge.Table.Must()), Requests: awsgit.Open(cfg), Builds: awsbuilds.Open(cfg)}
	edge.Start("on-request", c.OnRequest)
}
