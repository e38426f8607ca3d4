package redriving_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/sqs"
	"sluice/local/wire"
	"sluice/shared/awsfunctions"
	"sluice/shared/awsletters"
	"sluice/shared/fault"
	"sluice/shared/redriving"
)

// An event that a bad version fails three times lies in the queue, and comes back when the
// version is good again: over Lambda's own retries and record, and the real clients.
func TestAFailedEventComesBack(t *testing.T) {
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	queues := sqs.New(w, nil)
	var taken []string
	functions := lambda.New(w, func(lambda.Function) (lambda.Host, error) {
		return lambda.InProcess(func(_ context.Context, payload []byte) ([]byte, error) {
			taken = append(taken, string(payload))
			return []byte("{}"), nil
		}), nil
	})
	functions.Send = func(targetARN string, body []byte) error {
		return queues.Send(targetARN, string(body), nil, sqs.Principal{})
	}
	srv := wire.NewServer(w)
	srv.Register(queues.Wire())
	srv.Register(functions.Wire())
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Do(func() {
		_, err := queues.CreateQueue("dead", nil)
		must(err)
		must(functions.Create(lambda.Function{Name: "on-commit"}))
		_, err = functions.Publish("on-commit")
		must(err)
		must(functions.UpdateCode("on-commit", "", lambda.Defect{Kind: lambda.Panic}))
		_, err = functions.Publish("on-commit")
		must(err)
		_, err = functions.CreateAlias("on-commit", lambda.Alias{Name: "live", Version: "2"})
		must(err)
		must(functions.SetAsync("on-commit:live", lambda.Async{OnFailureARN: sqs.ARN("dead")}))
		_, err = functions.InvokeAsync("on-commit:live", []byte(`{"id":"push-1"}`))
		must(err)
	})
	w.RunFor(10 * time.Minute)
	r := &redriving.Redriving{Letters: awsletters.Open(cfg), Functions: awsfunctions.Open(cfg)}
	w.Do(func() {
		if n := queues.Len(sqs.ARN("dead")); n.Visible != 1 || len(taken) > 0 {
			t.Fatalf("%d letters lie there, and %q were taken", n.Visible, taken)
		}
		must(functions.UpdateAlias("on-commit", lambda.Alias{Name: "live", Version: "1"}))
		got, err := r.Redrive(t.Context(), "dead")
		must(err)
		if len(got) != 1 || !strings.HasSuffix(got[0].Function, ":function:on-commit:live") {
			t.Errorf("returned %+v", got)
		}
		if _, err := r.Redrive(t.Context(), "none"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a queue that is not there: %v", err)
		}
	})
	w.RunFor(time.Minute)
	w.Do(func() {
		if n := queues.Len(sqs.ARN("dead")); n.Visible+n.InFlight != 0 || len(taken) != 1 || taken[0] != `{"id":"push-1"}` {
			t.Errorf("%+v letters lie there, and %q were taken", n, taken)
		}
	})
}
