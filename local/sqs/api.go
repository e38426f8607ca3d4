package sqs

import (
	"container/list"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/local/wire"
)

type none struct{}

// Wire is the service for the server: awsJson 1.0.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "sqs", Target: "AmazonSQS", QueryCodes: queryCodes}
	wire.Handle(svc, "CreateQueue", func(in *createQueueInput) []wire.Access {
		return []wire.Access{{Action: "sqs:CreateQueue", Resource: ARN(in.QueueName)}}
	}, s.createQueue)
	wire.Handle(svc, "GetQueueUrl", func(in *nameInput) []wire.Access {
		return []wire.Access{{Action: "sqs:GetQueueUrl", Resource: ARN(in.QueueName)}}
	}, s.getQueueURL)
	wire.Handle(svc, "ListQueues", func(*listQueuesInput) []wire.Access {
		return []wire.Access{{Action: "sqs:ListQueues", Resource: ARN("*")}}
	}, s.listQueues)
	on(s, svc, "DeleteQueue", "DeleteQueue", (*queue).deleteQueue)
	on(s, svc, "GetQueueAttributes", "GetQueueAttributes", (*queue).getAttributes)
	on(s, svc, "SetQueueAttributes", "SetQueueAttributes", (*queue).setAttributes)
	on(s, svc, "PurgeQueue", "PurgeQueue", (*queue).purge)
	on(s, svc, "TagQueue", "TagQueue", (*queue).tag)
	on(s, svc, "UntagQueue", "UntagQueue", (*queue).untag)
	on(s, svc, "ListQueueTags", "ListQueueTags", (*queue).listTags)
	on(s, svc, "ListDeadLetterSourceQueues", "ListDeadLetterSourceQueues", (*queue).listSources)
	wire.Handle(svc, "StartMessageMoveTask", nil, func(*wire.Call, *none) (*none, error) {
		return nil, refused("StartMessageMoveTask: receive from the dead-letter queue and send the messages anew")
	})
	s.registerMessages(svc)
	return svc
}

type urlInput struct {
	QueueURL string `json:"QueueUrl"`
}

func (in *urlInput) url() string { return in.QueueURL }

// on registers a call on one queue, which needs the permission action on it. A
// batch call needs that of the single call.
func on[In, Out any, P interface {
	*In
	url() string
}](s *Service, svc *wire.Service, name, action string, run func(*queue, P) (*Out, error)) {
	wire.Handle(svc, name, func(in *In) []wire.Access {
		return []wire.Access{{Action: "sqs:" + action, Resource: ARN(nameOf(P(in).url()))}}
	}, func(_ *wire.Call, in *In) (*Out, error) {
		q, err := s.byURL(P(in).url())
		if err != nil {
			return nil, err
		}
		return run(q, P(in))
	})
}

type createQueueInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type queueURLOutput struct {
	QueueURL string `json:"QueueUrl"`
}

func (s *Service) createQueue(_ *wire.Call, in *createQueueInput) (*queueURLOutput, error) {
	q, err := s.create(in.QueueName, in.Attributes, in.Tags)
	if err != nil {
		return nil, err
	}
	return &queueURLOutput{s.URL(q.name)}, nil
}

