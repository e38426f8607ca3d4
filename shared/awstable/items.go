// Package awstable keeps Sluice's state in one DynamoDB table. It fills the stores
// that intake, training, shifting, leasing and waiting ask for, and decides
// nothing.
//
// This file lists every item and its key:
//
//	pk                  sk                   item
//	MODELS              <model>              that the model exists
//	MODEL#<model>       SPEC                 its spec in force
//	MODEL#<model>       DEMAND               the generation that takes new demand
//	MODEL#<model>       RUN#<generation>     a training run
//	MODEL#<model>       ROLLOUT#<time>#<id>  that the rollout exists
//	DEMAND#<model>#<g>  <chunk>              a chunk of the demand of generation g
//	BUCKET#<bucket>     <model>#<i>          data trigger i of the model
//	BUCKET#<bucket>     #                    the revision of the bucket's data triggers
//	ALARMS              <model>#<i>          drift trigger i of the model; #own for its own alarm
//	CAPTURES#<bucket>   <model>              where the model's captures come in
//	MODEL#<model>       DRIFT#<variant>      how far the watch of a variant's captures has come
//	SCHEDULES           <model>#<i>          schedule trigger i of the model
//	PROMOTIONS#<model>  <other model>        that the other model trains after a promotion of the model
//	MODEL#<model>       SERVED#<trigger>     up to when a schedule, or another model's promotions, have been served
//	MODEL#<model>       DELIVERY#<pipeline>/<stage> a pipeline's action that waits for a rollout
//	GROUP#<group>       MODEL                the model that a package group belongs to
//	ENDPOINT#<name>     MODEL                the model that an endpoint belongs to, in lower case
//	CODE#<repository>   MODEL#<model>        the file of a model that is kept in a Git repository
//	CODE#<repository>   HEAD#<file>#<branch> the commit that was handled last; without a branch, deployed last
//	CODE#<repository>   REQUEST#<id>         the checks of a pull request
//	IMAGES#<repository> <model>              that the model takes images that others push there
//	IMAGE#<repository>  <commit>#<model>     an order for a serving image; by digest for one that others pushed
//	TOLD#<cause>        TOLD                 that people were told of a failure
//	LEASE#<name>        LEASE                a lease
//	WAITER#<resource>   <owner>              a task token that waits
//	ROLLOUT#<id>        ROLLOUT              a rollout
//	ROLLOUT#<id>        HISTORY#<time>#<kind>[#<key>] a line of its history
//	ROLLOUT#<id>        COMMAND#<id>         a command to it, perhaps by hand, and what became of it
//	LEASE#<name>        NEXT                 the newest rollout that waits for the lease
//
// Reads are strongly consistent: a decision on stale state could be a second writer.
package awstable

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
)

// Table is the one table.
type Table struct {
	client *dynamodb.Client
	name   string
}

// Open returns the table of this name.
func Open(cfg aws.Config, name string) *Table {
	return &Table{client: dynamodb.NewFromConfig(cfg), name: name}
}

type item = map[string]types.AttributeValue

// key is the primary key of an item.
type key struct{ PK, SK string }

func (k key) String() string { return k.PK + " " + k.SK }

func (k key) item() item { return item{"pk": str(k.PK), "sk": str(k.SK)} }

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func asJSON(o *attributevalue.EncoderOptions) { o.TagKey = "json" }

func fromJSON(o *attributevalue.DecoderOptions) { o.TagKey = "json" }

// marshal is v under k. Field names are v's json names.
func marshal(k key, v any) (item, error) {
	it, err := attributevalue.MarshalMapWithOptions(v, asJSON)
	if err != nil {
		return nil, fmt.Errorf("writing item %s: %w", k, err)
	}
	for name, value := range k.item() {
		it[name] = value
	}
	return it, nil
}

func unmarshal(it item, v any) error {
	if err := attributevalue.UnmarshalMapWithOptions(it, v, fromJSON); err != nil {
		return fmt.Errorf("reading an item: %w", err)
	}
	return nil
}

// get reads the item at k into v and reports whether there is one.
func (t *Table) get(ctx context.Context, k key, v any) (bool, error) {
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: k.item(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return false, awsfault.Errorf(err, "reading item %s", k)
	}
	if len(out.Item) == 0 {
		return false, nil
	}
	return true, unmarshal(out.Item, v)
}

