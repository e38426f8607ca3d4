// announce-rollout tells others of rollouts, by events and notices.
package main

import (
	"sluice/shared/announcing"
	"sluice/shared/awsevents"
	"sluice/shared/awsnotices"
	"sluice/shared/edge"
)

func main() {
	cfg := edge.AWS()
	news := announcing.New(awsevents.Open(cfg, ""), awsnotices.Open(cfg, edge.Topic.Must()))
	edge.Start("announce-rollout", news.Announce)
}
