package cloudwatch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sluice/local/cloudwatch/metric"
	"sluice/local/cloudwatch/metricmath"
)

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

// plan is a list of queries that has been checked: every id unique, every
// expression parsed, every period known.
type plan struct {
	queries []metricDataQuery
	byID    map[string]*step
	keys    []string // of the metrics it reads
}

// step is one query with what it takes to answer it.
type step struct {
	query  *metricDataQuery
	stat   metric.Statistic // of a MetricStat
	expr   *metricmath.Expr // of an Expression
	period int              // in seconds
	active bool             // being resolved: an expression that needs itself is refused
}

// newPlan checks queries. operation names the call in errors.
func newPlan(operation string, queries []metricDataQuery) (*plan, error) {
	p := &plan{queries: queries, byID: map[string]*step{}}
	for i := range queries {
		q := &queries[i]
		if !queryID.MatchString(q.ID) {
			return nil, invalid("The value '%s' for parameter MetricDataQueries.member.%d.Id must start with a lower-case letter and have only letters, digits and underscores.", q.ID, i+1)
		}
		if p.byID[q.ID] != nil {
			return nil, invalid("The values for parameter id in MetricDataQueries are not unique: %s.", q.ID)
		}
		st := &step{query: q}
		if err := st.check(operation); err != nil {
			return nil, err
		}
		p.byID[q.ID] = st
		if q.MetricStat != nil {
			p.keys = append(p.keys, q.MetricStat.Metric.metric().Key())
		}
	}
	for i := range queries {
		if _, err := p.resolve(queries[i].ID); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (st *step) check(operation string) (err error) {
	q := st.query
	if q.AccountID != "" {
		return notHere(operation, "AccountId")
	}
	if (q.MetricStat == nil) == (q.Expression == "") {
		return invalid("Exactly one of MetricStat and Expression must be specified for query %s.", q.ID)
	}
	if q.Expression != "" {
		if st.expr, err = metricmath.Parse(q.Expression); err != nil {
			return invalid("Error in expression '%s': %v", q.ID, err)
		}
		return nil
	}
	ms := q.MetricStat
	if ms.Metric.Namespace == "" || ms.Metric.MetricName == "" {
		return invalid("Namespace and MetricName are required for query %s.", q.ID)
	}
	if err := checkDimensions(ms.Metric.Dimensions); err != nil {
		return err
	}
	if err := checkUnit(ms.Unit); err != nil {
		return err
	}
	if err := checkPeriod(ms.Period); err != nil {
		return err
	}
	st.period = ms.Period
	st.stat, err = statistic(operation, ms.Stat)
	return err
}

// resolve finds the period of a query, going through what its expression names.
func (p *plan) resolve(id string) (int, error) {
	st := p.byID[id]
	if st.period != 0 || st.expr == nil {
		return st.period, nil
	}
	if st.active {
		return 0, invalid("Error in expression '%s': it refers to itself.", id)
	}
	st.active = true
	defer func() { st.active = false }()
	ids := st.expr.IDs()
	if strings.Contains(st.query.Expression, "METRICS(") {
		for _, q := range p.queries {
			if q.MetricStat != nil {
				ids = append(ids, q.ID)
			}
		}
	}
	period := 0
	for _, of := range ids {
		if p.byID[of] == nil {
			return 0, invalid("Error in expression '%s': %s is not the id of a query.", id, of)
		}
		n, err := p.resolve(of)
		if err != nil {
			return 0, err
		}
		if period != 0 && n != 0 && n != period {
			return 0, invalid("Error in expression '%s': its metrics have the periods %d and %d; local CloudWatch combines only equal periods.", id, period, n)
		}
		period = max(period, n)
	}
	if q := st.query.Period; q != 0 && period != 0 && q != period {
		return 0, invalid("Error in expression '%s': its Period is %d, that of its metrics %d.", id, q, period)
	}
	if period == 0 {
		return 0, invalid("Error in expression '%s': it must refer to a metric.", id)
	}
	st.period = period
	return period, nil
}

// reading answers the queries of a plan for one window of time.
type reading struct {
	plan     *plan
	store    *metric.Store
	from, to time.Time
	asOf     time.Time
	done     map[string]metricmath.Value
}

func (s *Service) reading(p *plan, from, to, asOf time.Time) *reading {
	return &reading{p, s.Metrics, from, to, asOf, map[string]metricmath.Value{}}
}

func (r *reading) value(id string) (metricmath.Value, error) {
	if v, ok := r.done[id]; ok {
		return v, nil
	}
	st := r.plan.byID[id]
	if st == nil {
		return metricmath.Value{}, fmt.Errorf("%s is not the id of a query", id)
	}
	v, err := r.answer(st)
	if err != nil {
		return v, err
	}
	r.done[id] = v
	return v, nil
}

func (r *reading) answer(st *step) (metricmath.Value, error) {
	period := time.Duration(st.period) * time.Second
	if ms := st.query.MetricStat; ms != nil {
		w := metric.Window{From: r.from, To: r.to, Period: period, Unit: ms.Unit, AsOf: r.asOf}
		return metricmath.Of(r.store.Read(ms.Metric.metric(), st.stat, w)), nil
	}
	env := &metricmath.Env{Lookup: r.value, Period: period}
	for t := r.from; t.Before(r.to); t = t.Add(period) {
		env.Times = append(env.Times, t)
	}
	env.Metrics = func(part string) []metricmath.Series {
		var out []metricmath.Series
		for _, q := range r.plan.queries {
			if q.MetricStat != nil && strings.Contains(q.ID, part) {
				v, err := r.value(q.ID)
				if err == nil { // reading a metric cannot fail
					out = append(out, v.Series...)
				}
			}
		}
		return out
	}
	return st.expr.Eval(env)
}

// series answers a query that must be time series: one, or those of an array.
func (r *reading) series(id string) ([]metricmath.Series, error) {
	v, err := r.value(id)
	if err != nil {
		return nil, invalid("Error in expression '%s': %v", id, err)
	}
	if v.Kind == metricmath.Number {
		return nil, invalid("Error in expression '%s': the result must be a time series, not a number.", id)
	}
	return slices.Clone(v.Series), nil
}
