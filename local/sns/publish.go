package sns

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"unicode/utf8"

	"sluice/local/wire"
)

// maxMessage bounds a message, its attributes included, in bytes.
const maxMessage = 256 * 1024

// Publish sends a message to a topic and returns its id. An empty subject is none.
// Deliveries happen a moment later.
func (s *Service) Publish(topicARN, subject, body string, attributes map[string]Attribute) (string, error) {
	return s.publish(Message{TopicARN: topicARN, Subject: subject, Body: body, Attributes: attributes})
}

func (s *Service) publish(m Message) (string, error) {
	t, err := s.topic(m.TopicARN)
	if err != nil {
		return "", err
	}
	bodies, err := m.check()
	if err != nil {
		return "", err
	}
	m.ID, m.At = s.world.UUID("sns-message"), s.world.Now()
	kept := &m
	s.messages = append(s.messages, kept)
	for _, sub := range slices.Clone(t.subs) {
		s.world.After(latency, "deliver SNS message "+m.ID, func() { s.deliver(kept, sub, bodies) })
	}
	return m.ID, nil
}

// check holds a message against the rules and returns the text for each protocol,
// "default" for the others. A subject is at most 100 characters of one line and
// starts with a letter, a digit or punctuation.
func (m *Message) check() (map[string]string, error) {
	switch {
	case m.Body == "":
		return nil, invalid("Empty message")
	case m.size() > maxMessage:
		return nil, invalid("Message too long")
	case m.Subject != "" && !validSubject(m.Subject):
		return nil, invalid("Subject")
	case m.Structure != "" && m.Structure != "json":
		return nil, invalid("MessageStructure")
	}
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		if err := m.Attributes[name].check(name); err != nil {
			return nil, err
		}
	}
	if m.Structure == "" {
		return map[string]string{"default": m.Body}, nil
	}
	var raw map[string]any
	if err := json.Unmarshal([]byte(m.Body), &raw); err != nil {
		return nil, invalid("Message Structure - JSON message body failed to parse")
	}
	bodies := map[string]string{}
	for k, v := range raw {
		if text, ok := v.(string); ok { // AWS passes over others
			bodies[k] = text
		}
	}
	if _, ok := bodies["default"]; !ok {
		return nil, invalid("Message Structure - No default entry in JSON message body")
	}
	return bodies, nil
}

func validSubject(subject string) bool {
	if utf8.RuneCountInString(subject) > 100 || subject[0] == ' ' {
		return false
	}
	for _, r := range subject {
		if r < 0x20 || r == 0x7f {
			return false
		}
	}
	return utf8.ValidString(subject)
}

func (m *Message) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + base64.StdEncoding.DecodedLen(len(a.BinaryValue))
	}
	return n
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
var attributeType = regexp.MustCompile(`^(String|Number|Binary)(\..+)?$|^String\.Array$`)

func (a Attribute) check(name string) error {
	wrong := func(format string, args ...any) error { return wire.Errorf("ParameterValueInvalid", format, args...) }
	if !attributeName.MatchString(name) || len(name) > 256 {
		return wrong("The message attribute name '%s' is invalid.", name)
	}
	m := attributeType.FindStringSubmatch(a.DataType)
	if m == nil {
		return wrong("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	}
	if m[1] == "Binary" && a.BinaryValue == "" || m[1] != "Binary" && a.StringValue == "" {
		return wrong("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.DataType)
	}
	return nil
}

func (s *Service) deliver(m *Message, sub *subscription, bodies map[string]string) {
	d := Delivery{Subscription: sub.arn, Protocol: sub.protocol, Endpoint: sub.endpoint, Pending: sub.pending}
	body, ok := bodies[sub.protocol]
	if !ok {
		body = bodies["default"]
	}
	switch {
	case s.subs[sub.arn] != sub:
		return // unsubscribed meanwhile
	case sub.pending:
	case sub.protocol == "sqs" && s.hooks.Queue != nil && sub.raw:
		d.Err = s.hooks.Queue(sub.endpoint, body, m.Attributes)
	case sub.protocol == "sqs" && s.hooks.Queue != nil:
		d.Err = s.hooks.Queue(sub.endpoint, string(m.envelope(sub, body)), nil)
	case sub.protocol == "lambda" && s.hooks.Function != nil:
		d.Err = s.hooks.Function(sub.endpoint, m.event(sub, body))
	default:
		d.Err = errors.New("no service delivers to " + sub.protocol + " here")
	}
	m.Deliveries = append(m.Deliveries, d)
}

const stamp = "2006-01-02T15:04:05.000Z"

// envelope is what an SQS subscriber gets unless it asked for the raw message.
// Nothing is signed here: the signature is a placeholder.
func (m *Message) envelope(sub *subscription, body string) []byte {
	type attribute struct {
		Type  string
		Value string
	}
	e := struct {
		Type, MessageId, TopicArn string
		Subject                   string `json:",omitempty"`
		Message, Timestamp        string
		SignatureVersion          string
		Signature, SigningCertURL string
		UnsubscribeURL            string
		MessageAttributes         map[string]attribute `json:",omitempty"`
	}{
		"Notification", m.ID, m.TopicARN, m.Subject, body, m.At.Format(stamp), "1", "bG9jYWw=", "http://local/sns.pem",
		"http://local/?Action=Unsubscribe&SubscriptionArn=" + sub.arn, map[string]attribute{},
	}
	for name, a := range m.Attributes {
		e.MessageAttributes[name] = attribute{a.DataType, a.StringValue + a.BinaryValue}
	}
	return encode(e)
}

// event is what a Lambda subscriber is invoked with.
func (m *Message) event(sub *subscription, body string) []byte {
	attributes := map[string]any{}
	for name, a := range m.Attributes {
		attributes[name] = map[string]string{"Type": a.DataType, "Value": a.StringValue + a.BinaryValue}
	}
	var subject any // null where there is none
	if m.Subject != "" {
		subject = m.Subject
	}
	return encode(map[string]any{"Records": []any{map[string]any{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": sub.arn,
		"Sns": map[string]any{
			"Type": "Notification", "MessageId": m.ID, "TopicArn": m.TopicARN, "Subject": subject, "Message": body,
			"Timestamp": m.At.Format(stamp), "SignatureVersion": "1", "Signature": "bG9jYWw=", "SigningCertUrl": "http://local/sns.pem",
			"UnsubscribeUrl":    "http://local/?Action=Unsubscribe&SubscriptionArn=" + sub.arn,
			"MessageAttributes": attributes,
		},
	}}})
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sns: a message is no JSON: " + err.Error())
	}
	return b
}
