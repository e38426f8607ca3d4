package simulate

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"sluice/local/faults"
)

var (
	from = flag.Uint64("from", 1, "")
	n    = flag.Int("n", 0, "")
	ft   = flag.String("faults", "-", "")
)

func TestTry(t *testing.T) {
	var list *faults.List
	if *ft != "-" {
		l, err := faults.Parse(*ft)
		if err != nil {
			t.Fatal(err)
		}
		list = &l
	}
	for i := range *n {
		seed := *from + uint64(i)
		b := time.Now()
		o, err := one(t.Context(), seed, list)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		fmt.Printf("%d %.2fs virtual %s calls %d %v %v %v  [%s] %.8s | %s\n", seed, time.Since(b).Seconds(), o.Virtual, o.Calls, o.Trainings, o.Rollouts, o.Struck, o.Faults, o.Digest, o.About)
		if o.Broken != nil {
			fmt.Printf("BROKEN %s: %s\n", o.Broken.Name, o.Broken.Detail)
			if *n == 1 {
				for _, r := range o.Story {
					fmt.Println(r.Time.Format("02 15:04:05.000"), r.Mark.Word, r.Subject, r.Text)
				}
			}
		}
	}
}
