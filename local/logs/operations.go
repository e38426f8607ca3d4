package logs

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sluice/local/wire"
)

type nothing struct{}

// groupIn serves the operations on a group or a stream that take little more.
type groupIn struct {
	LogGroupName    string            `json:"logGroupName"`
	LogStreamName   string            `json:"logStreamName"`
	LogGroupClass   string            `json:"logGroupClass"`
	KmsKeyID        string            `json:"kmsKeyId"`
	Tags            map[string]string `json:"tags"`
	RetentionInDays int               `json:"retentionInDays"`
}

// need is an operation's need on a group, or on one stream of it.
func need(operation, group, stream string) []wire.Access {
	return []wire.Access{{Action: "logs:" + operation, Resource: arnPrefix + group + ":log-stream:" + stream}}
}

// Wire is the service with all its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "logs", Target: "Logs_20140328"}
	change := func(name string, run func(*groupIn) error) {
		wire.Handle(svc, name, func(in *groupIn) []wire.Access { return need(name, in.LogGroupName, in.LogStreamName) },
			func(_ *wire.Call, in *groupIn) (*nothing, error) { return &nothing{}, run(in) })
	}
	change("CreateLogGroup", s.createLogGroup)
	change("DeleteLogGroup", func(in *groupIn) error {
		_, err := s.group(in.LogGroupName)
		delete(s.groups, in.LogGroupName)
		return err
	})
	change("CreateLogStream", s.createLogStream)
	change("PutRetentionPolicy", s.putRetentionPolicy)
	change("DeleteRetentionPolicy", func(in *groupIn) error {
		g, err := s.group(in.LogGroupName)
		if err == nil {
			g.retention = 0
		}
		return err
	})
	wire.Handle(svc, "DescribeLogGroups", func(*describeIn) []wire.Access { return need("DescribeLogGroups", "", "") },
		func(_ *wire.Call, in *describeIn) (*groupsOut, error) { return s.describeLogGroups(in) })
	wire.Handle(svc, "DescribeLogStreams", func(in *describeIn) []wire.Access { return need("DescribeLogStreams", in.group(), "") },
		func(_ *wire.Call, in *describeIn) (*streamsOut, error) { return s.describeLogStreams(in) })
	wire.Handle(svc, "PutLogEvents", func(in *putIn) []wire.Access { return need("PutLogEvents", in.LogGroupName, in.LogStreamName) },
		func(_ *wire.Call, in *putIn) (*putOut, error) { return s.putLogEvents(in) })
	wire.Handle(svc, "GetLogEvents", func(in *getIn) []wire.Access { return need("GetLogEvents", in.LogGroupName, in.LogStreamName) },
		func(_ *wire.Call, in *getIn) (*getOut, error) { return s.getLogEvents(in) })
	wire.Handle(svc, "FilterLogEvents", func(in *filterIn) []wire.Access { return need("FilterLogEvents", in.LogGroupName, "") },
		func(_ *wire.Call, in *filterIn) (*filterOut, error) { return s.filterLogEvents(in) })
	s.handleTags(svc)
	return svc
}

func (s *Service) createLogGroup(in *groupIn) error {
	switch {
	case !groupName.MatchString(in.LogGroupName):
		return invalid("1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", in.LogGroupName)
	case s.groups[in.LogGroupName] != nil:
		return wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	case in.LogGroupClass != "" && in.LogGroupClass != "STANDARD":
		return notHere("CreateLogGroup", "logGroupClass "+in.LogGroupClass)
	}
	s.create(in.LogGroupName, in.Tags)
	return nil
}

func (s *Service) createLogStream(in *groupIn) error {
	g, err := s.group(in.LogGroupName)
	switch {
	case err != nil:
		return err
	case !streamName.MatchString(in.LogStreamName):
		return invalid("1 validation error detected: Value '%s' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*", in.LogStreamName)
	case g.streams[in.LogStreamName] != nil:
		return wire.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	g.streams[in.LogStreamName] = &stream{name: in.LogStreamName, created: s.world.Now()}
	return nil
}

func (s *Service) putRetentionPolicy(in *groupIn) error {
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return err
	}
	if !slices.Contains(retentions, in.RetentionInDays) {
		return invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must be one of the documented retentions", in.RetentionInDays)
	}
	g.retention = in.RetentionInDays
	return nil
}

type describeIn struct {
	LogGroupNamePrefix  string `json:"logGroupNamePrefix"`
	LogGroupNamePattern string `json:"logGroupNamePattern"`
	LogGroupName        string `json:"logGroupName"`
	LogGroupIdentifier  string `json:"logGroupIdentifier"`
	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"`
	Descending          bool   `json:"descending"`
	NextToken           string `json:"nextToken"`
	Limit               int    `json:"limit"`
}

func (in *describeIn) group() string { return cmp.Or(in.LogGroupName, fromARN(in.LogGroupIdentifier)) }

