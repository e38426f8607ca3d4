package dynamodb

import (
	"time"

	"sluice/local/wire"
)

type tableDescription struct {
	TableName                 string
	TableArn                  string
	TableId                   string
	TableStatus               string
	CreationDateTime          *wire.Time
	AttributeDefinitions      []AttributeDefinition
	KeySchema                 []KeySchemaElement
	BillingModeSummary        *billingSummary `json:",omitempty"`
	ProvisionedThroughput     throughputDescription
	GlobalSecondaryIndexes    []indexDescription   `json:",omitempty"`
	StreamSpecification       *StreamSpecification `json:",omitempty"`
	LatestStreamArn           string               `json:",omitempty"`
	LatestStreamLabel         string               `json:",omitempty"`
	ItemCount                 int
	TableSizeBytes            int
	DeletionProtectionEnabled bool
}

type billingSummary struct {
	BillingMode                       string
	LastUpdateToPayPerRequestDateTime *wire.Time `json:",omitempty"`
}

type throughputDescription struct {
	Throughput
	NumberOfDecreasesToday int
}

type indexDescription struct {
	IndexName             string
	IndexArn              string
	IndexStatus           string
	KeySchema             []KeySchemaElement
	Projection            Projection
	ProvisionedThroughput throughputDescription
	ItemCount             int
	IndexSizeBytes        int
}

// describe is the table as the API shows it. Counts are exact; in AWS they are up to
// six hours old.
func (t *table) describe() *tableDescription {
	d := &tableDescription{
		TableName: t.name, TableArn: Arn(t.name), TableId: t.id, TableStatus: t.status, CreationDateTime: wire.At(t.created),
		AttributeDefinitions: t.defined, KeySchema: t.key.describe(), ProvisionedThroughput: described(t.throttle),
		ItemCount: t.count, TableSizeBytes: t.bytes, DeletionProtectionEnabled: t.protected,
	}
	if t.billing == "PAY_PER_REQUEST" {
		d.BillingModeSummary = &billingSummary{t.billing, wire.At(t.created)}
	}
	if st := t.stream; st != nil {
		d.StreamSpecification, d.LatestStreamArn, d.LatestStreamLabel = &StreamSpecification{true, st.view}, st.arn(), st.label
	}
	for _, ix := range t.indexes {
		x := indexDescription{
			IndexName: ix.name, IndexArn: Arn(t.name) + "/index/" + ix.name, IndexStatus: t.status,
			KeySchema: ix.key.describe(), Projection: ix.projection, ProvisionedThroughput: described(ix.throttle),
		}
		for _, p := range ix.rows.sorted {
			x.ItemCount += len(p.entries)
			for _, e := range p.entries {
				x.IndexSizeBytes += e.row.size
			}
		}
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, x)
	}
	return d
}

func described(t *Throughput) throughputDescription {
	if t == nil {
		return throughputDescription{}
	}
	return throughputDescription{Throughput: *t}
}

func (k schema) describe() []KeySchemaElement {
	out := []KeySchemaElement{{k.hash, "HASH"}}
	if k.sort != "" {
		out = append(out, KeySchemaElement{k.sort, "RANGE"})
	}
	return out
}

type describeTableIn struct{ named }

type describeTableOut struct{ Table *tableDescription }

func (s *Service) describeTable(_ *call, in *describeTableIn) (*describeTableOut, error) {
	t, err := s.existing(in.TableName)
	if err != nil {
		return nil, err
	}
	return &describeTableOut{t.describe()}, nil
}

type deleteTableIn struct{ named }

func (s *Service) deleteTable(_ *call, in *deleteTableIn) (*tableOut, error) {
	t, err := s.existing(in.TableName)
	switch {
	case err != nil:
		return nil, err
	case t.status != "ACTIVE":
		return nil, wire.Errorf("ResourceInUseException", "Attempt to change a resource which is still in use: Table is being %s: %s",
			map[string]string{"CREATING": "created", "DELETING": "deleted"}[t.status], t.name)
	case t.protected:
		return nil, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	t.status = "DELETING"
	s.w.After(s.TableTakes, "dynamodb: table "+t.name+" is gone", func() { delete(s.tables, t.name) })
	return &tableOut{t.describe()}, nil
}

type listTablesIn struct {
	ExclusiveStartTableName string
	Limit                   *int
}

type listTablesOut struct {
	TableNames             []string
	LastEvaluatedTableName string `json:",omitempty"`
}

func (s *Service) listTables(_ *call, in *listTablesIn) (*listTablesOut, error) {
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	out := &listTablesOut{TableNames: []string{}}
	for _, name := range s.Tables() {
		if name <= in.ExclusiveStartTableName {
			continue
		}
		if len(out.TableNames) == limit {
			out.LastEvaluatedTableName = out.TableNames[limit-1]
			break
		}
		out.TableNames = append(out.TableNames, name)
	}
	return out, nil
}

type describeBackupsIn struct{ named }

type updateBackupsIn struct {
	named
	PointInTimeRecoverySpecification *struct{ PointInTimeRecoveryEnabled bool }
}

type backupsOut struct{ ContinuousBackupsDescription backupsDescription }

type backupsDescription struct {
	ContinuousBackupsStatus        string
	PointInTimeRecoveryDescription recoveryDescription
}

type recoveryDescription struct {
	PointInTimeRecoveryStatus  string
	RecoveryPeriodInDays       int        `json:",omitempty"`
	EarliestRestorableDateTime *wire.Time `json:",omitempty"`
	LatestRestorableDateTime   *wire.Time `json:",omitempty"`
}

const recoveryDays = 35

func (s *Service) describeBackups(_ *call, in *describeBackupsIn) (*backupsOut, error) {
	t := s.tables[tableName(in.TableName)]
	if t == nil {
		return nil, wire.Errorf("TableNotFoundException", "Table not found: %s", in.TableName)
	}
	d := backupsDescription{"ENABLED", recoveryDescription{PointInTimeRecoveryStatus: "DISABLED"}}
	if !t.recovery.IsZero() {
		now := s.w.Now()
		earliest := t.recovery
		if e := now.Add(-recoveryDays * 24 * time.Hour); e.After(earliest) {
			earliest = e
		}
		d.PointInTimeRecoveryDescription = recoveryDescription{"ENABLED", recoveryDays, wire.At(earliest), wire.At(now)}
	}
	return &backupsOut{d}, nil
}

func (s *Service) updateBackups(c *call, in *updateBackupsIn) (*backupsOut, error) {
	t := s.tables[tableName(in.TableName)]
	switch {
	case t == nil:
		return nil, wire.Errorf("TableNotFoundException", "Table not found: %s", in.TableName)
	case in.PointInTimeRecoverySpecification == nil:
		return nil, required("PointInTimeRecoverySpecification")
	case !in.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled:
		t.recovery = time.Time{}
	case t.recovery.IsZero():
		t.recovery = s.w.Now()
	}
	return s.describeBackups(c, &describeBackupsIn{in.named})
}
