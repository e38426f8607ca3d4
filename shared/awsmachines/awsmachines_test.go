package awsmachines_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/asl/exec"
	"sluice/local/sim"
	"sluice/local/states"
	"sluice/local/wire"
	"sluice/shared/awsmachines"
	"sluice/shared/fault"
)

var ctx = context.Background()

// waits is a machine whose only state waits for its token for an hour.
const waits = `{"StartAt":"Wait","States":{"Wait":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
	"Parameters":{"FunctionName":"f","Payload":{"token.$":"$$.Task.Token"}},"TimeoutSeconds":3600,"End":true}}}`

// world is Step Functions with that machine, and the tokens it gave out.
type world struct {
	*sim.World
	*testing.T
	service  *states.Service
	srv      *wire.Server
	machines *awsmachines.Machines
	tokens   []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7), T: t}
	w.service = states.New(w.World, states.Needs{Invoke: func(_ string, payload []byte, done func(states.Answer)) {
		var in struct{ Token string }
		if err := json.Unmarshal(payload, &in); err != nil {
			t.Error(err)
		}
		w.tokens = append(w.tokens, in.Token)
		done(states.Answer{Payload: []byte("null")})
	}})
	w.srv = wire.NewServer(w.World)
	w.srv.Register(w.service.Wire())
	t.Cleanup(func() { w.Do(w.service.Close) })
	w.Do(func() {
		arn, err := w.service.CreateMachine(states.CreateMachineInput{Name: "rollout", Definition: waits, RoleARN: "arn:aws:iam::111122223333:role/m"})
		if err != nil {
			t.Fatal(err)
		}
		w.machines = awsmachines.Open(aws.Config{
			Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
			HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		}, arn)
	})
	return w
}

func (w *world) start(name string, input any) (running bool) {
	w.Helper()
	w.Do(func() {
		var err error
		if running, err = w.machines.Start(ctx, name, input); err != nil {
			w.Fatal(err)
		}
	})
	w.RunFor(time.Second)
	return running
}

func TestStart(t *testing.T) {
	w := newWorld(t)
	input := map[string]string{"model": "churn"}
	if !w.start("churn-g1", input) {
		t.Error("a new execution does not run")
	}
	if !w.start("churn-g1", input) {
		t.Error("the same execution, started again, does not run")
	}
	if !w.start("churn-g1", map[string]string{"model": "other"}) {
		t.Error("one of this name runs, if with another input")
	}
	w.Do(func() {
		arn := states.ExecutionARN("rollout", "churn-g1")
		if got := w.service.Executions(""); len(got) != 1 || got[0].Input != `{"model":"churn"}` || got[0].ARN != arn {
			t.Errorf("executions %+v", got)
		}
		w.service.StopExecution(arn, &exec.Failure{})
	})
	if w.start("churn-g1", input) {
		t.Error("an execution that was stopped runs")
	}
	w.Do(func() {
		if _, err := w.machines.Start(ctx, "no good", input); !fault.Is(err, fault.Invalid) {
			t.Errorf("a name with a blank: %v", err)
		}
		if _, err := w.machines.Start(ctx, "x", func() {}); err == nil {
			t.Error("an input that is no JSON was taken")
		}
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect { return wire.Throttle }
		if _, err := w.machines.Start(ctx, "y", input); !fault.Is(err, fault.Throttled) {
			t.Errorf("throttled: %v", err)
		}
	})
}

func TestComplete(t *testing.T) {
	w := newWorld(t)
	w.start("a", nil)
	w.start("b", nil)
	complete := func(token string) (err error) {
		w.Do(func() { err = w.machines.Complete(ctx, token, json.RawMessage(`{"held":true}`)) })
		return err
	}
	if err := complete(w.tokens[0]); err != nil {
		t.Fatal(err)
	}
	w.RunFor(time.Second)
	w.Do(func() {
		if e, _ := w.service.Execution(states.ExecutionARN("rollout", "a")); e.Output != `{"held":true}` {
			t.Errorf("completed with %s", e.Output)
		}
	})
	// Wake-ups that come twice, late, or for nobody do no harm.
	if err := complete(w.tokens[0]); err != nil {
		t.Errorf("a second time: %v", err)
	}
	w.RunFor(2 * time.Hour)
	if err := complete(w.tokens[1]); err != nil {
		t.Errorf("after its timeout: %v", err)
	}
	if err := complete("nobody's"); err != nil {
		t.Errorf("a token that Step Functions does not know: %v", err)
	}
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect { return wire.Throttle }
	if err := complete(w.tokens[1]); !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
}

// Failures are those that ended badly, of this machine.
func TestFailures(t *testing.T) {
	w := newWorld(t)
	const machine = "arn:aws:states:us-east-1:111122223333:stateMachine:rollout"
	for _, name := range []string{"stopped", "times-out"} {
		w.start(name, "x")
	}
	w.Do(func() {
		if got, err := w.machines.Failures(ctx, machine); err != nil || len(got) > 0 {
			t.Errorf("while all run: %+v %v", got, err)
		}
		w.service.StopExecution(states.ExecutionARN("rollout", "stopped"), &exec.Failure{}) // that is no failure
	})
	w.RunFor(2 * time.Hour)
	w.Do(func() {
		got, err := w.machines.Failures(ctx, machine)
		if err != nil || len(got) != 1 || got[0].Name != "times-out" || got[0].Status == "" || got[0].Ended.IsZero() {
			t.Errorf("afterwards: %+v %v", got, err)
		}
	})
}
