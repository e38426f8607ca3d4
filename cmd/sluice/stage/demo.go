package stage

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/sim"
	"sluice/shared/demand"
)

// Demo plays a scenario with the compiled functions in binaries, which reach local
// AWS over a loopback connection, and ends with a report. It reports whether
// everything happened as it should.
func Demo(ctx context.Context, s *Scenario, binaries string, out ui.Printer) (bool, error) {
	door, err := OpenDoor("127.0.0.1:0")
	if err != nil {
		return false, err
	}
	defer door.Close()
	st, err := Set(ctx, s, sim.NewWorld(Opening, s.Seed), local.Binaries(binaries, door.URL))
	if err != nil {
		return false, err
	}
	defer st.Close()
	door.Admit(st.AWS)
	return Perform(ctx, st, out)
}

// Perform plays a stage's scenario, compares every manifest with the buckets, and
// ends with a report. It reports whether everything happened as it should.
func Perform(ctx context.Context, st *Stage, out ui.Printer) (bool, error) {
	r, err := Begin(ctx, st, out).End(ctx)
	if err != nil {
		return false, err
	}
	var f Facts
	st.AWS.World.Do(func() {
		f, err = st.Facts(ctx)
		if err == nil {
			r.Misses = append(r.Misses, st.exact(f)...)
		}
	})
	if err != nil {
		return false, err
	}
	out.Report(st.summary(f, r))
	return len(r.Misses) == 0, nil
}

// exact compares every manifest with what is in the buckets: each object that a
// trigger wants is in exactly one successful manifest, and nothing else is.
func (st *Stage) exact(f Facts) (misses []string) {
	listed, read := map[string]int{}, map[string]bool{}
	for _, r := range f.Runs {
		if r.Manifest == "" || r.State == "failed" || read[r.Manifest] { // new code trains on what the old code had
			continue
		}
		read[r.Manifest] = true
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.Manifest, "s3://"), "/")
		content, ok := st.AWS.S3.Get(bucket, key)
		if !ok {
			misses = append(misses, fmt.Sprintf("manifest %s is not there", r.Manifest))
			continue
		}
		for o, err := range demand.Read(bytes.NewReader(content)) {
			if err != nil {
				misses = append(misses, err.Error())
				break
			}
			listed[o.Bucket+"/"+o.Key]++
		}
	}
	missing, wrong := 0, 0
	for _, d := range st.Scenario.sp.Triggers.Data {
		for _, key := range st.AWS.S3.List(d.Bucket, "") {
			n := listed[d.Bucket+"/"+key]
			switch want := d.Match(d.Bucket, key); {
			case want && n == 0:
				missing++
			case want && n > 1, !want && n > 0:
				wrong++
			}
		}
	}
	if missing > 0 || wrong > 0 {
		misses = append(misses, fmt.Sprintf("manifests lack %d objects, and list %d twice or wrongly", missing, wrong))
	}
	return misses
}

// summary is what a rehearsal came to.
func (st *Stage) summary(f Facts, r Result) ui.Report {
	rep := ui.Report{Mark: ui.Done, Title: "everything happened as it should"}
	if len(r.Misses) > 0 {
		rep = ui.Report{Mark: ui.Failed, Title: "not everything happened as it should", Text: r.Misses}
	}
	field := func(name, format string, args ...any) {
		rep.Fields = append(rep.Fields, ui.Field{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	for _, run := range f.Runs {
		field(fmt.Sprintf("run %d", run.Generation), "%s, %s objects in its manifest, each once", run.State, thousands(run.Summary.Objects))
	}
	for _, ro := range f.Rollouts {
		served := f.Exposed[ro.Candidate.Variant]
		if ro.State == "promoted" {
			field(ro.ID, "%s after %s", ro.State, ro.EndedAt.Sub(ro.StartedAt).Truncate(time.Minute))
			continue
		}
		field(ro.ID, "%s at %d %%: users saw %s bad answers in %s requests", ro.State, ro.Weight(), thousands(served.Bad), thousands(served.Requests))
	}
	field("endpoint", "%s", f.Endpoint)
	field("dead letters", "%d", f.Dead)
	field("virtual time", "%s", r.Virtual.Truncate(time.Second))
	return rep
}
