package dynamodb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/local/dynamodb"
	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

func TestTableComesAndGoes(t *testing.T) {
	s := newStage(t)
	name := aws.String("fresh")
	status := func() (got string) {
		s.do(func() {
			out, err := s.client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: name})
			if err != nil {
				refused(t, err, "ResourceNotFoundException", "Requested resource not found: Table: fresh not found")
				return
			}
			got = string(out.Table.TableStatus)
		})
		return got
	}
	create := func() (err error) {
		s.do(func() {
			_, err = s.client.CreateTable(ctx, &sdk.CreateTableInput{TableName: name, BillingMode: types.BillingModePayPerRequest,
				AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
				KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
				Tags:                 []types.Tag{{Key: aws.String("team"), Value: aws.String("ml")}}})
		})
		return err
	}
	if err := create(); err != nil || status() != "CREATING" {
		t.Fatal(err, status())
	}
	refused(t, create(), "ResourceInUseException", "Table already exists: fresh")
	s.do(func() {
		_, err := s.client.PutItem(ctx, &sdk.PutItemInput{TableName: name, Item: m{"pk": str("a")}})
		refused(t, err, "ResourceNotFoundException", "")
	})
	s.w.RunUntilIdle(time.Hour)
	if status() != "ACTIVE" {
		t.Fatal(status())
	}
	s.do(func() {
		tags, err := s.client.ListTagsOfResource(ctx, &sdk.ListTagsOfResourceInput{ResourceArn: aws.String(dynamodb.Arn("fresh"))})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "ml" {
			t.Error(err, tags)
		}
		list, err := s.client.ListTables(ctx, &sdk.ListTablesInput{Limit: aws.Int32(2)})
		if err != nil || fmt.Sprint(list.TableNames) != "[fresh leases]" || *list.LastEvaluatedTableName != "leases" {
			t.Error(err, list)
		}
		backups, err := s.client.DescribeContinuousBackups(ctx, &sdk.DescribeContinuousBackupsInput{TableName: name})
		if err != nil || backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusDisabled {
			t.Error(err, backups)
		}
		if _, err := s.client.DeleteTable(ctx, &sdk.DeleteTableInput{TableName: name}); err != nil {
			t.Error(err)
		}
	})
	s.w.RunUntilIdle(time.Hour)
	if got := status(); got != "" {
		t.Error(got)
	}
}

func TestExpiredItemsGoLate(t *testing.T) {
	s := newStage(t)
	s.do(func() {
		_, err := s.client.UpdateTimeToLive(ctx, &sdk.UpdateTimeToLiveInput{TableName: aws.String("leases"),
			TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("gone"), Enabled: aws.Bool(true)}})
		if err != nil {
			t.Fatal(err)
		}
	})
	expiry := num(fmt.Sprint(s.w.Now().Add(time.Hour).Unix()))
	for i := range 20 {
		s.put("leases", m{"pk": str(fmt.Sprint(i)), "gone": expiry})
	}
	s.put("leases", m{"pk": str("text"), "gone": str("1")})
	s.put("leases", m{"pk": str("renewed"), "gone": expiry})
	s.put("leases", m{"pk": str("renewed")})
	left := func() int { return len(s.svc.Items("leases")) }
	s.w.RunFor(2 * time.Hour)
	if left() != 22 {
		t.Errorf("%d left an hour after expiry: too early", left())
	}
	s.w.RunFor(22 * time.Hour)
	if n := left(); n == 22 || n == 2 {
		t.Errorf("%d left after a day: they should go one by one", n)
	}
	before := s.svc.Units("leases")
	s.w.RunFor(27 * time.Hour)
	if left() != 2 {
		t.Errorf("%d left after two days", left())
	}
	if s.svc.Units("leases") != before {
		t.Error("expiry has cost units")
	}
}

