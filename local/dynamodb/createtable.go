package dynamodb

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

// The members of CreateTableInput, as the API reference describes them.
type (
	// AttributeDefinition gives the kind of a key attribute: S, N or B.
	AttributeDefinition struct{ AttributeName, AttributeType string }
	// KeySchemaElement names a key attribute, HASH or RANGE.
	KeySchemaElement struct{ AttributeName, KeyType string }
	// Projection is what an index holds: ALL, KEYS_ONLY, or INCLUDE with names.
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string `json:",omitempty"`
	}
	// Throughput is provisioned capacity. It limits nothing here.
	Throughput struct{ ReadCapacityUnits, WriteCapacityUnits int64 }
	// Tag is a tag of a table.
	Tag struct{ Key, Value string }
	// StreamSpecification says whether changes go into a stream, and as what.
	StreamSpecification struct {
		StreamEnabled  bool
		StreamViewType string `json:",omitempty"` // KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES
	}
	// TTLSpecification names the attribute that holds the time of expiry.
	TTLSpecification struct {
		AttributeName string
		Enabled       bool
	}
	// GlobalIndex is a global secondary index.
	GlobalIndex struct {
		IndexName             string
		KeySchema             []KeySchemaElement
		Projection            Projection
		ProvisionedThroughput *Throughput
	}
)

// CreateTableInput describes a table in the words of the API, which are those of
// CloudFormation's AWS::DynamoDB::Table too: its properties can be decoded into it.
type CreateTableInput struct {
	TableName                 string
	AttributeDefinitions      []AttributeDefinition
	KeySchema                 []KeySchemaElement
	BillingMode               string
	ProvisionedThroughput     *Throughput
	GlobalSecondaryIndexes    []GlobalIndex
	LocalSecondaryIndexes     json.RawMessage
	StreamSpecification       *StreamSpecification
	SSESpecification          json.RawMessage // changes nothing that can be seen here
	TableClass                string
	DeletionProtectionEnabled bool
	Tags                      []Tag
	// The last two are CloudFormation's only.
	TimeToLiveSpecification          *TTLSpecification
	PointInTimeRecoverySpecification *struct{ PointInTimeRecoveryEnabled bool }
}

// Create makes a table that is active at once, for whoever deploys a template.
// Errors: as CreateTable.
func (s *Service) Create(in *CreateTableInput) error {
	t, err := s.define(in)
	if err != nil {
		return err
	}
	t.status = "ACTIVE"
	if ttl := in.TimeToLiveSpecification; ttl != nil && ttl.Enabled {
		t.ttl = ttl.AttributeName
	}
	if p := in.PointInTimeRecoverySpecification; p != nil && p.PointInTimeRecoveryEnabled {
		t.recovery = s.w.Now()
	}
	return nil
}

type tableOut struct{ TableDescription *tableDescription }

func (s *Service) createTable(_ *call, in *CreateTableInput) (*tableOut, error) {
	t, err := s.define(in)
	if err != nil {
		return nil, err
	}
	s.w.After(s.TableTakes, "dynamodb: table "+t.name+" becomes active", func() { t.status = "ACTIVE" })
	return &tableOut{t.describe()}, nil
}

// define checks the input and adds the table, in status CREATING.
func (s *Service) define(in *CreateTableInput) (*table, error) {
	name := tableName(in.TableName)
	if err := checkTableName(name); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if s.tables[name] != nil {
		return nil, wire.Errorf("ResourceInUseException", "Table already exists: %s", name)
	}
	t := &table{
		name: name, id: s.w.UUID("dynamodb-table"), created: s.w.Now(), status: "CREATING", protected: in.DeletionProtectionEnabled,
		billing: cmp.Or(in.BillingMode, "PROVISIONED"), throttle: in.ProvisionedThroughput,
		key: schemaOf(in.KeySchema), kinds: map[string]expr.Kind{}, defined: in.AttributeDefinitions, tags: map[string]string{},
	}
	for _, d := range in.AttributeDefinitions {
		t.kinds[d.AttributeName] = scalarKinds[d.AttributeType]
	}
	for _, x := range in.GlobalSecondaryIndexes {
		ix := newIndex(x.IndexName, schemaOf(x.KeySchema), x.Projection, t.key)
		ix.throttle = x.ProvisionedThroughput
		t.indexes = append(t.indexes, ix)
	}
	slices.SortFunc(t.indexes, func(a, b *index) int { return strings.Compare(a.name, b.name) })
	for _, x := range in.Tags {
		t.tags[x.Key] = x.Value
	}
	if in.StreamSpecification != nil && in.StreamSpecification.StreamEnabled {
		t.stream = newStream(name, in.StreamSpecification.StreamViewType, t.created)
	}
	s.tables[name] = t
	return t, nil
}

var scalarKinds = map[string]expr.Kind{"S": expr.S, "N": expr.N, "B": expr.B}

func schemaOf(elements []KeySchemaElement) schema {
	k := schema{hash: elements[0].AttributeName}
	if len(elements) > 1 {
		k.sort = elements[1].AttributeName
	}
	return k
}

