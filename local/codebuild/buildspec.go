package codebuild

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Buildspec is a buildspec.yml, as far as builds here follow it.
type Buildspec struct {
	Version any `yaml:"version"`
	Env     struct {
		Shell    string            `yaml:"shell"`
		Vars     map[string]string `yaml:"variables"`
		Exported []string          `yaml:"exported-variables"`
	} `yaml:"env"`
	Phases map[string]Commands `yaml:"phases"` // install, pre_build, build, post_build
}

// Commands are the commands of one phase. Finally run whatever the others came to.
type Commands struct {
	Commands []string `yaml:"commands"`
	Finally  []string `yaml:"finally"`
}

// ReadBuildspec reads a buildspec. What a build here would have to ignore and would
// change its outcome is an error.
func ReadBuildspec(src []byte) (Buildspec, error) {
	var b Buildspec
	if err := yaml.Unmarshal(src, &b); err != nil {
		return b, fmt.Errorf("YAML_FILE_ERROR: %s", yaml.FormatError(err, false, false))
	}
	if v := fmt.Sprint(b.Version); v != "0.2" {
		return b, fmt.Errorf("YAML_FILE_ERROR: version %v is not implemented: write 0.2", b.Version)
	}
	if len(b.Phases) == 0 {
		return b, fmt.Errorf("YAML_FILE_ERROR: at least one phase must be there")
	}
	for name := range b.Phases {
		switch name {
		case "install", "pre_build", "build", "post_build":
		default:
			return b, fmt.Errorf("YAML_FILE_ERROR: unknown phase %s", name)
		}
	}
	return b, nil
}
