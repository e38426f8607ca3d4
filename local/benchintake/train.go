package benchintake

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sluice/shared/awslogs"
	"sluice/shared/awsmachines"
	"sluice/shared/awsnotices"
	"sluice/shared/awsobjects"
	"sluice/shared/awspipelines"
	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/intake"
	"sluice/shared/leasing"
	"sluice/shared/requesting"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

// transitions is how many states one run of the training machine enters, with three
// looks at its demand and three at its pipeline. statemachines/training.asl.json.
const transitions = 24

// start starts a function as its main does.
func (a *account) start(function string) edge.Handler {
	machines := awsmachines.Open(a.config, a.machine)
	store := awsobjects.Open(a.config, "store")
	room := waiting.NewRoom(a.table, machines)
	desk := leasing.NewDesk(a.table, room)
	t := &training.Training{
		Table: a.table, Store: store, Pipelines: awspipelines.Open(a.config), Registry: awspipelines.OpenRegistry(a.config),
		Rollouts: requesting.New(a.table, machines), Room: room, Desk: desk, Notices: awsnotices.Open(a.config, a.topic), Logs: awslogs.Open(a.config),
	}
	switch function {
	case "on-data":
		return edge.Handle(function, io.Discard, intake.New(a.table, store, machines, nil, nil).OnData)
	case "settle-demand":
		return edge.Handle(function, io.Discard, t.SettleDemand)
	case "take-lease":
		return edge.Handle(function, io.Discard, desk.TakeLease)
	case "launch-pipeline":
		return edge.Handle(function, io.Discard, t.LaunchPipeline)
	case "await-pipeline":
		return edge.Handle(function, io.Discard, t.AwaitPipeline)
	case "gate-package":
		return edge.Handle(function, io.Discard, t.GatePackage)
	}
	return edge.Handle(function, io.Discard, t.ReportTraining)
}

// definition is a pipeline that registers a package.
const definition = `{"Version":"2020-12-01","Parameters":[{"Name":"Manifest","Type":"String"}],"Steps":[
	{"Name":"Register","Type":"RegisterModel","Arguments":{"ModelPackageGroupName":"churn","ModelApprovalStatus":"PendingManualApproval",
		"InferenceSpecification":{"Containers":[{"Image":"image"}],"SupportedContentTypes":["text/csv"],"SupportedResponseMIMETypes":["text/csv"]}}}]}`

func (a *account) pipeline() error {
	client := sagemaker.NewFromConfig(a.config)
	if _, err := client.CreatePipeline(ctx, &sagemaker.CreatePipelineInput{
		PipelineName: &model.Pipeline.Name, PipelineDefinition: aws.String(definition),
		RoleArn: aws.String("arn:aws:iam::111122223333:role/p"), ClientRequestToken: aws.String(strings.Repeat("x", 32)),
	}); err != nil {
		return err
	}
	_, err := client.CreateModelPackageGroup(ctx, &sagemaker.CreateModelPackageGroupInput{ModelPackageGroupName: &model.Package.Group})
	return err
}

// train walks through the training machine's states, and returns how often the launch
// was tried: if it is to die, at three of its calls.
func (a *account) train(dies bool) (launches int, err error) {
	step := training.Step{Model: model.Model, Generation: 1, Run: training.ExecutionName(model.Model, 1, 0)}
	state := func(function string, in any, answer any) {
		if err != nil {
			return
		}
		var payload []byte
		if payload, err = json.Marshal(in); err == nil {
			err = a.invoke(function, payload, answer)
		}
	}
	for range 3 {
		a.RunFor(10 * time.Minute)
		step.Now = a.Now()
		state("settle-demand", step, nil)
	}
	state("take-lease", leasing.Request{Lease: leasing.ForTraining(step.Model), Owner: step.Run, Token: "lease", Now: step.Now}, nil)
	for _, call := range []int{4, 40, 3} {
		if !dies || err != nil {
			break
		}
		payload, e := json.Marshal(step)
		if err = e; err == nil {
			_, err = a.dies("launch-pipeline", payload, call)
			launches++
		}
	}
	var launched training.LaunchedAs
	state("launch-pipeline", step, &launched)
	launches++
	var ended training.Ended
	for range 3 {
		a.RunFor(10 * time.Minute)
		step.Now, step.Token = a.Now(), "pipeline"
		state("await-pipeline", step, &ended)
	}
	step.Token = ""
	state("gate-package", step, nil)
	state("report-training", training.End{Step: step, Ended: ended}, nil)
	if err == nil && (!launched.Launched || ended.Status != "Succeeded") {
		err = fmt.Errorf("the run was launched: %v, and ended as %q: %s", launched.Launched, ended.Status, ended.Reason)
	}
	return launches, err
}

// reopen ends the run once more, as failed, and returns what that took. It is no part
// of the bill of a run that succeeds.
func (a *account) reopen() (Function, error) {
	step := training.Step{Model: model.Model, Generation: 1, Run: training.ExecutionName(model.Model, 1, 0), Now: a.Now()}
	var err error
	a.Do(func() {
		var run training.Run
		if run, _, err = a.table.Run(ctx, step.Model, step.Generation); err == nil {
			run.State, run.EndedAt = training.Launched, time.Time{}
			err = a.table.PutRun(ctx, run)
		}
	})
	if err != nil {
		return Function{}, err
	}
	payload, err := json.Marshal(training.End{Step: step, Ended: training.Ended{Status: "Failed", Reason: "the measurement asks for it"}})
	if err != nil {
		return Function{}, err
	}
	delete(a.spent, "report-training")
	var ended training.Reported
	err = a.invoke("report-training", payload, &ended)
	if err == nil && ended.State != training.Failed {
		err = fmt.Errorf("a run whose pipeline failed is reported as %s", ended.State)
	}
	return *a.spent["report-training"], err
}

// Manifest is what the run's manifest lists, read back.
type Manifest struct {
	Objects        int
	Missing, Wrong int   // objects that it lacks; entries that are not of the load, or double
	Bytes          int64 // of the objects
	FileBytes      int64 // of the manifest itself, compressed
}

// Exact reports whether it lists each object once, and nothing else.
func (m Manifest) Exact() bool { return m.Missing == 0 && m.Wrong == 0 }

// manifest reads the run's manifest and compares it with the load.
func (a *account) manifest(objects int) (m Manifest, err error) {
	var run training.Run
	a.Do(func() { run, _, err = a.table.Run(ctx, model.Model, 1) })
	if err != nil {
		return m, err
	}
	file, err := os.Open(filepath.Join(a.o.Dir, filepath.FromSlash(path.Clean(strings.TrimPrefix(run.Manifest, "s3://")))))
	if err != nil {
		return m, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return m, err
	}
	m.FileBytes = info.Size()
	seen := make([]uint64, objects/64+1)
	for o, err := range demand.Read(file) {
		if err != nil {
			return m, err
		}
		m.Objects++
		m.Bytes += o.Size
		n := number(o.Key)
		if n < 0 || n >= objects || o.Bucket != bucket || o.Size != size(n) || seen[n/64]>>(n%64)&1 == 1 {
			m.Wrong++
			continue
		}
		seen[n/64] |= 1 << (n % 64)
	}
	m.Missing = objects - (m.Objects - m.Wrong)
	if run.Summary.Objects != m.Objects || run.Summary.Bytes != m.Bytes {
		err = fmt.Errorf("the run says %d objects of %d bytes, its manifest %d of %d", run.Summary.Objects, run.Summary.Bytes, m.Objects, m.Bytes)
	}
	return m, err
}