func TestStaleReadsOnDemand(t *testing.T) {
	s := newStage(t)
	s.svc.StaleReads = true
	s.put("leases", m{"pk": str("a"), "v": num("1")})
	s.w.RunFor(time.Minute)
	s.put("leases", m{"pk": str("a"), "v": num("2")})
	read := func(consistent bool) map[string]int {
		seen := map[string]int{}
		s.do(func() {
			for range 50 {
				out, err := s.client.GetItem(ctx, &sdk.GetItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")}, ConsistentRead: &consistent})
				if err != nil {
					t.Fatal(err)
				}
				seen[out.Item["v"].(*types.AttributeValueMemberN).Value]++
			}
		})
		return seen
	}
	if got := read(false); got["1"] == 0 || got["2"] == 0 {
		t.Errorf("within the second: %v", got)
	}
	if got := read(true); got["2"] != 50 {
		t.Errorf("consistent: %v", got)
	}
	s.w.RunFor(time.Second)
	if got := read(false); got["2"] != 50 {
		t.Errorf("after the second: %v", got)
	}
}

func TestCapacity(t *testing.T) {
	s := newStage(t)
	kb := func(n int) types.AttributeValue { return str(string(make([]byte, n<<10-100))) }
	units := func(c *types.ConsumedCapacity) string {
		return fmt.Sprint(*c.CapacityUnits, *c.Table.CapacityUnits, len(c.GlobalSecondaryIndexes))
	}
	indexes := types.ReturnConsumedCapacityIndexes
	s.do(func() {
		for _, c := range []struct {
			name string
			item m
			want string
		}{
			{"new, not in the index", m{"x": kb(3)}, "3 3 0"},
			{"smaller, the old size counts", m{"x": kb(1)}, "3 3 0"},
			{"into the index", m{"stage": str("s"), "since": num("1"), "cause": kb(2), "x": kb(1)}, "5 3 1"},
			{"nothing in the index changes", m{"stage": str("s"), "since": num("1"), "cause": kb(2), "x": num("1")}, "3 3 0"},
			{"the index key changes", m{"stage": str("s"), "since": num("2"), "cause": kb(2), "x": num("1")}, "6 2 1"},
		} {
			c.item["pk"], c.item["sk"] = str("a"), num("1")
			out, err := s.client.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("runs"), Item: c.item, ReturnConsumedCapacity: indexes})
			if err != nil {
				t.Fatal(err)
			}
			if got := units(out.ConsumedCapacity); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		for consistent, want := range map[bool]float64{true: 1, false: 0.5} {
			out, err := s.client.GetItem(ctx, &sdk.GetItemInput{TableName: aws.String("runs"), Key: m{"pk": str("a"), "sk": num("1")}, ConsistentRead: &consistent, ReturnConsumedCapacity: indexes})
			if err != nil || *out.ConsumedCapacity.CapacityUnits != want {
				t.Errorf("consistent %v: %v, %v", consistent, out.ConsumedCapacity, err)
			}
		}
		if diff := cmp.Diff(dynamodb.Units{Read: 1.5, Write: 20}, s.svc.Units("runs")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAccessIsAskedFor(t *testing.T) {
	s := newStage(t)
	var asked []string
	s.server.Allow = func(_ string, a wire.Access) error {
		asked = append(asked, fmt.Sprint(a.Action, " ", a.Resource[len(dynamodb.Arn("")):], " ", a.Conditions["dynamodb:LeadingKeys"], a.Conditions["dynamodb:Attributes"]))
		return nil
	}
	s.do(func() {
		_, _ = s.client.Query(ctx, &sdk.QueryInput{TableName: aws.String("runs"), IndexName: aws.String("by-stage"),
			KeyConditionExpression: aws.String("stage = :s"), ExpressionAttributeValues: m{":s": str("bake")}})
		_, _ = s.client.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")}, UpdateExpression: aws.String("SET x = y")})
		_, _ = s.transact(nil, putOf("p", ""), addOne("u"), types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: aws.String("runs"), Key: m{"pk": str("c"), "sk": num("1")}, ConditionExpression: aws.String("attribute_exists(pk)")}})
	})
	want := []string{
		"dynamodb:Query runs/index/by-stage [bake] []",
		"dynamodb:UpdateItem leases [a] [pk x y]",
		"dynamodb:PutItem leases [p] [owner pk]", "dynamodb:UpdateItem leases [u] [n pk]", "dynamodb:ConditionCheckItem runs [c] []",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestOnWriteSeesEachChange(t *testing.T) {
	s := newStage(t)
	var seen []string
	s.svc.OnWrite = func(table string, before, after dynamodb.Item) {
		seen = append(seen, fmt.Sprint(table, " ", before["v"].Num, " ", after["v"].Num, " ", after == nil))
	}
	s.put("leases", m{"pk": str("a"), "v": num("1")})
	s.put("leases", m{"pk": str("a"), "v": num("2")})
	s.do(func() {
		_, _ = s.client.DeleteItem(ctx, &sdk.DeleteItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")}})
		_, _ = s.client.DeleteItem(ctx, &sdk.DeleteItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")}})
	})
	if diff := cmp.Diff([]string{"leases 0 1 false", "leases 1 2 false", "leases 2 0 true"}, seen); diff != "" {
		t.Error(diff)
	}
}

// Random puts, updates and deletes leave the table as a plain map would be, and the
// index as a filter over it; of many conditional puts of one key exactly one wins.
func TestTableAgreesWithAMap(t *testing.T) {
	type key struct{ pk, sk int }
	rapid.Check(t, func(rt *rapid.T) {
		s := newStage(t)
		model := map[key]int{}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			k := key{rapid.IntRange(0, 2).Draw(rt, "pk"), rapid.IntRange(0, 4).Draw(rt, "sk")}
			at := dynamodb.Item{"pk": expr.String(fmt.Sprint(k.pk)), "sk": expr.Int(int64(k.sk))}
			switch rapid.IntRange(0, 1).Draw(rt, "what") {
			case 0:
				v := rapid.IntRange(0, 3).Draw(rt, "v")
				model[k] = v
				at["since"] = expr.Int(int64(v))
				if v > 0 {
					at["stage"] = expr.String("in")
				}
				if err := s.svc.Put("runs", at); err != nil {
					rt.Fatal(err)
				}
			case 1:
				delete(model, k)
				if err := s.svc.Delete("runs", at); err != nil {
					rt.Fatal(err)
				}
			}
		}
		got, indexed := map[key]int{}, 0
		for _, i := range s.svc.Items("runs") {
			var k key
			_, _ = fmt.Sscan(i["pk"].Text+" "+i["sk"].Num.String(), &k.pk, &k.sk)
			v, _ := i["since"].Num.Int64()
			got[k] = int(v)
			if v > 0 {
				indexed++
			}
		}
		if diff := cmp.Diff(model, got, cmp.AllowUnexported(key{})); diff != "" {
			rt.Fatal(diff)
		}
		s.svc.PageItems = 2
		sorts, _ := s.queryAll(&sdk.QueryInput{IndexName: aws.String("by-stage"), KeyConditionExpression: aws.String("stage = :s"), ExpressionAttributeValues: m{":s": str("in")}})
		if len(sorts) != indexed {
			rt.Fatalf("the index shows %d of %d items", len(sorts), indexed)
		}
	})
}

func BenchmarkUpdateItem(b *testing.B) {
	s := newStage(b)
	in := &sdk.UpdateItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")}, UpdateExpression: aws.String("SET #o = :o, n = if_not_exists(n, :z) + :one"),
		ConditionExpression: aws.String("attribute_not_exists(pk) OR n >= :z"), ExpressionAttributeNames: map[string]string{"#o": "owner"},
		ExpressionAttributeValues: m{":o": str("me"), ":z": num("0"), ":one": num("1")}, ReturnValues: types.ReturnValueAllNew}
	s.do(func() {
		for b.Loop() {
			if _, err := s.client.UpdateItem(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
