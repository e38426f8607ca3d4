package benchjudge

import (
	"bytes"
	"fmt"
)

// Lines is the judge's protocol for so many rollouts of the first plan at 1,000 requests a minute, with six hours
// of history each, and how many minutes they have: to measure speed with.
func Lines(seed uint64, rollouts int) (lines []byte, minutes int) {
	var b bytes.Buffer
	plan := plans[1]
	for r := range rollouts {
		d := newDay(environment{1000, 0.01, steady}, seed, r)
		fmt.Fprintf(&b, `{"rollout":"r%d","plan":[`, r)
		for i, step := range plan {
			fmt.Fprintf(&b, `%s{"weight":%g,"minutes":%d}`, comma(i), step.Weight/100, step.Minutes)
		}
		b.WriteString(`],"alpha":0.05,"tolerance":{"relative":0.1,"absolute":0},"history":[`)
		for t := -360; t < 0; t++ {
			s := d.minute(t, 0, healthy)
			fmt.Fprintf(&b, `%s[%d,%d]`, comma(t+360), s.baseline.n, s.baseline.bad)
		}
		b.WriteString("]}\n")
		t := 0
		for _, step := range plan {
			for range step.Minutes {
				s := d.minute(t, step.Weight/100, healthy)
				fmt.Fprintf(&b, `{"minute":%d,"weight":%g,"baseline":{"n":%d,"bad":%d},"candidate":{"n":%d,"bad":%d}}`+"\n",
					t, step.Weight/100, s.baseline.n, s.baseline.bad, s.candidate.n, s.candidate.bad)
				t++
			}
		}
		minutes += t
	}
	return b.Bytes(), minutes
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}
