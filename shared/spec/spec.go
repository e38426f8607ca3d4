// Package spec is the contract of sluice.yaml: what a model's file may say, what
// it means when it says nothing, and what is wrong with it, all at once and by
// line. Parse reads a file, Normalised fills the defaults, Version names the
// content.
//
// It decides no rollout and launches nothing: it is pure, and everything that
// acts for a model starts from the Spec it returns. Command line and Lambdas both
// read specs here, so that a file which passes `sluice check` is a file that runs.
package spec

// Spec is one model: one sluice.yaml. JSON names are the YAML names, so that a
// Spec can be stored as JSON and read back unchanged.
type Spec struct {
	Model    string   `json:"model"`
	Pipeline Pipeline `json:"pipeline"`
	Triggers Triggers `json:"triggers,omitzero"`
	Package  Package  `json:"package"`
	Endpoint Endpoint `json:"endpoint"`
	Rollout  Rollout  `json:"rollout,omitzero"`
	Drift    *Drift   `json:"drift,omitempty"`
	Code     *Code    `json:"code,omitempty"`
}

// Pipeline is the SageMaker pipeline that trains the model.
type Pipeline struct {
	Name string `json:"name"`
	// Parameters are passed to StartPipelineExecution. Values may hold the
	// placeholders of Placeholders; Expand fills them.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// Triggers say what asks for training.
type Triggers struct {
	Data      []DataTrigger      `json:"data,omitempty"`
	Drift     []DriftTrigger     `json:"drift,omitempty"`
	Schedule  []ScheduleTrigger  `json:"schedule,omitempty"`
	Promotion []PromotionTrigger `json:"promotion,omitempty"`
	// Cooldown is how long after a training run ended the next may begin.
	Cooldown Duration `json:"cooldown,omitzero"`
	// MaxPerDay bounds the training runs that begin within any 24 hours; 0 for no bound.
	MaxPerDay int `json:"maxPerDay,omitempty"`
	// Strikes is after how many trained packages in a row that fail the gate training
	// by itself stops.
	Strikes int `json:"strikes,omitempty"`
}

// DataTrigger asks for training when objects arrive in S3.
type DataTrigger struct {
	Bucket string `json:"bucket"`
	Prefix string `json:"prefix,omitempty"`
	Suffix string `json:"suffix,omitempty"`
	// Quiet is how long no further object may arrive before training starts.
	Quiet Duration `json:"quiet,omitzero"`
	// MaxWait is the longest an object waits, however many still arrive.
	MaxWait Duration `json:"maxWait,omitzero"`
	// MinObjects and MinBytes are what must have come together before quiet counts.
	MinObjects int   `json:"minObjects,omitempty"`
	MinBytes   Bytes `json:"minBytes,omitzero"`
	// Marker is the name, after the last slash of a key, of the object that says that
	// all have come; * stands for any characters. It is no data itself.
	Marker string `json:"marker,omitempty"`
}

// DriftTrigger asks for training when a CloudWatch alarm goes off, metric or
// composite. Exactly one of Alarm and Tag is set.
type DriftTrigger struct {
	// Alarm is a name in which * stands for any characters.
	Alarm string `json:"alarm,omitempty"`
	// Tag is a tag that the alarm has, as key=value.
	Tag string `json:"tag,omitempty"`
	// Hold is how long the alarm must stay on before it counts.
	Hold Duration `json:"hold,omitzero"`
}

// ScheduleTrigger asks for training at set times. Exactly one of Cron and Rate is set.
type ScheduleTrigger struct {
	// Cron is minute, hour, day of month, month and day of week.
	Cron string `json:"cron,omitempty"`
	// Zone is the time zone of Cron, such as Europe/Berlin.
	Zone string `json:"zone,omitempty"`
	// Rate is the time between two runs, counted from midnight of 1970, UTC.
	Rate Duration `json:"rate,omitzero"`
}

// PromotionTrigger asks for training when a rollout of another model is promoted, on
// what the last run had if nothing is new.
type PromotionTrigger struct {
	Model string `json:"model"`
}

// Package is the model package group that the pipeline registers into, and what
// a package of it must meet before it is rolled out.
type Package struct {
	Group   string      `json:"group"`
	Gate    []Condition `json:"gate,omitempty"`
	Approve Approve     `json:"approve,omitempty"`
}

// Condition is one condition of the gate, on one number of the evaluation report.
// Metric is a dotted path into the report. Min and Max are absolute; MaxDrop and
// MaxRise are differences from the champion, in the metric's own unit.
type Condition struct {
	Metric  string   `json:"metric"`
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	MaxDrop *float64 `json:"maxDrop,omitempty"`
	MaxRise *float64 `json:"maxRise,omitempty"`
}

// Approve says who approves a package that meets the gate.
type Approve string

const (
	Automatic Approve = "automatic"
	Manual    Approve = "manual"
)

// Endpoint is the SageMaker endpoint that serves the model.
type Endpoint struct {
	Name          string `json:"name"`
	InstanceType  string `json:"instanceType"`
	InstanceCount int    `json:"instanceCount,omitempty"`
	// ExecutionRole is the ARN of the role that the model's containers run as;
	// empty means the role that the deployment of Sluice brings along.
	ExecutionRole string `json:"executionRole,omitempty"`
	// Price is what one instance costs in dollars an hour, for `sluice plan`. There
	// is no default: prices differ by region and contract.
	Price float64 `json:"price,omitempty"`
}

// Rollout says how traffic moves to a new model package. Only the block named by
// Strategy is set; Shadow also sets the block named by Shadow.Then.
type Rollout struct {
	Strategy  Strategy  `json:"strategy,omitempty"`
	Canary    Canary    `json:"canary,omitzero"`
	Linear    Linear    `json:"linear,omitzero"`
	BlueGreen BlueGreen `json:"blueGreen,omitzero"`
	Shadow    Shadow    `json:"shadow,omitzero"`
	Steps     []Step    `json:"steps,omitempty"`
	// FinalBake is the bake at weight 100.
	FinalBake Duration `json:"finalBake,omitzero"`
	// Capacity says whether instances follow the weight or are all there from the
	// start. Headroom is what follow adds to what a share of the traffic needs; full
	// has none.
	Capacity Capacity `json:"capacity,omitempty"`
	Headroom Percent  `json:"headroom,omitzero"`
	// Standby is how long the old variant is kept warm after promotion, so that undo
	// is a weight change; zero for not at all.
	Standby Duration `json:"standby,omitzero"`
	// Queue says what a new rollout does while another one has the endpoint.
	Queue Queue `json:"queue,omitempty"`
	// Windows are when weights may rise; none means always.
	Windows []Window `json:"windows,omitempty"`
	// Alarms are the names of CloudWatch alarms that roll back at once.
	Alarms []string `json:"alarms,omitempty"`
	Judge  Judge    `json:"judge,omitzero"`
}

// Strategy is the shape of a rollout.
type Strategy string

const (
	StrategyCanary    Strategy = "canary"
	StrategyLinear    Strategy = "linear"
	StrategyBlueGreen Strategy = "blueGreen"
	StrategyShadow    Strategy = "shadow"
	StrategySteps     Strategy = "steps"
)

// Canary moves Weight whole percent (1..99), bakes, then moves the rest.
type Canary struct {
	Weight int      `json:"weight,omitempty"`
	Bake   Duration `json:"bake,omitzero"`
}

// Linear moves Step whole percent (1..50) at a time, and bakes after each.
type Linear struct {
	Step int      `json:"step,omitempty"`
	Bake Duration `json:"bake,omitzero"`
}

// BlueGreen moves everything at once. Its Bake is the bake at weight 100.
type BlueGreen struct {
	Bake Duration `json:"bake,omitzero"`
}

// Shadow mirrors Sampling whole percent (1..100) of the requests to the candidate,
// whose answers no user gets, bakes, then goes on as Then says: canary, linear or
// blueGreen.
type Shadow struct {
	Sampling int      `json:"sampling,omitempty"`
	Bake     Duration `json:"bake,omitzero"`
	Then     Strategy `json:"then,omitempty"`
}

// Step is one step of strategy steps: exactly one of a weight with its bake, a
// shadow, an approval and a pause.
type Step struct {
	// Weight is the candidate's share, whole percent, 1..99; the last step, at 100,
	// is FinalBake.
	Weight  int       `json:"weight,omitempty"`
	Bake    Duration  `json:"bake,omitzero"`
	Shadow  *Mirror   `json:"shadow,omitempty"`
	Approve *Approval `json:"approve,omitempty"`
	Pause   *Pause    `json:"pause,omitempty"`
}

// Mirror is a shadow as one step among others.
type Mirror struct {
	Sampling int      `json:"sampling,omitempty"`
	Bake     Duration `json:"bake,omitzero"`
}

// Approval is a step that waits for a person, at the weight of the step before.
type Approval struct {
	Expires   Duration `json:"expires,omitzero"`
	OnTimeout Timeout  `json:"onTimeout,omitempty"`
}

// Timeout is what an approval comes to that nobody gave.
type Timeout string

const (
	TimeoutRollBack Timeout = "rollBack"
	TimeoutPromote  Timeout = "promote"
)

// Pause is a step that waits at the weight of the step before: For a time, or, at
// zero, until a person resumes.
type Pause struct {
	For Duration `json:"for,omitzero"`
}

// Capacity says how many instances each side has during a rollout.
type Capacity string

const (
	CapacityFollow Capacity = "follow"
	CapacityFull   Capacity = "full"
)

// Queue is what becomes of a rollout that finds its endpoint taken: the newest waits
// and older waiting ones end, or the running one is rolled back first.
type Queue string

const (
	QueueLatest  Queue = "latest"
	QueueReplace Queue = "replace"
)

// Window is a span of local time on some days of the week, in which weights may
// rise: From is in it, To is not. A window whose To is not after From ends on the
// next day. Open says what it means where clocks are changed.
type Window struct {
	Days []Day     `json:"days,omitempty"` // on which it begins; none means every day
	From ClockTime `json:"from"`
	To   ClockTime `json:"to"`
	Zone string    `json:"zone,omitempty"` // IANA name; empty means UTC
}

// Day is a day of the week: mon to sun.
type Day string

const (
	Monday    Day = "mon"
	Tuesday   Day = "tue"
	Wednesday Day = "wed"
	Thursday  Day = "thu"
	Friday    Day = "fri"
	Saturday  Day = "sat"
	Sunday    Day = "sun"
)

// ClockTime is a local time of day, "00:00" to "23:59", or, as the end of one, "24:00".
type ClockTime string

// Judge says how much worse a candidate may be, and how sure the judge must be.
type Judge struct {
	// FalseRollback bounds the share of healthy candidates that are rolled back,
	// over a whole rollout.
	FalseRollback Percent  `json:"falseRollback,omitzero"`
	Errors        Errors   `json:"errors,omitzero"`
	Latency       *Latency `json:"latency,omitempty"`
	// NoTraffic decides what becomes of a step that nobody used.
	NoTraffic NoTraffic `json:"noTraffic,omitempty"`
}

// Errors is the tolerance on the error rate: a candidate is no worse than
// tolerated while its rate is at most baseline x (1 + Relative) + Tolerance.
type Errors struct {
	Tolerance Percent `json:"tolerance"`
	Relative  Percent `json:"relative"`
	DryRun    bool    `json:"dryRun,omitempty"`
}

// Latency is the tolerance on model latency: a candidate is no worse than
// tolerated while its Percentile is at most baseline x (1 + Tolerance). Without
// it latency is not judged.
type Latency struct {
	Percentile string  `json:"percentile,omitempty"`
	Tolerance  Percent `json:"tolerance,omitzero"`
	DryRun     bool    `json:"dryRun,omitempty"`
}

// NoTraffic is what becomes of a step without requests.
type NoTraffic string

const (
	NoTrafficHold     NoTraffic = "hold"
	NoTrafficPromote  NoTraffic = "promote"
	NoTrafficRollBack NoTraffic = "rollBack"
)
