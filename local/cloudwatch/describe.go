package cloudwatch

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sluice/local/cloudwatch/evaluation"
	"sluice/local/wire"
)

// The types of alarms, as DescribeAlarms names them.
const (
	metricAlarms    = "MetricAlarm"
	compositeAlarms = "CompositeAlarm"
)

func (a *alarm) kind() string {
	if a.rule != nil {
		return compositeAlarms
	}
	return metricAlarms
}

// alarmShape is what DescribeAlarms says of an alarm of either type.
type alarmShape struct {
	AlarmName                          string     `json:"AlarmName"`
	AlarmARN                           string     `json:"AlarmArn"`
	AlarmDescription                   string     `json:"AlarmDescription,omitempty"`
	AlarmConfigurationUpdatedTimestamp *wire.Time `json:"AlarmConfigurationUpdatedTimestamp"`
	ActionsEnabled                     bool       `json:"ActionsEnabled"`
	OKActions                          []string   `json:"OKActions"`
	AlarmActions                       []string   `json:"AlarmActions"`
	InsufficientDataActions            []string   `json:"InsufficientDataActions"`
	StateValue                         string     `json:"StateValue"`
	StateReason                        string     `json:"StateReason"`
	StateReasonData                    string     `json:"StateReasonData,omitempty"`
	StateUpdatedTimestamp              *wire.Time `json:"StateUpdatedTimestamp"`
	StateTransitionedTimestamp         *wire.Time `json:"StateTransitionedTimestamp"`

	AlarmRule string `json:"AlarmRule,omitempty"`

	EvaluationState                  string            `json:"EvaluationState,omitempty"`
	MetricName                       string            `json:"MetricName,omitempty"`
	Namespace                        string            `json:"Namespace,omitempty"`
	Statistic                        string            `json:"Statistic,omitempty"`
	ExtendedStatistic                string            `json:"ExtendedStatistic,omitempty"`
	Dimensions                       []dimension       `json:"Dimensions,omitempty"`
	Period                           int               `json:"Period,omitempty"`
	Unit                             string            `json:"Unit,omitempty"`
	EvaluationPeriods                int               `json:"EvaluationPeriods,omitempty"`
	DatapointsToAlarm                int               `json:"DatapointsToAlarm,omitempty"`
	Threshold                        *float64          `json:"Threshold"`
	ComparisonOperator               string            `json:"ComparisonOperator,omitempty"`
	TreatMissingData                 string            `json:"TreatMissingData,omitempty"`
	EvaluateLowSampleCountPercentile string            `json:"EvaluateLowSampleCountPercentile,omitempty"`
	Metrics                          []metricDataQuery `json:"Metrics,omitempty"`
}

func (a *alarm) shape() alarmShape {
	out := alarmShape{
		AlarmName: a.name, AlarmARN: a.arn(), AlarmDescription: a.description,
		AlarmConfigurationUpdatedTimestamp: wire.At(a.configured), ActionsEnabled: a.enabled,
		OKActions: list(a.actions[evaluation.OK]), AlarmActions: list(a.actions[evaluation.Alarm]),
		InsufficientDataActions: list(a.actions[evaluation.Insufficient]),
		StateValue:              a.state.State, StateReason: a.state.Reason, StateReasonData: a.state.ReasonData,
		StateUpdatedTimestamp: wire.At(a.updated), StateTransitionedTimestamp: wire.At(a.transitioned),
		AlarmRule: a.ruleText, EvaluationState: a.trouble,
	}
	if c := a.config; c != nil {
		out.MetricName, out.Namespace, out.Statistic, out.ExtendedStatistic = c.MetricName, c.Namespace, c.Statistic, c.ExtendedStatistic
		out.Dimensions, out.Period, out.Unit, out.EvaluationPeriods = c.Dimensions, c.Period, c.Unit, c.EvaluationPeriods
		out.DatapointsToAlarm, out.Threshold, out.ComparisonOperator = c.DatapointsToAlarm, c.Threshold, c.ComparisonOperator
		out.TreatMissingData, out.EvaluateLowSampleCountPercentile, out.Metrics = c.TreatMissingData, c.EvaluateLowSampleCountPercentile, c.Metrics
	}
	return out
}

type describeAlarmsIn struct {
	AlarmNames          []string `json:"AlarmNames"`
	AlarmNamePrefix     string   `json:"AlarmNamePrefix"`
	AlarmTypes          []string `json:"AlarmTypes"`
	ChildrenOfAlarmName string   `json:"ChildrenOfAlarmName"`
	ParentsOfAlarmName  string   `json:"ParentsOfAlarmName"`
	StateValue          string   `json:"StateValue"`
	ActionPrefix        string   `json:"ActionPrefix"`
	MaxRecords          int      `json:"MaxRecords"`
	NextToken           string   `json:"NextToken"`
}

