package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

// bench is a Lambda with the function work, whose code says from where it came and how
// it was called.
type bench struct {
	*testing.T
	*Service
	w       *sim.World
	client  *sdk.Client
	asked   []wire.Access
	refused string // resource that IAM refuses
	metrics map[string]float64
	ran     []string // versions, in order
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, w: sim.NewWorld(start, 1), metrics: map[string]float64{}}
	b.Service = New(b.w, func(f Function) (Host, error) {
		return InProcess(func(ctx context.Context, payload []byte) ([]byte, error) {
			lc, _ := lambdacontext.FromContext(ctx)
			b.ran = append(b.ran, f.Version)
			if strings.Contains(string(payload), "bad") {
				return nil, errors.New("bad")
			}
			return json.Marshal(f.CodePath + " as " + lc.InvokedFunctionArn[strings.Index(lc.InvokedFunctionArn, "work"):])
		}), nil
	})
	b.Duration = constant(100 * time.Millisecond)
	b.Record = func(_, name string, dims map[string]string, _ time.Time, values, counts []float64) {
		b.metrics[strings.Join([]string{name, dims["FunctionName"], dims["Resource"], dims["ExecutedVersion"]}, "/")] += values[0] * counts[0]
	}
	srv := wire.NewServer(b.w)
	srv.Register(b.Wire())
	b.Permit = srv.Permit
	srv.Allow = func(_ string, need wire.Access) error {
		b.asked = append(b.asked, need)
		if need.Resource == b.refused {
			return errors.New("not allowed")
		}
		return nil
	}
	b.client = sdk.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	b.w.Do(func() { must(t, b.Create(Function{Name: "work", CodePath: "one"})) })
	return b
}

// published has versions 1, of code one, and 2, of code two, and the alias live.
func published(t *testing.T, weight float64) *bench {
	b := newBench(t)
	b.w.Do(func() {
		b.publish("1")
		must(t, b.UpdateCode("work", "two", Defect{}))
		b.publish("2")
		_, err := b.CreateAlias("work", Alias{Name: "live", Version: "1"})
		must(t, err)
		if weight > 0 {
			must(t, b.UpdateAlias("work", Alias{Name: "live", Version: "1", Weights: map[string]float64{"2": weight}}))
		}
	})
	return b
}

func (b *bench) publish(want string) {
	b.Helper()
	if got, err := b.Publish("work"); err != nil || got != want {
		b.Fatalf("published %q (%v), want %s", got, err, want)
	}
}

// call invokes over the wire, and returns the payload and the version that ran.
func (b *bench) call(name, qualifier string) (string, string) {
	b.Helper()
	in := &sdk.InvokeInput{FunctionName: &name}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	var out *sdk.InvokeOutput
	var err error
	b.w.Do(func() { out, err = b.client.Invoke(b.Context(), in) })
	must(b.T, err)
	return string(out.Payload), aws.ToString(out.ExecutedVersion)
}

func (b *bench) fails(err error, code string) {
	b.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		b.Errorf("got %v, want %s", err, code)
	}
}

func TestVersionsKeepTheirCode(t *testing.T) {
	b := published(t, 0)
	b.w.Do(func() { must(t, b.UpdateCode("work", "three", Defect{})) })
	arn := Function{Name: "work"}.ARN()
	for _, tt := range []struct{ name, qualifier, want, version string }{
		{"work", "", "three as work", latest},
		{"work", latest, "three as work:$LATEST", latest},
		{"work", "1", "one as work:1", "1"},
		{"work:2", "", "two as work:2", "2"},
		{"work", "live", "one as work:live", "1"},
		{arn + ":live", "", "one as work:live", "1"},
	} {
		got, version := b.call(tt.name, tt.qualifier)
		if got != `"`+tt.want+`"` || version != tt.version {
			t.Errorf("%s with %q answered %s by version %s, want %q by %s", tt.name, tt.qualifier, got, version, tt.want, tt.version)
		}
	}
	b.w.Do(func() {
		b.publish("3")
		b.publish("3") // nothing has changed
		must(t, b.UpdateCode("work", "three", Defect{Kind: Error}))
		b.publish("4")
	})
}

