package event

// Watched is what an alarm watches, as far as one metric says.
type Watched struct {
	Description string
	Dimensions  map[string]string
}

// AlarmWatched reads what the alarm of a CloudWatch event watches. A composite alarm,
// or one on an expression, has the dimensions of its first metric, or none.
func AlarmWatched(e Envelope) (Watched, error) {
	d, err := detail[struct {
		Configuration struct {
			Description string
			Metrics     []struct {
				MetricStat struct {
					Metric struct{ Dimensions map[string]string }
				}
			}
		}
	}](e, AlarmStateType)
	if err != nil {
		return Watched{}, err
	}
	w := Watched{Description: d.Configuration.Description}
	for _, m := range d.Configuration.Metrics {
		if len(m.MetricStat.Metric.Dimensions) > 0 {
			w.Dimensions = m.MetricStat.Metric.Dimensions
			break
		}
	}
	return w, nil
}
