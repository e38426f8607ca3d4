package main

import (
	"fmt"
	"runtime/debug"
)

// version prints what was built, and of what.
type version struct{}

func (version) Run(c *call) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return no("build it with go build ./cmd/sluice", "this binary does not say what it was built from")
	}
	line := "sluice " + info.Main.Version
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		line += ", commit " + short(revision)
		if settings["vcs.modified"] == "true" {
			line += " with changes"
		}
	}
	_, err := fmt.Fprintf(c.out, "%s, %s %s/%s\n", line, info.GoVersion, settings["GOOS"], settings["GOARCH"])
	return err
}
