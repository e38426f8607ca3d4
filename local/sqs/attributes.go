package sqs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/local/wire"
)

// settings are a queue's attributes, parsed.
type settings struct {
	fifo         bool
	dedupContent bool // ContentBasedDeduplication
	dedupByGroup bool // DeduplicationScope messageGroup
	delay        time.Duration
	visibility   time.Duration
	retention    time.Duration
	maxSize      int // bytes
	redrive      *redrivePolicy
	policy       *policy
}

// redrivePolicy says when a queue gives a message up, and to whom.
type redrivePolicy struct {
	DeadLetterTargetARN string      `json:"deadLetterTargetArn"`
	MaxReceiveCount     json.Number `json:"maxReceiveCount"`
	max                 int
}

// number is an attribute that is a whole number.
type number struct{ preset, min, max int }

// Defaults and ranges: SQS API reference, SetQueueAttributes. MaximumMessageSize: AWS.md A.1 (1 MiB).
var numbers = map[string]number{
	"DelaySeconds":                  {0, 0, 900},
	"MaximumMessageSize":            {1 << 20, 1024, 1 << 20},
	"MessageRetentionPeriod":        {345600, 60, 1209600},
	"ReceiveMessageWaitTimeSeconds": {0, 0, 20},
	"VisibilityTimeout":             {30, 0, 43200},
	"KmsDataKeyReusePeriodSeconds":  {300, 60, 86400},
}

// choices are attributes with a closed list of values; the first is the preset.
var choices = map[string][]string{
	"FifoQueue":                 {"false", "true"},
	"ContentBasedDeduplication": {"false", "true"},
	"SqsManagedSseEnabled":      {"true", "false"},
	"DeduplicationScope":        {"queue", "messageGroup"},
	"FifoThroughputLimit":       {"perQueue", "perMessageGroupId"},
}

