package worlds

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/local/sqs"
)

// act is one thing that happens from outside: some time after the beginning, or after
// a state machine has entered a state.
type act struct {
	at   time.Duration
	text string
	do   func(*play) error
	when entry // the zero entry is the beginning
}

// entry is the nth time that any execution enters a state.
type entry struct {
	state string
	nth   int
}

// timely lets an act come in the middle of a rollout, most of the time: by chance
// alone most would miss it.
func timely(d dice, a act) act {
	if d.often(70) {
		a.when = entry{pick(d, "PrepareVariants", "AwaitVariants", "ShiftWeight", "AwaitWeight", "Bake", "Bake", "Judge", "AwaitTurn", "Promote", "AwaitPromotion", "Standby", "Promoted", "RolledBack", "RollBack", "AwaitBaseline"), d.between(1, 4)}
		a.at = pick(d, 0, time.Second, 30*time.Second, 4*time.Minute)
		a.text += fmt.Sprintf(" (%s after entry %d of %s)", a.at, a.when.nth, a.when.state)
	}
	return a
}

// drawActs draws what happens: bursts of data whose keys overlap, alarms, strays,
// and what SageMaker does to the endpoint by itself.
func drawActs(d dice) []act {
	pool := d.between(3, 60)
	var acts []act
	for range d.between(1, 3) {
		acts = append(acts, burst(d, d.moment(busyHours), pool))
	}
	for range d.IntN(3) {
		acts = append(acts, alarm(drift, d.moment(busyHours)))
	}
	for range d.IntN(3) {
		acts = append(acts, timely(d, alarm(ringing, d.moment(busyHours))))
	}
	for range d.IntN(8) {
		acts = append(acts, timely(d, mishap(d, d.moment(busyHours))))
	}
	for range d.IntN(5) {
		acts = append(acts, timely(d, command(d, d.moment(busyHours))))
	}
	if d.often(15) {
		acts = append(acts, timely(d, reject(d, d.moment(busyHours))))
	}
	if d.often(12) {
		acts = append(acts, timely(d, meddle(d, d.moment(busyHours))))
	}
	if d.often(20) {
		acts = append(acts, act{at: d.moment(busyHours), text: "a message that is no event", do: func(p *play) error {
			return p.aws().SQS.Send(p.arn("DataQueue"), "no event", nil, sqs.Principal{Service: "events.amazonaws.com", SourceARN: p.arn("DataRule")})
		}})
	}
	return acts
}

// burst puts objects with keys of a pool, so that bursts overlap and overwrite. Some
// of them no trigger wants.
func burst(d dice, at time.Duration, pool int) act {
	type put struct {
		after       time.Duration
		bucket, key string
	}
	var puts []put
	over := time.Duration(d.between(1, 25*60)) * time.Second
	for range d.between(1, 40) {
		p := put{d.moment(over), features, key(d.IntN(pool))}
		switch d.IntN(12) {
		case 0:
			p.key += ".tmp"
		case 1:
			p.bucket, p.key = labels, fmt.Sprintf("labels/%d", d.IntN(5))
		}
		puts = append(puts, p)
	}
	return act{at: at, text: fmt.Sprintf("%d objects arrive over %s", len(puts), over), do: func(p *play) error {
		for n, x := range puts {
			p.world().After(x.after, "simulate: put", func() {
				p.fail(p.aws().S3.Put(x.bucket, x.key, fmt.Appendf(nil, "%d at %s", n, p.world().Now())))
			})
		}
		return nil
	}}
}

// key is the n-th key of the pool. Keys are what users make them.
func key(n int) string {
	odd := []string{"day=1/part", "día 2/%2Fpart", `we"ird'/<&>+=\part`, "deep/er/and/deeper/part"}
	return fmt.Sprintf("churn/%s-%03d.parquet", odd[n%len(odd)], n)
}

// alarm sets an alarm off. CloudWatch takes it back with its next look, if the
// metric does not say the same.
func alarm(name string, at time.Duration) act {
	return act{at: at, text: "alarm " + name + " goes off", do: func(p *play) error {
		_, err := cloudwatch.NewFromConfig(p.aws().AdminConfig()).SetAlarmState(p.ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: &name, StateValue: types.StateValueAlarm, StateReason: aws.String("drawn to go off"),
		})
		return err
	}}
}
