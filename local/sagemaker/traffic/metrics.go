package traffic

// Metric is one minute of one metric of AWS/SageMaker.
type Metric struct {
	Name   string
	Values []float64
	Counts []float64
}

// Metrics is what SageMaker publishes for a variant's minute; nothing when there
// was no request. Latencies are in microseconds, errors 0 or 1 for each request.
// Source: AWS.md C.1.
func (a Answers) Metrics(instances int) []Metric {
	n := float64(a.Requests)
	if n == 0 {
		return nil
	}
	share := func(name string, of int) Metric {
		m := Metric{Name: name}
		if of > 0 {
			m.Values, m.Counts = append(m.Values, 1), append(m.Counts, float64(of))
		}
		if rest := n - float64(of); rest > 0 {
			m.Values, m.Counts = append(m.Values, 0), append(m.Counts, rest)
		}
		return m
	}
	return []Metric{
		{"Invocations", []float64{1}, []float64{n}},
		{"InvocationsPerInstance", []float64{1 / float64(max(1, instances))}, []float64{n}},
		share("Invocation4XXErrors", a.Errors4XX),
		share("Invocation5XXErrors", a.Errors5XX),
		share("InvocationModelErrors", a.Errors4XX+a.Errors5XX+a.ModelErrors),
		{"ModelLatency", a.Latency.Values, a.Latency.Counts},
		{"OverheadLatency", a.Overhead.Values, a.Overhead.Counts},
	}
}
