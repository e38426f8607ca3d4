package benchintake

import (
	"fmt"
	"io/fs"
	"path"
	"runtime/metrics"
	"time"

	"sluice/local/cloudformation"
)

// limit is what template.yaml gives a function.
type limit struct {
	memoryMB int
	timeout  time.Duration
}

// limits are those of the functions, by the name of their folder.
func limits(files fs.FS) (map[string]limit, error) {
	text, err := fs.ReadFile(files, "template.yaml")
	if err != nil {
		return nil, err
	}
	t, err := cloudformation.Read(text)
	if err != nil {
		return nil, err
	}
	stack, err := t.Plan(cloudformation.Options{Files: files})
	if err != nil {
		return nil, fmt.Errorf("template.yaml: %w", err)
	}
	all := map[string]limit{}
	for _, r := range stack.Resources {
		if f, ok := r.Spec.(*cloudformation.FunctionSpec); ok {
			all[path.Base(f.Code.LocalPath)] = limit{memoryMB: f.MemorySize, timeout: time.Duration(f.Timeout) * time.Second}
		}
	}
	return all, nil
}

// Function is what one function took.
type Function struct {
	Name        string
	Invocations int
	Spent       Spent // by all of them
	Longest     Spent // by the one that takes longest on Lambda
	MemoryMB    int
	Timeout     time.Duration
}

// Spent is what invocations took.
type Spent struct {
	CPU   time.Duration
	Wall  time.Duration // on this machine
	Calls int           // to AWS
	Peak  int64         // the most memory that Go held for the whole process at a call, in bytes
}

// Took is how long that takes on Lambda: the function has its share of a processor, and
// waits for each call.
func (f Function) Took(s Spent) time.Duration {
	cores := min(1, float64(f.MemoryMB)/coreAt)
	return time.Duration(float64(s.CPU)/cores) + time.Duration(s.Calls)*callTakes
}

// share is how much of its timeout the longest invocation takes.
func (f Function) share() float64 { return f.Took(f.Longest).Seconds() / f.Timeout.Seconds() }

// add adds an invocation.
func (f *Function) add(s Spent) {
	f.Invocations++
	f.Spent.CPU, f.Spent.Wall, f.Spent.Calls, f.Spent.Peak = f.Spent.CPU+s.CPU, f.Spent.Wall+s.Wall, f.Spent.Calls+s.Calls, max(f.Spent.Peak, s.Peak)
	if f.Took(s) > f.Took(f.Longest) {
		f.Longest = s
	}
}

// held is the memory that Go has from the system now, in bytes.
func held() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
