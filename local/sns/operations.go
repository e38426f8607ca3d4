package sns

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"sluice/local/wire"
)

// page is how many topics or subscriptions are listed at a time.
const page = 100

type nothing struct{}

type tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// topicIn serves the operations that take little more than a topic.
type topicIn struct {
	TopicArn       string            `json:"TopicArn"`
	Name           string            `json:"Name"`
	Attributes     map[string]string `json:"Attributes"`
	Tags           []tag             `json:"Tags"`
	AttributeName  string            `json:"AttributeName"`
	AttributeValue string            `json:"AttributeValue"`
	NextToken      string            `json:"NextToken"`
	ResourceArn    string            `json:"ResourceArn"`
	TagKeys        []string          `json:"TagKeys"`
}

type topicOut struct {
	TopicArn   string            `json:"TopicArn,omitempty"`
	Attributes map[string]string `json:"Attributes,omitempty"`
	Tags       []tag             `json:"Tags,omitempty"`
}

type subscriptionIn struct {
	TopicArn              string            `json:"TopicArn"`
	SubscriptionArn       string            `json:"SubscriptionArn"`
	Protocol              string            `json:"Protocol"`
	Endpoint              string            `json:"Endpoint"`
	Attributes            map[string]string `json:"Attributes"`
	ReturnSubscriptionArn bool              `json:"ReturnSubscriptionArn"`
	AttributeName         string            `json:"AttributeName"`
	AttributeValue        string            `json:"AttributeValue"`
}

type subscriptionOut struct {
	SubscriptionArn string            `json:"SubscriptionArn,omitempty"`
	Attributes      map[string]string `json:"Attributes,omitempty"`
}

// Wire is the service with all its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "sns", Version: "2010-03-31", XMLNS: "http://sns.amazonaws.com/doc/2010-03-31/"}
	s.handleTopics(svc)
	s.handleSubscriptions(svc)
	wire.Handle(svc, "Publish", func(in *publishIn) []wire.Access { return need("Publish", cmp.Or(in.TopicArn, in.TargetArn)) },
		func(_ *wire.Call, in *publishIn) (*publishOut, error) { return s.publishOne(in) })
	wire.Handle(svc, "PublishBatch", func(in *batchIn) []wire.Access { return need("Publish", in.TopicArn) },
		func(_ *wire.Call, in *batchIn) (*batchOut, error) { return s.publishBatch(in) })
	return svc
}

func need(operation, resource string) []wire.Access {
	return []wire.Access{{Action: "sns:" + operation, Resource: cmp.Or(resource, "*")}}
}

func (s *Service) handleTopics(svc *wire.Service) {
	onTopic := func(name string, run func(*topicIn) (*topicOut, error)) {
		wire.Handle(svc, name, func(in *topicIn) []wire.Access {
			return need(name, cmp.Or(in.TopicArn, in.ResourceArn))
		}, func(_ *wire.Call, in *topicIn) (*topicOut, error) { return run(in) })
	}
	wire.Handle(svc, "CreateTopic", func(in *topicIn) []wire.Access { return need("CreateTopic", arnPrefix+in.Name) },
		func(_ *wire.Call, in *topicIn) (*topicOut, error) {
			arn, err := s.CreateTopic(in.Name, in.Attributes, tagMap(in.Tags))
			return &topicOut{TopicArn: arn}, err
		})
	onTopic("DeleteTopic", func(in *topicIn) (*topicOut, error) { return &topicOut{}, s.DeleteTopic(in.TopicArn) })
	onTopic("GetTopicAttributes", s.getTopicAttributes)
	onTopic("SetTopicAttributes", func(in *topicIn) (*topicOut, error) {
		t, err := s.topic(in.TopicArn)
		if err == nil {
			err = checkTopicAttributes(map[string]string{in.AttributeName: in.AttributeValue})
		}
		if err != nil {
			return nil, err
		}
		t.attributes[in.AttributeName] = in.AttributeValue
		return &topicOut{}, nil
	})
	onTopic("TagResource", s.tag)
	onTopic("UntagResource", s.tag)
	onTopic("ListTagsForResource", func(in *topicIn) (*topicOut, error) {
		t, err := s.topic(in.ResourceArn)
		if err != nil {
			return nil, err
		}
		out := &topicOut{}
		for _, k := range slices.Sorted(maps.Keys(t.tags)) {
			out.Tags = append(out.Tags, tag{k, t.tags[k]})
		}
		return out, nil
	})
	type listed struct {
		TopicArn string `json:"TopicArn"`
	}
	type listOut struct {
		Topics    []listed `json:"Topics"`
		NextToken string   `json:"NextToken,omitempty"`
	}
	wire.Handle(svc, "ListTopics", func(*topicIn) []wire.Access { return need("ListTopics", "*") },
		func(_ *wire.Call, in *topicIn) (*listOut, error) {
			var all []listed
			for _, arn := range slices.Sorted(maps.Keys(s.topics)) {
				all = append(all, listed{arn})
			}
			part, next, err := cut(all, in.NextToken)
			return &listOut{part, next}, err
		})
}

