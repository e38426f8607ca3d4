// Package dynamodb is DynamoDB on a laptop: tables with global secondary indexes,
// conditional and transactional writes, queries and scans with pages, time to live,
// streams, and the request units that all of it would cost. Expressions are
// local/dynamodb/expr.
//
// Everything happens at once while the world is held, so there are no real conflicts:
// stale reads, unprocessed batches, small pages and conflicting transactions happen on
// demand, by the knobs of Service. What is not implemented (local indexes, the API of
// streams, PartiQL, backups, the legacy parameters) answers an error that names it.
//
// Local AWS registers Wire, and Lambda reads StreamRecords; simulations read Items and
// hang on OnWrite.
package dynamodb

import (
	"time"

	"sluice/local/dynamodb/expr"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Value is an attribute value, Item a map of them. Nobody may change what is handed
// out: items share their values with the table.
type (
	Value = expr.Value
	Item  = map[string]expr.Value
)

// Service is all of DynamoDB in one account and region. The zero knobs make it
// well-behaved: strongly consistent, unlimited batches, pages of 1 MB.
type Service struct {
	// StaleReads lets reads that do not ask for consistency return the version of an
	// item before the last write, if that was less than a second ago. Half of them do,
	// drawn for each item on its own. Not modelled: items deleted within the second
	// stay invisible to Query and Scan, which could hide a bug that GetItem shows.
	StaleReads bool
	// PageItems is how many items Query and Scan look at for one page, beside the 1 MB
	// and Limit. 0 is no limit.
	PageItems int
	// BatchWriteItems and BatchGetItems are how many items of a batch are processed;
	// the rest comes back as UnprocessedItems or UnprocessedKeys. 0 is no limit.
	BatchWriteItems int
	BatchGetItems   int
	// TransactionConflicts is the share of transactions, 0 to 1, that are cancelled
	// because of a conflict over their first item.
	TransactionConflicts float64
	// TableTakes is how long CreateTable and DeleteTable of the API take.
	TableTakes time.Duration
	// OnWrite sees each change of an item after it was made. before is nil for a new
	// item, after is nil for a deleted one. It may be nil.
	OnWrite func(table string, before, after Item)

	w      *sim.World
	tables map[string]*table
	tokens tokens
}

// New returns a service without tables, in this world.
func New(w *sim.World) *Service {
	return &Service{w: w, tables: map[string]*table{}, tokens: tokens{byToken: map[string]*remembered{}}, TableTakes: 5 * time.Second}
}

// Wire is the API of the service.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "dynamodb", Target: "DynamoDB_20120810"}
	wire.Handle(svc, "CreateTable", s.createAccess, s.createTable)
	wire.Handle(svc, "DescribeTable", tableAccess[describeTableIn]("DescribeTable"), s.describeTable)
	wire.Handle(svc, "DeleteTable", tableAccess[deleteTableIn]("DeleteTable"), s.deleteTable)
	wire.Handle(svc, "ListTables", s.listAccess, s.listTables)
	wire.Handle(svc, "UpdateTimeToLive", tableAccess[updateTTLIn]("UpdateTimeToLive"), s.updateTTL)
	wire.Handle(svc, "DescribeTimeToLive", tableAccess[describeTTLIn]("DescribeTimeToLive"), s.describeTTL)
	wire.Handle(svc, "DescribeContinuousBackups", tableAccess[describeBackupsIn]("DescribeContinuousBackups"), s.describeBackups)
	wire.Handle(svc, "UpdateContinuousBackups", tableAccess[updateBackupsIn]("UpdateContinuousBackups"), s.updateBackups)
	wire.Handle(svc, "TagResource", tagAccess[tagIn]("TagResource"), s.tagResource)
	wire.Handle(svc, "UntagResource", tagAccess[untagIn]("UntagResource"), s.untagResource)
	wire.Handle(svc, "ListTagsOfResource", tagAccess[listTagsIn]("ListTagsOfResource"), s.listTags)
	wire.Handle(svc, "GetItem", s.getAccess, s.getItem)
	wire.Handle(svc, "PutItem", s.putAccess, s.putItem)
	wire.Handle(svc, "UpdateItem", s.updateAccess, s.updateItem)
	wire.Handle(svc, "DeleteItem", s.deleteAccess, s.deleteItem)
	wire.Handle(svc, "Query", s.queryAccess, s.query)
	wire.Handle(svc, "Scan", s.scanAccess, s.scan)
	wire.Handle(svc, "BatchGetItem", s.batchGetAccess, s.batchGet)
	wire.Handle(svc, "BatchWriteItem", s.batchWriteAccess, s.batchWrite)
	wire.Handle(svc, "TransactWriteItems", s.transactWriteAccess, s.transactWrite)
	wire.Handle(svc, "TransactGetItems", s.transactGetAccess, s.transactGet)
	return svc
}

// Arn is the ARN of the table of this name.
func Arn(table string) string {
	return "arn:aws:dynamodb:" + wire.Region + ":" + wire.Account + ":table/" + table
}
