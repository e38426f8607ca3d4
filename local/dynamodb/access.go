package dynamodb

import (
	"encoding/base64"
	"maps"
	"slices"

	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

// What IAM is asked for each call. Source: service authorization reference, "Amazon
// DynamoDB": the resource is the table, or the index for reads of an index.
// Transactions need the permissions of the single calls. Condition keys:
// dynamodb:LeadingKeys, dynamodb:Attributes, dynamodb:Select, dynamodb:ReturnValues.

// tableAccess is the question of a call on one table, without condition keys.
func tableAccess[In any, P interface {
	*In
	table() string
}](operation string) func(*In) []wire.Access {
	return func(in *In) []wire.Access {
		return []wire.Access{{Action: "dynamodb:" + operation, Resource: Arn(tableName(P(in).table()))}}
	}
}

func tagAccess[In any, P interface {
	*In
	arn() string
}](operation string) func(*In) []wire.Access {
	return func(in *In) []wire.Access {
		return []wire.Access{{Action: "dynamodb:" + operation, Resource: P(in).arn()}}
	}
}

func (s *Service) createAccess(in *CreateTableInput) []wire.Access {
	access := []wire.Access{{Action: "dynamodb:CreateTable", Resource: Arn(tableName(in.TableName))}}
	if len(in.Tags) > 0 {
		access = append(access, wire.Access{Action: "dynamodb:TagResource", Resource: access[0].Resource})
	}
	return access
}

func (s *Service) listAccess(*listTablesIn) []wire.Access {
	return []wire.Access{{Action: "dynamodb:ListTables", Resource: "*"}}
}

// question collects what is asked about one table.
type question struct {
	action  string
	table   string
	keys    map[string]bool
	names   map[string]bool
	all     bool // the whole item is touched, so its attributes cannot be told
	returns string
}

func (s *Service) ask(operation, table string) *question {
	return &question{action: "dynamodb:" + operation, table: tableName(table), keys: map[string]bool{}, names: map[string]bool{}}
}

// leading adds the hash key of an item.
func (s *Service) leading(q *question, item Item) {
	t := s.tables[q.table]
	if t == nil {
		return
	}
	if v, ok := item[t.key.hash]; ok {
		q.keys[keyText(v)] = true
	}
}

// keyText is a key value as policies spell it.
func keyText(v Value) string {
	switch v.Kind {
	case expr.N:
		return v.Num.String()
	case expr.B:
		return base64.StdEncoding.EncodeToString([]byte(v.Text))
	}
	return v.Text
}

func (q *question) attributes(item Item) {
	for name := range item {
		q.names[name] = true
	}
}

func (q *question) access() wire.Access {
	c := map[string][]string{}
	if len(q.keys) > 0 {
		c["dynamodb:LeadingKeys"] = slices.Sorted(maps.Keys(q.keys))
	}
	if len(q.names) > 0 && !q.all {
		c["dynamodb:Attributes"] = slices.Sorted(maps.Keys(q.names))
	}
	if q.returns != "" {
		c["dynamodb:ReturnValues"] = []string{q.returns}
	}
	return wire.Access{Action: q.action, Resource: Arn(q.table), Conditions: c}
}

func (s *Service) putAccess(in *putItemIn) []wire.Access {
	q := s.ask("PutItem", in.TableName)
	s.leading(q, in.Item)
	q.attributes(in.Item)
	q.returns = in.ReturnValues
	return []wire.Access{q.access()}
}

func (s *Service) deleteAccess(in *deleteItemIn) []wire.Access {
	q := s.ask("DeleteItem", in.TableName)
	s.leading(q, in.Key)
	q.returns = in.ReturnValues
	return []wire.Access{q.access()}
}

func (s *Service) updateAccess(in *updateItemIn) []wire.Access {
	q := s.ask("UpdateItem", in.TableName)
	s.updating(q, in.Key, in.UpdateExpression, &in.placeholders)
	q.returns = in.ReturnValues
	return []wire.Access{q.access()}
}

// updating adds what an update touches; an expression that cannot be read is refused
// later.
func (s *Service) updating(q *question, key Item, update *string, p *placeholders) {
	s.leading(q, key)
	q.attributes(key)
	if update == nil {
		return
	}
	given, err := expr.NewPlaceholders(p.ExpressionAttributeNames, p.ExpressionAttributeValues)
	if err != nil {
		return
	}
	if u, err := expr.ParseUpdate(*update, given); err == nil {
		for _, name := range u.Names() {
			q.names[name] = true
		}
	}
}

// reads adds what a projection asks for; without one, everything.
func (q *question) reads(projection *string, names map[string]string) {
	if projection == nil {
		q.all = true
		return
	}
	given, err := expr.NewPlaceholders(names, nil)
	if err != nil {
		return
	}
	if p, err := expr.ParseProjection(*projection, given); err == nil {
		for _, name := range p.Names() {
			q.names[name] = true
		}
	}
}

func (s *Service) getAccess(in *getItemIn) []wire.Access {
	q := s.ask("GetItem", in.TableName)
	s.leading(q, in.Key)
	q.reads(in.ProjectionExpression, in.ExpressionAttributeNames)
	return []wire.Access{q.access()}
}

// page is the question of Query and Scan: the index, if one is read.
func (q *question) page(in *pageIn) wire.Access {
	q.reads(in.ProjectionExpression, in.ExpressionAttributeNames)
	a := q.access()
	if in.IndexName != nil {
		a.Resource += "/index/" + *in.IndexName
	}
	if in.Select != "" {
		a.Conditions["dynamodb:Select"] = []string{in.Select}
	}
	return a
}

func (s *Service) queryAccess(in *queryIn) []wire.Access {
	q := s.ask("Query", in.TableName)
	if hash := s.queriedKey(in); hash != nil {
		q.keys[keyText(*hash)] = true
	}
	return []wire.Access{q.page(&in.pageIn)}
}

// queriedKey is the hash key, of the table or the index, that a query asks for.
func (s *Service) queriedKey(in *queryIn) *Value {
	t := s.tables[tableName(in.TableName)]
	if t == nil || in.KeyConditionExpression == nil {
		return nil
	}
	key := t.key
	if in.IndexName != nil {
		ix := t.index(*in.IndexName)
		if ix == nil {
			return nil
		}
		key = ix.key
	}
	given, err := expr.NewPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if err != nil {
		return nil
	}
	terms, err := expr.ParseKeyCondition(*in.KeyConditionExpression, given)
	if err != nil {
		return nil
	}
	for _, term := range terms {
		if term.Name == key.hash && len(term.Values) > 0 {
			return &term.Values[0]
		}
	}
	return nil
}

func (s *Service) scanAccess(in *scanIn) []wire.Access {
	return []wire.Access{s.ask("Scan", in.TableName).page(&in.pageIn)}
}

func (s *Service) batchGetAccess(in *batchGetIn) []wire.Access {
	var out []wire.Access
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		q, ask := s.ask("BatchGetItem", name), in.RequestItems[name]
		if ask == nil {
			continue
		}
		for _, key := range ask.Keys {
			s.leading(q, key)
		}
		q.reads(ask.ProjectionExpression, ask.ExpressionAttributeNames)
		out = append(out, q.access())
	}
	return out
}

