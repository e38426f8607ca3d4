// Package events carries one sample of every event, and of every input of a task, that
// Sluice's functions get. People invoke functions with them, tests read them, and
// check-deployment has each new version read one.
//
// They are as AWS documents or sends them, with names of ours. It decides nothing.
package events

import (
	"embed"
	"strings"
)

//go:embed *.json
var files embed.FS

// Sample is the sample of this name, which is its file's without .json; nil if there is
// none.
func Sample(name string) []byte {
	b, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil
	}
	return b
}

// Names lists the samples, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // what is embedded can be read
	}
	var all []string
	for _, e := range entries {
		all = append(all, strings.TrimSuffix(e.Name(), ".json"))
	}
	return all
}