var (
	onlyFIFO   = []string{"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}
	texts      = []string{"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"}
	queueNames = regexp.MustCompile(`^[A-Za-z0-9_-]{1,75}(\.fifo)?$|^[A-Za-z0-9_-]{1,80}$`)
)

func badValue(name string) error {
	return wire.Errorf("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

// complete returns attributes with every preset filled in, and their meaning.
func complete(name string, given map[string]string) (map[string]string, settings, error) {
	all := map[string]string{}
	fifo := strings.HasSuffix(name, ".fifo")
	for n, k := range numbers {
		if n != "KmsDataKeyReusePeriodSeconds" || given["KmsMasterKeyId"] != "" {
			all[n] = strconv.Itoa(k.preset)
		}
	}
	for n, values := range choices {
		if fifo || !slices.Contains(onlyFIFO, n) {
			all[n] = values[0]
		}
	}
	for n, v := range given {
		_, isNumber := numbers[n]
		_, isChoice := choices[n]
		if !isNumber && !isChoice && !slices.Contains(texts, n) || !fifo && n != "FifoQueue" && slices.Contains(onlyFIFO, n) {
			return nil, settings{}, wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", n)
		}
		if v == "" && slices.Contains(texts, n) {
			delete(all, n) // how an attribute is taken away
			continue
		}
		all[n] = v
	}
	if given["KmsMasterKeyId"] != "" {
		all["SqsManagedSseEnabled"] = "false"
	}
	set, err := parse(fifo, all)
	if !fifo {
		delete(all, "FifoQueue")
	}
	return all, set, err
}

func parse(fifo bool, all map[string]string) (set settings, err error) {
	n := map[string]int{}
	for name, v := range all {
		if k, ok := numbers[name]; ok {
			i, err := strconv.Atoi(v)
			if err != nil || i < k.min || i > k.max {
				return set, badValue(name)
			}
			n[name] = i
		}
		if c, ok := choices[name]; ok && !slices.Contains(c, v) {
			return set, badValue(name)
		}
	}
	if all["FifoQueue"] == "true" != fifo && (fifo && all["FifoQueue"] != "false" || !fifo) {
		return set, badValue("FifoQueue")
	}
	set = settings{
		fifo: fifo, dedupContent: all["ContentBasedDeduplication"] == "true", dedupByGroup: all["DeduplicationScope"] == "messageGroup",
		delay:      time.Duration(n["DelaySeconds"]) * time.Second,
		visibility: time.Duration(n["VisibilityTimeout"]) * time.Second,
		retention:  time.Duration(n["MessageRetentionPeriod"]) * time.Second,
		maxSize:    n["MaximumMessageSize"],
	}
	if text := all["RedrivePolicy"]; text != "" {
		if set.redrive, err = parseRedrive(text); err != nil {
			return set, err
		}
	}
	if text := all["Policy"]; text != "" {
		if set.policy, err = parsePolicy(text); err != nil {
			return set, wire.Errorf("InvalidAttributeValue", "Invalid value for the parameter Policy. %v", err)
		}
	}
	return set, nil
}

func parseRedrive(text string) (*redrivePolicy, error) {
	wrong := func(reason string) error {
		return wire.Errorf("InvalidParameterValue", "Value %s for parameter RedrivePolicy is invalid. Reason: %s", text, reason)
	}
	p := &redrivePolicy{}
	if err := json.Unmarshal([]byte(text), p); err != nil {
		return nil, wrong("Redrive policy is not a valid JSON map.")
	}
	if p.DeadLetterTargetARN == "" || p.MaxReceiveCount == "" {
		return nil, wrong("Redrive policy does not contain mandatory attribute: deadLetterTargetArn or maxReceiveCount.")
	}
	max, err := strconv.Atoi(p.MaxReceiveCount.String())
	if err != nil || max < 1 || max > 1000 {
		return nil, wrong(fmt.Sprintf("Invalid value for maxReceiveCount: %s, valid values are from 1 to 1000 both inclusive.", p.MaxReceiveCount))
	}
	p.max = max
	return p, nil
}

// checkTarget reports whether the redrive policy's queue exists and is of the same kind.
func (s *Service) checkTarget(fifo bool, p *redrivePolicy) error {
	if p == nil {
		return nil
	}
	dead, err := s.byARN(p.DeadLetterTargetARN)
	if err != nil {
		return invalid(p.DeadLetterTargetARN, "RedrivePolicy", "Dead letter target does not exist.")
	}
	if dead.fifo != fifo {
		return invalid(p.DeadLetterTargetARN, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
	}
	return nil
}

// check validates a message against the queue, and fills in its deduplication id.
func (q *queue) check(out *Outgoing) error {
	if out.Body == "" {
		return missing("MessageBody")
	}
	if n := size(*out); n > q.maxSize {
		return wire.Errorf("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.maxSize)
	}
	if len(out.Attributes) > 10 {
		return invalid(len(out.Attributes), "MessageAttributes", "Number of message attributes must not exceed 10.")
	}
	for name, a := range out.Attributes {
		kind, _, _ := strings.Cut(a.DataType, ".")
		if kind != "String" && kind != "Number" && kind != "Binary" {
			return wire.Errorf("InvalidParameterValue", "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		}
		if kind == "Binary" && len(a.BinaryValue) == 0 || kind != "Binary" && (a.StringValue == nil || *a.StringValue == "") {
			return wire.Errorf("InvalidParameterValue", "The message attribute '%s' must contain a non-empty attribute value.", name)
		}
	}
	if out.Delay != nil && (*out.Delay < 0 || *out.Delay > 15*time.Minute) {
		return invalid(int(out.Delay.Seconds()), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	}
	if !q.fifo {
		if out.DeduplicationID != "" {
			return invalid(out.DeduplicationID, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type.")
		}
		return nil
	}
	if out.GroupID == "" {
		return missing("MessageGroupId")
	}
	if out.Delay != nil && *out.Delay > 0 {
		return invalid(int(out.Delay.Seconds()), "DelaySeconds", "The request include parameter that is not valid for this queue type.")
	}
	if out.DeduplicationID == "" {
		if !q.dedupContent {
			return wire.Errorf("InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		out.DeduplicationID = contentID(out.Body)
	}
	return nil
}
