package event_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"sluice/shared/event"
	"sluice/shared/fault"
)

// seed adds every sample and a few broken ones.
func seed(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(samples, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, text := range []string{"", "{}", "null", "[]", `{"source":"s","detail-type":"d","detail":0,"time":-1}`, `{"detail":{"bucket":{"name":{}}}}`} {
		f.Add([]byte(text))
	}
}

// refused fails the test for an error of another kind than Invalid.
func refused(t *testing.T, err error) bool {
	t.Helper()
	if err != nil && !fault.Is(err, fault.Invalid) {
		t.Fatalf("refused as %s: %v", fault.Of(err), err)
	}
	return err != nil
}

func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := event.Parse(raw)
		if !refused(t, err) && (e.Source == "" || e.DetailType == "" || len(e.Detail) == 0) {
			t.Fatalf("accepted %+v", e)
		}
	})
}

// fuzzed reads raw as an event of this type, whatever type it says.
func fuzzed(detailType string, raw []byte) (event.Envelope, bool) {
	e, err := event.Parse(raw)
	e.DetailType = detailType
	return e, err == nil
}

func FuzzObjectChange(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, detailType := range []string{event.ObjectCreatedType, event.ObjectDeletedType} {
			e, ok := fuzzed(detailType, raw)
			if !ok {
				return
			}
			o, err := event.ObjectChange(e)
			if !refused(t, err) && (o.Bucket == "" || o.Key == "" || o.Sequencer == "" || o.At.IsZero() || o.Size < 0 || (o.Deletion == "") != (detailType == event.ObjectCreatedType)) {
				t.Fatalf("accepted %+v", o)
			}
		}
	})
}

func FuzzPackageState(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, ok := fuzzed(event.PackageStateType, raw)
		if !ok {
			return
		}
		p, err := event.PackageState(e)
		if !refused(t, err) && (p.ARN == "" || p.Group == "") {
			t.Fatalf("accepted %+v", p)
		}
	})
}

func FuzzAlarmState(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, ok := fuzzed(event.AlarmStateType, raw)
		if !ok {
			return
		}
		a, err := event.AlarmState(e)
		if !refused(t, err) && (a.Name == "" || a.State == "") {
			t.Fatalf("accepted %+v", a)
		}
	})
}

func FuzzSubject(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, detailType := range []string{event.EndpointStateType, event.PipelineExecutionType, event.AlarmStateType} {
			e, ok := fuzzed(detailType, raw)
			if !ok {
				return
			}
			r, err := event.Subject(e)
			if !refused(t, err) && (r == event.Endpoint("") || r == event.PipelineExecution("") || r == event.AlarmNamed("")) {
				t.Fatalf("accepted %q", r)
			}
		}
	})
}

// Whatever comes, each change has a name for itself, and either an error or an object.
func FuzzChanges(f *testing.F) {
	for _, value := range []string{`{"S":"a"}`, `{"N":"-1.5E3"}`, `{"L":[{"NULL":true},{"BOOL":false}]}`, `{"M":{"x":{"M":{}}}}`, `{"SS":["a"]}`, `{"B":"AAEqQQ=="}`} {
		f.Add([]byte(`{"Records":[{"eventSource":"aws:dynamodb","eventName":"MODIFY","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"k"}},"NewImage":{"v":` + value + `}}}]}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var all event.Changes
		if refused(t, all.UnmarshalJSON(raw)) {
			return
		}
		for _, c := range all {
			if c.Sequence == "" || event.Again(c).Failures[0].Sequence != c.Sequence {
				t.Fatalf("a change without a name: %+v", c)
			}
			if refused(t, c.Err) {
				if c.Key != nil || c.Item != nil {
					t.Fatalf("refused and read: %+v", c)
				}
				continue
			}
			for _, object := range []json.RawMessage{c.Key, c.Item} {
				var members map[string]json.RawMessage
				if object == nil {
					continue
				}
				if err := json.Unmarshal(object, &members); err != nil || members == nil {
					t.Fatalf("%s is no object: %v", object, err)
				}
			}
			if len(c.Key) == 0 {
				t.Fatalf("a change of nothing: %+v", c)
			}
		}
	})
}
