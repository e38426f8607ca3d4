package expr

import (
	_ "embed"
	"strings"
)

// The list of the developer guide, "Reserved words in DynamoDB": 573 words.
//
//go:embed reserved.txt
var reservedText string

var reserved = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(reservedText) {
		m[w] = true
	}
	return m
}()

// isReserved reports whether name may not stand bare in an expression.
func isReserved(name string) bool {
	return len(name) <= 20 && reserved[strings.ToUpper(name)]
}
