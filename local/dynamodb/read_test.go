package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/dynamodb"
)

// runs puts n items into partition "a" of the table "runs", with sort keys -1, 0, 1 ...
func (s *stage) runs(n int) {
	for i := range n {
		s.put("runs", m{"pk": str("a"), "sk": num(fmt.Sprint(i - 1)), "stage": str([]string{"bake", "shift"}[i%2]), "since": num(fmt.Sprint(-i)),
			"cause": str("drift"), "odd": num(fmt.Sprint(i % 2)), "big": str("not projected")})
	}
}

// queryAll follows the pages to the end.
func (s *stage) queryAll(in *sdk.QueryInput) (sorts []string, pages int) {
	s.t.Helper()
	in.TableName = aws.String("runs")
	s.do(func() {
		p := sdk.NewQueryPaginator(s.client, in)
		for p.HasMorePages() {
			out, err := p.NextPage(ctx)
			if err != nil {
				s.t.Fatal(err)
			}
			pages++
			for _, i := range out.Items {
				sorts = append(sorts, i["sk"].(*types.AttributeValueMemberN).Value)
			}
		}
	})
	return sorts, pages
}

func TestQuery(t *testing.T) {
	s := newStage(t)
	s.runs(13)
	s.put("runs", m{"pk": str("b"), "sk": num("5")})
	for _, c := range []struct {
		name, key string
		values    m
		filter    string
		back      bool
		index     string
		want      []string
	}{
		{name: "sorted as numbers", key: "pk = :a", want: []string{"-1", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}},
		{name: "backward", key: "pk = :a AND sk > :x", values: m{":x": num("8")}, back: true, want: []string{"11", "10", "9"}},
		{name: "equal", key: "sk = :x AND pk = :a", values: m{":x": num("10.0")}, want: []string{"10"}},
		{name: "less", key: "pk = :a AND sk < :x", values: m{":x": num("1")}, want: []string{"-1", "0"}},
		{name: "at most", key: "pk = :a AND :x >= sk", values: m{":x": num("1")}, want: []string{"-1", "0", "1"}},
		{name: "at least", key: "pk = :a AND sk >= :x", values: m{":x": num("10.5")}, want: []string{"11"}},
		{name: "between", key: "pk = :a AND sk BETWEEN :x AND :y", values: m{":x": num("-0.5"), ":y": num("2")}, want: []string{"0", "1", "2"}},
		{name: "filtered", key: "pk = :a", filter: "odd = :one", values: m{":one": num("1")}, want: []string{"0", "2", "4", "6", "8", "10"}},
		{name: "index", key: "stage = :a", values: m{":a": str("bake")}, index: "by-stage", want: []string{"11", "9", "7", "5", "3", "1", "-1"}},
		{name: "nothing", key: "pk = :a", values: m{":a": str("nobody")}, want: nil},
	} {
		for _, size := range []int{0, 3} {
			t.Run(fmt.Sprintf("%s, %d a page", c.name, size), func(t *testing.T) {
				s.svc.PageItems = size
				in := &sdk.QueryInput{KeyConditionExpression: &c.key, ExpressionAttributeValues: m{":a": str("a")}, ScanIndexForward: aws.Bool(!c.back)}
				for k, v := range c.values {
					in.ExpressionAttributeValues[k] = v
				}
				if c.filter != "" {
					in.FilterExpression = &c.filter
				}
				if c.index != "" {
					in.IndexName = &c.index
				}
				got, pages := s.queryAll(in)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
				if size == 0 && pages != 1 || size > 0 && len(got) > 3 && pages < 3 {
					t.Errorf("%d pages", pages)
				}
			})
		}
	}
}

