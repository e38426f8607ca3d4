package preflight_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/alarm"
	"sluice/shared/preflight"
)

const insights = `; a Metrics Insights query sees every variant, each for itself: SELECT AVG(Invocation5XXErrors) FROM SCHEMA("AWS/SageMaker", EndpointName, VariantName) WHERE EndpointName = 'churn-prod' GROUP BY VariantName`

func TestAlarms(t *testing.T) {
	slow := quiet("a")
	slow.Period, slow.Periods, slow.ToAlarm = 10*time.Minute, 2, 2
	diluted := quiet("a")
	diluted.Expression = strings.TrimSuffix(diluted.Expression, " GROUP BY VariantName")
	share := func(threshold float64, comparison string) alarm.Alarm {
		a := diluted
		a.Threshold, a.Comparison = of(threshold), comparison
		return a
	}
	candidate := func(statistic, metric string, threshold float64) alarm.Alarm {
		a := on("a", statistic, metric, "churn-v2")
		a.Threshold = of(threshold)
		return a
	}
	gone := on("a", "Average", "Invocation5XXErrors", "AllTraffic")
	gone.Series[0].Dimensions = map[string]string{"EndpointName": "churn-prod"}
	elsewhere := on("a", "p90", "ModelLatency", "AllTraffic")
	elsewhere.Threshold, elsewhere.Series[0].Namespace = of(1.0), "Acme"
	memory := on("a", "Maximum", "MemoryUtilization", "churn-v2")
	memory.Threshold, memory.Series[0].Namespace = of(100.0), "/aws/sagemaker/Endpoints"
	state := func(s string) alarm.Alarm {
		a := quiet("a")
		a.State, a.Reason = s, "because"
		return a
	}
	tests := []struct {
		name string
		a    alarm.Alarm
		want []string
	}{
		{"as it should be", quiet("a"), nil},
		{"a name with a verb", func() alarm.Alarm { a := candidate("Sum", "Invocation5XXErrors", -1); a.Name = "100%d"; return a }(),
			[]string{"warn alarm.always: alarm 100%d rings whatever happens: it wants Sum of Invocation5XXErrors > -1, which is never under 0"}},
		{"missing", state(""), []string{"refuse alarm.missing: alarm a does not exist; create it or take it out of rollout.alarms"}},
		{"ringing", state("ALARM"), []string{"refuse alarm.rings: alarm a is in ALARM already: because"}},
		{"without data", state("INSUFFICIENT_DATA"), []string{"note alarm.insufficient: alarm a is in INSUFFICIENT_DATA, which is no reason to wait or to roll back: because"}},

		{"the guide's example", candidate("Average", "Invocation5XXErrors", 1),
			[]string{"warn alarm.never: alarm a can never ring: it wants Average of Invocation5XXErrors > 1, which is from 0 to 1; 5 % of the requests are written 0.05"}},
		{"5 for 5 %", candidate("Average", "Invocation5XXErrors", 5),
			[]string{"warn alarm.never: alarm a can never ring: it wants Average of Invocation5XXErrors > 5, which is from 0 to 1; 5 % of the requests are written 0.05"}},
		{"2.5 for 2.5 %", candidate("Average", "InvocationModelErrors", 2.5),
			[]string{"warn alarm.never: alarm a can never ring: it wants Average of InvocationModelErrors > 2.5, which is from 0 to 1; 2.5 % of the requests are written 0.025"}},
		{"all memory", memory, []string{"warn alarm.never: alarm a can never ring: it wants Maximum of MemoryUtilization > 100, which is from 0 to 100"}},
		{"SAM's example", candidate("Sum", "Invocation5XXErrors", 0),
			[]string{"warn alarm.single: alarm a rings on a single failed request in each of 2 datapoints: it wants Sum of Invocation5XXErrors > 0, and a service with a few errors a minute is always rolled back; let it compare the Average, which is the share of requests that fail, or leave errors to the judge"}},
		{"whatever happens", candidate("Sum", "Invocation5XXErrors", -1),
			[]string{"warn alarm.always: alarm a rings whatever happens: it wants Sum of Invocation5XXErrors > -1, which is never under 0"}},
		{"milliseconds", candidate("p90", "ModelLatency", 250),
			[]string{"warn alarm.unit: alarm a wants p90 of ModelLatency > 250, in microseconds: that is 0.25 ms; 250 ms are written 250000"}},
		{"microseconds", candidate("p90", "ModelLatency", 250000), nil},

		{"the baseline's", on("a", "Average", "Invocation5XXErrors", "AllTraffic"),
			[]string{"warn alarm.blind: alarm a cannot see the candidate: it watches variant AllTraffic, which is the baseline" + insights}},
		{"no variant", gone,
			[]string{"warn alarm.blind: alarm a has no data of this rollout: SageMaker has no metric with these dimensions: every one has EndpointName and VariantName" + insights}},
		{"of a percentile", on("a", "p90", "ModelLatency", "AllTraffic"), []string{
			"warn alarm.unit: alarm a wants p90 of ModelLatency > 0.05, in microseconds: that is 5e-05 ms; 0.05 ms are written 50",
			"warn alarm.blind: alarm a cannot see the candidate: it watches variant AllTraffic, which is the baseline; the judge compares the candidate itself; let this alarm watch what users see",
		}},
		{"of somebody else", elsewhere, []string{"note alarm.view: alarm a may or may not see the candidate: what ModelLatency of Acme measures is not known here"}},

		{"diluted", share(0.05, "GreaterThanThreshold"),
			[]string{"note alarm.diluted: alarm a sees the candidate diluted: it sees all variants of the endpoint together; at 10 % the candidate is 10 % of what it sees" + insights}},
		{"diluted too much", share(0.1, "GreaterThanThreshold"),
			[]string{"warn alarm.diluted: alarm a sees the candidate diluted: it sees all variants of the endpoint together; at 10 % it does not ring even if the candidate fails every request, for it wants Average of Invocation5XXErrors > 0.1" + insights}},
		{"diluted just enough", share(0.1, "GreaterThanOrEqualToThreshold"),
			[]string{"note alarm.diluted: alarm a sees the candidate diluted: it sees all variants of the endpoint together; at 10 % the candidate is 10 % of what it sees" + insights}},
		{"every request of both sides", share(1, "GreaterThanOrEqualToThreshold"), []string{
			"warn alarm.total: alarm a rings only when every request that it sees fails: it wants Average of Invocation5XXErrors >= 1, which is 1 for a request that fails and 0 for any other; 5 % of the requests are written 0.05",
			"warn alarm.diluted: alarm a sees the candidate diluted: it sees all variants of the endpoint together; at 10 % it does not ring even if the candidate fails every request, for it wants Average of Invocation5XXErrors >= 1" + insights,
		}},

		{"no requests, no data", func() alarm.Alarm { a := quiet("a"); a.Missing = "breaching"; return a }(),
			[]string{"warn alarm.gaps: alarm a rings in minutes without requests: it counts missing data as breaching; let it treat missing data as notBreaching"}},
		{"no requests of the baseline", func() alarm.Alarm {
			a := on("a", "Average", "Invocation5XXErrors", "AllTraffic")
			a.Missing = "breaching"
			return a
		}(), []string{
			"warn alarm.gaps: alarm a rings when the baseline gets no more requests, at 100 %: it counts missing data as breaching; let it treat missing data as notBreaching",
			"warn alarm.blind: alarm a cannot see the candidate: it watches variant AllTraffic, which is the baseline" + insights,
		}},

		{"slower than a step", slow, []string{"warn alarm.slow: alarm a needs 20m of bad data (2 x 10m): a candidate that turns bad in such a step is past it before the alarm can ring: 10 % for 15m, 100 % for 15m; bake longer, or let it look at fewer or shorter periods"}},
		{"slower than all", func() alarm.Alarm { a := slow; a.Periods, a.ToAlarm = 5, 4; return a }(),
			[]string{"warn alarm.slow: alarm a needs 40m of bad data (4 x 10m), and all bakes together are 30m: it cannot ring before promotion; bake longer, or let it look at fewer or shorter periods"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := canary(10, 15)
			rules.Alarms = []string{"a"}
			f := facts(4, rules)
			f.Alarms = []alarm.Alarm{tt.a}
			var got []string
			for _, line := range lines(preflight.Check(f).Findings, refuse, wait, warn, note) {
				if strings.Contains(line, " alarm.") {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompositeAlarms(t *testing.T) {
	check := func(a alarm.Alarm) []string {
		rules := canary(10, 15)
		rules.Alarms = []string{a.Name}
		f := facts(4, rules)
		f.Alarms = []alarm.Alarm{a}
		return lines(preflight.Check(f).Findings, refuse, wait, warn)
	}
	mute := on("mute", "Average", "Invocation5XXErrors", "churn-v2")
	mute.Threshold = of(1.0)
	blind := on("blind", "Average", "Invocation5XXErrors", "AllTraffic")
	all := func(rule string, children ...alarm.Alarm) alarm.Alarm {
		return alarm.Alarm{Name: "all", State: "OK", Rule: rule, Children: children}
	}
	const never = "warn alarm.never: alarm mute, of composite alarm all, can never ring: it wants Average of Invocation5XXErrors > 1, which is from 0 to 1; 5 % of the requests are written 0.05"
	tests := []struct {
		name string
		a    alarm.Alarm
		want []string
	}{
		{"well", all("ALARM(a) OR ALARM(b)", quiet("a"), quiet("b")), nil},
		{"one is mute", all("ALARM(mute) OR ALARM(a)", mute, quiet("a")), []string{never}},
		{"both must ring, and one is mute", all("ALARM(mute) AND ALARM(a)", mute, quiet("a")), []string{
			"warn alarm.never: composite alarm all can never ring: what its rule asks for cannot come about; look at the alarms that it is made of", never,
		}},
		{"one is blind, another sees", all("ALARM(blind) OR ALARM(a)", blind, quiet("a")), nil},
		{"all are blind", all("ALARM(blind)", blind), []string{"warn alarm.blind: alarm blind, of composite alarm all, cannot see the candidate: it watches variant AllTraffic, which is the baseline" + insights}},
		{"one is missing", all("ALARM(gone) OR ALARM(a)", alarm.Alarm{Name: "gone"}, quiet("a")), []string{"warn alarm.missing: alarm gone, of composite alarm all, does not exist"}},
		{"a rule that is not understood", all("MOST(a, b)"), []string{`warn alarm.rule: the rule of composite alarm all cannot be read here: unexpected "MOST"; look yourself at what it is made of`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, check(tt.a)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// SageMaker's guardrails take ten alarms; rollouts take any number.
func TestManyAlarms(t *testing.T) {
	rules := canary(10, 15)
	for i := range 11 {
		rules.Alarms = append(rules.Alarms, fmt.Sprint("a", i))
	}
	got := text(preflight.Check(facts(4, rules)).Findings, refuse, wait, warn, note)
	if !strings.Contains(got, "note alarm.many: Sluice watches all 11 alarms; SageMaker's own guardrails take 10") || strings.Contains(got, "refuse") {
		t.Errorf("findings:\n%s", got)
	}
}
