package cloudwatch

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"sluice/local/cloudwatch/alarmrule"
	"sluice/local/cloudwatch/evaluation"
	"sluice/local/cloudwatch/metricmath"
	"sluice/local/wire"
)

// The limits of an alarm. Source: AWS.md C.3.
const (
	maxAlarmWindow  = 7 * 24 * time.Hour
	maxAlarmMetrics = 10
	maxActions      = 5
)

// alarm is one alarm of either kind: config is nil for a composite one, rule for
// a metric one.
type alarm struct {
	name        string
	description string
	enabled     bool // its actions
	actions     map[string][]string
	configured  time.Time
	tags        map[string]string

	state        evaluation.Result
	updated      time.Time // of state, also where only the reason is new
	transitioned time.Time
	trouble      string // EvaluationState: "" or EVALUATION_ERROR
	still        string // the state after a look that found no datapoints, else ""

	config *putMetricAlarmIn
	plan   *plan
	watch  string // id of the query whose series is compared
	lookID string // id of the one metric in events, where the alarm has no queries of its own

	rule     *alarmrule.Rule
	ruleText string
}

func (a *alarm) arn() string { return alarmPrefix + a.name }

type putMetricAlarmIn struct {
	AlarmName                        string            `json:"AlarmName"`
	AlarmDescription                 string            `json:"AlarmDescription"`
	ActionsEnabled                   *bool             `json:"ActionsEnabled"`
	OKActions                        []string          `json:"OKActions"`
	AlarmActions                     []string          `json:"AlarmActions"`
	InsufficientDataActions          []string          `json:"InsufficientDataActions"`
	MetricName                       string            `json:"MetricName"`
	Namespace                        string            `json:"Namespace"`
	Statistic                        string            `json:"Statistic"`
	ExtendedStatistic                string            `json:"ExtendedStatistic"`
	Dimensions                       []dimension       `json:"Dimensions"`
	Period                           int               `json:"Period"`
	Unit                             string            `json:"Unit"`
	EvaluationPeriods                int               `json:"EvaluationPeriods"`
	DatapointsToAlarm                int               `json:"DatapointsToAlarm"`
	Threshold                        *float64          `json:"Threshold"`
	ComparisonOperator               string            `json:"ComparisonOperator"`
	TreatMissingData                 string            `json:"TreatMissingData"`
	EvaluateLowSampleCountPercentile string            `json:"EvaluateLowSampleCountPercentile"`
	Metrics                          []metricDataQuery `json:"Metrics"`
	Tags                             []tag             `json:"Tags"`
	ThresholdMetricID                string            `json:"ThresholdMetricId"`
	EvaluationCriteria               *struct{}         `json:"EvaluationCriteria"`
	EvaluationInterval               int               `json:"EvaluationInterval"`
}

func (s *Service) putMetricAlarm(in *putMetricAlarmIn) error {
	if err := in.check(); err != nil {
		return err
	}
	a := &alarm{config: in, lookID: s.world.UUID("alarm-metric")}
	queries := slices.Clone(in.Metrics)
	if len(queries) == 0 {
		m := metricName{in.Namespace, in.MetricName, in.Dimensions}
		stat := cmp.Or(in.Statistic, in.ExtendedStatistic)
		queries = []metricDataQuery{{ID: "m1", MetricStat: &metricStat{m, in.Period, stat, in.Unit}}}
	}
	var err error
	if a.plan, err = newPlan("PutMetricAlarm", queries); err != nil {
		return err
	}
	if a.watch, err = watched(queries); err != nil {
		return err
	}
	window := time.Duration(a.plan.byID[a.watch].period*in.EvaluationPeriods) * time.Second
	if window > maxAlarmWindow {
		return invalid("Metrics cannot be checked across more than 7 days (EvaluationPeriods * Period must be <= 604800).")
	}
	actions := map[string][]string{
		evaluation.OK: in.OKActions, evaluation.Alarm: in.AlarmActions, evaluation.Insufficient: in.InsufficientDataActions,
	}
	return s.put(a, in.AlarmName, in.AlarmDescription, in.ActionsEnabled, actions, in.Tags)
}

// put stores a under its name. An alarm that existed keeps its state and its tags.
func (s *Service) put(a *alarm, name, description string, enabled *bool, actions map[string][]string, tags []tag) error {
	if name == "" || len(name) > 255 {
		return invalid("The parameter AlarmName must be 1 to 255 characters long.")
	}
	if len(description) > 1024 {
		return invalid("The parameter AlarmDescription must be at most 1024 characters long.")
	}
	for _, state := range slices.Sorted(maps.Keys(actions)) {
		if len(actions[state]) > maxActions {
			return invalid("An alarm has at most %d actions for each state.", maxActions)
		}
	}
	now := s.world.Now()
	a.name, a.description, a.actions, a.configured = name, description, actions, now
	a.enabled = enabled == nil || *enabled
	old := s.alarms[name]
	if old != nil && (old.rule == nil) != (a.rule == nil) {
		return invalid("An alarm named %s of the other type exists already.", name)
	}
	if old != nil {
		a.state, a.updated, a.transitioned, a.tags, a.lookID = old.state, old.updated, old.transitioned, old.tags, old.lookID
		s.remember(a, "ConfigurationUpdate", fmt.Sprintf("Alarm %q updated", name), map[string]any{"version": "1.0", "type": "Update"})
	} else {
		a.state = evaluation.Result{State: evaluation.Insufficient, Reason: "Unchecked: Initial alarm creation"}
		a.updated, a.transitioned, a.tags = now, now, map[string]string{}
		for _, t := range tags {
			a.tags[t.Key] = t.Value
		}
		s.remember(a, "ConfigurationUpdate", fmt.Sprintf("Alarm %q created", name), map[string]any{"version": "1.0", "type": "Create"})
	}
	s.alarms[name] = a
	s.tick()
	return nil
}

