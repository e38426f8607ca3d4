package main

import "sluice/shared/spec"

// schema prints the JSON schema of sluice.yaml.
type schema struct{}

// Help is the text of sluice schema --help.
func (schema) Help() string {
	return "With the schema in a file, an editor checks and completes sluice.yaml: begin it with # yaml-language-server: $schema=sluice.schema.json"
}

func (schema) Run(c *call) error {
	_, err := c.out.Write(spec.Schema)
	return err
}
