package autoscaling

import (
	"fmt"
	"time"

	"sluice/local/wire"
)

// hanging is what policies and scheduled actions are alike in: they hang on a target,
// by names of their own, and go with it.
type hanging struct {
	name, arn string
	created   time.Time
}

// hang begins something of this kind, whose name is the member named. Source of the
// ARN's form: the API reference.
func (s *Service) hang(on key, kind, named, name string) hanging {
	arn := fmt.Sprintf("arn:aws:autoscaling:%s:%s:%s:%s:resource/%s/%s:%s/%s", wire.Region, wire.Account, kind, s.w.UUID("autoscaling/"+kind), on.ServiceNamespace, on.ResourceID, named, name)
	return hanging{name, arn, s.w.Now()}
}

func (h *hanging) called() string { return h.name }

// called finds a thing by its name, and whether it is there.
func called[T interface{ called() string }](all []T, name string) (found T, known bool) {
	for _, x := range all {
		if x.called() == name {
			return x, true
		}
	}
	return found, false
}

// checkName applies the rule for names of policies and scheduled actions.
func checkName(member, name string) error {
	if name == "" {
		return missing(member)
	}
	if len(name) > 256 {
		return constraint(name, member, "Member must have length less than or equal to 256")
	}
	return nil
}
