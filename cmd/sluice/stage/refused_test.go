package stage_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"sluice/cmd/sluice/stage"
)

// A scenario that can capture nothing, in which nothing can drift so, or that deploys what
// is not there, is refused with its line.
func TestABadScenario(t *testing.T) {
	const good = `name: x
capture: {to: "s3://captures/churn", sampling: 20}
traffic:
  features:
    - {name: age, mean: 40, sd: 10}
    - {name: country, texts: {DE: 3, FR: 1}}
  prediction: {mean: 0.2, sd: 0.1}
do:
  - {at: 1h, drift: {feature: age, mean: 60}}
  - {at: 2h, deploy: {function: on-data, fault: panic}}
`
	tests := []struct{ name, from, to, want string }{
		{"no place", "s3://captures/churn", "captures", `[2:15] write where captures go, like s3://acme-captures/churn`},
		{"no place at all", `to: "s3://captures/churn", `, "", `[2:10] write where captures go, like s3://acme-captures/churn`},
		{"sampling", "sampling: 20", "sampling: 0", `[2:48] write a sampling of 1 to 100 percent`},
		{"nothing answered", "  prediction: {mean: 0.2, sd: 0.1}\n", "", `[2:10] write what is captured: traffic.features and traffic.prediction`},
		{"no endpoint", "do:", "first: true\ndo:", `[2:10] there is no endpoint at first`},
		{"sd", "sd: 10", "sd: -1", `[5:7] feature age: mean 40, sd -1: these must be numbers, and sd not negative`},
		{"a name twice", "country", "age", `[6:7] feature "age": each needs a name of its own`},
		{"an unknown word", "texts", "values", `[6:23] unknown field "values"`},
		{"prediction", "mean: 0.2", "missing: 200%", `[7:15] prediction: a share of 2 is missing: it is 0..1`},
		{"no such feature", "feature: age", "feature: agee", `[9:21] requests have no feature "agee"`},
		{"numbers for texts", "feature: age, mean", "feature: country, mean", `[9:21] feature country: texts have no mean, sd, min, max or decimals`},
		{"nobody sees it", "capture:", "# capture:", `[9:21] nobody sees a drift without capture: write one`},
		{"no such function", "on-data", "on-dat", `[10:33] there is no function "on-dat": write a folder of functions/, like on-data`},
		{"no such fault", "panic", "boom", `[10:49] "boom" is no fault: write panic, error, init or slow, or leave it out`},
	}
	load := func(text string) error {
		_, err := stage.Load(fstest.MapFS{"a/x.yaml": {Data: []byte(text)}}, "a/x.yaml")
		return err
	}
	if err := load(good); err == nil || !strings.Contains(err.Error(), "sluice.yaml") { // which is not there
		t.Fatalf("the scenario without a mistake: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := load(strings.Replace(good, tt.from, tt.to, 1))
			if err == nil || !strings.HasPrefix(err.Error(), "scenario a/x.yaml: "+tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
