// Package states is Step Functions of local AWS: STANDARD state machines, their
// executions and histories, task tokens, and the EventBridge events that tell of
// them. What a machine does is decided by local/asl/exec; this package is its host.
//
// It starts no function and calls no service itself: that, and the question whether
// a role may, is injected (Needs). Not modelled: EXPRESS machines, versions,
// aliases, activities, distributed maps and JSONata, all of which are refused by
// name; the delay of DescribeExecution behind the truth; throttling.
package states
