// Package intake turns triggers into demand. Its methods are the handlers of
// on-data (S3 events, batched by SQS), on-alarm (drift alarms), on-schedule (set
// times) and on-promotion (other models), and what a person asks for through the
// command line.
//
// It loses nothing and counts nothing twice: a batch becomes one content-named
// chunk per model in the store and one conditional write, and the training machine
// of the open generation is started by a name that is derived. A crash anywhere
// brings the messages back, and repeating is harmless.
//
// It does not decide when to train (training does) nor what is new (demand does).
package intake

import (
	"context"
	"fmt"
	"path"
	"time"

	"sluice/shared/demand"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

// Trigger is one data trigger of one model.
type Trigger struct {
	Model  string `json:"model"`
	Index  int    `json:"index"` // in the spec
	Prefix string `json:"prefix"`
	Suffix string `json:"suffix"`
	Marker string `json:"marker,omitempty"` // pattern of the marker's name; "" for none
}

// Wanted is what models want of a bucket.
type Wanted struct {
	Bucket   string
	Rev      string // changes whenever the triggers do
	Triggers []Trigger
}

// DriftTrigger is one drift trigger of one model.
type DriftTrigger struct {
	Model   string        `json:"model"`
	Pattern string        `json:"pattern"`        // of alarm names, * for any characters
	Tag     string        `json:"tag,omitempty"`  // key=value that alarms have; Pattern is "" then
	Hold    time.Duration `json:"hold,omitempty"` // how long the alarm must stay on
}

// ScheduleTrigger is one schedule trigger of one model.
type ScheduleTrigger struct {
	Model string        `json:"model"`
	Cron  string        `json:"cron,omitempty"`
	Zone  string        `json:"zone,omitempty"`
	Rate  time.Duration `json:"rate,omitempty"`
	Since time.Time     `json:"since"` // when the spec was applied that has it
}

type table interface {
	// DataTriggers lists the data triggers on a bucket, of all models.
	DataTriggers(ctx context.Context, bucket string) (Wanted, error)
	// DriftTriggers lists all drift triggers.
	DriftTriggers(ctx context.Context) ([]DriftTrigger, error)
	// Drifted says in words what of a model has moved, as its captures were last read;
	// "" if nothing has, or none were.
	Drifted(ctx context.Context, model string) (string, error)
	// ScheduleTriggers lists all schedule triggers.
	ScheduleTriggers(ctx context.Context) ([]ScheduleTrigger, error)
	// ModelsAfter lists the models that train after a promotion of model.
	ModelsAfter(ctx context.Context, model string) ([]string, error)
	// Served is up to when a trigger of a model has been served, a schedule or the
	// promotions of another model; zero if it never was. trigger is its text.
	Served(ctx context.Context, model, trigger string) (time.Time, error)
	SetServed(ctx context.Context, model, trigger string, at time.Time) error
	// OpenGeneration is the generation that takes new demand, and the attempt of its
	// training machine.
	OpenGeneration(ctx context.Context, model string) (generation, attempt int, err error)
	// AddChunk adds c to the demand of a generation that is still open. It may be
	// repeated. Errors: Conflict if the generation has been closed.
	AddChunk(ctx context.Context, model string, generation int, c demand.Chunk) error
	// AddObjects is AddChunk for a chunk that was sorted by w. Errors: Conflict, too,
	// if the bucket's triggers have changed since.
	AddObjects(ctx context.Context, model string, generation int, c demand.Chunk, w Wanted) error
	// NextAttempt counts up the attempt of the generation's training machine.
	NextAttempt(ctx context.Context, model string, generation, attempt int) error
}

type store interface {
	// Put writes content at key. It may be repeated.
	Put(ctx context.Context, key string, content []byte) error
}

type machines interface {
	// Start starts an execution of this name and input. running is false if there
	// was one of this name and it has ended.
	Start(ctx context.Context, name string, input any) (running bool, err error)
}

type alarms interface {
	// Tags are an alarm's, by key.
	Tags(ctx context.Context, arn string) (map[string]string, error)
}

// Intake takes triggers in.
//
// It remembers what it has read from the table for the next batch. What it adds is
// added on the condition that this still holds, so that a memory which is out of date
// costs another read and decides nothing.
type Intake struct {
	table    table
	store    store
	training machines
	alarms   alarms
	room     *waiting.Room
	wanted   map[string]Wanted // by bucket
	open     map[string]open   // by model
}

// open is the generation that takes new demand.
type open struct{ generation, attempt int }

// New returns an Intake that starts executions of the training machine. store is asked
// for by data only, alarms by drift triggers with a tag, and room by all but data.
func New(table table, store store, training machines, alarms alarms, room *waiting.Room) *Intake {
	return &Intake{table: table, store: store, training: training, alarms: alarms, room: room, wanted: map[string]Wanted{}, open: map[string]open{}}
}

// chunkKey is where the store keeps a chunk of a model.
func chunkKey(model, name string) string { return path.Join("chunks", model, name+".jsonl.gz") }

// add puts a chunk into the open demand of a model and sees to it that a training
// machine will serve it. put adds it to a generation; its Conflict means that what is
// remembered is out of date: check says whether that is more than the generation.
func (i *Intake) add(ctx context.Context, model string, put func(generation int) error, check func() error) (open, error) {
	for range maxRaces {
		o, err := i.opened(ctx, model)
		if err != nil {
			return open{}, err
		}
		err = put(o.generation)
		if err == nil {
			return o, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return open{}, err
		}
		delete(i.open, model) // closed meanwhile: the next generation takes it
		if err := check(); err != nil {
			return open{}, err
		}
	}
	return open{}, fault.NotReady.Errorf("demand of model %s changed %d times while a chunk was being added", model, maxRaces)
}

// addCause puts a cause into the open demand of a model, and has it served.
func (i *Intake) addCause(ctx context.Context, model string, c demand.Chunk) (open, error) {
	o, err := i.note(ctx, model, c)
	if err == nil {
		err = i.start(ctx, model, o)
	}
	if err == nil { // it may wait for more data than a cause needs
		_, err = i.room.Wake(ctx, event.DemandOf(model), training.Settled{}, nil)
	}
	return o, err
}

// note puts what is no reason to train into the open demand of a model.
func (i *Intake) note(ctx context.Context, model string, c demand.Chunk) (open, error) {
	put := func(generation int) error { return i.table.AddChunk(ctx, model, generation, c) }
	return i.add(ctx, model, put, func() error { return nil })
}

// Asked is what became of a person's wish.
type Asked struct {
	Generation int    `json:"generation"`
	Run        string `json:"run"` // the execution that will serve it
}

// Ask is a person asking to train a model now. text says who and why. It does not wait
// for a burst to end, nor for cooldown, maxPerDay or strikes.
func (i *Intake) Ask(ctx context.Context, model, text string, now time.Time) (Asked, error) {
	o, err := i.addCause(ctx, model, cause(demand.Manual, fmt.Sprint(now.UnixMilli()), text, now))
	return Asked{Generation: o.generation, Run: training.ExecutionName(model, o.generation, o.attempt)}, err
}

// opened is the open generation of a model, as far as is known.
func (i *Intake) opened(ctx context.Context, model string) (open, error) {
	if o, ok := i.open[model]; ok {
		return o, nil
	}
	generation, attempt, err := i.table.OpenGeneration(ctx, model)
	if err == nil {
		i.open[model] = open{generation, attempt}
	}
	return open{generation, attempt}, err
}

// maxRaces bounds how often one chunk meets a closing generation or another writer.
const maxRaces = 8

// Input is the input of the training machine. It must be the same bytes for the
// same execution name.
type Input struct {
	Model      string `json:"model"`
	Generation int    `json:"generation"`
	Run        string `json:"run"` // the execution's name
}

// start starts the training machine of a generation. If an execution has ended
// without closing its generation, killed by hand or by an outage, the next attempt
// serves it.
func (i *Intake) start(ctx context.Context, model string, o open) error {
	for range maxRaces {
		name := training.ExecutionName(model, o.generation, o.attempt)
		running, err := i.training.Start(ctx, name, Input{Model: model, Generation: o.generation, Run: name})
		if err != nil || running {
			return err
		}
		delete(i.open, model)
		latest, err := i.opened(ctx, model)
		if err != nil {
			return err
		}
		if latest.generation != o.generation {
			return nil // it ended because it closed the generation, our chunk included
		}
		if latest.attempt == o.attempt {
			delete(i.open, model)
			if err := i.table.NextAttempt(ctx, model, o.generation, o.attempt); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
			latest.attempt++
		}
		o = latest
	}
	return fault.Internal.Errorf("training of model %s, generation %d, cannot be started: %d attempts have ended without serving it; look at their executions", model, o.generation, maxRaces)
}

// cause is a chunk without objects: a reason to train. Its name makes a repeated
// event the same cause.
func cause(kind, name, text string, at time.Time) demand.Chunk {
	return demand.Chunk{Name: fmt.Sprintf("%s-%s", kind, name), Trigger: -1, FirstAt: at, LastAt: at, Cause: demand.Cause{Kind: kind, Text: text}}
}
