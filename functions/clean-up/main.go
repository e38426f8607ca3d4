// clean-up removes the configs and models of ours that nothing uses any more.
package main

import (
	"sluice/shared/awsendpoints"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/shifting"
)

func main() {
	cfg := edge.AWS()
	endpoints := awsendpoints.Open(cfg)
	shift := &shifting.Shifting{Table: awstable.Open(cfg, edge.Table.Must()), Endpoints: endpoints, Attic: endpoints}
	edge.Start("clean-up", shift.CleanUp)
}
