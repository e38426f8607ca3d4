package cloudwatch

import (
	"cmp"
	"slices"

	"sluice/local/cloudwatch/metric"
	"sluice/local/wire"
)

// The structures that several operations share. Members are those of the API.
type (
	dimension struct {
		Name  string `json:"Name"`
		Value string `json:"Value,omitempty"`
	}
	metricName struct {
		Namespace  string      `json:"Namespace"`
		MetricName string      `json:"MetricName"`
		Dimensions []dimension `json:"Dimensions"`
	}
	metricStat struct {
		Metric metricName `json:"Metric"`
		Period int        `json:"Period"`
		Stat   string     `json:"Stat"`
		Unit   string     `json:"Unit,omitempty"`
	}
	metricDataQuery struct {
		ID         string      `json:"Id"`
		MetricStat *metricStat `json:"MetricStat"`
		Expression string      `json:"Expression,omitempty"`
		Label      string      `json:"Label,omitempty"`
		ReturnData *bool       `json:"ReturnData"`
		Period     int         `json:"Period,omitempty"`
		AccountID  string      `json:"AccountId,omitempty"`
	}
	tag struct {
		Key   string `json:"Key"`
		Value string `json:"Value"`
	}
)

func (q *metricDataQuery) returned() bool { return q.ReturnData == nil || *q.ReturnData }

func (m metricName) metric() metric.Metric {
	return metric.Metric{Namespace: m.Namespace, Name: m.MetricName, Dims: dims(m.Dimensions)}
}

func dims(ds []dimension) map[string]string {
	m := make(map[string]string, len(ds))
	for _, d := range ds {
		m[d.Name] = d.Value
	}
	return m
}

func dimensionList(m map[string]string) []dimension {
	out := make([]dimension, 0, len(m))
	for k, v := range m {
		out = append(out, dimension{k, v})
	}
	slices.SortFunc(out, func(a, b dimension) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// fault is an error that has a shape in the API model and another code for
// clients of the query protocol, which is the one people match.
func fault(shape, code, format string, args ...any) error {
	e := wire.Errorf(code, format, args...)
	e.Members = map[string]any{"__type": shape}
	return e
}

// invalid is what CloudWatch answers to a request it does not like and has no
// special error for.
func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationError", format, args...)
}

func badValue(format string, args ...any) error {
	return fault("InvalidParameterValueException", "InvalidParameterValue", format, args...)
}

func badCombination(format string, args ...any) error {
	return fault("InvalidParameterCombinationException", "InvalidParameterCombination", format, args...)
}

func missingParameter(name string) error {
	return fault("MissingRequiredParameterException", "MissingParameter", "The parameter %s is required.", name)
}

// notHere refuses a member that would change the answer.
func notHere(operation, member string) error {
	return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement " + member + " of cloudwatch " + operation, Status: 501}
}

// checkDimensions holds dimensions against the limits. Source: AWS.md C.2.
func checkDimensions(ds []dimension) error {
	if len(ds) > 30 {
		return badValue("The collection Dimensions must not have a size greater than 30.")
	}
	for _, d := range ds {
		if d.Name == "" || len(d.Name) > 255 {
			return badValue("The parameter Dimensions.Name must be 1 to 255 characters long.")
		}
		if d.Value == "" || len(d.Value) > 1024 {
			return badValue("The value of dimension %s must be 1 to 1024 characters long.", d.Name)
		}
	}
	return nil
}

// units are the values of StandardUnit.
var units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count",
	"Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

func checkUnit(unit string) error {
	if unit != "" && !slices.Contains(units, unit) {
		return badValue("The parameter Unit must be one of the standard units, not %q.", unit)
	}
	return nil
}

// unitOf is the unit in which AWS services record what Record is given.
// Source: AWS.md C.1.
func unitOf(namespace, name string) string {
	switch {
	case namespace == "AWS/SageMaker" && (name == "ModelLatency" || name == "OverheadLatency" || name == "ModelSetupTime"):
		return "Microseconds"
	case namespace == "/aws/sagemaker/Endpoints" && name != "LoadedModelCount":
		return "Percent"
	}
	return "None"
}

const alarmPrefix = "arn:aws:cloudwatch:" + wire.Region + ":" + wire.Account + ":alarm:"

// may is an operation's need where IAM knows no resource.
func may(operation string) []wire.Access {
	return []wire.Access{{Action: "cloudwatch:" + operation, Resource: "*"}}
}

// mayAlarms is an operation's need on these alarms.
func mayAlarms(operation string, names ...string) []wire.Access {
	var out []wire.Access
	for _, n := range names {
		out = append(out, wire.Access{Action: "cloudwatch:" + operation, Resource: alarmPrefix + n})
	}
	return out
}
