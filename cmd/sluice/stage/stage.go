package stage

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sluice"
	"sluice/local"
	"sluice/local/cloudformation"
	"sluice/local/lambda"
	"sluice/local/s3"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/intake"
	"sluice/shared/spec"
	"sluice/shared/waiting"

	sagemakerlocal "sluice/local/sagemaker"
)

// Opening is the virtual time at which every rehearsal begins.
var Opening = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// StackName is the stack on stage.
const StackName = "sluice"

// Hosts says how functions run: local.InProcess or local.Binaries.
type Hosts func(*local.AWS, lambda.Function) (lambda.Host, error)

// Stage is an account with Sluice deployed and one model in production.
type Stage struct {
	AWS      *local.AWS
	Stack    *cloudformation.Stack
	Table    *awstable.Table
	Scenario *Scenario
	began    time.Time
	asked    capture.Payload // what requests hold now
}

// Set sets the stage for a scenario: deploys the template, creates what its spec
// names, and applies the spec.
func Set(ctx context.Context, s *Scenario, world *sim.World, hosts Hosts) (*Stage, error) {
	st := &Stage{Scenario: s, AWS: local.New(world, hosts)}
	var err error
	world.Do(func() {
		st.began = world.Now()
		err = st.set(ctx)
	})
	if err != nil {
		st.AWS.Close()
		return nil, fmt.Errorf("setting the stage for %s: %w", s.Name, err)
	}
	return st, nil
}

func (st *Stage) set(ctx context.Context) (err error) {
	parameters := map[string]string{"ArtifactObjects": "arn:aws:s3:::" + artifacts + "/*"}
	if c := st.Scenario.Capture; c != nil {
		parameters["CaptureObjects"] = c.objects()
	}
	if st.Stack, err = st.AWS.Deploy(sluice.Deployed, StackName, parameters); err != nil {
		return err
	}
	st.Table = awstable.Open(st.AWS.AdminConfig(), st.Output("Table"))
	if err := st.buckets(); err != nil {
		return err
	}
	if err := st.champion(ctx); err != nil {
		return err
	}
	if err := st.code(); err != nil {
		return err
	}
	sp := st.Scenario.sp
	if err := st.pipeline(ctx, sp.Pipeline.Name, st.Scenario.pipe); err != nil {
		return err
	}
	st.AWS.Script = st.script
	for _, a := range st.Scenario.Alarms {
		if err := st.alarm(a); err != nil {
			return err
		}
	}
	if _, err = st.Apply(ctx, sp, st.Scenario.Spec); err != nil {
		return err
	}
	return st.others(ctx)
}

// pipeline makes a pipeline of a definition.
func (st *Stage) pipeline(ctx context.Context, name string, definition []byte) error {
	_, err := sagemaker.NewFromConfig(st.AWS.AdminConfig()).CreatePipeline(ctx, &sagemaker.CreatePipelineInput{
		PipelineName: &name, PipelineDefinition: aws.String(string(definition)),
		ClientRequestToken: aws.String("rehearsal-rehearsal-rehearsal-00"), RoleArn: aws.String(modelRole),
	})
	if err != nil {
		return fmt.Errorf("creating pipeline %s: %w", name, err)
	}
	return nil
}

const (
	modelRole = "arn:aws:iam::" + wire.Account + ":role" + modelPath + modelName
	modelPath = "/sluice/"
	modelName = "models"
)

// Output is an output of the stack.
func (st *Stage) Output(name string) string { return st.Stack.Outputs[name] }

// Apply puts a spec in force.
func (st *Stage) Apply(ctx context.Context, sp spec.Spec, source string) (applying.Change, error) {
	return applying.Apply(ctx, st.Table, sp, source, st.AWS.World.Now())
}

// ask is a person asking for training, with the account's own rights.
func (st *Stage) ask(ctx context.Context, text string) error {
	machines := awsmachines.Open(st.AWS.AdminConfig(), st.Output("TrainingMachine"))
	_, err := intake.New(st.Table, nil, machines, nil, waiting.NewRoom(st.Table, machines)).Ask(ctx, st.Scenario.sp.Model, text, st.AWS.World.Now())
	return err
}

