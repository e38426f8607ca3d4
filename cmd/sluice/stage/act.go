package stage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/cmd/sluice/ui"
	"sluice/local/events"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sqs"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// schedule puts the scenario's actions into the world's future. Errors of actions
// end the rehearsal.
func (p *Play) schedule(ctx context.Context) {
	w := p.stage.AWS.World
	for i, a := range p.stage.Scenario.Do {
		later := func() {
			w.After(a.At.Std(), fmt.Sprintf("scenario: action %d", i+1), func() {
				if err := p.act(ctx, a); err != nil {
					p.fail(fmt.Errorf("action %d of scenario %s: %w", i+1, p.stage.Scenario.Name, err))
				}
			})
		}
		if a.When == nil {
			later()
			continue
		}
		p.moments = append(p.moments, &moment{when: *a.When, do: later})
	}
}

func (p *Play) act(ctx context.Context, a Action) error {
	switch {
	case a.Put != nil:
		p.put(*a.Put)
		return nil
	case a.Delete != nil:
		return p.delete(*a.Delete)
	case a.Drift != nil:
		return p.drift(*a.Drift)
	case a.Ask != nil:
		p.tell(ui.Trigger, p.stage.Scenario.sp.Model, "a person asks for training: %s", *a.Ask)
		return p.stage.ask(ctx, *a.Ask)
	case a.Message != nil:
		p.tell(ui.Trigger, "data queue", "a message that is no S3 event arrives")
		return p.stage.AWS.SQS.Send(p.queue("DataQueue"), *a.Message, nil, sqs.Principal{Service: "events.amazonaws.com", SourceARN: p.dataRule()})
	case a.Alarm != nil:
		p.tell(ui.Alarm, a.Alarm.Name, "is set to %s", a.Alarm.State)
		_, err := cloudwatch.NewFromConfig(p.stage.AWS.AdminConfig()).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: &a.Alarm.Name, StateValue: types.StateValue(a.Alarm.State), StateReason: aws.String("set by the scenario"),
		})
		return err
	case a.Endpoint != nil:
		return p.endpoint(*a.Endpoint)
	case a.Apply != nil:
		return p.apply(ctx, *a.Apply)
	case a.Command != nil:
		return p.command(ctx, *a.Command)
	case a.Package != nil:
		return p.pack(ctx, *a.Package)
	case a.Registry != nil:
		return p.approve(*a.Registry)
	case a.Foreign != nil:
		return p.foreign(ctx, *a.Foreign)
	case a.Unlock != "":
		return p.unlock(ctx, a.Unlock)
	case a.Push != nil:
		return p.push(*a.Push)
	case a.Request != nil:
		return p.request(ctx, *a.Request)
	case a.Review != nil:
		return p.review(ctx, *a.Review)
	case a.Retry != "":
		return p.retry(ctx, a.Retry)
	case a.Deploy != nil:
		return p.deploy(*a.Deploy)
	case a.Image != nil:
		return p.image(*a.Image)
	case a.Stop != "":
		return p.stop(ctx, a.Stop)
	case a.Kill != "":
		return p.kill(ctx, a.Kill)
	case a.Event != nil:
		return p.send(ctx, *a.Event)
	}
	return fmt.Errorf("it does nothing: write put, delete, drift, ask, message, alarm, endpoint, apply, command, package, registry, foreign, unlock, push, request, review, retryStage, image, stop, kill, event or deploy")
}

// put spreads the creation of objects over time.
func (p *Play) put(a Put) {
	w := p.stage.AWS.World
	p.doubles += a.Duplicates
	p.all = p.all || a.Duplicates >= a.Count
	what := fmt.Sprintf("%s objects arrive in s3://%s/%s", thousands(a.Count), a.Bucket, a.Prefix)
	if a.Duplicates > 0 {
		what += fmt.Sprintf(", %s of their events twice", thousands(a.Duplicates))
	}
	p.tell(ui.Trigger, p.stage.Scenario.sp.Model, "%s", what)
	order := w.Rand("scenario/" + a.Prefix).Perm(a.Count)
	for n, i := range order {
		key := fmt.Sprintf("%s%07d%s", a.Prefix, i, a.Suffix)
		at := time.Duration(float64(a.Over.Std()) * float64(n) / float64(a.Count))
		w.After(at, "scenario: put "+key, func() {
			if err := p.stage.AWS.S3.Put(a.Bucket, key, []byte(key)); err != nil {
				p.fail(err)
			}
		})
	}
}

