package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"sluice"
	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/s3"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/spec"
)

// laptop is AWS on this machine, open to every client until it is stopped.
type laptop struct {
	JSON        jsonFlag `name:"json" help:"One JSON object a line."`
	Addr        string   `help:"Where to listen, on this machine's loopback. Port 0 takes a free one." placeholder:"HOST:PORT" default:"127.0.0.1:4570"`
	Speed       float64  `help:"Virtual seconds that pass in a second." placeholder:"N" default:"60"`
	Scenario    string   `help:"Scenario that sets the stage. Without it examples/churn/scenarios/healthy.yaml, if that is there." placeholder:"FILE"`
	Play        bool     `help:"Let the scenario's own actions happen, too."`
	Functions   string   `help:"Run functions as their compiled binaries (process), or inside sluice (in-process)." enum:"process,in-process" default:"process"`
	Binaries    string   `help:"Where the compiled functions are kept." placeholder:"DIR" default:"build/local" type:"path"`
	LogRequests bool     `help:"Print every request on standard error."`
}

// Help is the text of sluice local --help.
func (laptop) Help() string {
	return `Serves the AWS APIs that Sluice uses, for the AWS CLI, boto3, every AWS SDK and sluice itself, until Ctrl-C. template.yaml is deployed, and the scenario's model is in production and has traffic. What happens then is up to you: put objects into the trigger's bucket, and watch.

What local AWS does not implement it refuses with NotImplemented, never with success.`
}

// defaultScenario sets the stage in a checkout of the repository.
const defaultScenario = "examples/churn/scenarios/healthy.yaml"

const maxSpeed = 100_000 // beyond it a laptop cannot keep up