func TestAliasesOverTheWire(t *testing.T) {
	b := newBench(t)
	name, live := aws.String("work"), aws.String("live")
	b.w.Do(func() {
		v, err := b.client.PublishVersion(b.Context(), &sdk.PublishVersionInput{FunctionName: name})
		must(t, err)
		if aws.ToString(v.Version) != "1" || !strings.HasSuffix(aws.ToString(v.FunctionArn), ":work:1") {
			t.Errorf("published %s as %s", aws.ToString(v.Version), aws.ToString(v.FunctionArn))
		}
		must(t, b.UpdateCode("work", "two", Defect{}))
		_, err = b.client.PublishVersion(b.Context(), &sdk.PublishVersionInput{FunctionName: name})
		must(t, err)
		made, err := b.client.CreateAlias(b.Context(), &sdk.CreateAliasInput{FunctionName: name, Name: live, FunctionVersion: aws.String("1")})
		must(t, err)
		update := &sdk.UpdateAliasInput{FunctionName: name, Name: live, RevisionId: made.RevisionId,
			RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.1}}}
		_, err = b.client.UpdateAlias(b.Context(), update)
		must(t, err)
		_, err = b.client.UpdateAlias(b.Context(), update)
		b.fails(err, "PreconditionFailedException")
		got, err := b.client.GetAlias(b.Context(), &sdk.GetAliasInput{FunctionName: name, Name: live})
		must(t, err)
		if aws.ToString(got.FunctionVersion) != "1" || got.RoutingConfig == nil || got.RoutingConfig.AdditionalVersionWeights["2"] != 0.1 {
			t.Errorf("alias is %+v", got)
		}
		_, err = b.client.UpdateAlias(b.Context(), &sdk.UpdateAliasInput{FunctionName: name, Name: live, FunctionVersion: aws.String("2"),
			RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}})
		must(t, err)
		all, err := b.client.ListAliases(b.Context(), &sdk.ListAliasesInput{FunctionName: name})
		must(t, err)
		if len(all.Aliases) != 1 || aws.ToString(all.Aliases[0].FunctionVersion) != "2" || all.Aliases[0].RoutingConfig != nil {
			t.Errorf("aliases are %+v", all.Aliases)
		}
		versions, err := b.client.ListVersionsByFunction(b.Context(), &sdk.ListVersionsByFunctionInput{FunctionName: name})
		must(t, err)
		var numbers []string
		for _, v := range versions.Versions {
			numbers = append(numbers, aws.ToString(v.Version))
		}
		if diff := cmp.Diff([]string{latest, "1", "2"}, numbers); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
		f, err := b.client.GetFunction(b.Context(), &sdk.GetFunctionInput{FunctionName: name, Qualifier: live})
		must(t, err)
		if c := f.Configuration; aws.ToString(c.Version) != "2" || !strings.HasSuffix(aws.ToString(c.FunctionArn), ":work:live") {
			t.Errorf("the function at live is %s of version %s", aws.ToString(c.FunctionArn), aws.ToString(c.Version))
		}
		b.refused = Function{Name: "work"}.ARN()
		_, err = b.client.GetAlias(b.Context(), &sdk.GetAliasInput{FunctionName: name, Name: live})
		b.fails(err, "AccessDeniedException")
	})
}

