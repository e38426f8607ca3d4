package local

import (
	"time"

	"sluice/local/autoscaling"
	"sluice/local/wire"
)

// scaling shows Application Auto Scaling the endpoints and metrics of this account.
type scaling struct{ *AWS }

func (s scaling) Variant(endpoint, variant string) (autoscaling.Variant, bool) {
	e, err := s.SageMaker.Hosting.Describe(endpoint)
	if err != nil || e.EndpointName != endpoint {
		return autoscaling.Variant{}, false
	}
	for _, v := range e.ProductionVariants {
		if v.VariantName == variant && v.CurrentServerlessConfig == nil {
			return autoscaling.Variant{InService: e.EndpointStatus == "InService", Instances: v.CurrentInstanceCount}, true
		}
	}
	return autoscaling.Variant{}, false
}

func (s scaling) Resize(endpoint, variant string, instances int) error {
	return s.SageMaker.Hosting.Resize(endpoint, variant, instances)
}

func (s scaling) Published(m autoscaling.Metric, from, to time.Time) []autoscaling.Point {
	read, err := s.CloudWatch.Series(m.Namespace, m.Name, m.Dims, m.Statistic, time.Minute, from, to)
	if err != nil {
		return nil // a statistic that CloudWatch does not know has no data
	}
	points := make([]autoscaling.Point, 0, len(read))
	for _, p := range read {
		points = append(points, autoscaling.Point{Minute: p.At, Value: p.Value})
	}
	return points
}

// deregister ends the scaling of an endpoint that a caller deletes, if the caller may.
func (s scaling) deregister(c *wire.Call, endpoint string) error {
	for _, v := range s.AutoScaling.Scaled(endpoint) {
		if err := s.Server.Permit(c, autoscaling.Deregistration(endpoint, v)); err != nil {
			return err
		}
	}
	s.AutoScaling.Deregister(endpoint)
	return nil
}
