package cloudformation

import (
	"crypto/sha256"
	"strings"
)

// derived is a name-like text of n characters that follows from key: the same stack
// deploys to the same names, so that rehearsals repeat.
func derived(key string, n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		sum := sha256.Sum256([]byte(key + strings.Repeat("+", i)))
		for _, x := range sum {
			b.WriteByte(letters[int(x)%len(letters)])
		}
	}
	return b.String()[:n]
}

// physicalName is the name of a resource that the template does not name:
// StackName-LogicalId-XXXXXXXXXXXX, cut in front of the suffix if it would be longer
// than most.
func physicalName(stack, logicalID string, most int, lower bool) string {
	suffix := "-" + derived(stack+"/"+logicalID, 12)
	name := stack + "-" + logicalID
	if len(name) > most-len(suffix) {
		name = name[:most-len(suffix)]
	}
	name += suffix
	if lower {
		name = strings.ToLower(name)
	}
	return name
}
