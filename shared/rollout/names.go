package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Names of what a rollout makes are derived from its id, so that a step that runs
// twice makes the same things. Limits: AWS.md B.1, 63 characters.

// ID names the rollout of a version of a model's package. attempt 0 is the first.
// It is also the name of the candidate's variant and of the execution.
func ID(model string, version, attempt int) string {
	id := fmt.Sprintf("%s-v%d", model, version)
	if attempt > 0 {
		id += fmt.Sprintf("-r%d", attempt)
	}
	return id
}

// Rank orders the rollouts of one endpoint that wait for it: the newer version, and
// of one version the later attempt, has the higher rank.
func Rank(version, attempt int) int { return version*1000 + min(attempt, 999) }

// ModelName is the name of the SageMaker model of a rollout's candidate.
func ModelName(id string) string { return "sluice-" + id }

// Configs of a rollout. The baseline's own config has the name it had before.
const (
	BothConfig   = "both"   // baseline and candidate
	FinalConfig  = "final"  // the candidate alone
	ShadowConfig = "shadow" // the baseline, with the candidate as its shadow
)

// ConfigName is the name of one of the rollout's endpoint configs.
func ConfigName(endpoint, id, which string) string {
	sum := sha256.Sum256([]byte(endpoint + "\x00" + id + "\x00" + which))
	return fmt.Sprintf("%s-%s", strings.TrimRight(endpoint[:min(len(endpoint), 50)], "-"), hex.EncodeToString(sum[:6]))
}
