package local

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"sluice/local/lambda"
	"sluice/local/lambda/process"
	"sluice/shared/announcing"
	"sluice/shared/awsbuilds"
	"sluice/shared/awsdelivery"
	"sluice/shared/awsdeployments"
	"sluice/shared/awsendpoints"
	"sluice/shared/awsevents"
	"sluice/shared/awsfunctions"
	"sluice/shared/awsgit"
	"sluice/shared/awsimages"
	"sluice/shared/awsletters"
	"sluice/shared/awslogs"
	"sluice/shared/awsmachines"
	"sluice/shared/awsmetrics"
	"sluice/shared/awsnotices"
	"sluice/shared/awsobjects"
	"sluice/shared/awspipelines"
	"sluice/shared/awsscaling"
	"sluice/shared/awstable"
	"sluice/shared/awstrail"
	"sluice/shared/building"
	"sluice/shared/capturing"
	"sluice/shared/checking"
	"sluice/shared/commanding"
	"sluice/shared/committing"
	"sluice/shared/delivering"
	"sluice/shared/deploying"
	"sluice/shared/edge"
	"sluice/shared/failing"
	"sluice/shared/intake"
	"sluice/shared/leasing"
	"sluice/shared/reporting"
	"sluice/shared/requesting"
	"sluice/shared/shifting"
	"sluice/shared/signalling"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

// parts is what a function is built of: its AWS configuration, its environment, and
// where it writes its log.
type parts struct {
	cfg aws.Config
	env map[string]string
	log io.Writer
}

func (p parts) get(v edge.Var) string { return p.env[string(v)] }

func (p parts) table() *awstable.Table { return awstable.Open(p.cfg, p.get(edge.Table)) }

func (p parts) room() *waiting.Room {
	return waiting.NewRoom(p.table(), awsmachines.Open(p.cfg, ""))
}

func (p parts) intake() *intake.Intake {
	return intake.New(p.table(), awsobjects.Open(p.cfg, p.get(edge.Store)), awsmachines.Open(p.cfg, p.get(edge.TrainingMachine)), awsmetrics.Open(p.cfg), p.room())
}

func (p parts) requesting() *requesting.Requesting {
	return requesting.New(p.table(), awsmachines.Open(p.cfg, p.get(edge.RolloutMachine)))
}

func (p parts) commanding() *commanding.Commanding {
	return commanding.New(p.table(), p.requesting(), p.room())
}

func (p parts) training() *training.Training {
	return &training.Training{
		Table: p.table(), Store: awsobjects.Open(p.cfg, p.get(edge.Store)),
		Pipelines: awspipelines.Open(p.cfg), Registry: awspipelines.OpenRegistry(p.cfg), Rollouts: p.requesting(),
		Room: p.room(), Desk: leasing.NewDesk(p.table(), p.room()), Notices: awsnotices.Open(p.cfg, p.get(edge.Topic)),
		Logs: awslogs.Open(p.cfg),
	}
}

func (p parts) shifting() *shifting.Shifting {
	cloudWatch, endpoints := awsmetrics.Open(p.cfg), awsendpoints.Open(p.cfg)
	return &shifting.Shifting{
		Table: p.table(), Endpoints: endpoints, Attic: endpoints, Scaling: awsscaling.Open(p.cfg), Alarms: cloudWatch, Metrics: cloudWatch,
		Trail:    awstrail.Open(p.cfg, p.get(edge.Stack)),
		Registry: awspipelines.OpenRegistry(p.cfg), Notices: awsnotices.Open(p.cfg, p.get(edge.Topic)),
		Room: p.room(), Desk: leasing.NewDesk(p.table(), p.room()), ModelRole: p.get(edge.ModelRole),
	}
}

func (p parts) reports() *reporting.Desk {
	return reporting.NewDesk(p.table(), awsnotices.Open(p.cfg, p.get(edge.Topic)))
}

