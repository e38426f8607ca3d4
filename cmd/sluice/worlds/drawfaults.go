package worlds

import (
	"time"

	"sluice/local/faults"
)

// target is what a fault is drawn for.
type target struct{ service, operation string }

// effects are the calls that change something. Sluice makes every one of them.
var effects = []target{
	{"sagemaker", "StartPipelineExecution"}, {"sagemaker", "UpdateEndpoint"}, {"sagemaker", "UpdateEndpointWeightsAndCapacities"},
	{"sagemaker", "CreateModel"}, {"sagemaker", "CreateEndpointConfig"}, {"sagemaker", "UpdateModelPackage"},
	{"dynamodb", "PutItem"}, {"dynamodb", "DeleteItem"}, {"dynamodb", "TransactWriteItems"},
	{"states", "StartExecution"}, {"states", "SendTaskSuccess"}, {"s3", "PutObject"}, {"sns", "Publish"},
}

// others are calls that read, functions, and all of a kind.
var others = []target{
	{"dynamodb", "GetItem"}, {"dynamodb", "Query"}, {"sagemaker", "DescribeEndpoint"}, {"sagemaker", "DescribePipelineExecution"},
	{"s3", "GetObject"}, {"cloudwatch", "GetMetricData"}, {"cloudwatch", "DescribeAlarms"},
	{"dynamodb", "*"}, {"sagemaker", "*"}, {"states", "*"}, {"*", "*"},
	{"lambda", "on-data"}, {"lambda", "on-signal"}, {"lambda", "on-package"}, {"lambda", "launch-pipeline"}, {"lambda", "shift-weight"}, {"lambda", "judge"},
	{"lambda", "promote"}, {"lambda", "roll-back"}, {"lambda", "report-*"}, {"lambda", "await-*"}, {"lambda", "take-lease"}, {"lambda", "*"},
}

// drawFaults draws a few faults: single calls, or a small chance of many.
func drawFaults(d dice) faults.List {
	var all faults.List
	for range d.IntN(7) {
		switch d.IntN(10) {
		case 0, 1:
			all = append(all, drawDelivery(d))
			continue
		case 2:
			all = append(all, drawOutage(d))
			continue
		}
		all = append(all, drawCall(d))
	}
	return all
}

// drawCall draws a fault of calls. Those that had their effect and whose caller does
// not know it are the hardest to bear.
func drawCall(d dice) faults.Fault {
	c := pick(d, others...)
	if d.often(60) {
		c = pick(d, effects...)
	}
	f := faults.Fault{Service: c.service, Operation: c.operation, Effect: pick(d, faults.LostAnswer, faults.CrashAfter)}
	if d.often(40) {
		f.Effect = pick(d, faults.Throttle, faults.Unavailable, faults.LostRequest, faults.CrashBefore)
	}
	switch {
	case d.often(30):
		f.Chance = pick(d, 0.01, 0.02, 0.05)
	case d.often(50):
		f.Nth = d.between(1, 3)
	default:
		f.Nth = d.between(1, 15)
	}
	return f
}

// drawOutage draws a service that answers nobody for a while.
func drawOutage(d dice) faults.Fault {
	return faults.Fault{
		Service: pick(d, "dynamodb", "sagemaker", "sagemaker", "states", "s3", "sns", "cloudwatch"), Operation: "*", Chance: pick(d, 0.5, 1),
		From: d.moment(busyHours), For: pick(d, time.Minute, 5*time.Minute, 20*time.Minute), Effect: pick(d, faults.Throttle, faults.Unavailable, faults.LostAnswer),
	}
}

// drawDelivery draws a fault of events: those of SageMaker and Step Functions may be
// lost, the others are kept until they are delivered.
func drawDelivery(d dice) faults.Fault {
	f := faults.Fault{Service: faults.Deliveries, Operation: pick(d, "s3", "sagemaker", "sagemaker", "cloudwatch"), Chance: pick(d, 0.05, 0.2, 0.5)}
	f.Effect = pick(d, faults.Lose, faults.Double, faults.Late)
	if f.Operation == "sagemaker" {
		f.Resource = pick(d, "lambda:on-signal", "lambda:on-package", "")
	} else if f.Effect == faults.Lose {
		f.Effect = faults.Double
	}
	if f.Effect != faults.Lose {
		f.Delay = time.Duration(pick(d, 3, 90, 600, 7200)) * time.Second
	}
	return f
}