// buckets makes the buckets that the spec's triggers name, the one that requests are
// captured in, and the one that pipelines write to.
func (st *Stage) buckets() error {
	var told []string
	for _, sp := range st.Scenario.specs() {
		for _, d := range sp.Triggers.Data {
			told = append(told, d.Bucket)
		}
	}
	if c := st.Scenario.Capture; c != nil {
		bucket, _ := c.place()
		told = append(told, bucket)
	}
	made := map[string]bool{}
	for _, bucket := range told {
		if !made[bucket] {
			made[bucket] = true
			if err := st.AWS.S3.CreateBucket(bucket, s3.Options{EventBridge: true}); err != nil {
				return err
			}
		}
	}
	if made[artifacts] {
		return nil
	}
	return st.AWS.S3.CreateBucket(artifacts, s3.Options{})
}

// artifacts is the bucket that the example's pipeline writes to.
const artifacts = "acme-models"

const (
	championImage = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
	packagePrefix = "arn:aws:sagemaker:" + wire.Region + ":" + wire.Account + ":model-package"
)

func championData(group string) string {
	return "s3://" + artifacts + "/" + group + "/champion/model.tar.gz"
}

// quality is the metrics of a package whose evaluation report is at key.
func quality(key string) map[string]any {
	return map[string]any{"ModelQuality": map[string]any{"Statistics": map[string]any{"ContentType": "application/json", "S3Uri": "s3://" + artifacts + "/" + key}}}
}

// champion puts the first model into production.
func (st *Stage) champion(ctx context.Context) error {
	sp, m := st.Scenario.sp, st.Scenario.Champion
	requests := traffic.Traffic{RPM: st.Scenario.Traffic.RPM, Pattern: traffic.Pattern(st.Scenario.Traffic.Pattern)}
	if st.Scenario.First {
		return st.AWS.SageMaker.Hosting.SetTraffic(sp.Endpoint.Name, requests)
	}
	if err := st.capturer(); err != nil {
		return err
	}
	const key = "champion/evaluation.json"
	if err := st.AWS.S3.Put(artifacts, key, m.report()); err != nil {
		return err
	}
	if _, err := st.AWS.SageMaker.Seed(sagemakerlocal.Champion{
		Endpoint: sp.Endpoint.Name, Group: sp.Package.Group, Variant: sp.Model + "-v1", RoleARN: modelRole,
		Image: championImage, ModelDataURL: championData(sp.Package.Group),
		InstanceType: sp.Endpoint.InstanceType, Instances: st.Scenario.Count,
		Metrics: quality(key), Behaviour: m.behaviour(), Traffic: requests, History: st.Scenario.History.Std(), Capture: st.Scenario.Capture.config(),
	}); err != nil {
		return err
	}
	if err := st.payload(st.Scenario.Traffic.payload()); err != nil {
		return err
	}
	return st.scale(ctx)
}

// scale registers the champion's variant with autoscaling, as its owners would have.
func (st *Stage) scale(ctx context.Context) error {
	s := st.Scenario.Scaling
	if s == nil {
		return nil
	}
	client := applicationautoscaling.NewFromConfig(st.AWS.AdminConfig())
	resource := aws.String("endpoint/" + st.Scenario.sp.Endpoint.Name + "/variant/" + st.Scenario.sp.Model + "-v1")
	if _, err := client.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceSagemaker, ScalableDimension: types.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: resource, MinCapacity: aws.Int32(int32(s.Min)), MaxCapacity: aws.Int32(int32(s.Max)),
	}); err != nil {
		return err
	}
	_, err := client.PutScalingPolicy(ctx, &applicationautoscaling.PutScalingPolicyInput{
		ServiceNamespace: types.ServiceNamespaceSagemaker, ScalableDimension: types.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: resource, PolicyName: aws.String("requests"), PolicyType: types.PolicyTypeTargetTrackingScaling,
		TargetTrackingScalingPolicyConfiguration: &types.TargetTrackingScalingPolicyConfiguration{
			TargetValue:                   aws.Float64(s.Target),
			PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeSageMakerVariantInvocationsPerInstance},
		},
	})
	return err
}

