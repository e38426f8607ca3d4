package edge

import (
	"bytes"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"sluice/shared/fault"
)

// Probe is what check-deployment asks a new version before it gets events. Whoever is
// allowed to invoke a function may ask it: the answer has no effect.
type Probe struct {
	Sample json.RawMessage `json:"sluiceProbe"` // a payload as the function gets them
}

// Probed is the answer to a Probe: the function has started, its parts are wired, and it
// has read the sample.
type Probed struct {
	Function string `json:"function"` // as its main starts it, such as on-data
	Version  string `json:"version"`  // as Lambda told it, "" outside of Lambda
}

// probe is how every Probe begins. Payloads can be large: they are not read twice to
// find out what they are.
var probe = []byte(`{"sluiceProbe"`)

// probed answers payload if it is a Probe. in is a new value of the type that the
// handler takes.
func probed(name string, payload []byte, in any) (answer json.RawMessage, is bool, err error) {
	if !bytes.HasPrefix(payload, probe) {
		return nil, false, nil
	}
	var p Probe
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, true, fault.Invalid.Errorf("reading the probe of %s: %w", name, err)
	}
	if err := json.Unmarshal(p.Sample, in); err != nil {
		return nil, true, fault.Invalid.Errorf("reading the sample in the probe of %s: %w", name, err)
	}
	answer, err = json.Marshal(Probed{Function: name, Version: lambdacontext.FunctionVersion})
	return answer, true, err
}