func (l laptop) Run(c *call) error {
	if !(l.Speed > 0) || l.Speed > maxSpeed {
		return &failure{code: exitUsage, text: fmt.Sprintf("--speed is %g; it must be above 0 and at most %d", l.Speed, maxSpeed)}
	}
	ctx, stop := signal.NotifyContext(c.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := l.scenario(c)
	if err != nil {
		return err
	}
	door, err := stage.OpenDoor(l.Addr)
	if err != nil {
		return &failure{code: exitUsage, text: err.Error(), fix: "choose another port with --addr, such as --addr 127.0.0.1:0 for a free one"}
	}
	defer door.Close()
	hosts, err := l.hosts(ctx, c, door.URL)
	if err != nil {
		return err
	}
	// Real time, unlike in a rehearsal: clients reckon from it.
	began := c.now().Truncate(time.Minute)
	a, st, err := raise(ctx, s, began, hosts)
	if err != nil {
		return err
	}
	defer a.Close()
	var play *stage.Play
	if st != nil {
		play = stage.Begin(ctx, st, c.print)
	}
	a.World.Do(func() {
		a.SQS.Endpoint = door.URL
		err = l.introduce(ctx, c, a, st, door.URL)
		put := arrivals{aws: a, out: c.print, began: began}
		a.Server.Observe = func(r wire.Record) {
			put.see(r)
			if l.LogRequests {
				c.print.Note(request(a, r))
			}
		}
	})
	if err != nil {
		return err
	}
	door.Admit(a)
	a.World.Serve(ctx, l.Speed)
	door.Close()
	if play == nil {
		return nil
	}
	return play.Err()
}

// scenario reads the scenario. nil is an account with nothing but Sluice in it.
func (l laptop) scenario(c *call) (*stage.Scenario, error) {
	name := l.Scenario
	if name == "" {
		if _, err := os.Stat(defaultScenario); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		name = defaultScenario
	}
	if _, err := os.Stat(name); err != nil {
		return nil, no("name a scenario file, such as "+defaultScenario, "there is no scenario %s", name)
	}
	folder, file := filepath.Split(name)
	above, folder := filepath.Split(filepath.Clean(folder))
	if above == "" {
		above = "."
	}
	s, err := stage.Load(os.DirFS(above), folder+"/"+file)
	if err != nil {
		return nil, c.problems(err)
	}
	if !l.Play {
		s.Do = nil
	}
	return s, nil
}

// raise deploys Sluice into a new account and, with a scenario, sets the stage.
func raise(ctx context.Context, s *stage.Scenario, began time.Time, hosts stage.Hosts) (*local.AWS, *stage.Stage, error) {
	if s != nil {
		st, err := stage.Set(ctx, s, sim.NewWorld(began, s.Seed), hosts)
		if err != nil {
			return nil, nil, err
		}
		return st.AWS, st, nil
	}
	w := sim.NewWorld(began, 1)
	a := local.New(w, hosts)
	var err error
	w.Do(func() { _, err = a.Deploy(sluice.Deployed, stage.StackName, nil) })
	if err != nil {
		a.Close()
		return nil, nil, err
	}
	return a, nil, nil
}

// arrivals tells of the objects that clients put: those of a virtual minute in one
// row, since a thousand may come at once.
type arrivals struct {
	aws   *local.AWS
	out   ui.Printer
	began time.Time
	count int64
	last  string
}

// see takes a call. The world is held.
func (n *arrivals) see(r wire.Record) {
	q, ok := r.Input.(*s3.Request)
	putting := []string{"PutObject", "CopyObject", "CompleteMultipartUpload"}
	if !ok || r.Err != nil || !slices.Contains(putting, r.Operation) || !strings.HasSuffix(n.aws.IAM.Caller(r.AccessKey), ":user/admin") {
		return
	}
	n.count, n.last = n.count+1, "s3://"+q.Bucket+"/"+q.Key
	if n.count > 1 {
		return
	}
	n.aws.World.Background(time.Minute, "tell of arrivals", func() {
		now := n.aws.World.Now()
		n.out.Row(ui.Row{Time: now, Elapsed: now.Sub(n.began), Mark: ui.Trigger, Subject: "s3", Text: fmt.Sprintf("%s put, the last is %s", counted(n.count, "object"), n.last)})
		n.count = 0
	})
}

// request is one call in a line of the request log.
func request(a *local.AWS, r wire.Record) string {
	caller := a.IAM.Caller(r.AccessKey)
	line := fmt.Sprintf("%s  %s %s by %s", a.World.Now().Format(secondFormat), r.Service, r.Operation, caller[strings.IndexByte(caller, '/')+1:])
	if r.Err != nil {
		line += ": " + r.Err.Error()
	}
	return line
}

// introduce says what is there and what to type next. The world is held.
func (l laptop) introduce(ctx context.Context, c *call, a *local.AWS, st *stage.Stage, url string) error {
	table := a.Table.Tables()[0] // the template has one
	pace := fmt.Sprintf("%g times as fast as yours", l.Speed)
	if l.Speed == 1 {
		pace = "as fast as yours"
	}
	c.print.Report(ui.Report{Mark: ui.Info, Title: "AWS on this machine", Fields: []ui.Field{
		{Name: "endpoint", Value: url},
		{Name: "credentials", Value: "access key test, secret key test, region " + wire.Region},
		{Name: "clock", Value: at(a.World.Now()) + ", " + pace},
		{Name: "table", Value: table},
	}})
	say := func(format string, args ...any) { c.print.Note(fmt.Sprintf(format, args...)) }
	say("in another terminal:")
	say("  export AWS_ENDPOINT_URL=%s SLUICE_TABLE=%s", url, table)
	say("  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=%s", wire.Region)
	say("  aws --endpoint-url $AWS_ENDPOINT_URL s3 ls")
	if st != nil {
		d, err := firstTrigger(ctx, st)
		if err != nil {
			return err
		}
		say("  aws --endpoint-url $AWS_ENDPOINT_URL s3 cp FILE s3://%s/%snew%s    # new data; it trains when no more has come for %s", d.Bucket, d.Prefix, d.Suffix, d.Quiet)
	}
	say("  sluice status")
	say("Ctrl-C ends it, and all that is in it")
	return nil
}

// firstTrigger is where new data is waited for.
func firstTrigger(ctx context.Context, st *stage.Stage) (d spec.DataTrigger, err error) {
	models, err := st.Table.Models(ctx)
	if err != nil || len(models) == 0 {
		return d, err
	}
	sp, err := st.Table.Spec(ctx, models[0])
	if err != nil || len(sp.Triggers.Data) == 0 {
		return d, err
	}
	return sp.Triggers.Data[0], nil
}
