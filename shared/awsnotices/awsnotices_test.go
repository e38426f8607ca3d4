package awsnotices_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/wire"
	"sluice/shared/awsnotices"
	"sluice/shared/fault"
)

func TestPublish(t *testing.T) {
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	service, srv := sns.New(w, sns.Hooks{}), wire.NewServer(w)
	srv.Register(service.Wire())
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	topic, err := service.CreateTopic("reports", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	notices := awsnotices.Open(cfg, topic)
	tests := []struct {
		name, subject, text string
		wantSubject         string
		want                func(text string) bool
	}{
		{"as it is", "Sluice: x: promoted", "text\n", "Sluice: x: promoted", func(s string) bool { return s == "text\n" }},
		{"a subject in more than ASCII, and of two lines", "Ä\nb", "é", "??b", func(s string) bool { return s == "é" }},
		{"a long subject", strings.Repeat("s", 300), "t", strings.Repeat("s", 100), func(s string) bool { return s == "t" }},
		{"a long text, cut inside a letter", "s", "x" + strings.Repeat("é", 150_000), "s", func(s string) bool {
			return len(s) < 200_020 && utf8.ValidString(s) && strings.HasSuffix(s, "\n[cut]\n")
		}},
		{"a text that is no UTF-8", "s", "a\xffb", "s", func(s string) bool { return s == "a?b" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := notices.Publish(context.Background(), tt.subject, tt.text); err != nil {
				t.Fatal(err)
			}
			all := service.Messages(topic)
			if got := all[len(all)-1]; got.Subject != tt.wantSubject || !tt.want(got.Body) {
				t.Errorf("published %q: %.40q... of %d bytes", got.Subject, got.Body, len(got.Body))
			}
		})
	}
	if err := awsnotices.Open(cfg, topic+"-gone").Publish(context.Background(), "s", "t"); !fault.Is(err, fault.NotFound) {
		t.Errorf("no topic: %v", err)
	}
}