// fromARN is the name of a group given by name or ARN.
func fromARN(id string) string { return strings.TrimSuffix(strings.TrimPrefix(id, arnPrefix), ":*") }

type groupShape struct {
	LogGroupName      string `json:"logGroupName"`
	CreationTime      int64  `json:"creationTime"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"`
	MetricFilterCount int    `json:"metricFilterCount"`
	ARN               string `json:"arn"`
	LogGroupARN       string `json:"logGroupArn"`
	LogGroupClass     string `json:"logGroupClass"`
	StoredBytes       int64  `json:"storedBytes"`
}

type groupsOut struct {
	LogGroups []groupShape `json:"logGroups"`
	NextToken string       `json:"nextToken,omitempty"`
}

func (s *Service) describeLogGroups(in *describeIn) (*groupsOut, error) {
	if in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	all := []groupShape{}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		g := s.groups[name]
		if strings.HasPrefix(name, in.LogGroupNamePrefix) && strings.Contains(strings.ToLower(name), strings.ToLower(in.LogGroupNamePattern)) {
			all = append(all, groupShape{name, g.created.UnixMilli(), g.retention, 0, arnPrefix + name + ":*", arnPrefix + name, "STANDARD", 0})
		}
	}
	page, next, err := cut(all, in.NextToken, in.Limit, 50)
	return &groupsOut{page, next}, err
}

type streamShape struct {
	LogStreamName       string `json:"logStreamName"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp,omitempty"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp,omitempty"`
	LastIngestionTime   int64  `json:"lastIngestionTime,omitempty"`
	ARN                 string `json:"arn"`
	StoredBytes         int64  `json:"storedBytes"`
}

type streamsOut struct {
	LogStreams []streamShape `json:"logStreams"`
	NextToken  string        `json:"nextToken,omitempty"`
}

func (s *Service) describeLogStreams(in *describeIn) (*streamsOut, error) {
	g, err := s.group(in.group())
	if err != nil {
		return nil, err
	}
	if in.OrderBy == "LastEventTime" && in.LogStreamNamePrefix != "" {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	all := []streamShape{}
	for _, name := range slices.Sorted(maps.Keys(g.streams)) {
		if !strings.HasPrefix(name, in.LogStreamNamePrefix) {
			continue
		}
		st := g.streams[name]
		shape := streamShape{LogStreamName: name, CreationTime: st.created.UnixMilli(), ARN: arnPrefix + g.name + ":log-stream:" + name}
		if n := len(st.events); n > 0 {
			shape.FirstEventTimestamp, shape.LastEventTimestamp = st.events[0].at.UnixMilli(), st.events[n-1].at.UnixMilli()
			last := slices.MaxFunc(st.events, func(a, b event) int { return a.ingested.Compare(b.ingested) })
			shape.LastIngestionTime = last.ingested.UnixMilli()
		}
		all = append(all, shape)
	}
	if in.OrderBy == "LastEventTime" {
		slices.SortStableFunc(all, func(a, b streamShape) int { return cmp.Compare(a.LastEventTimestamp, b.LastEventTimestamp) })
	}
	if in.Descending {
		slices.Reverse(all)
	}
	page, next, err := cut(all, in.NextToken, in.Limit, 50)
	return &streamsOut{page, next}, err
}

// cut is one page of a list. A token is the number of entries before the page.
func cut[T any](all []T, token string, limit, most int) ([]T, string, error) {
	if limit < 0 || limit > most {
		return nil, "", invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, most)
	}
	from := 0
	if token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(all) {
			return nil, "", invalid("The specified nextToken is invalid.")
		}
		from = n
	}
	to := min(from+cmp.Or(limit, most), len(all))
	if to < len(all) {
		return all[from:to], strconv.Itoa(to), nil
	}
	return all[from:to], "", nil
}

type tagIn struct {
	ResourceARN string            `json:"resourceArn"`
	Tags        map[string]string `json:"tags"`
	TagKeys     []string          `json:"tagKeys"`
}

type tagsOut struct {
	Tags map[string]string `json:"tags"`
}

func (s *Service) handleTags(svc *wire.Service) {
	for _, name := range []string{"TagResource", "UntagResource", "ListTagsForResource"} {
		wire.Handle(svc, name, func(in *tagIn) []wire.Access {
			return []wire.Access{{Action: "logs:" + name, Resource: in.ResourceARN}}
		}, func(_ *wire.Call, in *tagIn) (*tagsOut, error) {
			g, err := s.group(fromARN(in.ResourceARN))
			if err != nil {
				return nil, err
			}
			maps.Copy(g.tags, in.Tags)
			for _, k := range in.TagKeys {
				delete(g.tags, k)
			}
			return &tagsOut{maps.Clone(g.tags)}, nil
		})
	}
}
