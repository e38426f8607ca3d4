// report-failure tells people of what failed between commit and production.
package main

import (
	"sluice/shared/awsbuilds"
	"sluice/shared/awsdeployments"
	"sluice/shared/awsletters"
	"sluice/shared/awsmachines"
	"sluice/shared/awsnotices"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/failing"
	"sluice/shared/reporting"
)

func main() {
	cfg := edge.AWS()
	f := &failing.Failing{
		Builds: awsbuilds.Open(cfg), Deployments: awsdeployments.Open(cfg), Machines: awsmachines.Open(cfg, ""), Letters: awsletters.Open(cfg),
		Reports: reporting.NewDesk(awstable.Open(cfg, edge.Table.Must()), awsnotices.Open(cfg, edge.Topic.Must())),
	}
	edge.Start("report-failure", f.ReportFailure)
}
