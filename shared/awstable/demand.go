package awstable

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/shared/awsfault"
	"sluice/shared/demand"
	"sluice/shared/fault"
	"sluice/shared/intake"
	"sluice/shared/training"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func modelKey(model, sk string) key { return key{"MODEL#" + model, sk} }

func demandKey(model string) key { return modelKey(model, "DEMAND") }

func chunkKey(model string, generation int, name string) key {
	return key{fmt.Sprintf("DEMAND#%s#%d", model, generation), name}
}

// runKey pads generations, so that runs sort in order.
func runKey(model string, generation int) key {
	return modelKey(model, fmt.Sprintf("RUN#%010d", generation))
}

// demandItem is the open generation of a model. A model without one is at
// generation 1, attempt 0.
type demandItem struct {
	Generation int `json:"generation"`
	Attempt    int `json:"attempt"`
}

// OpenGeneration fills intake's and training's table.
func (t *Table) OpenGeneration(ctx context.Context, model string) (generation, attempt int, err error) {
	d := demandItem{Generation: 1}
	_, err = t.get(ctx, demandKey(model), &d)
	return d.Generation, d.Attempt, err
}

// isOpen is the condition that a generation is the open one.
func isOpen(generation int) condition {
	c := condition{expression: "generation = :g", values: item{":g": num(int64(generation))}}
	if generation == 1 {
		c.expression += " OR attribute_not_exists(pk)"
	}
	return c
}

// AddChunk fills intake's and training's table. The check and the chunk are one
// transaction: what is in a closed generation stays as it is.
func (t *Table) AddChunk(ctx context.Context, model string, generation int, c demand.Chunk) error {
	return t.addChunk(ctx, model, generation, c)
}

// AddObjects fills intake's table. That the bucket's triggers are still the ones
// that the chunk was sorted by is part of the transaction.
func (t *Table) AddObjects(ctx context.Context, model string, generation int, c demand.Chunk, w intake.Wanted) error {
	still := condition{expression: "rev = :rev", values: item{":rev": str(w.Rev)}}
	if w.Rev == "" { // nobody has applied a spec since revisions are written
		still = condition{expression: "attribute_not_exists(pk)"}
	}
	return t.addChunk(ctx, model, generation, c, types.TransactWriteItem{
		ConditionCheck: &types.ConditionCheck{TableName: &t.name, Key: wantedKey(w.Bucket).item(), ConditionExpression: &still.expression, ExpressionAttributeValues: still.values},
	})
}

func (t *Table) addChunk(ctx context.Context, model string, generation int, c demand.Chunk, checks ...types.TransactWriteItem) error {
	it, err := marshal(chunkKey(model, generation, c.Name), c)
	if err != nil {
		return err
	}
	open := isOpen(generation)
	return t.transact(ctx, fmt.Sprintf("adding a chunk to the demand of model %s", model), append(checks,
		types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &t.name, Key: demandKey(model).item(), ConditionExpression: &open.expression, ExpressionAttributeValues: open.values}},
		types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: it}},
	))
}

// NextAttempt fills intake's table.
func (t *Table) NextAttempt(ctx context.Context, model string, generation, attempt int) error {
	c := isOpen(generation)
	c.expression = "(" + c.expression + ") AND (attempt = :a OR attribute_not_exists(attempt))"
	c.values[":a"] = num(int64(attempt))
	return t.put(ctx, demandKey(model), demandItem{Generation: generation, Attempt: attempt + 1}, c)
}

// CloseGeneration fills training's table.
func (t *Table) CloseGeneration(ctx context.Context, model string, generation int) error {
	err := t.put(ctx, demandKey(model), demandItem{Generation: generation + 1}, isOpen(generation))
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	open, _, err := t.OpenGeneration(ctx, model)
	if err == nil && open < generation {
		err = fault.Internal.Errorf("demand of model %s is at generation %d and cannot close %d", model, open, generation)
	}
	return err
}

// Chunks fills training's table.
func (t *Table) Chunks(ctx context.Context, model string, generation int) ([]demand.Chunk, error) {
	return query[demand.Chunk](ctx, t, chunkKey(model, generation, "").PK, "", page{})
}

// Run fills training's table.
func (t *Table) Run(ctx context.Context, model string, generation int) (r training.Run, ok bool, err error) {
	ok, err = t.get(ctx, runKey(model, generation), &r)
	return r, ok, err
}

// PutRun fills training's table.
func (t *Table) PutRun(ctx context.Context, r training.Run) error {
	return t.put(ctx, runKey(r.Model, r.Generation), r, condition{})
}

// Runs fills training's table.
func (t *Table) Runs(ctx context.Context, model string) ([]training.Run, error) {
	return query[training.Run](ctx, t, modelKey(model, "").PK, "RUN#", page{newestFirst: true})
}

// Demand is the open demand of a model, for people to look at.
func (t *Table) Demand(ctx context.Context, model string) (generation int, chunks []demand.Chunk, err error) {
	generation, _, err = t.OpenGeneration(ctx, model)
	if err != nil {
		return 0, nil, err
	}
	chunks, err = t.Chunks(ctx, model, generation)
	return generation, chunks, err
}

// Ping reads the table's description: whether it is there and may be used.
func (t *Table) Ping(ctx context.Context) error {
	_, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(t.name)})
	return awsfault.Errorf(err, "looking at table %s", t.name)
}
