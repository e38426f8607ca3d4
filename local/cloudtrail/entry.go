package cloudtrail

import (
	"errors"
	"strings"

	"sluice/local/wire"
)

// identity is who made a call.
type identity struct {
	Type           string   `json:"type"`
	PrincipalID    string   `json:"principalId"`
	ARN            string   `json:"arn"`
	AccountID      string   `json:"accountId"`
	AccessKeyID    string   `json:"accessKeyId"`
	UserName       string   `json:"userName,omitempty"`
	SessionContext *session `json:"sessionContext,omitempty"`
}

type session struct {
	SessionIssuer issuer `json:"sessionIssuer"`
}

// issuer is the role of a session.
type issuer struct {
	Type      string `json:"type"`
	ARN       string `json:"arn"`
	AccountID string `json:"accountId"`
	UserName  string `json:"userName"`
}

// identify is the identity of an ARN: a session of a role, or a user. The ARN of a
// role is that of one without a path: a session's does not have it. Source: CloudTrail
// user guide, "CloudTrail userIdentity element".
func identify(arn, accessKey string) identity {
	id := identity{Type: "IAMUser", PrincipalID: "AIDALOCAL", ARN: arn, AccountID: wire.Account, AccessKeyID: accessKey}
	_, rest, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		id.UserName = arn[strings.LastIndex(arn, "/")+1:]
		return id
	}
	role, name, _ := strings.Cut(rest, "/")
	id.Type, id.PrincipalID = "AssumedRole", "AROALOCAL:"+name
	id.SessionContext = &session{issuer{Type: "Role", ARN: "arn:aws:iam::" + wire.Account + ":role/" + role, AccountID: wire.Account, UserName: role}}
	return id
}

// name is what lookups show of an identity: the user, or the session.
func (id identity) name() string {
	_, name, _ := strings.Cut(id.PrincipalID, ":")
	if id.UserName != "" {
		return id.UserName
	}
	return name
}

// entry is an event as CloudTrailEvent holds it.
type entry struct {
	EventVersion       string         `json:"eventVersion"`
	UserIdentity       identity       `json:"userIdentity"`
	EventTime          string         `json:"eventTime"`
	EventSource        string         `json:"eventSource"`
	EventName          string         `json:"eventName"`
	AWSRegion          string         `json:"awsRegion"`
	SourceIPAddress    string         `json:"sourceIPAddress"`
	UserAgent          string         `json:"userAgent"`
	ErrorCode          string         `json:"errorCode,omitempty"`
	ErrorMessage       string         `json:"errorMessage,omitempty"`
	RequestParameters  map[string]any `json:"requestParameters"`
	ResponseElements   any            `json:"responseElements"` // not kept
	RequestID          string         `json:"requestID"`
	EventID            string         `json:"eventID"`
	ReadOnly           bool           `json:"readOnly"`
	EventType          string         `json:"eventType"`
	ManagementEvent    bool           `json:"managementEvent"`
	RecipientAccountID string         `json:"recipientAccountId"`
	EventCategory      string         `json:"eventCategory"`
}

const source = "sagemaker.amazonaws.com"

func (id identity) entry(e event, r wire.Record, parameters map[string]any) entry {
	out := entry{
		EventVersion: "1.11", UserIdentity: id, EventTime: e.at.UTC().Format("2006-01-02T15:04:05Z"), EventSource: source, EventName: e.name,
		AWSRegion: wire.Region, SourceIPAddress: "127.0.0.1", RequestParameters: parameters, RequestID: r.RequestID, EventID: e.id,
		EventType: "AwsApiCall", ManagementEvent: true, RecipientAccountID: wire.Account, EventCategory: "Management",
	}
	if r.HTTP != nil {
		out.UserAgent = r.HTTP.UserAgent()
	}
	if r.Err != nil {
		out.ErrorCode, out.ErrorMessage = "InternalFailure", r.Err.Error()
		var refusal *wire.Error
		if errors.As(r.Err, &refusal) {
			out.ErrorCode, out.ErrorMessage = refusal.Code, refusal.Message
		}
	}
	return out
}
