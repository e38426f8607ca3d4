package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"sluice/shared/fault"
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

// Attempt is the attempt that the id of a rollout of this model and version says; ok is
// false for the id of another one.
func Attempt(id, model string, version int) (attempt int, ok bool) {
	rest, ok := strings.CutPrefix(id, ID(model, version, 0))
	if !ok || rest == "" {
		return 0, ok
	}
	n, err := strconv.Atoi(strings.TrimPrefix(rest, "-r"))
	return n, err == nil && id == ID(model, version, n)
}

// VersionOf is the version of a model package in its group, from its ARN. Errors:
// Invalid for a package without one.
func VersionOf(packageARN string) (int, error) {
	last := packageARN[strings.LastIndex(packageARN, "/")+1:]
	version, err := strconv.Atoi(last)
	if err != nil || version < 1 {
		return 0, fault.Invalid.Errorf("model package %s has no version: it is in no group", packageARN)
	}
	return version, nil
}

// Rank orders the rollouts of one endpoint that wait for it: the newer version, and
// of one version the later attempt, has the higher rank.
func Rank(version, attempt int) int { return version*1000 + min(attempt, 999) }

// Ranked is the version that has a rank.
func Ranked(rank int) (version int) { return rank / 1000 }

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
