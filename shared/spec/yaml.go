package spec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// YAML writes the spec as a file that Parse reads back to the same spec, if s is
// one that Parse would return.
func (s Spec) YAML() ([]byte, error) {
	// The library would write 1e+07, which is text to many readers of YAML.
	digits := yaml.CustomMarshaler(func(f float64) ([]byte, error) {
		return strconv.AppendFloat(nil, f, 'f', -1, 64), nil
	})
	// And "? a" without quotes, which is the key of a mapping to all of them.
	words := yaml.CustomMarshaler(func(text string) ([]byte, error) {
		if strings.HasPrefix(text, "?") {
			return []byte(strconv.Quote(text)), nil
		}
		return yaml.Marshal(text)
	})
	text, err := yaml.MarshalWithOptions(s, yaml.Indent(2), yaml.IndentSequence(true), digits, words)
	if err != nil {
		return nil, fmt.Errorf("writing the spec of %s as YAML: %w", s.Model, err)
	}
	return text, nil
}
