package autoscaling_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/local/autoscaling"
)

func steady(rpm float64) func(time.Time) float64 { return func(time.Time) float64 { return rpm } }

func cooldowns(in, out int32) func(*types.TargetTrackingScalingPolicyConfiguration) {
	return func(c *types.TargetTrackingScalingPolicyConfiguration) {
		c.ScaleInCooldown, c.ScaleOutCooldown = &in, &out
	}
}

// scaled is a stage whose variant blue has 2 instances, 1..8 of them, of 100 requests
// a minute each.
func scaled(t *testing.T, rpm func(time.Time) float64, change ...func(*types.TargetTrackingScalingPolicyConfiguration)) *stage {
	t.Helper()
	s := newStage(t)
	s.rpm = rpm
	call(s, doRegister, register(1, 8))
	call(s, putPolicy, track(change...))
	return s
}

func suspend(in, out bool) *sdk.RegisterScalableTargetInput {
	return &sdk.RegisterScalableTargetInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue,
		SuspendedState: &types.SuspendedState{DynamicScalingInSuspended: &in, DynamicScalingOutSuspended: &out}}
}

func TestTracking(t *testing.T) {
	for name, c := range map[string]struct {
		rpm    func(time.Time) float64
		change func(*types.TargetTrackingScalingPolicyConfiguration)
		before func(*stage)
		passes time.Duration
		want   []int // changes asked for
	}{
		"enough is left alone":         {rpm: steady(195), passes: time.Hour},
		"too much scales out":          {rpm: steady(450), passes: time.Hour, want: []int{5}},
		"never beyond the maximum":     {rpm: steady(5000), passes: time.Hour, want: []int{8}},
		"two minutes are too few":      {rpm: steady(450), passes: 4 * time.Minute},
		"too little scales in":         {rpm: steady(60), passes: time.Hour, want: []int{1}},
		"a little too little does not": {rpm: steady(182), passes: time.Hour},
		"fourteen minutes are too few": {rpm: steady(60), passes: 16 * time.Minute},
		"no requests, no opinion":      {rpm: steady(0), passes: time.Hour},
		"scaling in disabled":          {rpm: steady(60), passes: time.Hour, change: func(c *types.TargetTrackingScalingPolicyConfiguration) { c.DisableScaleIn = aws.Bool(true) }},
		"scaling in suspended":         {rpm: steady(60), passes: time.Hour, before: func(s *stage) { call(s, doRegister, suspend(true, false)) }},
		"scaling out suspended":        {rpm: steady(450), passes: time.Hour, before: func(s *stage) { call(s, doRegister, suspend(false, true)) }},
		"suspended, and let go": {rpm: steady(450), passes: time.Hour, before: func(s *stage) {
			call(s, doRegister, suspend(true, true))
			s.w.RunFor(time.Hour)
			call(s, doRegister, suspend(false, false))
		}, want: []int{5}},
		"blocked while it is not in service": {rpm: steady(450), passes: time.Hour, before: func(s *stage) { s.busy = true }},
		"a minute is missing": {rpm: func(at time.Time) float64 {
			if at.Minute()%3 == 0 {
				return 0
			}
			return 450
		}, passes: time.Hour},
		"a high-resolution metric is not there": {rpm: steady(450), passes: time.Hour, change: func(c *types.TargetTrackingScalingPolicyConfiguration) {
			c.PredefinedMetricSpecification.PredefinedMetricType = types.MetricTypeSageMakerVariantConcurrentRequestsPerModelHighResolution
		}},
	} {
		t.Run(name, func(t *testing.T) {
			change := func(*types.TargetTrackingScalingPolicyConfiguration) {}
			if c.change != nil {
				change = c.change
			}
			s := scaled(t, c.rpm, change)
			if c.before != nil {
				c.before(s)
			}
			s.w.RunFor(c.passes)
			if diff := cmp.Diff(c.want, s.changes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A cooldown keeps the next change of its kind away, and begins when the last one is
// done. What is rolled back begins none, and scaling out ends that of scaling in.
func TestCooldowns(t *testing.T) {
	minutes := func(at time.Time) float64 { return at.Sub(start).Minutes() }
	grows := func(at time.Time) float64 { return 300 + 20*minutes(at) }
	swings := func(at time.Time) float64 {
		if m := minutes(at); 30 < m && m < 45 {
			return 400
		}
		return 60
	}
	for name, c := range map[string]struct {
		rpm     func(time.Time) float64
		in, out int32
		undo    bool
		want    []int
	}{
		"short":                    {rpm: grows, in: 60, out: 60, want: []int{4, 5, 6, 7, 8}},
		"scaling out, long":        {rpm: grows, in: 60, out: 7200, want: []int{4}},
		"scaling out, undone":      {rpm: steady(450), in: 60, out: 3600, undo: true, want: []int{5, 5}},
		"scaling in after out":     {rpm: swings, in: 3600, out: 60, want: []int{1, 4, 1}},
		"scaling out, long, swing": {rpm: swings, in: 60, out: 7200, want: []int{1, 4, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := scaled(t, c.rpm, cooldowns(c.in, c.out))
			s.undo = c.undo
			s.w.RunFor(75 * time.Minute)
			if diff := cmp.Diff(c.want, s.changes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScalesInStepByStep(t *testing.T) {
	falls := func(at time.Time) float64 { return max(150, 750-10*at.Sub(start).Minutes()) }
	times := func(cooldown int32) (n int) {
		s := scaled(t, falls, cooldowns(cooldown, 60))
		s.instances["blue"] = 8
		s.w.RunFor(3 * time.Hour)
		if s.instances["blue"] != 2 {
			t.Errorf("%d instances are left, want 2", s.instances["blue"])
		}
		return len(s.changes)
	}
	if short, long := times(60), times(3600); short <= long || long != 2 {
		t.Errorf("%d changes with a short cooldown, %d with a long one", short, long)
	}
}

// Limits are enforced by themselves, without any policy or request, but not while the
// endpoint is busy, and not on what is not active when they are set.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		least, most int32
		busy        bool // while they are set
		want        []int
	}{
		"within":           {1, 4, false, nil},
		"a higher minimum": {3, 4, false, []int{3}},
		"a lower maximum":  {0, 1, false, []int{1}},
		"of what is busy":  {3, 4, true, nil},
		"to no instance":   {0, 2, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.rpm, s.busy = steady(0), c.busy
			call(s, doRegister, register(c.least, c.most))
			if len(s.changes) > 0 {
				t.Error("it scaled at once")
			}
			s.busy = false
			s.w.RunFor(time.Minute)
			if diff := cmp.Diff(c.want, s.changes); diff != "" {
				t.Error(diff)
			}
		})
	}
	s := newStage(t)
	s.rpm, s.undo = steady(0), true
	call(s, doRegister, register(3, 4))
	s.busy = true
	s.w.RunFor(10 * time.Minute)
	if len(s.changes) > 0 {
		t.Error("it scaled a busy endpoint")
	}
	s.busy = false
	s.w.RunFor(10 * time.Minute)
	if diff := cmp.Diff([]int{3, 3}, s.changes); diff != "" {
		t.Errorf("after a change that was rolled back: %s", diff)
	}
}

// The change of one variant makes the endpoint busy, so the next one waits for its end.
func TestOneVariantAtATime(t *testing.T) {
	s := newStage(t)
	call(s, doRegister, register(3, 4))
	call(s, doRegister, register(3, 4, green))
	s.w.RunFor(2 * time.Minute)
	if s.instances["blue"] != 2 || len(s.changes) != 1 {
		t.Errorf("after two minutes: %v of %v", s.changes, s.instances)
	}
	s.w.RunFor(10 * time.Minute)
	if s.instances["blue"] != 3 || s.instances["green"] != 3 || len(s.changes) != 2 {
		t.Errorf("in the end: %v of %v", s.changes, s.instances)
	}
}

// Of two policies the one that wants more decides, and both must want less.
func TestTwoPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		target float64 // of the second, for which there are 30; the first wants one instance
		want   []int
	}{
		"the second wants more":         {10, []int{6}},
		"the second is content":         {31, nil},
		"the second wants less as well": {60, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := scaled(t, steady(60))
			second := track(func(c *types.TargetTrackingScalingPolicyConfiguration) {
				c.PredefinedMetricSpecification = nil
				c.CustomizedMetricSpecification = &types.CustomizedMetricSpecification{MetricName: aws.String("Queue"), Namespace: aws.String("own"), Statistic: types.MetricStatisticMaximum,
					Dimensions: []types.MetricDimension{{Name: aws.String("Of"), Value: aws.String("churn")}}}
			})
			second.TargetTrackingScalingPolicyConfiguration.TargetValue = &c.target
			second.PolicyName = aws.String("queue")
			call(s, putPolicy, second)
			s.w.RunFor(20 * time.Minute)
			if diff := cmp.Diff(c.want, s.changes); diff != "" {
				t.Error(diff)
			}
			want := autoscaling.Metric{Namespace: "own", Name: "Queue", Statistic: "Maximum", Dims: map[string]string{"Of": "churn"}}
			if diff := cmp.Diff(want, s.asked[len(s.asked)-1]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNothingIsLeftToDoWithoutTargets(t *testing.T) {
	s := scaled(t, steady(450))
	s.w.Do(func() { s.svc.Deregister("churn") })
	s.w.RunFor(time.Hour)
	if len(s.changes) > 0 || s.w.Step(time.Time{}) {
		t.Errorf("changes %v, or it still looks", s.changes)
	}
}

// Whatever the requests, the count stays within the limits, and only an endpoint in
// service is asked to change.
func TestStaysWithinLimits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		least := rapid.IntRange(0, 3).Draw(r, "least")
		most := least + rapid.IntRange(1, 5).Draw(r, "room")
		loads := rapid.SliceOfN(rapid.Float64Range(0, 2000), 1, 8).Draw(r, "requests, by quarter of an hour")
		s := newStage(t)
		s.rpm = func(at time.Time) float64 { return loads[int(at.Sub(start)/(15*time.Minute))%len(loads)] }
		s.takes = time.Duration(rapid.IntRange(1, 20).Draw(r, "minutes of a change")) * time.Minute
		call(s, doRegister, register(int32(least), int32(most)))
		call(s, putPolicy, track(cooldowns(int32(rapid.IntRange(0, 900).Draw(r, "in")), int32(rapid.IntRange(0, 900).Draw(r, "out")))))
		s.w.RunFor(4 * time.Hour)
		for _, n := range s.changes {
			if n < max(1, least) || n > most {
				r.Fatalf("asked for %d instances of %d..%d", n, least, most)
			}
		}
	})
}
