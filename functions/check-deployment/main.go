// check-deployment tries new versions of Sluice's functions before CodeDeploy gives them
// events.
package main

import (
	"sluice/shared/awsdeployments"
	"sluice/shared/awsfunctions"
	"sluice/shared/deploying"
	"sluice/shared/edge"
)

func main() {
	cfg := edge.AWS()
	c := &deploying.Deploying{Deployments: awsdeployments.Open(cfg), Functions: awsfunctions.Open(cfg)}
	edge.Start("check-deployment", c.CheckDeployment)
}