func (p parts) committing() *committing.Committing {
	return &committing.Committing{
		Table: p.table(), Git: awsgit.Open(p.cfg), Builds: awsbuilds.Open(p.cfg), Trainer: p.intake(), Reports: p.reports(), Environment: p.get(edge.Environment),
	}
}

func (p parts) checking() *checking.Checking {
	return &checking.Checking{Table: p.table(), Requests: awsgit.Open(p.cfg), Builds: awsbuilds.Open(p.cfg)}
}

func (p parts) building() *building.Building {
	return &building.Building{
		Table: p.table(), Builds: awsbuilds.Open(p.cfg), Images: awsimages.Open(p.cfg),
		Champion: awspipelines.OpenRegistry(p.cfg), Packages: awsimages.OpenRegistry(p.cfg), Rollouts: p.requesting(), Reports: p.reports(),
	}
}

func (p parts) delivering() *delivering.Delivering {
	return &delivering.Delivering{Table: p.table(), Registry: awspipelines.OpenRegistry(p.cfg), Rollouts: p.requesting(), Pipelines: awsdelivery.Open(p.cfg)}
}

func (p parts) capturing() *capturing.Capturing {
	return &capturing.Capturing{Table: p.table(), Store: awsobjects.Open(p.cfg, p.get(edge.Store)), Metrics: awsmetrics.Open(p.cfg)}
}

func (p parts) failing() *failing.Failing {
	return &failing.Failing{
		Builds: awsbuilds.Open(p.cfg), Deployments: awsdeployments.Open(p.cfg), Machines: awsmachines.Open(p.cfg, ""), Letters: awsletters.Open(p.cfg),
		Reports: p.reports(),
	}
}

func (p parts) deploying() *deploying.Deploying {
	return &deploying.Deploying{Deployments: awsdeployments.Open(p.cfg), Functions: awsfunctions.Open(p.cfg)}
}