// script says what a pipeline execution yields.
func (st *Stage) script(r pipelines.Run) pipelines.Outcome {
	m := Model{AUC: 0.85, Errors: st.Scenario.Champion.Errors}
	if models := st.Scenario.modelsOf(r.Pipeline); len(models) > 0 {
		m = models[min(r.Ordinal, len(models))-1]
	}
	out := pipelines.Outcome{Report: m.report(), Behaviour: m.behaviour()}
	if m.Fail != nil {
		out.FailStep, out.FailReason, out.FailLog = m.Fail.Step, m.Fail.Reason, m.Fail.Log
	}
	return out
}

// report is the model's evaluation report.
func (m Model) report() []byte {
	metrics := map[string]any{"auc": map[string]any{"value": m.AUC}}
	if m.Loss > 0 {
		metrics["log_loss"] = map[string]any{"value": m.Loss}
	}
	b, err := json.Marshal(map[string]any{"binary_classification_metrics": metrics})
	if err != nil {
		panic(err) // maps and numbers
	}
	return b
}

func (m Model) behaviour() traffic.Behaviour {
	b := answers(m.Errors, m.P50, m.P90)
	for _, t := range m.Turns {
		errors, p50, p90 := t.Errors, t.P50, t.P90
		if p50 == 0 {
			p50, p90 = m.P50, m.P90
		}
		b.Changes = append(b.Changes, traffic.Change{AtShare: float64(t.AtWeight) / 100, After: t.After.Std(), Then: answers(errors, p50, p90)})
	}
	return b
}

func answers(errors spec.Percent, p50, p90 Milliseconds) traffic.Behaviour {
	return traffic.Behaviour{Errors5XX: errors.Fraction(), Latency: traffic.Latency{Median: p50.Duration(), P90: p90.Duration()}}
}

// alarm makes an alarm on the endpoint.
func (st *Stage) alarm(a Alarm) error {
	type dimension struct{ Name, Value string }
	variant := a.Variant
	if variant == "" {
		variant = st.Scenario.sp.Model + "-v1"
	}
	def := map[string]any{"AlarmName": a.Name}
	dimensions := []dimension{{"EndpointName", st.Scenario.sp.Endpoint.Name}, {"VariantName", variant}}
	if a.Rule != "" {
		def["AlarmRule"] = a.Rule
	} else {
		maps.Copy(def, map[string]any{
			"EvaluationPeriods": max(a.Periods, 1), "Threshold": a.Threshold,
			"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": cmp.Or(a.Missing, "notBreaching"),
		})
	}
	switch {
	case a.Math != "":
		queries := []map[string]any{{"Id": "value", "Expression": a.Math, "ReturnData": true}}
		for _, id := range slices.Sorted(maps.Keys(a.Metrics)) {
			queries = append(queries, map[string]any{"Id": id, "ReturnData": false, "MetricStat": map[string]any{
				"Metric": map[string]any{"Namespace": "AWS/SageMaker", "MetricName": a.Metrics[id], "Dimensions": dimensions}, "Period": 60, "Stat": a.Stat,
			}})
		}
		def["Metrics"] = queries
	case a.Rule == "":
		maps.Copy(def, map[string]any{"Namespace": "AWS/SageMaker", "MetricName": a.Metric, "Statistic": a.Stat, "Dimensions": dimensions, "Period": 60})
	}
	var tags []map[string]string
	for _, key := range slices.Sorted(maps.Keys(a.Tags)) {
		tags = append(tags, map[string]string{"Key": key, "Value": a.Tags[key]})
	}
	def["Tags"] = tags
	raw, err := json.Marshal(def)
	if err != nil {
		return err
	}
	return st.AWS.CloudWatch.Define(raw)
}

// Close ends the rehearsal.
func (st *Stage) Close() { st.AWS.Close() }
