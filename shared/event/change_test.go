package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	local "sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/event"
	"sluice/shared/fault"
)

type values = map[string]events.DynamoDBAttributeValue

// record is a record of a stream in the types of aws-lambda-go.
func record(sequence, name string, keys, image values) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{
		AWSRegion: "us-east-1", EventID: "f07f8ca4b0b26cb9c4e5e77e69f274ee", EventName: name, EventSource: "aws:dynamodb", EventVersion: "1.1",
		EventSourceArn: "arn:aws:dynamodb:us-east-1:123456789012:table/Example-Table/stream/2016-12-01T00:00:00.000",
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: events.SecondsEpochTime{Time: time.Unix(1480642020, 0)}, Keys: keys, NewImage: image,
			SequenceNumber: sequence, SizeBytes: 54, StreamViewType: "NEW_AND_OLD_IMAGES",
		},
	}
}

func read(t testing.TB, records ...events.DynamoDBEventRecord) event.Changes {
	t.Helper()
	raw, err := json.Marshal(events.DynamoDBEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	var all event.Changes
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Each kind of attribute value, as aws-lambda-go writes it.
func TestAttributeValues(t *testing.T) {
	tests := []struct {
		name  string
		value events.DynamoDBAttributeValue
		want  string // "" is refused
	}{
		{"text", events.NewStringAttribute("Hello"), `"Hello"`},
		{"no text", events.NewStringAttribute(""), `""`},
		{"quotes", events.NewStringAttribute("a\"b\n<é>"), `"a\"b\n\u003cé\u003e"`},
		{"whole number", events.NewNumberAttribute("123"), `123`},
		{"fraction", events.NewNumberAttribute("-123.45"), `-123.45`},
		{"all digits", events.NewNumberAttribute("12345678901234567890123456789012345678"), `12345678901234567890123456789012345678`},
		{"exponent", events.NewNumberAttribute("1E+100"), `1E+100`},
		{"no number", events.NewNumberAttribute("12x"), ``},
		{"no JSON number", events.NewNumberAttribute("+1"), ``},
		{"no digits", events.NewNumberAttribute(""), ``},
		{"word", events.NewNumberAttribute("true"), ``},
		{"blank", events.NewNumberAttribute("1 "), ``},
		{"true", events.NewBooleanAttribute(true), `true`},
		{"false", events.NewBooleanAttribute(false), `false`},
		{"null", events.NewNullAttribute(), `null`},
		{"list", events.NewListAttribute([]events.DynamoDBAttributeValue{events.NewStringAttribute("Cookies"), events.NewNumberAttribute("3.14159")}), `["Cookies",3.14159]`},
		{"no elements", events.NewListAttribute([]events.DynamoDBAttributeValue{}), `[]`},
		{"map", events.NewMapAttribute(values{"Name": events.NewStringAttribute("Joe"), "Age": events.NewNumberAttribute("35")}), `{"Age":35,"Name":"Joe"}`},
		{"no members", events.NewMapAttribute(values{}), `{}`},
		{"binary", events.NewBinaryAttribute([]byte{0, 1, 42, 65}), ``},
		{"binary set", events.NewBinarySetAttribute([][]byte{{0, 1}}), ``},
		{"number set", events.NewNumberSetAttribute([]string{"1234", "567.8"}), ``},
		{"string set", events.NewStringSetAttribute([]string{"Giraffe", "Zebra"}), ``},
		{"set within", events.NewMapAttribute(values{"x": events.NewListAttribute([]events.DynamoDBAttributeValue{events.NewStringSetAttribute([]string{"a"})})}), ``},
	}
	key := values{"pk": events.NewStringAttribute("k")}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := read(t, record("1", "INSERT", key, values{"v": tt.value}))[0]
			if tt.want == "" {
				if !fault.Is(got.Err, fault.Invalid) || got.Item != nil || !strings.Contains(got.Err.Error(), "change 1 of the table: attribute v") {
					t.Errorf("got %s, %v", got.Item, got.Err)
				}
				return
			}
			if want := `{"v":` + tt.want + `}`; got.Err != nil || string(got.Item) != want {
				t.Errorf("got %s, %v; want %s", got.Item, got.Err, want)
			}
		})
	}
}

