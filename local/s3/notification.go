package s3

import (
	"encoding/xml"
	"fmt"
	"io"

	"sluice/local/wire"
)

// notificationConfiguration is which notifications a bucket sends. Only those to
// EventBridge are done here.
type notificationConfiguration struct {
	XMLName     xml.Name   `xml:"NotificationConfiguration"`
	EventBridge *struct{}  `xml:"EventBridgeConfiguration"`
	Topics      []struct{} `xml:"TopicConfiguration"`
	Queues      []struct{} `xml:"QueueConfiguration"`
	Functions   []struct{} `xml:"CloudFunctionConfiguration"`
}

func (s *Service) putNotification(name string, body io.Reader) error {
	b := s.buckets[name]
	if b == nil {
		return missing("NoSuchBucket", "The specified bucket does not exist")
	}
	var in notificationConfiguration
	if err := xml.NewDecoder(body).Decode(&in); err != nil {
		return failf(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if len(in.Topics)+len(in.Queues)+len(in.Functions) > 0 {
		return failf(501, "NotImplemented", "local AWS does not implement s3 notifications to topics, queues and functions; send them to EventBridge")
	}
	b.eventBridge = in.EventBridge != nil
	return nil
}

func (s *Service) getNotification(name string, to *answer) error {
	b := s.buckets[name]
	if b == nil {
		return missing("NoSuchBucket", "The specified bucket does not exist")
	}
	out := notificationConfiguration{}
	if b.eventBridge {
		out.EventBridge = &struct{}{}
	}
	return to.xml(out)
}

// detail is the detail of Object Created and Object Deleted (AWS.md A.2).
type detail struct {
	Version         string       `json:"version"`
	Bucket          detailBucket `json:"bucket"`
	Object          detailObject `json:"object"`
	RequestID       string       `json:"request-id"`
	Requester       string       `json:"requester"`
	SourceIPAddress string       `json:"source-ip-address,omitempty"`
	Reason          string       `json:"reason"`
	DeletionType    string       `json:"deletion-type,omitempty"`
}

type detailBucket struct {
	Name string `json:"name"`
}

type detailObject struct {
	Key       string `json:"key"`
	Size      *int   `json:"size,omitempty"`
	ETag      string `json:"etag"`
	VersionID string `json:"version-id,omitempty"`
	Sequencer string `json:"sequencer"`
}

func (s *Service) created(b *bucket, key string, v *version) {
	reason := s.reason
	if reason == "" {
		reason = "PutObject"
	}
	size := len(v.body)
	s.notify(b, "Object Created", key, v, detail{Object: detailObject{Size: &size}, Reason: reason})
}

func (s *Service) deleted(b *bucket, key string, v *version, how string) {
	s.notify(b, "Object Deleted", key, v, detail{Reason: "DeleteObject", DeletionType: how})
}

// notify sends an event, if the bucket is to. Not modelled: the five minutes it
// takes AWS to begin, and the minute an event can take; EventBridge's Fate can.
func (s *Service) notify(b *bucket, detailType, key string, v *version, d detail) {
	if !b.eventBridge || s.emit == nil {
		return
	}
	d.Version, d.Bucket.Name, d.Requester = "0", b.name, wire.Account
	d.Object.Key, d.Object.ETag, d.Object.Sequencer = key, v.etag(), s.nextSequencer()
	if v.id != "null" {
		d.Object.VersionID = v.id
	}
	if s.current != nil {
		d.RequestID, d.SourceIPAddress = requestID(s.current), "127.0.0.1"
	} else {
		d.RequestID = fmt.Sprintf("%016X", s.w.Rand("s3 request").Uint64())
	}
	s.emit("aws.s3", detailType, []string{BucketARN(b.name)}, d)
}

// nextSequencer grows with time and with every event, and is 16 hexadecimal
// digits long, so that either reading of AWS's padding rule orders it right.
func (s *Service) nextSequencer() string {
	s.sequencer++
	return fmt.Sprintf("%08X%08X", uint32(s.w.Now().Unix()), uint32(s.sequencer))
}