type describeAlarmsOut struct {
	CompositeAlarms []alarmShape `json:"CompositeAlarms"`
	MetricAlarms    []alarmShape `json:"MetricAlarms"`
	NextToken       string       `json:"NextToken,omitempty"`
}

// alarmKinds is the types asked for; none means metric alarms only.
func alarmKinds(types []string) ([]string, error) {
	for _, t := range types {
		if t != metricAlarms && t != compositeAlarms {
			return nil, invalid("The value %s for parameter AlarmTypes is invalid.", t)
		}
	}
	if len(types) == 0 {
		return []string{metricAlarms}, nil
	}
	return types, nil
}

func (s *Service) describeAlarms(in *describeAlarmsIn) (*describeAlarmsOut, error) {
	switch {
	case in.ChildrenOfAlarmName != "":
		return nil, notHere("DescribeAlarms", "ChildrenOfAlarmName")
	case in.ParentsOfAlarmName != "":
		return nil, notHere("DescribeAlarms", "ParentsOfAlarmName")
	case len(in.AlarmNames) > 100:
		return nil, invalid("The collection AlarmNames must not have a size greater than 100.")
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != "":
		return nil, invalid("AlarmNamePrefix and AlarmNames are mutually exclusive.")
	}
	kinds, err := alarmKinds(in.AlarmTypes)
	if err != nil {
		return nil, err
	}
	var all []alarmShape
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		if a := s.alarms[name]; slices.Contains(kinds, a.kind()) && in.matches(a) {
			all = append(all, a.shape())
		}
	}
	page, next, err := paged(all, in.NextToken, in.MaxRecords)
	if err != nil {
		return nil, err
	}
	out := &describeAlarmsOut{[]alarmShape{}, []alarmShape{}, next}
	for _, a := range page {
		if a.AlarmRule != "" {
			out.CompositeAlarms = append(out.CompositeAlarms, a)
		} else {
			out.MetricAlarms = append(out.MetricAlarms, a)
		}
	}
	return out, nil
}

func (in *describeAlarmsIn) matches(a *alarm) bool {
	acts := slices.Concat(a.actions[evaluation.OK], a.actions[evaluation.Alarm], a.actions[evaluation.Insufficient])
	return (len(in.AlarmNames) == 0 || slices.Contains(in.AlarmNames, a.name)) &&
		strings.HasPrefix(a.name, in.AlarmNamePrefix) &&
		(in.StateValue == "" || in.StateValue == a.state.State) &&
		(in.ActionPrefix == "" || slices.ContainsFunc(acts, func(x string) bool { return strings.HasPrefix(x, in.ActionPrefix) }))
}

type alarmsForMetricIn struct {
	MetricName        string      `json:"MetricName"`
	Namespace         string      `json:"Namespace"`
	Statistic         string      `json:"Statistic"`
	ExtendedStatistic string      `json:"ExtendedStatistic"`
	Dimensions        []dimension `json:"Dimensions"`
	Period            int         `json:"Period"`
	Unit              string      `json:"Unit"`
}

type alarmsForMetricOut struct {
	MetricAlarms []alarmShape `json:"MetricAlarms"`
}

// describeAlarmsForMetric finds alarms on one metric, not those on metric math.
func (s *Service) describeAlarmsForMetric(in *alarmsForMetricIn) (*alarmsForMetricOut, error) {
	if in.MetricName == "" || in.Namespace == "" {
		return nil, invalid("The parameters MetricName and Namespace are required.")
	}
	out := &alarmsForMetricOut{[]alarmShape{}}
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		c := s.alarms[name].config
		if c == nil || len(c.Metrics) > 0 || c.MetricName != in.MetricName || c.Namespace != in.Namespace ||
			!maps.Equal(dims(c.Dimensions), dims(in.Dimensions)) ||
			in.Statistic != "" && in.Statistic != c.Statistic || in.ExtendedStatistic != "" && in.ExtendedStatistic != c.ExtendedStatistic ||
			in.Period != 0 && in.Period != c.Period || in.Unit != "" && cmp.Or(c.Unit, "None") != in.Unit {
			continue
		}
		out.MetricAlarms = append(out.MetricAlarms, s.alarms[name].shape())
	}
	return out, nil
}
