package faults

import (
	"encoding/json"
	"sort"
	"strings"
)

// resource says what a call is about, from its input: the item of a DynamoDB call,
// the object of an S3 call, else the first of names that the input has. "" if it
// has none, or if naming it would help nobody, as with task tokens.
func resource(service string, in any) string {
	raw, err := json.Marshal(in)
	if err != nil {
		return ""
	}
	var members map[string]any
	if json.Unmarshal(raw, &members) != nil {
		return ""
	}
	if service == "dynamodb" {
		return item(members)
	}
	if service == "s3" {
		return strings.Trim(text(members["Bucket"])+"/"+text(members["Key"]), "/")
	}
	for _, name := range names {
		if s := text(members[name]); s != "" {
			return s
		}
	}
	return ""
}

// names are the members that name what a call is about, the most telling first.
var names = []string{
	"EndpointName", "EndpointConfigName", "ModelName", "ModelPackageArn", "ModelPackageName", "PipelineExecutionArn", "PipelineName",
	"name", "executionArn", "TopicArn", "QueueUrl", "AlarmName", "ResourceId",
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// item is the key of the item that a DynamoDB call is about: of the last one for a
// transaction, since conditions come before what they guard.
func item(members map[string]any) string {
	for _, name := range []string{"Key", "Item"} {
		if k := key(members[name]); k != "" {
			return k
		}
	}
	if values, ok := members["ExpressionAttributeValues"].(map[string]any); ok {
		return scalar(values[":pk"])
	}
	if writes, ok := members["TransactItems"].([]any); ok {
		for i := len(writes) - 1; i >= 0; i-- {
			write, _ := writes[i].(map[string]any)
			kinds := make([]string, 0, len(write))
			for kind := range write {
				kinds = append(kinds, kind)
			}
			sort.Strings(kinds)
			for _, kind := range kinds {
				if inner, ok := write[kind].(map[string]any); ok {
					if k := item(inner); k != "" {
						return k
					}
				}
			}
		}
	}
	return ""
}

func key(v any) string {
	attributes, _ := v.(map[string]any)
	return strings.TrimSpace(scalar(attributes["pk"]) + " " + scalar(attributes["sk"]))
}

// scalar is the text of an attribute value of type S or N.
func scalar(v any) string {
	typed, _ := v.(map[string]any)
	if s := text(typed["S"]); s != "" {
		return s
	}
	return text(typed["N"])
}