func (s *Service) create(name string, attributes, tags map[string]string) (*queue, error) {
	if name == "" {
		return nil, missing("QueueName")
	}
	if !queueNames.MatchString(name) {
		return nil, wire.Errorf("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	all, set, err := complete(name, attributes)
	if err != nil {
		return nil, err
	}
	if set.fifo && attributes["FifoQueue"] != "true" {
		return nil, wire.Errorf("InvalidParameterValue", "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length")
	}
	if q := s.queues[name]; q != nil {
		for _, n := range slices.Sorted(maps.Keys(attributes)) {
			if all[n] != q.attributes[n] {
				return nil, wire.Errorf("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", n)
			}
		}
		return q, nil
	}
	now := s.w.Now()
	if at, ok := s.deleted[name]; ok && now.Sub(at) < time.Minute {
		return nil, wire.Errorf("QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	if err := s.checkTarget(set.fifo, set.redrive); err != nil {
		return nil, err
	}
	q := &queue{
		s: s, name: name, arn: ARN(name), attributes: all, settings: set, tags: map[string]string{},
		createdAt: now, changedAt: now, activeAt: now,
		byID: map[string]*message{}, bySent: list.New(), groups: newGroups(), dedup: map[string]sent{},
	}
	maps.Copy(q.tags, tags)
	s.queues[name] = q
	return q, nil
}

type nameInput struct{ QueueName, QueueOwnerAWSAccountId string }

func (s *Service) getQueueURL(_ *wire.Call, in *nameInput) (*queueURLOutput, error) {
	if in.QueueOwnerAWSAccountId != "" && in.QueueOwnerAWSAccountId != wire.Account || s.queues[in.QueueName] == nil {
		return nil, noQueue
	}
	return &queueURLOutput{s.URL(in.QueueName)}, nil
}

type listQueuesInput struct {
	QueueNamePrefix, NextToken string
	MaxResults                 *int
}

type listQueuesOutput struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:",omitempty"`
}

// listQueues pages only if asked to, and otherwise answers at most a thousand.
func (s *Service) listQueues(_ *wire.Call, in *listQueuesInput) (*listQueuesOutput, error) {
	limit := 1000
	if in.MaxResults != nil {
		if limit = *in.MaxResults; limit < 1 || limit > 1000 {
			return nil, invalid(limit, "MaxResults", "Must be an integer from 1 to 1000, if provided.")
		}
	}
	out := &listQueuesOutput{}
	for _, name := range s.Queues() {
		if !strings.HasPrefix(name, in.QueueNamePrefix) || name <= in.NextToken {
			continue
		}
		if len(out.QueueURLs) == limit {
			if in.MaxResults != nil {
				out.NextToken = nameOf(out.QueueURLs[limit-1])
			}
			break
		}
		out.QueueURLs = append(out.QueueURLs, s.URL(name))
	}
	return out, nil
}

func (q *queue) deleteQueue(*urlInput) (*none, error) {
	q.clear()
	q.expiry.Stop()
	delete(q.s.queues, q.name)
	q.s.deleted[q.name] = q.s.w.Now()
	return &none{}, nil
}

func (q *queue) clear() {
	for _, m := range q.byID {
		q.remove(m)
	}
}

func (q *queue) purge(*urlInput) (*none, error) {
	now := q.s.w.Now()
	if !q.purgedAt.IsZero() && now.Sub(q.purgedAt) < time.Minute {
		return nil, wire.Errorf("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purgedAt = now
	q.clear()
	return &none{}, nil
}

type getAttributesInput struct {
	urlInput
	AttributeNames []string
}

type attributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (q *queue) getAttributes(in *getAttributesInput) (*attributesOutput, error) {
	all := maps.Clone(q.attributes)
	all["QueueArn"] = q.arn
	all["CreatedTimestamp"] = strconv.FormatInt(q.createdAt.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.changedAt.Unix(), 10)
	all["ApproximateNumberOfMessages"] = fmt.Sprint(q.count[visible])
	all["ApproximateNumberOfMessagesNotVisible"] = fmt.Sprint(q.count[inFlight])
	all["ApproximateNumberOfMessagesDelayed"] = fmt.Sprint(q.count[delayed])
	if slices.Contains(in.AttributeNames, "All") {
		return &attributesOutput{all}, nil
	}
	out := map[string]string{}
	for _, n := range in.AttributeNames {
		_, isNumber := numbers[n]
		_, isChoice := choices[n]
		v, ok := all[n]
		if !ok && !isNumber && !isChoice && !slices.Contains(texts, n) {
			return nil, wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", n)
		}
		if ok {
			out[n] = v
		}
	}
	return &attributesOutput{out}, nil
}

type setAttributesInput struct {
	urlInput
	Attributes map[string]string
}

func (q *queue) setAttributes(in *setAttributesInput) (*none, error) {
	return &none{}, q.set(in.Attributes)
}

func (q *queue) set(attributes map[string]string) error {
	want := maps.Clone(q.attributes)
	if v, ok := attributes["FifoQueue"]; ok && v != q.attributes["FifoQueue"] {
		return wire.Errorf("InvalidAttributeName", "Unknown Attribute FifoQueue.")
	}
	maps.Copy(want, attributes)
	all, set, err := complete(q.name, want)
	if err != nil {
		return err
	}
	if err := q.s.checkTarget(q.fifo, set.redrive); err != nil {
		return err
	}
	q.attributes, q.settings, q.changedAt = all, set, q.s.w.Now()
	q.expiry.Stop()
	q.expiry = nil
	q.armExpiry()
	return nil
}

type tagInput struct {
	urlInput
	Tags map[string]string
}

func (q *queue) tag(in *tagInput) (*none, error) {
	maps.Copy(q.tags, in.Tags)
	return &none{}, nil
}

type untagInput struct {
	urlInput
	TagKeys []string
}

func (q *queue) untag(in *untagInput) (*none, error) {
	for _, k := range in.TagKeys {
		delete(q.tags, k)
	}
	return &none{}, nil
}

type tagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

func (q *queue) listTags(*urlInput) (*tagsOutput, error) { return &tagsOutput{q.tags}, nil }

type sourcesOutput struct {
	QueueURLs []string `json:"queueUrls"`
}

func (q *queue) listSources(*urlInput) (*sourcesOutput, error) {
	return &sourcesOutput{q.s.sources(q)}, nil
}
