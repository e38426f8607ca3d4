package simulate

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/local/sqs"
)

// act is one thing that happens from outside.
type act struct {
	at   time.Duration // after the beginning
	text string
	do   func(*play) error
}

// drawActs draws what happens: bursts of data whose keys overlap, alarms, strays,
// and what SageMaker does to the endpoint by itself.
func drawActs(d dice) []act {
	pool := d.between(3, 60)
	var acts []act
	for range d.between(1, 5) {
		acts = append(acts, burst(d, d.moment(busyHours), pool))
	}
	for range d.IntN(3) {
		acts = append(acts, alarm(drift, d.moment(busyHours)))
	}
	for range d.IntN(3) {
		acts = append(acts, alarm(ringing, d.moment(busyHours)))
	}
	for range d.IntN(8) {
		acts = append(acts, mishap(d, d.moment(busyHours)))
	}
	if d.often(20) {
		acts = append(acts, act{d.moment(busyHours), "a message that is no event", func(p *play) error {
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
	return act{at, fmt.Sprintf("%d objects arrive over %s", len(puts), over), func(p *play) error {
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
	return act{at, "alarm " + name + " goes off", func(p *play) error {
		_, err := cloudwatch.NewFromConfig(p.aws().AdminConfig()).SetAlarmState(p.ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: &name, StateValue: types.StateValueAlarm, StateReason: aws.String("drawn to go off"),
		})
		return err
	}}
}
