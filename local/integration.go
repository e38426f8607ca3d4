package local

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"sluice/local/wire"
)

// targets are the services that Step Functions calls in JSON, by their name in
// resources of tasks.
var targets = map[string]string{"dynamodb": "DynamoDB_20120810", "events": "AWSEvents", "states": "AWSStepFunctions"}

// integrate runs a task of Step Functions that calls a service, as the machine's
// role. It goes over the wire, where IAM is asked and faults happen.
func (a *AWS) integrate(roleARN, service, action string, input json.RawMessage) (json.RawMessage, error) {
	operation := string(unicode.ToUpper(rune(action[0]))) + action[1:]
	body, header := []byte(input), http.Header{"Content-Type": {"application/x-amz-json-1.0"}}
	if service == "sns" {
		form, err := publishForm(input)
		if err != nil {
			return nil, err
		}
		body = []byte(form.Encode())
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		header.Set("X-Amz-Target", targets[service]+"."+operation)
	}
	key, _, _ := a.IAM.Session(roleARN, "states")
	header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request", key, wire.Region, service))
	r, err := http.NewRequest(http.MethodPost, "http://local/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	resp, err := a.Server.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if service == "sns" {
		return published(resp.StatusCode, answer)
	}
	if resp.StatusCode == http.StatusOK {
		return answer, nil
	}
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer, &e); err != nil {
		return nil, fmt.Errorf("reading the answer of %s %s: %w", service, operation, err)
	}
	return nil, &wire.Error{Code: e.Type, Message: e.Message, Status: resp.StatusCode}
}

// publishForm is the input of sns:publish as SNS takes it, which speaks awsQuery.
func publishForm(input json.RawMessage) (url.Values, error) {
	var members map[string]any
	if err := json.Unmarshal(input, &members); err != nil {
		return nil, err
	}
	form := url.Values{"Action": {"Publish"}, "Version": {"2010-03-31"}}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if attributes, ok := members[name].(map[string]any); ok && name == "MessageAttributes" {
			for i, key := range slices.Sorted(maps.Keys(attributes)) {
				at := fmt.Sprintf("MessageAttributes.entry.%d.", i+1)
				form.Set(at+"Name", key)
				value, _ := attributes[key].(map[string]any)
				for part, v := range value {
					form.Set(at+"Value."+part, fmt.Sprint(v))
				}
			}
			continue
		}
		form.Set(name, fmt.Sprint(members[name]))
	}
	return form, nil
}

// published is SNS's answer in JSON.
func published(status int, answer []byte) (json.RawMessage, error) {
	var doc struct {
		MessageID string `xml:"PublishResult>MessageId"`
		Code      string `xml:"Error>Code"`
		Message   string `xml:"Error>Message"`
	}
	if err := xml.Unmarshal(answer, &doc); err != nil {
		return nil, fmt.Errorf("reading the answer of sns Publish: %w", err)
	}
	if status != http.StatusOK {
		return nil, &wire.Error{Code: doc.Code, Message: strings.TrimSpace(doc.Message), Status: status}
	}
	return json.Marshal(map[string]string{"MessageId": doc.MessageID})
}
