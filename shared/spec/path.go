package spec

import (
	"fmt"
	"regexp"
	"strings"
)

var word = regexp.MustCompile(`^[\p{L}0-9_-]{1,60}$`)

// join is a field below a field. A key that is no word is quoted, so that a path
// always fits on a line.
func join(field, key string) string {
	if !word.MatchString(key) {
		key = quote(key)
	}
	if field == "" {
		return key
	}
	return field + "." + key
}

// parent is the field around a field, "" for the file.
func parent(field string) string {
	return field[:max(strings.LastIndexAny(field, ".["), 0)]
}

var indices = regexp.MustCompile(`\[\d+\]`)

// generic is a field without the numbers of its list entries.
func generic(field string) string { return indices.ReplaceAllString(field, "[]") }

// examples are what a missing field is answered with. The schema's examples are
// held equal to them by a test.
var examples = map[string]string{
	"model":                            "churn",
	"pipeline":                         "{name: churn-training}",
	"pipeline.name":                    "churn-training",
	"package":                          "{group: churn}",
	"package.group":                    "churn",
	"package.gate[].metric":            "binary_classification_metrics.auc.value",
	"endpoint":                         "{name: churn-prod, instanceType: ml.m5.large}",
	"endpoint.name":                    "churn-prod",
	"endpoint.instanceType":            "ml.m5.large",
	"triggers.data[].bucket":           "acme-features",
	"triggers.data[]":                  "{bucket: acme-features, prefix: churn/}",
	"triggers.drift[]":                 `{alarm: "churn-drift-*"}`,
	"package.gate[]":                   "{metric: binary_classification_metrics.auc.value, min: 0.80}",
	"triggers.drift[].alarm":           `"churn-drift-*"`,
	"triggers.data[].quiet":            "10m",
	"triggers.data[].maxWait":          "2h",
	"triggers.data[].marker":           "_SUCCESS",
	"triggers.drift[].tag":             "drift=churn",
	"triggers.schedule":                `[{cron: "0 2 * * 1-5", zone: Europe/Berlin}]`,
	"triggers.schedule[]":              `{cron: "0 2 * * 1-5", zone: Europe/Berlin}`,
	"triggers.schedule[].cron":         `"0 2 * * 1-5"`,
	"triggers.schedule[].zone":         "Europe/Berlin",
	"triggers.promotion":               "[{model: embeddings}]",
	"triggers.promotion[]":             "{model: embeddings}",
	"triggers.promotion[].model":       "embeddings",
	"rollout.alarms":                   "[churn-5xx]",
	"rollout.canary":                   "{weight: 10, bake: 15m}",
	"rollout.linear":                   "{step: 10, bake: 10m}",
	"rollout.blueGreen":                "{bake: 30m}",
	"rollout.shadow":                   "{sampling: 50, bake: 30m, then: canary}",
	"rollout.shadow.then":              "canary",
	"rollout.steps":                    "[{shadow: {sampling: 50}}, {weight: 5, bake: 30m}, {approve: {expires: 1d}}, {weight: 50}]",
	"rollout.steps[]":                  "{weight: 5, bake: 30m}",
	"rollout.steps[].shadow":           "{sampling: 50}",
	"rollout.steps[].approve":          "{expires: 1d}",
	"rollout.steps[].pause":            "{for: 1h}",
	"rollout.capacity":                 "follow",
	"rollout.queue":                    "latest",
	"rollout.windows":                  `[{days: [mon, tue, wed, thu], from: "09:00", to: "16:00", zone: Europe/Berlin}]`,
	"rollout.windows[]":                `{from: "09:00", to: "16:00"}`,
	"rollout.windows[].days":           "[mon, tue, wed, thu]",
	"rollout.windows[].from":           `"09:00"`,
	"rollout.windows[].to":             `"16:00"`,
	"rollout.windows[].zone":           "Europe/Berlin",
	"endpoint.price":                   "0.115",
	"triggers.data":                    "[{bucket: acme-features, prefix: churn/}]",
	"triggers.drift":                   `[{alarm: "churn-drift-*"}]`,
	"package.gate":                     "[{metric: binary_classification_metrics.auc.value, min: 0.80}]",
	"pipeline.parameters":              `{Manifest: "${manifest}"}`,
	"rollout.judge.errors":             "{tolerance: 0.1%, relative: 10%}",
	"rollout.judge.latency":            "{percentile: p90, tolerance: 10%}",
	"rollout.judge.noTraffic":          "hold",
	"rollout.strategy":                 "canary",
	"package.approve":                  "automatic",
	"rollout.judge.latency.percentile": "p90",
	"drift":                            "{captures: s3://acme-captures/churn}",
	"drift.captures":                   "s3://acme-captures/churn",
	"drift.columns":                    "[age, country, plan]",
	"drift.categorical":                "[region]",
	"drift.ignore":                     "[customer]",
	"drift.reference":                  "s3://acme-models/churn/reference.csv",
	"drift.psi":                        "0.2",
	"drift.ks":                         "0.15",
	"code":                             "{repository: churn-model}",
	"code.repository":                  "churn-model",
	"code.path":                        "models/churn",
	"code.checks":                      "churn-checks",
	"code.image":                       "{project: churn-image, repository: churn-inference}",
	"code.image.project":               "churn-image",
	"code.image.repository":            "churn-inference",
	"code.image.tags":                  `[latest, "1.*"]`,
	"code.rules":                       "[{branches: [main], paths: [training/**], do: train}]",
	"code.rules[]":                     "{branches: [main], paths: [training/**], do: train}",
	"code.rules[].branches":            "[main]",
	"code.rules[].environments":        "[staging]",
	"code.rules[].paths":               "[training/**]",
	"code.rules[].do":                  "train",
}

// example is the field's last name with a value that would be right.
func example(field string) string {
	if strings.HasSuffix(field, "]") {
		return "- " + examples[generic(field)]
	}
	name := field[strings.LastIndexByte(field, '.')+1:]
	return name + ": " + examples[generic(field)]
}

// fixOf is an example of the field, or a general sentence where there is none.
func fixOf(field, otherwise string) string {
	if _, known := examples[generic(field)]; known {
		return "write " + example(field)
	}
	return otherwise
}

// itemLimits bound lists and maps. Source of 200: StartPipelineExecution (AWS.md B.9);
// the others are ours.
var itemLimits = map[string]int{
	"pipeline.parameters": 200, "rollout.steps": 20, "rollout.windows": 14, "rollout.windows[].days": 7,
	"drift.columns": 500, "drift.categorical": 500, "drift.ignore": 500,
}

// maxItems bounds any list or map. Source of 100: DescribeAlarms (AWS.md C.2).
func maxItems(field string) int {
	if limit, own := itemLimits[field]; own {
		return limit
	}
	return 100
}

func count(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
