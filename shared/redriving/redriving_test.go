package redriving_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/fault"
	"sluice/shared/redriving"
)

// queue is a dead-letter queue, and Lambda. What was taken comes again at once.
type queue struct {
	letters []redriving.Letter
	sent    []string
	refuses string // a function that Lambda does not have
}

func (q *queue) Take(context.Context, string) ([]redriving.Letter, error) {
	return slices.Clone(q.letters[:min(2, len(q.letters))]), nil
}

func (q *queue) Drop(_ context.Context, _ string, l redriving.Letter) error {
	q.letters = slices.DeleteFunc(q.letters, func(x redriving.Letter) bool { return x.Receipt == l.Receipt })
	return nil
}

func (q *queue) Send(_ context.Context, function string, payload []byte) error {
	if function == q.refuses {
		return fault.NotFound.Errorf("there is no function %s", function)
	}
	q.sent = append(q.sent, function+" "+string(payload))
	return nil
}

const arn = "arn:aws:lambda:us-east-1:111122223333:function:"

func letter(id, body string, target string) redriving.Letter {
	l := redriving.Letter{ID: id, Receipt: "r-" + id, Body: body, Attributes: map[string]string{}}
	if target != "" {
		l.Attributes["TARGET_ARN"] = target
	}
	return l
}

func TestLettersGoBack(t *testing.T) {
	q := &queue{letters: []redriving.Letter{
		letter("1", `{"requestContext":{"functionArn":"`+arn+`on-commit:live"},"requestPayload":{"id":1}}`, ""),
		letter("2", `{"requestContext":{"functionArn":"`+arn+`on-signal:$LATEST"},"requestPayload":{"id":2}}`, ""),
		letter("3", `{"id":3}`, arn+"on-build:live"),
		letter("4", `{"requestContext":{"functionArn":"`+arn+`on-command:live"},"DDBStreamBatchInfo":{"shardId":"s"}}`, ""),
		letter("5", `{"id":5}`, "arn:aws:sqs:us-east-1:111122223333:data"),
	}}
	got, err := (&redriving.Redriving{Letters: q, Functions: q}).Redrive(t.Context(), "dead")
	if err != nil {
		t.Fatal(err)
	}
	const stays = "it has no event to give back: it tells of a place in a stream, or is no dead letter of Lambda or EventBridge"
	want := []redriving.Returned{
		{Letter: "1", Function: arn + "on-commit:live"}, {Letter: "2", Function: arn + "on-signal"}, {Letter: "3", Function: arn + "on-build:live"},
		{Letter: "4", Why: stays}, {Letter: "5", Why: stays},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("returned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{arn + `on-commit:live {"id":1}`, arn + `on-signal {"id":2}`, arn + `on-build:live {"id":3}`}, q.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if len(q.letters) != 2 {
		t.Errorf("%d letters are left, want the 2 that could not go", len(q.letters))
	}
}

// A letter that Lambda does not accept stays.
func TestWhatLambdaRefusesStays(t *testing.T) {
	q := &queue{refuses: arn + "gone:live", letters: []redriving.Letter{
		letter("1", `{"requestContext":{"functionArn":"`+arn+`on-commit:live"},"requestPayload":{}}`, ""),
		letter("2", `{"requestContext":{"functionArn":"`+arn+`gone:live"},"requestPayload":{}}`, ""),
	}}
	got, err := (&redriving.Redriving{Letters: q, Functions: q}).Redrive(t.Context(), "dead")
	if !fault.Is(err, fault.NotFound) || len(got) != 1 || len(q.letters) != 1 || q.letters[0].ID != "2" {
		t.Errorf("returned %v, %v; left %v", got, err, q.letters)
	}
}

func TestWhatIsNoJSONStays(t *testing.T) {
	q := &queue{letters: []redriving.Letter{letter("1", `{`, arn+"on-build:live")}}
	got, err := (&redriving.Redriving{Letters: q, Functions: q}).Redrive(t.Context(), "dead")
	if err != nil || len(got) != 1 || got[0].Function != "" || len(q.letters) != 1 {
		t.Errorf("returned %v, %v", got, err)
	}
}
