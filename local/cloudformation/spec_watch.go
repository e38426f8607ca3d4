package cloudformation

// AlarmSpec is an AWS::CloudWatch::Alarm.
type AlarmSpec struct {
	Meta
	AlarmName                        string
	AlarmDescription                 string
	ActionsEnabled                   *bool
	AlarmActions                     []string
	OKActions                        []string
	InsufficientDataActions          []string
	Namespace                        string
	MetricName                       string
	Dimensions                       []DimensionSpec
	Statistic                        string
	ExtendedStatistic                string
	Unit                             string
	Period                           int // seconds
	EvaluationPeriods                int `cfn:",required"`
	DatapointsToAlarm                *int
	Threshold                        *float64
	ComparisonOperator               string `cfn:",required"`
	TreatMissingData                 string
	EvaluateLowSampleCountPercentile string
	Metrics                          []MetricQuerySpec
	Tags                             Ignored
}

// DimensionSpec is a dimension of a metric.
type DimensionSpec struct{ Name, Value string }

// MetricQuerySpec is a metric or an expression of an alarm.
type MetricQuerySpec struct {
	Id         string `cfn:",required"`
	Expression string
	Label      string
	Period     int
	ReturnData *bool
	MetricStat *struct {
		Metric struct {
			Namespace  string
			MetricName string
			Dimensions []DimensionSpec
		} `cfn:",required"`
		Period int    `cfn:",required"`
		Stat   string `cfn:",required"`
		Unit   string
	}
}

// CompositeAlarmSpec is an AWS::CloudWatch::CompositeAlarm.
type CompositeAlarmSpec struct {
	Meta
	AlarmName                        string
	AlarmDescription                 string
	AlarmRule                        string `cfn:",required"`
	ActionsEnabled                   *bool
	AlarmActions                     []string
	OKActions                        []string
	InsufficientDataActions          []string
	ActionsSuppressor                string
	ActionsSuppressorWaitPeriod      int
	ActionsSuppressorExtensionPeriod int
	Tags                             Ignored
}

// DashboardSpec is an AWS::CloudWatch::Dashboard. Body is JSON.
type DashboardSpec struct {
	Meta
	DashboardName string
	DashboardBody string `cfn:",required"`
}
