package event_test

import (
	"testing"

	"sluice/shared/event"
)

// FuzzCode reads anything as each event about code and delivery: it is refused as
// Invalid, or it names what it is about.
func FuzzCode(f *testing.F) {
	seed(f)
	readers := map[string]func(event.Envelope) (named bool, err error){
		event.ReferenceStateType: func(e event.Envelope) (bool, error) {
			r, err := event.ReferenceState(e)
			return r.Repository != "" && r.Name != "", err
		},
		event.PullRequestStateType: func(e event.Envelope) (bool, error) {
			p, err := event.PullRequestState(e)
			return p.ID != "" && p.Repository != "", err
		},
		event.GitPushType: func(e event.Envelope) (bool, error) {
			e.Source = event.GitSource
			p, err := event.GitPush(e)
			return p.Repository != "" && p.Branch != "" && len(p.Commit) >= 40, err
		},
		event.BuildStateType: func(e event.Envelope) (bool, error) {
			b, err := event.BuildState(e)
			return b.ARN != "" && b.Project != "", err
		},
		event.ImageActionType: func(e event.Envelope) (bool, error) {
			i, err := event.ImagePush(e)
			return i.Repository != "" && i.Digest != "", err
		},
		event.ImageScanType: func(e event.Envelope) (bool, error) {
			i, err := event.ImageScan(e)
			return i.Repository != "" && i.Digest != "", err
		},
		event.PipelineStateType:    delivery,
		event.StageStateType:       delivery,
		event.ActionStateType:      delivery,
		event.DeploymentStateType:  func(e event.Envelope) (bool, error) { d, err := event.DeploymentState(e); return d.ID != "", err },
		event.MachineExecutionType: func(e event.Envelope) (bool, error) { x, err := event.MachineExecution(e); return x.ARN != "", err },
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for detailType, read := range readers {
			e, ok := fuzzed(detailType, raw)
			if !ok {
				return
			}
			if named, err := read(e); !refused(t, err) && !named {
				t.Fatalf("accepted a nameless %s", detailType)
			}
		}
	})
}

func delivery(e event.Envelope) (bool, error) {
	d, err := event.DeliveryState(e)
	return d.Pipeline != "" && d.State != "", err
}
