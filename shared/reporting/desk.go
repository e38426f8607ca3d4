package reporting

import (
	"context"
	"time"

	"sluice/shared/edge"
)

type table interface {
	// Told reports whether a cause has been told.
	Told(ctx context.Context, cause string) (bool, error)
	// Tell remembers that a cause was told at.
	Tell(ctx context.Context, cause string, at time.Time) error
}

type notices interface {
	// Publish sends a report to people.
	Publish(ctx context.Context, subject, text string) error
}

// Desk sends reports.
type Desk struct {
	table   table
	notices notices
}

// NewDesk returns a Desk that remembers in table.
func NewDesk(table table, notices notices) *Desk { return &Desk{table: table, notices: notices} }

// Report tells people of a failure, once for its cause. It is remembered after it was
// sent: a crash between the two tells it twice, and never not at all.
func (d *Desk) Report(ctx context.Context, f Failure, at time.Time) error {
	told, err := d.table.Told(ctx, f.Cause)
	if err != nil || told {
		return err
	}
	edge.Note(ctx, "reported", f.Cause)
	if err := d.notices.Publish(ctx, f.Subject(), f.Text()); err != nil {
		return err
	}
	edge.Count(ctx, "FailuresReported", 1, at)
	return d.table.Tell(ctx, f.Cause, at)
}