// condition is a condition expression with its values. Attribute names are written
// with #.
type condition struct {
	expression string
	names      map[string]string
	values     item
}

// put writes v at k if the condition holds. Errors: Conflict if it does not.
func (t *Table) put(ctx context.Context, k key, v any, c condition) error {
	it, err := marshal(k, v)
	if err != nil {
		return err
	}
	in := &dynamodb.PutItemInput{TableName: &t.name, Item: it}
	if c.expression != "" {
		in.ConditionExpression = &c.expression
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = c.names, c.values
	}
	_, err = t.client.PutItem(ctx, in)
	return awsfault.Errorf(err, "writing item %s", k)
}

// remove deletes the item at k if the condition holds; that it does not, or that
// there is none, is no error.
func (t *Table) remove(ctx context.Context, k key, c condition) error {
	in := &dynamodb.DeleteItemInput{TableName: &t.name, Key: k.item()}
	if c.expression != "" {
		in.ConditionExpression = &c.expression
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = c.names, c.values
	}
	_, err := t.client.DeleteItem(ctx, in)
	if failed(err) {
		return nil
	}
	return awsfault.Errorf(err, "deleting item %s", k)
}

// failed reports whether err is a condition that did not hold.
func failed(err error) bool {
	var e *types.ConditionalCheckFailedException
	return errors.As(err, &e)
}

// page bounds what query hands out at once.
type page struct {
	newestFirst bool
	limit       int32 // items in all; 0 for all there are
}

// query reads the items of a partition whose sort key begins with prefix, through
// all pages.
func query[T any](ctx context.Context, t *Table, pk, prefix string, p page) ([]T, error) {
	in := &dynamodb.QueryInput{
		TableName:                 &t.name,
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": str(pk)},
		ConsistentRead:            aws.Bool(true),
		ScanIndexForward:          aws.Bool(!p.newestFirst),
	}
	if prefix != "" {
		in.KeyConditionExpression = aws.String("pk = :pk AND begins_with(sk, :prefix)")
		in.ExpressionAttributeValues[":prefix"] = str(prefix)
	}
	if p.limit > 0 {
		in.Limit = &p.limit
	}
	var all []T
	for {
		out, err := t.client.Query(ctx, in)
		if err != nil {
			return nil, awsfault.Errorf(err, "reading items %s %s", pk, prefix)
		}
		for _, it := range out.Items {
			var v T
			if err := unmarshal(it, &v); err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		if p.limit > 0 && len(all) >= int(p.limit) {
			return all[:p.limit], nil
		}
		if len(out.LastEvaluatedKey) == 0 {
			return all, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// maxInTheWay is how often a transaction is tried that other writes are in the way of.
// Every batch of events checks the same items. The SDK does not try again. Source:
// AWS.md F.
const maxInTheWay = 4

// transact writes all of writes or none. Errors: Conflict if a condition does not
// hold or other writes were in the way again and again.
func (t *Table) transact(ctx context.Context, doing string, writes []types.TransactWriteItem) (err error) {
	for range maxInTheWay {
		inTheWay := false
		if inTheWay, err = t.transactOnce(ctx, doing, writes); !inTheWay {
			return err
		}
	}
	return err
}

// transactOnce reports, too, whether nothing but another write was in the way.
func (t *Table) transactOnce(ctx context.Context, doing string, writes []types.TransactWriteItem) (inTheWay bool, err error) {
	_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return false, awsfault.Errorf(err, "%s", doing)
	}
	kind := fault.Internal
	for _, r := range cancelled.CancellationReasons {
		inTheWay = false
		switch aws.ToString(r.Code) {
		case "TransactionConflict":
			kind, inTheWay = fault.Conflict, true
		case "ConditionalCheckFailed":
			kind = fault.Conflict
		case "ThrottlingError", "ProvisionedThroughputExceeded":
			kind = fault.Throttled
		case "ValidationError":
			kind = fault.Invalid
		default:
			continue
		}
		break
	}
	return inTheWay, kind.Errorf("%s: %w", doing, err)
}
