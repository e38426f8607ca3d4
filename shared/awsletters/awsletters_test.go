package awsletters_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/local/sim"
	"sluice/local/sqs"
	"sluice/local/wire"
	"sluice/shared/awsletters"
	"sluice/shared/failing"
	"sluice/shared/fault"
)

func TestLettersStayWhereTheyAre(t *testing.T) {
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	queues, srv := sqs.New(w, nil), wire.NewServer(w)
	srv.Register(queues.Wire())
	letters := awsletters.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	send := func(body string, attributes map[string]sqs.MessageAttribute) {
		if err := queues.Send(sqs.ARN("dead"), body, attributes, sqs.Principal{}); err != nil {
			t.Fatal(err)
		}
	}
	w.Do(func() {
		if _, err := queues.CreateQueue("dead", nil); err != nil {
			t.Fatal(err)
		}
		send(`{"requestContext":{"functionArn":"arn:aws:lambda:us-east-1:111122223333:function:on-commit:live","condition":"RetriesExhausted"},"responsePayload":{"errorType":"Denied","errorMessage":"no"}}`, nil)
		send(`{"detail":{}}`, map[string]sqs.MessageAttribute{
			"RULE_ARN": sqs.Text("arn:aws:events:us-east-1:111122223333:rule/sluice-Push"), "ERROR_CODE": sqs.Text("SDK_CLIENT_ERROR"), "ERROR_MESSAGE": sqs.Text("Lambda refused"),
		})
		send("{", nil)
		if _, err := letters.Peek(t.Context(), "none"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a queue that is not there: %v", err)
		}
	})
	want := []failing.Letter{
		{From: "on-commit", Error: "Denied: no"}, {From: "sluice-Push", Error: "Lambda refused"}, {From: "the queue's reader", Error: "no reason given"},
	}
	for range 2 { // they stay
		w.Do(func() {
			got, err := letters.Peek(t.Context(), "dead")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(failing.Letter{}, "ID"), cmpopts.SortSlices(func(a, b failing.Letter) bool { return a.From < b.From })); diff != "" {
				t.Errorf("letters (-want +got):\n%s", diff)
			}
		})
		w.RunFor(2 * time.Second)
	}
}