func given(m json.RawMessage) bool {
	return len(m) > 0 && string(m) != "null" && string(m) != "[]"
}

// check refuses what CreateTable refuses, whatever tables there are.
func (in *CreateTableInput) check() error {
	if err := oneOf("BillingMode", in.BillingMode, "PROVISIONED", "PAY_PER_REQUEST"); err != nil {
		return err
	}
	if given(in.LocalSecondaryIndexes) {
		return notImplemented("LocalSecondaryIndexes")
	}
	if err := in.StreamSpecification.check(); err != nil {
		return err
	}
	const prefix = "One or more parameter values were invalid: "
	onDemand := in.BillingMode == "PAY_PER_REQUEST"
	switch {
	case onDemand && in.ProvisionedThroughput != nil:
		return invalid(prefix + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case !onDemand && (in.ProvisionedThroughput == nil || in.ProvisionedThroughput.ReadCapacityUnits < 1 || in.ProvisionedThroughput.WriteCapacityUnits < 1):
		return invalid(prefix + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	if err := in.checkSchema(in.KeySchema); err != nil {
		return err
	}
	used := map[string]bool{}
	for _, e := range in.KeySchema {
		used[e.AttributeName] = true
	}
	names := map[string]bool{}
	for _, ix := range in.GlobalSecondaryIndexes {
		if err := in.checkIndex(ix); err != nil {
			return err
		}
		if names[ix.IndexName] {
			return invalid(prefix+"Duplicate index name: %s", ix.IndexName)
		}
		names[ix.IndexName] = true
		for _, e := range ix.KeySchema {
			used[e.AttributeName] = true
		}
	}
	switch {
	case len(in.GlobalSecondaryIndexes) > 20:
		return invalid(prefix + "GlobalSecondaryIndex count exceeds the per-table limit of 20")
	case len(used) == len(in.AttributeDefinitions):
		return nil
	case len(in.GlobalSecondaryIndexes) == 0:
		return invalid(prefix + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return invalid(prefix+"Some AttributeDefinitions are not used. AttributeDefinitions: [%s]", strings.Join(in.definedNames(), ", "))
}

func (in *CreateTableInput) definedNames() []string {
	var names []string
	for _, d := range in.AttributeDefinitions {
		names = append(names, d.AttributeName)
	}
	return names
}

func (in *CreateTableInput) checkSchema(elements []KeySchemaElement) error {
	defined := in.definedNames()
	for _, d := range in.AttributeDefinitions {
		if scalarKinds[d.AttributeType] == expr.None {
			return invalid("1 validation error detected: Value '%s' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", d.AttributeType)
		}
		if len(d.AttributeName) > 255 {
			return invalid("1 validation error detected: Value '%s' at 'attributeDefinitions.1.member.attributeName' failed to satisfy constraint: Member must have length less than or equal to 255", d.AttributeName)
		}
	}
	if len(elements) == 0 || len(elements) > 2 {
		return invalid("1 validation error detected: Value '%v' at 'keySchema' failed to satisfy constraint: Member must have length between 1 and 2", elements)
	}
	var keys []string
	for _, e := range elements {
		keys = append(keys, e.AttributeName)
	}
	for _, k := range keys {
		if !slices.Contains(defined, k) {
			return invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]", strings.Join(keys, ", "), strings.Join(defined, ", "))
		}
	}
	switch {
	case len(keys) == 2 && keys[0] == keys[1]:
		return invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case elements[0].KeyType != "HASH":
		return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(elements) == 2 && elements[1].KeyType != "RANGE":
		return invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	return nil
}

func (in *CreateTableInput) checkIndex(ix GlobalIndex) error {
	const prefix = "One or more parameter values were invalid: "
	if err := in.checkSchema(ix.KeySchema); err != nil {
		return err
	}
	p := ix.Projection
	switch {
	case len(ix.IndexName) < 3 || len(ix.IndexName) > 255 || !namePattern.MatchString(ix.IndexName):
		return invalid("1 validation error detected: Value '%s' at 'globalSecondaryIndexes.1.member.indexName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", ix.IndexName)
	case p.ProjectionType == "":
		return invalid(prefix + "Unknown ProjectionType: null")
	case !slices.Contains([]string{"ALL", "INCLUDE", "KEYS_ONLY"}, p.ProjectionType):
		return oneOf("ProjectionType", p.ProjectionType, "ALL", "INCLUDE", "KEYS_ONLY")
	case p.NonKeyAttributes != nil && p.ProjectionType != "INCLUDE":
		return invalid(prefix+"ProjectionType is %s, but NonKeyAttributes is specified", p.ProjectionType)
	case p.ProjectionType == "INCLUDE" && len(p.NonKeyAttributes) == 0:
		return invalid(prefix + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
	case in.BillingMode == "PAY_PER_REQUEST" && ix.ProvisionedThroughput != nil:
		return invalid(prefix+"ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", ix.IndexName)
	}
	return nil
}
