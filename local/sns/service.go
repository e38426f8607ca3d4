// Package sns is Amazon SNS on a laptop: topics, subscriptions, and messages that
// are delivered to SQS queues and Lambda functions.
//
// It decides what a subscriber gets and when a request is refused. Queues and
// functions are injected. Every published message is kept, so that a demo and a
// test can read what would have been mailed.
//
// Not modelled: FIFO topics, filter policies, HTTP and SMS subscribers, delivery
// retries and dead-letter queues (a delivery that fails is kept as failed), topic
// policies, encryption.
package sns

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// latency passes between a publication and its delivery.
const latency = 20 * time.Millisecond

const arnPrefix = "arn:aws:sns:" + wire.Region + ":" + wire.Account + ":"

// Attribute is a message attribute. BinaryValue is base64 text.
type Attribute struct {
	DataType    string `json:"DataType"`
	StringValue string `json:"StringValue,omitempty"`
	BinaryValue string `json:"BinaryValue,omitempty"`
}

// Hooks are the subscribers' services. A nil one fails each delivery to it.
type Hooks struct {
	// Queue sends body to the queue. attributes are those of a raw delivery.
	Queue func(queueARN, body string, attributes map[string]Attribute) error
	// Function invokes the function asynchronously with an SNS event.
	Function func(functionARN string, event []byte) error
}

// Message is one published message and what became of it.
type Message struct {
	ID         string
	TopicARN   string
	Subject    string // "" if it had none
	Body       string
	Structure  string // "json" where Body holds one text for each protocol
	Attributes map[string]Attribute
	At         time.Time
	Deliveries []Delivery // filled in as they happen
}

// Delivery is one message on its way to one subscriber. An email is never sent:
// Pending says that its subscription was never confirmed.
type Delivery struct {
	Subscription string
	Protocol     string
	Endpoint     string
	Pending      bool
	Err          error
}

// Service is the topics of one account.
type Service struct {
	world    *sim.World
	hooks    Hooks
	topics   map[string]*topic        // by ARN
	subs     map[string]*subscription // by ARN
	messages []*Message
}

type topic struct {
	arn        string
	attributes map[string]string
	tags       map[string]string
	subs       []*subscription // in order of subscription
}

type subscription struct {
	arn, protocol, endpoint string
	topic                   *topic
	pending                 bool
	raw                     bool
}

// New returns an SNS without topics.
func New(w *sim.World, hooks Hooks) *Service {
	return &Service{world: w, hooks: hooks, topics: map[string]*topic{}, subs: map[string]*subscription{}}
}

// Messages are the messages published to a topic, oldest first; all messages if
// topicARN is "".
func (s *Service) Messages(topicARN string) []Message {
	var out []Message
	for _, m := range s.messages {
		if topicARN == "" || topicARN == m.TopicARN {
			out = append(out, *m)
		}
	}
	return out
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// CreateTopic makes a topic and returns its ARN. A topic that exists already is
// returned if its attributes and tags are those asked for.
func (s *Service) CreateTopic(name string, attributes, tags map[string]string) (string, error) {
	if strings.HasSuffix(name, ".fifo") || attributes["FifoTopic"] == "true" {
		return "", notHere("FIFO topics")
	}
	if !topicName.MatchString(name) {
		return "", invalid("Topic Name")
	}
	if err := checkTopicAttributes(attributes); err != nil {
		return "", err
	}
	arn := arnPrefix + name
	if old := s.topics[arn]; old != nil {
		for k, v := range attributes {
			if old.attributes[k] != v {
				return "", invalid("Attributes Reason: Topic already exists with different attributes")
			}
		}
		if len(tags) > 0 && !maps.Equal(tags, old.tags) {
			return "", invalid("Tags Reason: Topic already exists with different tags")
		}
		return arn, nil
	}
	t := &topic{arn: arn, attributes: map[string]string{}, tags: map[string]string{}}
	maps.Copy(t.attributes, attributes)
	maps.Copy(t.tags, tags)
	s.topics[arn] = t
	return arn, nil
}

// topicSettings are the attributes that can be set. Those that would change how
// messages travel here are refused.
var topicSettings = []string{"DisplayName", "Policy", "DeliveryPolicy", "KmsMasterKeyId", "TracingConfig", "SignatureVersion"}

func checkTopicAttributes(attributes map[string]string) error {
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		if k == "FifoTopic" {
			continue
		}
		if !slices.Contains(topicSettings, k) {
			return invalid("AttributeName")
		}
	}
	return nil
}

