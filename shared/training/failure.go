package training

import (
	"strings"
	"time"
)

// Class is why a pipeline failed, as far as it matters for what to do next.
type Class string

const (
	Transient Class = "transient" // AWS's fault: tried again by itself
	Access    Class = "access"    // a role lacks a right
	Data      Class = "data"      // the objects are not as the code wants them
	Code      Class = "code"      // everything else
	Halted    Class = "stopped"   // somebody stopped it
)

// signs are parts of SageMaker's failure reasons, by class, in the order in which they
// count. Source: failure reasons of jobs as they are published in questions to AWS;
// SageMaker documents no list.
var signs = []struct {
	class Class
	parts []string
}{
	{Transient, []string{
		"CapacityError", "InsufficientCapacity", "Insufficient capacity", "InternalServerError", "InternalFailure", "Internal server error", "internal error",
		"ServiceUnavailable", "ThrottlingException", "Throttling", "Rate exceeded", "ResourceLimitExceeded", "SpotInterruption", "reclaimed",
	}},
	{Access, []string{"AccessDenied", "Access Denied", "not authorized to perform", "UnauthorizedOperation"}},
	{Data, []string{"NoSuchKey", "NoSuchBucket", "No S3 objects found", "Data download", "data download", "input data", "DataError", "label column"}},
}

// Classify says what class a failure is of.
func Classify(status, reason string) Class {
	if status == "Stopped" {
		return Halted
	}
	for _, s := range signs {
		for _, part := range s.parts {
			if strings.Contains(reason, part) {
				return s.class
			}
		}
	}
	return Code
}

// rests are how long to wait before a transient failure is tried again; after as many
// tries it is a failure like any other.
var rests = []time.Duration{2 * time.Minute, 10 * time.Minute, 30 * time.Minute}
