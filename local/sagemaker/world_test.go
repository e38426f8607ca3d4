package sagemaker_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/smithy-go"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
)

// stage is SageMaker with an SDK client before it and the rest of AWS written down.
type stage struct {
	t      *testing.T
	w      *sim.World
	srv    *wire.Server
	svc    *sagemaker.Service
	client *sdk.Client
	events []event
	alarms map[string]string
	puts   map[string]string
	writer string // role of the last capture
	script func(pipelines.Run) pipelines.Outcome
	points []point
	needs  []wire.Access
	scaled []string // variants of churn
	locked bool     // nobody may deregister them
}

type event struct {
	detailType string
	resources  []string
	detail     map[string]any
}

type point struct {
	name   string
	dims   map[string]string
	minute time.Time
	values []float64
	counts []float64
}

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, w: sim.NewWorld(start, 7), alarms: map[string]string{}, puts: map[string]string{}}
	s.srv = wire.NewServer(s.w)
	s.srv.Allow = func(_ string, need wire.Access) error {
		s.needs = append(s.needs, need)
		return nil
	}
	s.svc = sagemaker.New(s.w, sagemaker.Outside{
		Emit: func(source, detailType string, resources []string, detail any) {
			b, err := json.Marshal(detail)
			if err != nil || source != "aws.sagemaker" {
				t.Errorf("event %s from %s: %v", detailType, source, err)
			}
			e := event{detailType: detailType, resources: resources}
			if err := json.Unmarshal(b, &e.detail); err != nil {
				t.Errorf("event %s: %v", detailType, err)
			}
			s.events = append(s.events, e)
		},
		Record: func(namespace, name string, dims map[string]string, minute time.Time, values, counts []float64) {
			if namespace != "AWS/SageMaker" {
				t.Errorf("metric %s in %s", name, namespace)
			}
			s.points = append(s.points, point{name, dims, minute, values, counts})
		},
		AlarmState: func(name string) string { return s.alarms[name] },
		Put: func(bucket, key string, body []byte) error {
			s.puts[bucket+"/"+key] = string(body)
			return nil
		},
		Capture: func(role, bucket, key string, body []byte) error {
			s.puts[bucket+"/"+key], s.writer = string(body), role
			return nil
		},
		Script: func(r pipelines.Run) pipelines.Outcome {
			if s.script == nil {
				return pipelines.Outcome{}
			}
			return s.script(r)
		},
		Permit: s.srv.Permit,
		Scaled: func(endpoint string) []string {
			if endpoint != "churn" {
				return nil
			}
			return s.scaled
		},
		Deregister: func(c *wire.Call, endpoint string) error {
			if s.locked {
				return errors.New("not allowed")
			}
			if c.Operation == "DeleteEndpoint" && endpoint == "churn" {
				s.scaled = nil
			}
			return nil
		},
	})
	s.srv.Register(s.svc.Wire())
	s.client = sdk.NewFromConfig(aws.Config{Region: wire.Region, BaseEndpoint: aws.String("http://local"),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: &http.Client{Transport: s.srv},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }})
	return s
}

// call runs one SDK call while holding the world and wants it to succeed.
func call[In, Out any](s *stage, op func(*sdk.Client, In) (Out, error), in In) Out {
	s.t.Helper()
	out, err := try(s, op, in)
	if err != nil {
		s.t.Fatalf("%T: %v", in, err)
	}
	return out
}

func try[In, Out any](s *stage, op func(*sdk.Client, In) (Out, error), in In) (out Out, err error) {
	s.w.Do(func() { out, err = op(s.client, in) })
	return out, err
}

// refusal is "Code: message" of an API error.
func refusal(t *testing.T, err error) string {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want an API error", err)
	}
	return e.ErrorCode() + ": " + e.ErrorMessage()
}

// seed makes the endpoint churn with its champion.
func (s *stage) seed(c sagemaker.Champion) string {
	s.t.Helper()
	c.Endpoint = "churn"
	var arn string
	var err error
	s.w.Do(func() { arn, err = s.svc.Seed(c) })
	if err != nil {
		s.t.Fatal(err)
	}
	return arn
}

// model makes a model of a new, approved package that behaves like b.
func (s *stage) model(name string, b traffic.Behaviour) {
	s.t.Helper()
	out := call(s, createPackage, &sdk.CreateModelPackageInput{ModelPackageGroupName: aws.String("churn"), ModelApprovalStatus: types.ModelApprovalStatusApproved,
		InferenceSpecification: &types.InferenceSpecification{Containers: []types.ModelPackageContainerDefinition{{Image: aws.String("image")}}}})
	s.w.Do(func() {
		if err := s.svc.Registry.SetBehaviour(*out.ModelPackageArn, b); err != nil {
			s.t.Fatal(err)
		}
	})
	call(s, createModel, &sdk.CreateModelInput{ModelName: &name, ExecutionRoleArn: aws.String("arn:aws:iam::111122223333:role/models"),
		PrimaryContainer: &types.ContainerDefinition{ModelPackageName: out.ModelPackageArn}})
}

// config makes a configuration of variants given as pairs of a model and a weight.
func (s *stage) config(name string, variants ...types.ProductionVariant) {
	s.t.Helper()
	call(s, createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: variants})
}

func variant(name, model string, weight float32, count int32) types.ProductionVariant {
	return types.ProductionVariant{VariantName: &name, ModelName: &model, InitialVariantWeight: &weight, InitialInstanceCount: &count, InstanceType: "ml.m5.large"}
}

func (s *stage) describe() *sdk.DescribeEndpointOutput {
	s.t.Helper()
	return call(s, describeEndpoint, &sdk.DescribeEndpointInput{EndpointName: aws.String("churn")})
}

// settle waits until the endpoint is no longer busy.
func (s *stage) settle() *sdk.DescribeEndpointOutput {
	s.t.Helper()
	if !s.w.RunUntilIdle(24 * time.Hour) {
		s.t.Fatal("the world did not come to rest within a day")
	}
	return s.describe()
}

// settleStatus waits until the endpoint has this status.
func (s *stage) settleStatus(want types.EndpointStatus) {
	s.t.Helper()
	has := func() bool {
		e, err := s.svc.Hosting.Describe("churn")
		return err == nil && e.EndpointStatus == string(want)
	}
	if !s.w.RunUntil(has, 48*time.Hour) {
		s.t.Fatalf("the endpoint never was %s", want)
	}
}

// statuses are the endpoint statuses told by events, in order.
func (s *stage) statuses() []string {
	var out []string
	for _, e := range s.events {
		if e.detailType == "SageMaker Endpoint State Change" {
			out = append(out, e.detail["EndpointStatus"].(string))
		}
	}
	return out
}

// sum adds up a metric over all minutes, by the named dimensions.
func (s *stage) sum(name string, dims map[string]string) (sum, samples float64) {
	for _, p := range s.points {
		if p.name == name && maps.Equal(p.dims, dims) {
			for i, v := range p.values {
				sum += v * p.counts[i]
				samples += p.counts[i]
			}
		}
	}
	return sum, samples
}

// keys lists the paths of all members of a JSON value; lists count by their first.
func keys(v any, path string) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if path == ".Tags" { // tags are the caller's
				continue
			}
			out = append(append(out, path+"."+k), keys(x, path+"."+k)...)
		}
	case []any:
		if len(v) > 0 {
			return keys(v[0], path+"[]")
		}
	}
	slices.Sort(out)
	return out
}