// DeleteTopic removes a topic and its subscriptions. One that does not exist is no
// error.
func (s *Service) DeleteTopic(arn string) error {
	if t := s.topics[arn]; t != nil {
		for _, sub := range t.subs {
			delete(s.subs, sub.arn)
		}
		delete(s.topics, arn)
	}
	return nil
}

// Subscribe adds a subscriber and returns its ARN, or "pending confirmation" for
// one that has to confirm first. attributes may have RawMessageDelivery.
func (s *Service) Subscribe(topicARN, protocol, endpoint string, attributes map[string]string) (string, error) {
	t, err := s.topic(topicARN)
	if err != nil {
		return "", err
	}
	sub := &subscription{protocol: protocol, endpoint: endpoint, topic: t}
	switch {
	case endpoint == "":
		return "", invalid("Endpoint")
	case protocol == "sqs" && !strings.HasPrefix(endpoint, "arn:aws:sqs:"):
		return "", invalid("SQS endpoint ARN")
	case protocol == "lambda" && !strings.HasPrefix(endpoint, "arn:aws:lambda:"):
		return "", invalid("Lambda endpoint ARN")
	case protocol == "email" || protocol == "email-json":
		if !strings.Contains(endpoint, "@") {
			return "", invalid("Email address")
		}
		sub.pending = true
	case protocol != "sqs" && protocol != "lambda":
		return "", notHere("the protocol " + strconv.Quote(protocol))
	}
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		if err := sub.set(k, attributes[k]); err != nil {
			return "", err
		}
	}
	for _, old := range t.subs {
		if old.protocol == protocol && old.endpoint == endpoint {
			if old.raw != sub.raw {
				return "", invalid("Attributes Reason: Subscription already exists with different attributes")
			}
			return old.shown(), nil
		}
	}
	sub.arn = topicARN + ":" + s.world.UUID("subscription")
	t.subs = append(t.subs, sub)
	s.subs[sub.arn] = sub
	return sub.shown(), nil
}

func (sub *subscription) set(name, value string) error {
	switch name {
	case "RawMessageDelivery":
		if value != "true" && value != "false" {
			return invalid("Attributes Reason: RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
		}
		if value == "true" && sub.protocol != "sqs" {
			return invalid("Attributes Reason: Delivery protocol [%s] does not support raw message delivery.", sub.protocol)
		}
		sub.raw = value == "true"
		return nil
	case "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "DeliveryPolicy", "SubscriptionRoleArn", "ReplayPolicy":
		return notHere("the subscription attribute " + name)
	}
	return invalid("AttributeName")
}

// shown is what callers see instead of the ARN of a subscription that nobody has
// confirmed.
func (sub *subscription) shown() string {
	if sub.pending {
		return "pending confirmation"
	}
	return sub.arn
}

// Unsubscribe removes a subscription. One that does not exist is no error.
func (s *Service) Unsubscribe(arn string) error {
	if sub := s.subs[arn]; sub != nil {
		sub.topic.subs = slices.DeleteFunc(sub.topic.subs, func(x *subscription) bool { return x == sub })
		delete(s.subs, arn)
	}
	return nil
}

func (s *Service) topic(arn string) (*topic, error) {
	if t := s.topics[arn]; t != nil {
		return t, nil
	}
	if !strings.HasPrefix(arn, "arn:aws:sns:") {
		return nil, invalid("TopicArn")
	}
	return nil, &wire.Error{Code: "NotFound", Message: "Topic does not exist", Status: 404}
}

func invalid(format string, args ...any) error {
	return wire.Errorf("InvalidParameter", "Invalid parameter: "+format, args...)
}

func notHere(what string) error {
	return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement " + what + " of sns", Status: 501}
}
