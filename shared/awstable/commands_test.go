package awstable_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/rollout"
)

// byHand writes an item as anybody could who may write to the table.
func (w *world) byHand(item map[string]any) {
	w.Helper()
	client := sdk.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: &http.Client{Transport: w.srv},
	})
	typed, err := attributevalue.MarshalMap(item)
	w.ok(err)
	_, err = client.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("sluice"), Item: typed})
	w.ok(err)
}

// Whatever stands where a command should, it is one, of this rollout and name, and the
// others are read.
func TestCommandsByHand(t *testing.T) {
	w := newWorld(t)
	in := func(id string, more map[string]any) map[string]any {
		item := map[string]any{"pk": "ROLLOUT#churn-v7", "sk": "COMMAND#" + id}
		for name, value := range more {
			item[name] = value
		}
		return item
	}
	w.ok(w.table.AddCommand(ctx, rollout.Command{Rollout: "churn-v7", ID: "z", Verb: rollout.Abort, By: "ana", At: now}))
	w.byHand(in("y", map[string]any{"verb": "pause", "at": "2026-03-02T12:00:01Z"}))
	w.byHand(in("c", map[string]any{"verb": "undo", "rollout": "fraud-v1", "id": "other", "surplus": []int{1}}))
	w.byHand(in("d", map[string]any{"verb": []string{"abort"}}))
	w.byHand(in("e", map[string]any{"verb": "abort", "at": "yesterday"}))
	w.byHand(in("f", nil))
	want := []rollout.Command{ // oldest first; those without a time are
		{ID: "c", Verb: rollout.Undo}, {ID: "d", Verb: rollout.Unreadable}, {ID: "e", Verb: rollout.Unreadable}, {ID: "f"},
		{ID: "z", Verb: rollout.Abort, By: "ana", At: now}, {ID: "y", Verb: rollout.PauseIt, At: now.Add(time.Second)},
	}
	for i := range want {
		want[i].Rollout = "churn-v7"
	}
	got := get(w, func() ([]rollout.Command, error) { return w.table.Commands(ctx, "churn-v7") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	for _, c := range want {
		one, ok, err := w.table.Command(ctx, "churn-v7", c.ID)
		if diff := cmp.Diff(c, one); diff != "" || !ok || err != nil {
			t.Errorf("command %s (-want +got), %v, %v:\n%s", c.ID, ok, err, diff)
		}
	}
	if _, ok, err := w.table.Command(ctx, "churn-v7", "x"); ok || err != nil {
		t.Errorf("no command: %v, %v", ok, err)
	}
	// An answer puts a whole command in the place of what was there.
	answered := want[1]
	answered.HandledAt, answered.Answer = now, "no"
	w.ok(w.table.AnswerCommand(ctx, answered))
	if one, _, err := w.table.Command(ctx, "churn-v7", "d"); err != nil || one != answered {
		t.Errorf("answered: %+v, %v", one, err)
	}
}