func TestChanges(t *testing.T) {
	key := func(k string) values {
		return values{"pk": events.NewStringAttribute("ROLLOUT#1"), "sk": events.NewStringAttribute(k)}
	}
	image := func(k string) values { m := key(k); m["n"] = events.NewNumberAttribute("1"); return m }
	bad := image("b")
	bad["raw"] = events.NewBinaryAttribute([]byte("x"))
	got := read(t,
		record("11", "INSERT", key("a"), image("a")), record("12", "MODIFY", key("b"), bad), record("13", "MODIFY", key("c"), image("c")),
		record("14", "REMOVE", key("d"), nil), record("15", "RENAME", key("e"), nil), record("16", "INSERT", nil, image("f")),
	)
	plain := func(k string) json.RawMessage { return json.RawMessage(`{"pk":"ROLLOUT#1","sk":"` + k + `"}`) }
	item := func(k string) json.RawMessage { return json.RawMessage(`{"n":1,"pk":"ROLLOUT#1","sk":"` + k + `"}`) }
	invalid, made := errors.New(""), time.Unix(1480642020, 0).UTC()
	want := event.Changes{
		{Sequence: "11", Name: event.Inserted, At: made, Key: plain("a"), Item: item("a")},
		{Sequence: "12", Name: event.Modified, At: made, Err: invalid},
		{Sequence: "13", Name: event.Modified, At: made, Key: plain("c"), Item: item("c")},
		{Sequence: "14", Name: event.Removed, At: made, Key: plain("d")},
		{Sequence: "15", Name: "RENAME", At: made, Err: invalid},
		{Sequence: "16", Name: event.Inserted, At: made, Err: invalid},
	}
	kinds := cmp.Comparer(func(a, b error) bool { return (a == nil) == (b == nil) })
	if diff := cmp.Diff(want, got, kinds); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for _, c := range got {
		if c.Err != nil && !fault.Is(c.Err, fault.Invalid) {
			t.Errorf("change %s: %v is not Invalid", c.Sequence, c.Err)
		}
	}
}