// delete deletes objects, as their owner would.
func (p *Play) delete(a Delete) error {
	keys := p.stage.AWS.S3.List(a.Bucket, a.Prefix)
	keys = keys[:min(len(keys), a.Count)]
	p.tell(ui.Trigger, p.stage.Scenario.sp.Model, "%d objects are deleted from s3://%s/%s", len(keys), a.Bucket, a.Prefix)
	for _, key := range keys {
		if err := p.stage.AWS.S3.Delete(a.Bucket, key); err != nil {
			return err
		}
	}
	return nil
}

// double delivers some events of S3 twice, the second time later.
func (p *Play) double(e events.Event, _ events.Target) []time.Duration {
	if e.Source != "aws.s3" || p.doubles == 0 || !p.all && p.stage.AWS.World.Rand("scenario/doubles").IntN(10) != 0 {
		return nil
	}
	p.doubles--
	usual := p.stage.AWS.Events.Latency
	return []time.Duration{usual, usual + time.Duration(p.stage.AWS.World.Rand("scenario/late").IntN(90))*time.Second}
}

func (p *Play) endpoint(a EndpointAction) error {
	h, name := p.stage.AWS.SageMaker.Hosting, p.stage.Scenario.sp.Endpoint.Name
	endings := map[string]hosting.Ending{"rollsBack": hosting.RollsBack, "rollbackFails": hosting.RollbackFails}
	switch {
	case a.NextUpdate != "":
		ending, ok := endings[a.NextUpdate]
		if !ok {
			return fmt.Errorf("nextUpdate is %q; write rollsBack or rollbackFails", a.NextUpdate)
		}
		p.tell(ui.Fault, name, "the next update of the endpoint will fail: %s", a.NextUpdate)
		h.NextUpdate(name, hosting.Fate{Ending: ending, Reason: a.Reason})
	case a.NextCreate != "":
		p.tell(ui.Fault, name, "AWS will fail to create the endpoint")
		h.NextCreate(name, hosting.Fate{Ending: hosting.RollsBack, Reason: a.Reason})
	case a.NextWeights != "":
		p.tell(ui.Fault, name, "the next change of weights will be undone by AWS")
		h.NextWeights(name, hosting.Fate{Ending: hosting.RollsBack, Reason: a.Reason})
	case a.Maintain > 0:
		p.tell(ui.Fault, name, "AWS maintains the endpoint for %s", a.Maintain)
		h.Maintain(name, p.stage.AWS.World.Now(), a.Maintain.Std())
	default:
		return fmt.Errorf("endpoint does nothing: write nextUpdate, nextWeights or maintain")
	}
	return nil
}

// apply puts another spec in force. One that is refused is part of the story.
func (p *Play) apply(ctx context.Context, text string) error {
	sp, err := spec.Parse("inline", []byte(text))
	if err != nil {
		p.tell(ui.Reject, "spec", "refused: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return nil
	}
	c, err := p.stage.Apply(ctx, *sp, "scenario")
	if fault.Is(err, fault.Conflict) {
		p.tell(ui.Reject, sp.Model, "refused: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	p.tell(ui.Info, c.Model, "spec %.12s applied", c.Version)
	return nil
}

// queue is the ARN of a queue of the stack.
func (p *Play) queue(logicalID string) string {
	r, _ := p.stage.Stack.Resource(logicalID)
	return r.Attributes["Arn"]
}

func (p *Play) dataRule() string {
	r, _ := p.stage.Stack.Resource("DataRule")
	return r.Attributes["Arn"]
}

// thousands writes 12345 as 12,345.
func thousands[N int | int64](n N) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