// Functions leads from the folder of each function to its handler, for running in
// process. The mains in functions/ wire the same handlers with what each needs.
var Functions = map[string]func(parts) edge.Handler{
	"on-data":  func(p parts) edge.Handler { return edge.Handle("on-data", p.log, p.intake().OnData) },
	"on-alarm": func(p parts) edge.Handler { return edge.Handle("on-alarm", p.log, p.intake().OnAlarm) },
	"on-capture": func(p parts) edge.Handler {
		return edge.Handle("on-capture", p.log, p.capturing().OnCapture)
	},
	"on-schedule": func(p parts) edge.Handler {
		return edge.Handle("on-schedule", p.log, p.intake().OnSchedule)
	},
	"on-promotion": func(p parts) edge.Handler {
		return edge.Handle("on-promotion", p.log, p.intake().OnPromotion)
	},
	"on-signal":  func(p parts) edge.Handler { return edge.Handle("on-signal", p.log, signalling.New(p.room()).OnSignal) },
	"on-command": func(p parts) edge.Handler { return edge.Handle("on-command", p.log, p.commanding().OnCommand) },
	"announce-rollout": func(p parts) edge.Handler {
		return edge.Handle("announce-rollout", p.log, announcing.New(awsevents.Open(p.cfg, ""), awsnotices.Open(p.cfg, p.get(edge.Topic))).Announce)
	},
	"on-commit":   func(p parts) edge.Handler { return edge.Handle("on-commit", p.log, p.committing().OnCommit) },
	"on-request":  func(p parts) edge.Handler { return edge.Handle("on-request", p.log, p.checking().OnRequest) },
	"on-build":    func(p parts) edge.Handler { return edge.Handle("on-build", p.log, p.building().OnBuild) },
	"on-delivery": func(p parts) edge.Handler { return edge.Handle("on-delivery", p.log, p.delivering().OnDelivery) },
	"report-failure": func(p parts) edge.Handler {
		return edge.Handle("report-failure", p.log, p.failing().ReportFailure)
	},
	"check-deployment": func(p parts) edge.Handler {
		return edge.Handle("check-deployment", p.log, p.deploying().CheckDeployment)
	},
	"on-package": func(p parts) edge.Handler {
		return edge.Handle("on-package", p.log, p.requesting().OnPackage)
	},
	"take-lease": func(p parts) edge.Handler {
		return edge.Handle("take-lease", p.log, leasing.NewDesk(p.table(), p.room()).TakeLease)
	},
	"settle-demand":   func(p parts) edge.Handler { return edge.Handle("settle-demand", p.log, p.training().SettleDemand) },
	"launch-pipeline": func(p parts) edge.Handler { return edge.Handle("launch-pipeline", p.log, p.training().LaunchPipeline) },
	"await-pipeline":  func(p parts) edge.Handler { return edge.Handle("await-pipeline", p.log, p.training().AwaitPipeline) },
	"gate-package":    func(p parts) edge.Handler { return edge.Handle("gate-package", p.log, p.training().GatePackage) },
	"report-training": func(p parts) edge.Handler { return edge.Handle("report-training", p.log, p.training().ReportTraining) },
	"await-turn":      func(p parts) edge.Handler { return edge.Handle("await-turn", p.log, p.shifting().AwaitTurn) },
	"clean-up":        func(p parts) edge.Handler { return edge.Handle("clean-up", p.log, p.shifting().CleanUp) },
	"plan-rollout":    func(p parts) edge.Handler { return edge.Handle("plan-rollout", p.log, p.shifting().PlanRollout) },
	"prepare-variants": func(p parts) edge.Handler {
		return edge.Handle("prepare-variants", p.log, p.shifting().PrepareVariants)
	},
	"await-endpoint": func(p parts) edge.Handler { return edge.Handle("await-endpoint", p.log, p.shifting().AwaitEndpoint) },
	"shift-weight":   func(p parts) edge.Handler { return edge.Handle("shift-weight", p.log, p.shifting().ShiftWeight) },
	"bake":           func(p parts) edge.Handler { return edge.Handle("bake", p.log, p.shifting().Bake) },
	"judge":          func(p parts) edge.Handler { return edge.Handle("judge", p.log, p.shifting().Judge) },
	"promote":        func(p parts) edge.Handler { return edge.Handle("promote", p.log, p.shifting().Promote) },
	"roll-back":      func(p parts) edge.Handler { return edge.Handle("roll-back", p.log, p.shifting().RollBack) },
	"report-rollout": func(p parts) edge.Handler { return edge.Handle("report-rollout", p.log, p.shifting().ReportRollout) },
}

// Binaries runs functions as the compiled bootstraps in dir/<function>/bootstrap,
// which reach the account at endpoint. A version runs the binary that is there: nobody
// may change it while the account lives.
func Binaries(dir, endpoint string) func(*AWS, lambda.Function) (lambda.Host, error) {
	return func(a *AWS, f lambda.Function) (lambda.Host, error) {
		binary, err := filepath.Abs(filepath.Join(dir, path.Base(f.CodePath), "bootstrap"))
		if err != nil {
			return nil, err
		}
		env := a.Lambda.Environment(f, endpoint)
		env["AWS_MAX_ATTEMPTS"] = "3"
		return process.New(a.World, process.Config{Binary: binary, Env: env}), nil
	}
}

// InProcess runs functions as handlers in this process, which hold the world while
// they run and reach the account without a network.
func InProcess(a *AWS, f lambda.Function) (lambda.Host, error) {
	name := path.Base(f.CodePath)
	build := Functions[name]
	if build == nil {
		return nil, fmt.Errorf("function %s: local/functions.go has no handler for functions/%s", f.Name, name)
	}
	log := &lines{write: func(line string) { a.log(f.Name, line) }}
	handler := build(parts{cfg: a.Config(f), env: f.Environment, log: log})
	return lambda.InProcess(func(ctx context.Context, payload []byte) ([]byte, error) { return handler(ctx, payload) }), nil
}
