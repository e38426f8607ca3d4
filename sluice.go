// Package sluice carries what is deployed: the templates and the state machines, as
// they were when the command line was built. The command line rehearses them.
package sluice

import "embed"

// Deployed is template.yaml, pipeline.yaml and statemachines/.
//
//go:embed template.yaml pipeline.yaml statemachines/*.asl.json
var Deployed embed.FS
