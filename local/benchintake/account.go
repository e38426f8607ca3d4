package benchintake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/dynamodb"
	"sluice/local/sagemaker"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/states"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awstable"
	"sluice/shared/edge"
	"sluice/shared/spec"
)

// account is where the functions run.
type account struct {
	*sim.World
	o        Options
	server   *wire.Server
	store    *folder
	table    *awstable.Table
	machine  string // ARN
	topic    string
	config   aws.Config
	running  map[string]edge.Handler // by function; a dead one is started again
	limits   map[string]limit        // by function
	now      *Spent                  // by the invocation that runs; nil between them
	left     int                     // calls that it will still make before it dies; -1 for all
	launched int
	calls    map[string]int
	units    Units
	spent    map[string]*Function
}

var ctx = context.Background()

// model is the model of the measurement.
var model = spec.Spec{
	Model:    "churn",
	Pipeline: spec.Pipeline{Name: "churn-training", Parameters: map[string]string{"Manifest": "${manifest}"}},
	Triggers: spec.Triggers{Data: []spec.DataTrigger{{Bucket: bucket, Prefix: "churn/", Suffix: ".parquet"}}},
	Package:  spec.Package{Group: "churn", Approve: spec.Automatic},
	Endpoint: spec.Endpoint{Name: "churn-prod", InstanceType: "ml.m5.large"},
}

// waits is a training machine that is not over before the launch.
const waits = `{"StartAt":"Train","States":{"Train":{"Type":"Wait","Seconds":604800,"End":true}}}`

func open(o Options) (*account, error) {
	w := sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), o.Seed)
	a := &account{
		World: w, o: o, server: wire.NewServer(w), store: &folder{dir: o.Dir}, running: map[string]edge.Handler{},
		left: -1, calls: map[string]int{}, spent: map[string]*Function{},
	}
	db, machines, topics := dynamodb.New(w), states.New(w, states.Needs{}), sns.New(w, sns.Hooks{})
	sm := sagemaker.New(w, sagemaker.Outside{
		Emit: func(string, string, []string, any) {}, Put: a.put,
		Script: func(pipelines.Run) pipelines.Outcome { a.launched++; return pipelines.Outcome{Report: []byte("{}")} },
	})
	for _, svc := range []*wire.Service{db.Wire(), machines.Wire(), topics.Wire(), sm.Wire()} {
		a.server.Register(svc)
	}
	a.config = aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: a}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	}
	a.table = awstable.Open(a.config, "sluice")
	var err error
	if a.limits, err = limits(o.Files); err != nil {
		return nil, err
	}
	w.Do(func() { err = a.fill(db, machines, topics) })
	a.calls, a.units = map[string]int{}, Units{}
	return a, err
}

// fill makes what the stack and the model's owner would have made.
func (a *account) fill(db *dynamodb.Service, machines *states.Service, topics *sns.Service) (err error) {
	if err = db.Create(&dynamodb.CreateTableInput{
		TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	}); err != nil {
		return err
	}
	if a.machine, err = machines.CreateMachine(states.CreateMachineInput{Name: "training", Definition: waits, RoleARN: "arn:aws:iam::111122223333:role/m"}); err != nil {
		return err
	}
	if a.topic, err = topics.CreateTopic("reports", nil, nil); err != nil {
		return err
	}
	if err = a.pipeline(); err != nil {
		return err
	}
	_, err = applying.Apply(ctx, a.table, model.Normalised(), "bench", a.Now())
	return err
}

// put keeps what a pipeline writes.
func (a *account) put(bucket, key string, content []byte) error {
	file := a.store.file(path.Join(bucket, key))
	if err := os.MkdirAll(path.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}

// RoundTrip answers the SDK and counts. A function that is to die does so before or
// after the call that it dies at, by turns.
func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	name, stored := a.name(r)
	var body []byte
	if !stored && r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	a.calls[name]++
	if a.now != nil {
		a.now.Calls++
		a.now.Peak = max(a.now.Peak, held())
	}
	if a.left > 0 {
		a.left--
	}
	dies := a.left == 0
	if dies && len(a.calls)%2 == 0 {
		panic(wire.Crash{At: "before " + name})
	}
	var answer *http.Response
	var err error
	if stored {
		answer, err = a.store.answer(r)
	} else {
		answer, err = a.server.RoundTrip(r)
	}
	if err == nil {
		a.units.add(name, body, answer)
	}
	if dies {
		panic(wire.Crash{At: "after " + name})
	}
	return answer, err
}

// name is a call as "service operation"; stored reports that it is one to the store.
func (a *account) name(r *http.Request) (name string, stored bool) {
	target, operation, json := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case strings.HasPrefix(target, "DynamoDB"):
		return "DynamoDB " + operation, false
	case json:
		return target + " " + operation, false
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return "SNS Publish", false // the one such call
	}
	return "S3 " + a.store.operation(r), true
}

// invoke runs a function and decodes its answer.
func (a *account) invoke(function string, payload []byte, answer any) (err error) {
	handler := a.running[function]
	if handler == nil {
		handler = a.start(function)
		a.running[function] = handler
	}
	f := a.spent[function]
	if f == nil {
		f = &Function{Name: function, MemoryMB: a.limits[function].memoryMB, Timeout: a.limits[function].timeout}
		a.spent[function] = f
	}
	a.now = &Spent{}
	cpu, clock := a.o.CPU(), a.o.Clock()
	defer func() { // the dead are billed, too
		a.now.CPU, a.now.Wall, a.now.Peak = a.o.CPU()-cpu, a.o.Clock()-clock, max(a.now.Peak, held())
		f.add(*a.now)
		a.now = nil
	}()
	var out json.RawMessage
	a.Do(func() { out, err = handler(ctx, payload) })
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	if answer != nil {
		err = json.Unmarshal(out, answer)
	}
	return err
}

// dies invokes a function that dies at one of its calls. died is false if it made
// fewer.
func (a *account) dies(function string, payload []byte, call int) (died bool, err error) {
	defer func() {
		a.left = -1
		p := recover()
		if _, crash := p.(wire.Crash); crash {
			delete(a.running, function)
			died = true
		} else if p != nil {
			panic(p)
		}
	}()
	a.left = call + 1
	return false, a.invoke(function, payload, nil)
}

// took lists what each function took, by name.
func (a *account) took() (all []Function) {
	for _, f := range a.spent {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(x, y Function) int { return strings.Compare(x.Name, y.Name) })
	return all
}
