package codecommit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/smithy-go"

	"sluice/local/codecommit/git"
	"sluice/local/sim"
	"sluice/local/wire"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 3, 2, 10, 18, 42, 0, time.UTC)
)

type world struct {
	*testing.T
	*Service
	client *codecommit.Client // of mary
	other  *codecommit.Client // of the checks
	sent   []sent
}

type sent struct {
	Type      string
	Resources []string
	Detail    map[string]any
}

// newWorld is a world with the repository churn-model, which is empty.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t}
	sw := sim.NewWorld(start, 1)
	w.Service = New(sw, func(source, detailType string, resources []string, detail any) {
		raw, err := json.Marshal(detail)
		e := sent{Type: detailType, Resources: resources}
		if err = errors.Join(err, json.Unmarshal(raw, &e.Detail)); err != nil || source != "aws.codecommit" {
			t.Fatal(source, err)
		}
		w.sent = append(w.sent, e)
	}, func(key string) string { return "arn:aws:sts::111122223333:assumed-role/" + key + "/s" })
	srv := wire.NewServer(sw)
	srv.Register(w.Wire())
	open := func(key string) *codecommit.Client {
		return codecommit.NewFromConfig(aws.Config{
			Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider(key, "test", ""),
			HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		})
	}
	w.client, w.other = open("mary"), open("checks")
	w.ok(w.CreateRepository("churn-model"))
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// push commits files, "-" for a deletion, and returns the commit.
func (w *world) push(branch, from string, files map[string]string) string {
	w.Helper()
	edits := map[string]git.Edit{}
	for name, content := range files {
		edits[name] = git.Edit{Content: []byte(content), Delete: content == "-"}
	}
	id, err := w.Push("churn-model", branch, from, "mary", "change", edits)
	w.ok(err)
	return id
}

// events takes what was sent since the last call, as "event name" each.
func (w *world) events() (all []string) {
	for _, e := range w.sent {
		name, ok := e.Detail["referenceName"].(string)
		if !ok {
			name = e.Detail["pullRequestId"].(string)
		}
		all = append(all, e.Detail["event"].(string)+" "+name)
	}
	w.sent = nil
	return all
}

// like fails unless an event has the members of a sample, each of the sample's type.
func (w *world) like(e sent, sample string) {
	w.Helper()
	raw, err := os.ReadFile("../../events/" + sample + ".json")
	if err != nil {
		w.Fatal(err)
	}
	var want struct {
		Type      string `json:"detail-type"`
		Resources []string
		Detail    map[string]any
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		w.Fatal(err)
	}
	if e.Type != want.Type || !slices.Equal(e.Resources, []string{ARN("churn-model")}) {
		w.Errorf("%s: sent as %q of %v", sample, e.Type, e.Resources)
	}
	for name, v := range want.Detail {
		if have, ok := e.Detail[name]; !ok || typeOf(have) != typeOf(v) {
			w.Errorf("%s: %s is %v, in the sample %v", sample, name, have, v)
		}
	}
	for name := range e.Detail {
		if _, ok := want.Detail[name]; !ok {
			w.Errorf("%s: the sample has no %s", sample, name)
		}
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case []any:
		return "list"
	}
	return "other"
}

// refused fails unless err is an AWS error of this code.
func (w *world) refused(err error, code string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		w.Errorf("got %v, want %s", err, code)
	}
}