func (s *Service) batchWriteAccess(in *batchWriteIn) []wire.Access {
	var out []wire.Access
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		q := s.ask("BatchWriteItem", name)
		for _, r := range in.RequestItems[name] {
			if r.PutRequest != nil {
				s.leading(q, r.PutRequest.Item)
				q.attributes(r.PutRequest.Item)
			}
			if r.DeleteRequest != nil {
				s.leading(q, r.DeleteRequest.Key)
			}
		}
		out = append(out, q.access())
	}
	return out
}

func (s *Service) transactWriteAccess(in *transactWriteIn) []wire.Access {
	var out []wire.Access
	for _, x := range in.TransactItems {
		var q *question
		switch {
		case x.Put != nil:
			q = s.ask("PutItem", x.Put.TableName)
			s.leading(q, x.Put.Item)
			q.attributes(x.Put.Item)
		case x.Update != nil:
			q = s.ask("UpdateItem", x.Update.TableName)
			s.updating(q, x.Update.Key, x.Update.UpdateExpression, &x.Update.placeholders)
		case x.Delete != nil:
			q = s.ask("DeleteItem", x.Delete.TableName)
			s.leading(q, x.Delete.Key)
		case x.ConditionCheck != nil:
			q = s.ask("ConditionCheckItem", x.ConditionCheck.TableName)
			s.leading(q, x.ConditionCheck.Key)
		default:
			continue
		}
		out = append(out, q.access())
	}
	return out
}

func (s *Service) transactGetAccess(in *transactGetIn) []wire.Access {
	var out []wire.Access
	for _, x := range in.TransactItems {
		if x.Get == nil {
			continue
		}
		q := s.ask("GetItem", x.Get.TableName)
		s.leading(q, x.Get.Key)
		q.reads(x.Get.ProjectionExpression, x.Get.ExpressionAttributeNames)
		out = append(out, q.access())
	}
	return out
}