func TestIndexShowsWhatItProjects(t *testing.T) {
	s := newStage(t)
	s.runs(1)
	ask := func() []map[string]any {
		out, err := s.client.Query(ctx, &sdk.QueryInput{TableName: aws.String("runs"), IndexName: aws.String("by-stage"),
			KeyConditionExpression: aws.String("stage = :s"), ExpressionAttributeValues: m{":s": str("bake")}})
		if err != nil {
			t.Fatal(err)
		}
		return plain(t, out.Items...)
	}
	s.do(func() {
		want := []map[string]any{{"pk": "a", "sk": -1.0, "stage": "bake", "since": 0.0, "cause": "drift"}}
		if diff := cmp.Diff(want, ask()); diff != "" {
			t.Error(diff)
		}
		_, err := s.client.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: aws.String("runs"), Key: m{"pk": str("a"), "sk": num("-1")}, UpdateExpression: aws.String("REMOVE stage")})
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(); len(got) != 0 {
			t.Errorf("an item without the index key is still there: %v", got)
		}
		_, err = s.client.Query(ctx, &sdk.QueryInput{TableName: aws.String("runs"), IndexName: aws.String("by-stage"), ConsistentRead: aws.Bool(true),
			KeyConditionExpression: aws.String("stage = :s"), ExpressionAttributeValues: m{":s": str("bake")}})
		refused(t, err, "ValidationException", "Consistent reads are not supported on global secondary indexes")
	})
}

func TestQueriesRefused(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct{ key, filter, want string }{
		{"sk = :n", "", "Query condition missed key schema element: pk"},
		{"pk < :s", "", "Query key condition not supported"},
		{"pk = :n", "", "Condition parameter type does not match schema type"},
		{"pk = :s AND cause = :n", "", "Query condition missed key schema element: sk"},
		{"pk = :s", "sk = :n", "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
	} {
		in := &sdk.QueryInput{TableName: aws.String("runs"), KeyConditionExpression: &c.key, ExpressionAttributeValues: m{}}
		for k, v := range (m{":s": str("x"), ":n": num("1")}) {
			if strings.Contains(c.key+c.filter, k) {
				in.ExpressionAttributeValues[k] = v
			}
		}
		if c.filter != "" {
			in.FilterExpression = &c.filter
		}
		s.do(func() {
			_, err := s.client.Query(ctx, in)
			refused(t, err, "ValidationException", c.want)
		})
	}
}

func TestScanSegmentsCoverEverythingOnce(t *testing.T) {
	s := newStage(t)
	want := map[string]int{}
	for i := range 40 {
		key := fmt.Sprintf("lease-%02d", i)
		s.put("leases", m{"pk": str(key)})
		want[key] = 1
	}
	s.svc.PageItems = 3
	for _, total := range []int32{1, 4, 7} {
		got := map[string]int{}
		for segment := range total {
			s.do(func() {
				p := sdk.NewScanPaginator(s.client, &sdk.ScanInput{TableName: aws.String("leases"), Segment: &segment, TotalSegments: &total})
				for p.HasMorePages() {
					out, err := p.NextPage(ctx)
					if err != nil {
						t.Fatal(err)
					}
					for _, i := range out.Items {
						got[i["pk"].(*types.AttributeValueMemberS).Value]++
					}
				}
			})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d segments: %s", total, diff)
		}
	}
}

func TestPagesEndAtOneMegabyteAndCountsCost(t *testing.T) {
	s := newStage(t)
	for i := range 4 {
		s.put("runs", m{"pk": str("a"), "sk": num(fmt.Sprint(i)), "x": str(string(make([]byte, 399<<10)))})
	}
	s.do(func() {
		out, err := s.client.Query(ctx, &sdk.QueryInput{TableName: aws.String("runs"), KeyConditionExpression: aws.String("pk = :a"), ExpressionAttributeValues: m{":a": str("a")},
			Select: types.SelectCount, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal, ConsistentRead: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		if out.Count != 3 || out.Items != nil || out.LastEvaluatedKey == nil || *out.ConsumedCapacity.CapacityUnits != 300 {
			t.Errorf("count %d, items %v, next %v, units %v", out.Count, out.Items, out.LastEvaluatedKey, *out.ConsumedCapacity.CapacityUnits)
		}
	})
}

func TestItemsAreSortedByKey(t *testing.T) {
	s := newStage(t)
	s.put("runs", m{"pk": str("b"), "sk": num("1")})
	s.runs(12)
	var got []string
	for _, i := range s.svc.Items("runs") {
		got = append(got, i["pk"].Text+i["sk"].Num.String())
	}
	if diff := cmp.Diff([]string{"a-1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "b1"}, got); diff != "" {
		t.Error(diff)
	}
	if s.svc.Items("nothing") != nil || s.svc.Item("runs", dynamodb.Item{}) != nil {
		t.Error("something where nothing is")
	}
}