func tagMap(tags []tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

func (s *Service) tag(in *topicIn) (*topicOut, error) {
	t := s.topics[in.ResourceArn]
	if t == nil {
		return nil, &wire.Error{Code: "ResourceNotFound", Message: "Resource does not exist", Status: 404}
	}
	maps.Copy(t.tags, tagMap(in.Tags))
	for _, k := range in.TagKeys {
		delete(t.tags, k)
	}
	return &topicOut{}, nil
}

func (s *Service) getTopicAttributes(in *topicIn) (*topicOut, error) {
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	pending := 0
	for _, sub := range t.subs {
		if sub.pending {
			pending++
		}
	}
	a := map[string]string{
		"TopicArn": t.arn, "Owner": wire.Account, "DisplayName": "", "SubscriptionsDeleted": "0",
		"SubscriptionsPending": strconv.Itoa(pending), "SubscriptionsConfirmed": strconv.Itoa(len(t.subs) - pending),
	}
	maps.Copy(a, t.attributes)
	return &topicOut{Attributes: a}, nil
}

// cut is one page of a list. A token is the number of entries before the page.
func cut[T any](all []T, token string) ([]T, string, error) {
	from := 0
	if token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(all) {
			return nil, "", invalid("NextToken")
		}
		from = n
	}
	to := min(from+page, len(all))
	if to < len(all) {
		return all[from:to], strconv.Itoa(to), nil
	}
	return all[from:to], "", nil
}

func (s *Service) handleSubscriptions(svc *wire.Service) {
	wire.Handle(svc, "Subscribe", func(in *subscriptionIn) []wire.Access { return need("Subscribe", in.TopicArn) },
		func(_ *wire.Call, in *subscriptionIn) (*subscriptionOut, error) {
			arn, err := s.Subscribe(in.TopicArn, in.Protocol, in.Endpoint, in.Attributes)
			if err == nil && in.ReturnSubscriptionArn {
				for _, sub := range s.topics[in.TopicArn].subs {
					if sub.protocol == in.Protocol && sub.endpoint == in.Endpoint {
						arn = sub.arn
					}
				}
			}
			return &subscriptionOut{SubscriptionArn: arn}, err
		})
	wire.Handle(svc, "Unsubscribe", func(*subscriptionIn) []wire.Access { return need("Unsubscribe", "*") },
		func(_ *wire.Call, in *subscriptionIn) (*nothing, error) {
			return &nothing{}, s.Unsubscribe(in.SubscriptionArn)
		})
	for _, name := range []string{"GetSubscriptionAttributes", "SetSubscriptionAttributes"} {
		wire.Handle(svc, name, func(*subscriptionIn) []wire.Access { return need(name, "*") },
			func(_ *wire.Call, in *subscriptionIn) (*subscriptionOut, error) {
				sub := s.subs[in.SubscriptionArn]
				if sub == nil {
					return nil, &wire.Error{Code: "NotFound", Message: "Subscription does not exist", Status: 404}
				}
				if in.AttributeName != "" {
					return &subscriptionOut{}, sub.set(in.AttributeName, in.AttributeValue)
				}
				return &subscriptionOut{Attributes: map[string]string{
					"SubscriptionArn": sub.arn, "TopicArn": sub.topic.arn, "Protocol": sub.protocol, "Endpoint": sub.endpoint, "Owner": wire.Account,
					"PendingConfirmation": strconv.FormatBool(sub.pending), "RawMessageDelivery": strconv.FormatBool(sub.raw),
				}}, nil
			})
	}
	type listed struct {
		SubscriptionArn string `json:"SubscriptionArn"`
		Owner           string `json:"Owner"`
		Protocol        string `json:"Protocol"`
		Endpoint        string `json:"Endpoint"`
		TopicArn        string `json:"TopicArn"`
	}
	type listOut struct {
		Subscriptions []listed `json:"Subscriptions"`
		NextToken     string   `json:"NextToken,omitempty"`
	}
	list := func(topics []*topic, token string) (*listOut, error) {
		var all []listed
		for _, t := range topics {
			for _, sub := range t.subs {
				arn := sub.arn
				if sub.pending {
					arn = "PendingConfirmation" // lists spell it so, Subscribe otherwise
				}
				all = append(all, listed{arn, wire.Account, sub.protocol, sub.endpoint, t.arn})
			}
		}
		part, next, err := cut(all, token)
		return &listOut{part, next}, err
	}
	wire.Handle(svc, "ListSubscriptions", func(*topicIn) []wire.Access { return need("ListSubscriptions", "*") },
		func(_ *wire.Call, in *topicIn) (*listOut, error) {
			var all []*topic
			for _, arn := range slices.Sorted(maps.Keys(s.topics)) {
				all = append(all, s.topics[arn])
			}
			return list(all, in.NextToken)
		})
	wire.Handle(svc, "ListSubscriptionsByTopic", func(in *topicIn) []wire.Access { return need("ListSubscriptionsByTopic", in.TopicArn) },
		func(_ *wire.Call, in *topicIn) (*listOut, error) {
			t, err := s.topic(in.TopicArn)
			if err != nil {
				return nil, err
			}
			return list([]*topic{t}, in.NextToken)
		})
}
