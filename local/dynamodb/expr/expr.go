// Package expr is DynamoDB's expression language: it reads condition, filter, key
// condition, projection and update expressions, and runs them over items. It also
// owns attribute values: their kinds, exact numbers, order, size and JSON.
//
// It knows no tables and keeps nothing: names and values in, values out. Whatever it
// refuses it refuses with the code and, where known, the text of DynamoDB. Syntax
// errors come before all others; the rest come in the order in which DynamoDB looks
// for them (rank). Its only caller is local/dynamodb.
//
// Not modelled: the legacy parameters (Expected, AttributeUpdates, KeyConditions, ...).
package expr

import "sluice/local/wire"

// Use names the parameter that an expression came in; error texts begin with it.
type Use string

// The uses.
const (
	ConditionExpression    Use = "ConditionExpression"
	FilterExpression       Use = "FilterExpression"
	KeyConditionExpression Use = "KeyConditionExpression"
	ProjectionExpression   Use = "ProjectionExpression"
	UpdateExpression       Use = "UpdateExpression"
)

// Limits of one expression. Source: AWS.md F.
const (
	maxExpression = 4096 // bytes
	maxOperators  = 300
	maxIn         = 100
	maxPath       = 32 // steps
	maxIndex      = 1<<31 - 1
)

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationException", format, args...)
}