// The samples say of a change what its item says.
func TestStreamSamples(t *testing.T) {
	for name, want := range map[string]event.Change{
		"table-stream-command": {Sequence: "100000000000000000041", Name: event.Inserted, At: utc("2026-03-02T10:30:00Z"), Key: json.RawMessage(`{"pk":"ROLLOUT#churn-v2","sk":"COMMAND#20260302T103000.000Z-approve-3f2a9c"}`)},
		"table-stream-history": {Sequence: "100000000000000000040", Name: event.Inserted, At: utc("2026-03-02T10:24:41Z"), Key: json.RawMessage(`{"pk":"ROLLOUT#churn-v2","sk":"HISTORY#2026-03-02T10:24:41.000Z#ask"}`)},
	} {
		var got event.Changes
		if err := json.Unmarshal(sample(t, name), &got); err != nil || len(got) != 1 || got[0].Item == nil {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		got[0].Item = nil
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNoBatchOfChanges(t *testing.T) {
	for _, raw := range []string{
		`null`, `{}`, `[]`, `"x"`, `{"Records":null}`, `{"Records":{}}`, `{"Records":[null]}`, `{"Records":[{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{}}]}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"x"}]}`, `{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":1}}]}`,
	} {
		var all event.Changes
		if err := json.Unmarshal([]byte(raw), &all); !fault.Is(err, fault.Invalid) || all != nil {
			t.Errorf("%s: %v, %v", raw, all, err)
		}
	}
	var none event.Changes
	if err := json.Unmarshal([]byte(`{"Records":[]}`), &none); err != nil || none == nil || len(none) != 0 {
		t.Errorf("an empty batch: %v, %v", none, err)
	}
	// null is a record of no kind, and malformed values are of none
	for _, value := range []string{`null`, `1`, `{}`, `{"S":null}`, `{"S":1}`, `{"N":1}`, `{"BOOL":"true"}`, `{"NULL":false}`, `{"M":[]}`, `{"L":{}}`, `{"X":"y"}`, `{"S":"a","N":"1"}`} {
		var all event.Changes
		raw := `{"Records":[{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"k"}},"NewImage":{"v":` + value + `}}}]}`
		if err := json.Unmarshal([]byte(raw), &all); err != nil || len(all) != 1 || !fault.Is(all[0].Err, fault.Invalid) {
			t.Errorf("%s: %+v, %v", value, all, err)
		}
	}
}

// Lambda writes times of changes as numbers in any form.
func TestWhenAChangeWasMade(t *testing.T) {
	for raw, want := range map[string]time.Time{
		`1480642020`: time.Unix(1480642020, 0).UTC(), `1.48064202E9`: time.Unix(1480642020, 0).UTC(), `1480642020.9`: time.Unix(1480642020, 0).UTC(),
		`null`: {}, `"x"`: {}, `-1`: {}, `1e99`: {}, `{}`: {},
	} {
		var all event.Changes
		event := `{"Records":[{"eventSource":"aws:dynamodb","eventName":"REMOVE","dynamodb":{"ApproximateCreationDateTime":` + raw + `,"SequenceNumber":"1","Keys":{"pk":{"S":"k"}}}}]}`
		if err := json.Unmarshal([]byte(event), &all); err != nil || !all[0].At.Equal(want) {
			t.Errorf("%s: %v, %v", raw, all, err)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	nested := func(levels int) event.Change {
		v := events.NewStringAttribute("x")
		for range levels {
			v = events.NewListAttribute([]events.DynamoDBAttributeValue{v})
		}
		return read(t, record("1", "INSERT", values{"pk": events.NewStringAttribute("k")}, values{"deep": v}))[0]
	}
	if c := nested(32); c.Err != nil {
		t.Error(c.Err)
	}
	if c := nested(33); !fault.Is(c.Err, fault.Invalid) || !strings.Contains(c.Err.Error(), "deep is nested more than 32 levels") {
		t.Errorf("got %s, %v", c.Item, c.Err)
	}
}

func TestOutcome(t *testing.T) {
	for want, o := range map[string]event.Outcome{
		`{"batchItemFailures":null}`:                      {},
		`{"batchItemFailures":[{"itemIdentifier":"12"}]}`: event.Again(event.Change{Sequence: "12"}),
	} {
		got, err := json.Marshal(o)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

// note is an item as an adapter writes it.
type note struct {
	PK     string            `json:"pk"`
	N      int64             `json:"n"`
	Share  float64           `json:"share"`
	At     time.Time         `json:"at"`
	Done   bool              `json:"done"`
	Why    string            `json:"why,omitempty"`
	Next   *note             `json:"next"`
	Names  []string          `json:"names"`
	Counts map[string]uint16 `json:"counts"`
}

// An item that was written with attributevalue and json tags comes back, through
// DynamoDB and its stream, as the JSON of the same value.
func TestItemsComeBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.SampledFrom([]string{"", "a", "<ä\"\\\n>", "0", "null", strings.Repeat("x", 300)})
		share := rapid.Float64Range(-1e9, 1e9).Filter(func(x float64) bool { return x == 0 || math.Abs(x) > 1e-100 }) // DynamoDB takes no smaller
		one := func() *note {
			return &note{
				PK: "k" + text.Draw(rt, "pk"), N: rapid.Int64().Draw(rt, "n"), Share: share.Draw(rt, "share"),
				At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(rt, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanoseconds")).UTC(), Done: rapid.Bool().Draw(rt, "done"),
				Why: text.Draw(rt, "why"), Names: rapid.SliceOfN(text, 0, 3).Draw(rt, "names"), Counts: rapid.MapOfN(rapid.StringMatching(`[a-z#.]{1,5}`), rapid.Uint16(), 0, 3).Draw(rt, "counts"),
			}
		}
		wrote := one()
		if rapid.Bool().Draw(rt, "nested") {
			wrote.Next = one()
		}
		want, err := json.Marshal(wrote)
		if err != nil {
			rt.Fatal(err)
		}
		c := throughTheTable(rt, wrote)
		var a, b any
		if err := errors.Join(c.Err, json.Unmarshal(want, &a), json.Unmarshal(c.Item, &b)); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			rt.Fatalf("item (-want +got):\n%s", diff)
		}
		var back note
		if err := json.Unmarshal(c.Item, &back); err != nil || !cmp.Equal(*wrote, back) {
			rt.Fatalf("wrote %+v\nread  %+v, %v", wrote, back, err)
		}
	})
}

// throughTheTable writes an item, and returns the change that the table's stream tells.
func throughTheTable(t rapid.TB, item any) event.Change {
	w := sim.NewWorld(utc("2026-03-02T12:00:00Z"), 7)
	tables, srv := local.New(w), wire.NewServer(w)
	srv.Register(tables.Wire())
	if err := tables.Create(&local.CreateTableInput{
		TableName: "notes", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []local.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}},
		KeySchema:            []local.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}},
		StreamSpecification:  &local.StreamSpecification{StreamEnabled: true, StreamViewType: "NEW_IMAGE"},
	}); err != nil {
		t.Fatal(err)
	}
	typed, err := attributevalue.MarshalMapWithOptions(item, func(o *attributevalue.EncoderOptions) { o.TagKey = "json" })
	if err != nil {
		t.Fatal(err)
	}
	client := dynamodb.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	if _, err := client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("notes"), Item: typed}); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]any{"Records": tables.StreamRecords(tables.Stream("notes"), "", 10)})
	if err != nil {
		t.Fatal(err)
	}
	var all event.Changes
	if err := json.Unmarshal(raw, &all); err != nil || len(all) != 1 {
		t.Fatalf("%s: %v", raw, err)
	}
	return all[0]
}