func (in *putMetricAlarmIn) check() error {
	if err := in.checkThreshold(); err != nil {
		return err
	}
	if len(in.Metrics) > 0 {
		if in.MetricName != "" || in.Namespace != "" || in.Statistic != "" || in.ExtendedStatistic != "" || in.Period != 0 || len(in.Dimensions) > 0 {
			return invalid("Metrics list cannot be used together with MetricName, Namespace, Dimensions, Period, Statistic or ExtendedStatistic.")
		}
		return nil
	}
	if in.MetricName == "" || in.Namespace == "" {
		return invalid("MetricName and Namespace are required, or Metrics.")
	}
	if (in.Statistic == "") == (in.ExtendedStatistic == "") {
		return invalid("Exactly one of Statistic and ExtendedStatistic must be specified.")
	}
	if err := checkPeriod(in.Period); err != nil {
		return err
	}
	st, err := statistic("PutMetricAlarm", cmp.Or(in.Statistic, in.ExtendedStatistic))
	if err != nil {
		return err
	}
	if st.Basic() != (in.Statistic != "") {
		return invalid("The value %s is not valid for this kind of statistic.", st.Name)
	}
	switch low := in.EvaluateLowSampleCountPercentile; {
	case low != "" && low != "evaluate" && low != "ignore":
		return invalid("Option %s is not supported for EvaluateLowSampleCountPercentile. Supported options are evaluate and ignore.", low)
	case low != "" && (st.Name[0] != 'p'):
		return invalid("EvaluateLowSampleCountPercentile can be used only with a percentile.")
	}
	return nil
}

func (in *putMetricAlarmIn) checkThreshold() error {
	switch {
	case in.ThresholdMetricID != "":
		return notHere("PutMetricAlarm", "ThresholdMetricId")
	case in.EvaluationCriteria != nil:
		return notHere("PutMetricAlarm", "EvaluationCriteria")
	case in.EvaluationInterval != 0:
		return notHere("PutMetricAlarm", "EvaluationInterval")
	case in.EvaluationPeriods < 1:
		return invalid("The parameter EvaluationPeriods must be at least 1.")
	case in.DatapointsToAlarm < 0 || in.DatapointsToAlarm > in.EvaluationPeriods:
		return invalid("The parameter DatapointsToAlarm must be between 1 and EvaluationPeriods.")
	case in.Threshold == nil:
		return invalid("The parameter Threshold is required.")
	case math.IsNaN(*in.Threshold) || math.IsInf(*in.Threshold, 0):
		return invalid("The parameter Threshold must be a finite number.")
	}
	operators := []string{"GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"}
	bands := []string{"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"}
	if slices.Contains(bands, in.ComparisonOperator) {
		return notHere("PutMetricAlarm", "ComparisonOperator "+in.ComparisonOperator)
	}
	if !slices.Contains(operators, in.ComparisonOperator) {
		return invalid("The value %q for parameter ComparisonOperator is invalid.", in.ComparisonOperator)
	}
	treatments := []string{"", evaluation.Missing, evaluation.Ignore, evaluation.Breaching, evaluation.NotBreaching}
	if !slices.Contains(treatments, in.TreatMissingData) {
		return invalid("Option %s is not supported for TreatMissingData. Supported options are breaching, notBreaching, ignore and missing.", in.TreatMissingData)
	}
	return nil
}

// watched is the id of the one query that an alarm compares with its threshold.
func watched(queries []metricDataQuery) (string, error) {
	metrics, id := 0, ""
	for i := range queries {
		q := &queries[i]
		if q.MetricStat != nil {
			metrics++
		}
		if q.returned() {
			if id != "" {
				return "", invalid("Exactly one element of the metrics list should return data, not both %s and %s.", id, q.ID)
			}
			id = q.ID
		}
	}
	if id == "" {
		return "", invalid("Exactly one element of the metrics list should return data.")
	}
	if metrics > maxAlarmMetrics {
		return "", invalid("An alarm can include as many as %d metrics.", maxAlarmMetrics)
	}
	return id, nil
}

// evaluationRule is what the alarm asks of its datapoints.
func (a *alarm) evaluationRule() evaluation.Rule {
	in := a.config
	stat := in.ExtendedStatistic
	if in.Statistic != "" {
		stat = in.Statistic
	}
	return evaluation.Rule{
		Periods: in.EvaluationPeriods, ToAlarm: in.DatapointsToAlarm,
		Operator: in.ComparisonOperator, Threshold: *in.Threshold, Treat: in.TreatMissingData,
		Statistic: stat, Period: time.Duration(a.plan.byID[a.watch].period) * time.Second,
	}
}

// datapoints reads what the alarm compares, over periods that begin at times.
func (s *Service) datapoints(a *alarm, times []time.Time, end time.Time) (metricmath.Series, error) {
	r := s.reading(a.plan, times[0], end, s.world.Now())
	all, err := r.series(a.watch)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, wire.Errorf("ValidationError", "the expression of alarm %s must yield one time series, not %d", a.name, len(all))
	}
	return all[0], nil
}