func TestAliasesAreRefused(t *testing.T) {
	b := published(t, 0)
	for _, tt := range []struct {
		name, want string
		alias      Alias
	}{
		{"no version", "ResourceNotFoundException", Alias{Name: "live", Version: "7"}},
		{"no second version", "ResourceNotFoundException", Alias{Name: "live", Version: "1", Weights: map[string]float64{"7": 0.1}}},
		{"weights of the latest", "InvalidParameterValueException", Alias{Name: "live", Version: latest, Weights: map[string]float64{"2": 0.1}}},
		{"the same twice", "InvalidParameterValueException", Alias{Name: "live", Version: "1", Weights: map[string]float64{"1": 0.1}}},
		{"three", "InvalidParameterValueException", Alias{Name: "live", Version: "1", Weights: map[string]float64{"1": 0.1, "2": 0.1}}},
		{"too much", "ValidationException", Alias{Name: "live", Version: "1", Weights: map[string]float64{"2": 1.1}}},
		{"unknown", "ResourceNotFoundException", Alias{Name: "other", Version: "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			b.w.Do(func() { err = b.UpdateAlias("work", tt.alias) })
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	b.w.Do(func() {
		for name, code := range map[string]string{"live": "ResourceConflictException", "12": "ValidationException", "a b": "ValidationException"} {
			_, err := b.CreateAlias("work", Alias{Name: name, Version: "1"})
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != code {
				t.Errorf("alias %q: got %v, want %s", name, err, code)
			}
		}
	})
}

// An alias chooses for each invocation, and metrics say of whom they are.
func TestWeightsShareInvocations(t *testing.T) {
	b := published(t, 0.1)
	const n = 1000 // as many as run at once
	for range n {
		b.w.Do(func() { b.Invoke("work:live", nil, func(Result) {}) })
	}
	b.w.RunUntilIdle(time.Hour)
	share := 0.0
	for _, v := range b.ran {
		if v == "2" {
			share++
		}
	}
	if share /= n; share < 0.07 || share > 0.13 {
		t.Errorf("version 2 got the share %g, want about 0.1", share)
	}
	for key, want := range map[string]float64{
		"Invocations/work//": n, "Invocations/work/work:live/": n, "Invocations/work/work:live/1": n * (1 - share), "Invocations/work/work:live/2": n * share,
		"Errors/work/work:live/2": 0, "Duration/work/work:live/": n * 100,
	} {
		if got, ok := b.metrics[key]; !ok || got != want {
			t.Errorf("%s is %g, want %g", key, got, want)
		}
	}
	b.w.Do(func() { b.Invoke("work:2", nil, func(Result) {}) })
	b.w.RunUntilIdle(time.Minute)
	if got := b.metrics["Invocations/work/work:2/"]; got != 1 || slices.Contains(slices.Collect(maps.Keys(b.metrics)), "Invocations/work/work:2/2") {
		t.Errorf("a version that is called by number has %v", b.metrics)
	}
}

// A retry asks anew where the alias leads.
func TestRetriesFollowTheAlias(t *testing.T) {
	b := published(t, 0)
	b.w.Do(func() {
		one := 1
		must(t, b.SetAsync("work:live", Async{MaxRetries: &one}))
		_, err := b.InvokeAsync("work:live", []byte(`"bad"`))
		must(t, err)
		b.w.After(30*time.Second, "shift", func() { must(t, b.UpdateAlias("work", Alias{Name: "live", Version: "2"})) })
	})
	b.w.RunUntilIdle(time.Hour)
	if diff := cmp.Diff([]string{"1", "2"}, b.ran); diff != "" {
		t.Errorf("versions that ran (-want +got):\n%s", diff)
	}
}

// The permission to invoke is that on the ARN as it was called.
func TestInvokingAQualifierIsPermittedByIt(t *testing.T) {
	b := published(t, 0)
	b.refused = Function{Name: "work"}.ARN()
	b.w.Do(func() {
		_, err := b.client.Invoke(b.Context(), &sdk.InvokeInput{FunctionName: aws.String("work"), Qualifier: aws.String("live")})
		must(t, err)
		_, err = b.client.Invoke(b.Context(), &sdk.InvokeInput{FunctionName: aws.String("work")})
		b.fails(err, "AccessDeniedException")
		rule := "arn:aws:events:us-east-1:111122223333:rule/mine"
		must(t, b.AddPermission("work:live", Permission{StatementID: "a", Action: "lambda:InvokeFunction", Principal: "events.amazonaws.com", SourceARN: rule}))
		for name, want := range map[string]bool{"work:live": true, "work": false, "work:1": false} {
			if err := b.Permits(name, "events.amazonaws.com", rule); (err == nil) != want {
				t.Errorf("a rule may call %s: %v, want %t", name, err, want)
			}
		}
	})
}

func TestDefects(t *testing.T) {
	for _, tt := range []struct {
		defect Defect
		want   string // errorType of payload "x", and how often the code ran
	}{
		{Defect{Kind: Panic}, "errorString 0"},
		{Defect{Kind: Error}, "errorString 0"},
		{Defect{Kind: Init}, "Runtime.ExitError 0"},
		{Defect{Kind: Slow}, "Sandbox.Timedout 1"},
		{Defect{Kind: Error, On: "y"}, " 1"},
		{Defect{Kind: Error, On: "x"}, "errorString 0"},
		{Defect{}, " 1"},
	} {
		t.Run(fmt.Sprint(tt.defect), func(t *testing.T) {
			b := newBench(t)
			b.w.Do(func() {
				must(t, b.UpdateCode("work", "", tt.defect))
				b.publish("1")
				must(t, b.UpdateCode("work", "", Defect{}))
			})
			var r Result
			b.w.Do(func() { b.Invoke("work:1", []byte(`"x"`), func(got Result) { r = got }) })
			b.w.RunUntilIdle(time.Minute)
			if got := fmt.Sprintf("%s %d", r.ErrorType, len(b.ran)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if took := b.metrics["Duration/work/work:1/"]; tt.defect.Kind == Slow && took != 3000 {
				t.Errorf("it took %g ms, want the timeout of 3 s", took)
			}
			b.w.Do(func() { b.Invoke("work", []byte(`"x"`), func(got Result) { r = got }) })
			b.w.RunUntilIdle(time.Minute)
			if r.ErrorType != "" {
				t.Errorf("the latest version, which is well, fails as %s", r.ErrorType)
			}
		})
	}
}

func TestDefectOfAShare(t *testing.T) {
	b := newBench(t)
	b.w.Do(func() { must(t, b.UpdateCode("work", "", Defect{Kind: Error, Share: 0.25})) })
	for range 1000 {
		b.w.Do(func() { b.Invoke("work", nil, func(Result) {}) })
	}
	b.w.RunUntilIdle(time.Hour)
	if n := b.metrics["Errors/work//"]; n < 200 || n > 300 {
		t.Errorf("%g of 1000 invocations fail, want about 250", n)
	}
	b.w.Do(func() {
		for _, d := range []Defect{{Kind: "odd"}, {Kind: Error, Share: 2}} {
			if err := b.UpdateCode("work", "", d); err == nil {
				t.Errorf("defect %v is taken", d)
			}
		}
	})
}
