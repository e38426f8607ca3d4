package cloudwatch

import (
	"encoding/json"
	"strings"
	"time"

	"sluice/local/cloudwatch/evaluation"
	"sluice/local/wire"
)

// stateChange is the detail of a "CloudWatch Alarm State Change" event.
// Source: AWS.md A.2.
type stateChange struct {
	AlarmName     string        `json:"alarmName"`
	State         eventState    `json:"state"`
	PreviousState eventState    `json:"previousState"`
	Configuration configuration `json:"configuration"`
}

type eventState struct {
	Value      string `json:"value"`
	Reason     string `json:"reason"`
	ReasonData string `json:"reasonData,omitempty"`
	Timestamp  string `json:"timestamp"`
}

type configuration struct {
	Description string        `json:"description,omitempty"`
	AlarmRule   string        `json:"alarmRule,omitempty"`
	Metrics     []eventMetric `json:"metrics,omitempty"`
}

type eventMetric struct {
	ID         string     `json:"id"`
	Expression string     `json:"expression,omitempty"`
	Label      string     `json:"label,omitempty"`
	MetricStat *eventStat `json:"metricStat,omitempty"`
	ReturnData bool       `json:"returnData"`
}

type eventStat struct {
	Metric struct {
		Namespace  string            `json:"namespace"`
		Name       string            `json:"name"`
		Dimensions map[string]string `json:"dimensions"`
	} `json:"metric"`
	Period int    `json:"period"`
	Stat   string `json:"stat"`
	Unit   string `json:"unit,omitempty"`
}

func (a *alarm) change(old evaluation.Result, was time.Time) stateChange {
	return stateChange{
		AlarmName:     a.name,
		State:         eventStateOf(a.state, a.updated),
		PreviousState: eventStateOf(old, was),
		Configuration: a.configuration(),
	}
}

func eventStateOf(r evaluation.Result, at time.Time) eventState {
	return eventState{r.State, r.Reason, r.ReasonData, evaluation.Stamp(at)}
}

func (a *alarm) configuration() configuration {
	c := configuration{Description: a.description, AlarmRule: a.ruleText}
	if a.config == nil {
		return c
	}
	for i := range a.plan.queries {
		q := &a.plan.queries[i]
		m := eventMetric{ID: q.ID, Expression: q.Expression, Label: q.Label, ReturnData: q.returned()}
		if len(a.config.Metrics) == 0 {
			m.ID = a.lookID
		}
		if ms := q.MetricStat; ms != nil {
			m.MetricStat = &eventStat{Period: ms.Period, Stat: ms.Stat, Unit: ms.Unit}
			m.MetricStat.Metric.Namespace, m.MetricStat.Metric.Name = ms.Metric.Namespace, ms.Metric.MetricName
			m.MetricStat.Metric.Dimensions = dims(ms.Metric.Dimensions)
		}
		c.Metrics = append(c.Metrics, m)
	}
	return c
}

// message is what an action is told: SNS topics and Lambda functions get
// different documents.
func (a *alarm) message(action string, old evaluation.Result, was time.Time) []byte {
	var m any
	if strings.HasPrefix(action, "arn:aws:lambda:") {
		m = map[string]any{
			"source": "aws.cloudwatch", "alarmArn": a.arn(), "accountId": wire.Account, "region": wire.Region,
			"time": evaluation.Stamp(a.updated), "alarmData": a.change(old, was),
		}
	} else {
		m = a.notification(old)
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic("cloudwatch: the message of alarm " + a.name + " is no JSON: " + err.Error())
	}
	return b
}

// notification is the message that alarms publish to SNS topics. Its fields are
// those that published messages have; the region is spelt for people.
type notification struct {
	AlarmName               string         `json:"AlarmName"`
	AlarmDescription        *string        `json:"AlarmDescription"`
	AlarmRule               string         `json:"AlarmRule,omitempty"`
	AWSAccountID            string         `json:"AWSAccountId"`
	Configured              string         `json:"AlarmConfigurationUpdatedTimestamp"`
	NewStateValue           string         `json:"NewStateValue"`
	NewStateReason          string         `json:"NewStateReason"`
	StateChangeTime         string         `json:"StateChangeTime"`
	Region                  string         `json:"Region"`
	AlarmARN                string         `json:"AlarmArn"`
	OldStateValue           string         `json:"OldStateValue"`
	OKActions               []string       `json:"OKActions"`
	AlarmActions            []string       `json:"AlarmActions"`
	InsufficientDataActions []string       `json:"InsufficientDataActions"`
	Trigger                 map[string]any `json:"Trigger,omitempty"`
}

func (a *alarm) notification(old evaluation.Result) notification {
	n := notification{
		AlarmName: a.name, AlarmRule: a.ruleText, AWSAccountID: wire.Account, Configured: evaluation.Stamp(a.configured),
		NewStateValue: a.state.State, NewStateReason: a.state.Reason, StateChangeTime: evaluation.Stamp(a.updated),
		Region: "US East (N. Virginia)", AlarmARN: a.arn(), OldStateValue: old.State,
		OKActions: list(a.actions[evaluation.OK]), AlarmActions: list(a.actions[evaluation.Alarm]),
		InsufficientDataActions: list(a.actions[evaluation.Insufficient]),
	}
	if a.description != "" {
		n.AlarmDescription = &a.description
	}
	if a.config != nil {
		n.Trigger = a.config.trigger()
	}
	return n
}

func (in *putMetricAlarmIn) trigger() map[string]any {
	t := map[string]any{
		"Period": in.Period, "EvaluationPeriods": in.EvaluationPeriods, "ComparisonOperator": in.ComparisonOperator,
		"Threshold": in.Threshold, "TreatMissingData": in.TreatMissingData,
		"EvaluateLowSampleCountPercentile": in.EvaluateLowSampleCountPercentile,
	}
	if in.DatapointsToAlarm > 0 {
		t["DatapointsToAlarm"] = in.DatapointsToAlarm
	}
	if len(in.Metrics) > 0 {
		t["Metrics"] = in.Metrics
		return t
	}
	t["MetricName"], t["Namespace"], t["Unit"] = in.MetricName, in.Namespace, nil
	if in.Unit != "" {
		t["Unit"] = in.Unit
	}
	t["StatisticType"], t["Statistic"] = "Statistic", statisticWord[in.Statistic]
	if in.ExtendedStatistic != "" {
		delete(t, "Statistic")
		t["StatisticType"], t["ExtendedStatistic"] = "ExtendedStatistic", in.ExtendedStatistic
	}
	ds := []map[string]string{}
	for _, d := range in.Dimensions {
		ds = append(ds, map[string]string{"name": d.Name, "value": d.Value})
	}
	t["Dimensions"] = ds
	return t
}

var statisticWord = map[string]string{
	"Average": "AVERAGE", "Sum": "SUM", "Minimum": "MINIMUM", "Maximum": "MAXIMUM", "SampleCount": "SAMPLE_COUNT",
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
