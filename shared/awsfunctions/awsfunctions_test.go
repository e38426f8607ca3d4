package awsfunctions_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsfunctions"
	"sluice/shared/deploying"
	"sluice/shared/fault"
)

// A version is asked, whatever the code of now is; what it fails with is no error of the
// invocation.
func TestInvoke(t *testing.T) {
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	service := lambda.New(w, func(f lambda.Function) (lambda.Host, error) {
		return lambda.InProcess(func(_ context.Context, payload []byte) ([]byte, error) {
			if string(payload) == `{"fail":true}` {
				return nil, fault.Wire(fault.Denied.Errorf("it may not"))
			}
			return []byte(`"` + f.CodePath + `"`), nil
		}), nil
	})
	srv := wire.NewServer(w)
	srv.Register(service.Wire())
	functions := awsfunctions.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	w.Do(func() {
		if err := service.Create(lambda.Function{Name: "judge", CodePath: "old"}); err != nil {
			t.Fatal(err)
		}
		if _, err := service.Publish("judge"); err != nil {
			t.Fatal(err)
		}
		if err := service.UpdateCode("judge", "new", lambda.Defect{}); err != nil {
			t.Fatal(err)
		}
		if _, err := service.Publish("judge"); err != nil {
			t.Fatal(err)
		}
		if err := service.UpdateCode("judge", "", lambda.Defect{Kind: lambda.Init}); err != nil {
			t.Fatal(err)
		}
		if _, err := service.Publish("judge"); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			version, payload string
			want             deploying.Reply
		}{
			{"1", `{}`, deploying.Reply{Version: "1", Payload: []byte(`"old"`)}},
			{"2", `{}`, deploying.Reply{Version: "2", Payload: []byte(`"new"`)}},
			{"2", `{"fail":true}`, deploying.Reply{Version: "2", Error: "Denied: it may not"}},
			{"3", `{}`, deploying.Reply{Version: "3", Error: "Runtime.ExitError: exit status 2"}},
		} {
			got, err := functions.Invoke(t.Context(), "judge", tt.version, []byte(tt.payload))
			if err != nil {
				t.Errorf("version %s with %s: %v", tt.version, tt.payload, err)
				continue
			}
			if tt.want.Error != "" {
				got.Payload = nil
				got.Error = afterRequest(got.Error)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("version %s with %s (-want +got):\n%s", tt.version, tt.payload, diff)
			}
		}
		if _, err := functions.Invoke(t.Context(), "judge", "4", []byte(`{}`)); !fault.Is(err, fault.NotFound) {
			t.Errorf("a version that is not there: %v", err)
		}
	})
}

// afterRequest is what Lambda says without the id of the request.
func afterRequest(text string) string {
	if _, rest, ok := strings.Cut(text, "Runtime exited with error: "); ok {
		return "Runtime.ExitError: " + rest
	}
	return text
}
