package picture

import (
	"fmt"
	"strings"
)

// colour is a line's on light and on dark ground. They are Okabe and Ito's, which
// colour-blind readers can tell apart, darkened or lightened to stand out; the same
// colour comes again with other dashes.
type colour struct{ light, dark string }

var colours = []colour{
	{"#0072b2", "#56b4e9"}, // blue
	{"#c04a00", "#ff8a4c"}, // vermilion
	{"#007a59", "#2fc79b"}, // green
	{"#a3457f", "#e58fbe"}, // purple
	{"#8a6100", "#e6b04a"}, // ochre
	{"#444444", "#cfcfcf"}, // grey
}

var dashes = []string{"", "7 4", "2 4", "12 4 2 4"}

// stroke is the class of the i-th line.
func stroke(i int) string {
	return fmt.Sprintf("c%d k%d", i%len(colours), (i/len(colours)+i)%len(dashes))
}

// style is the style sheet of every drawing. It has no variables: not everything that
// shows SVG knows them.
var style = sheet()

func sheet() string {
	var b strings.Builder
	b.WriteString(`
text{fill:#1b1f24}.title{font-size:19px;font-weight:600}.soft{fill:#57606a}.small{font-size:12px;fill:#57606a}.strong{font-weight:600}
.sign{font-size:11.5px;font-weight:600}.ground{fill:#fff}.axis{stroke:#57606a}.grid{stroke:#1b1f24;stroke-opacity:.12}
.band{fill:#0072b2;fill-opacity:.05}.band.even{fill-opacity:.13}.edge{stroke:#57606a;stroke-dasharray:2 3}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round}.area{fill-opacity:.16;stroke:none!important}.badge{fill:#fff;stroke-width:1.6;stroke-dasharray:none!important}
.limit{stroke:#b42318;stroke-width:1.6;stroke-dasharray:6 3}.alarm{fill:#b42318;font-weight:600}.spell{fill:#c04a00;fill-opacity:.18}.dot{fill:#b42318}.worst{fill:#0072b2;fill-opacity:.35}
`)
	for i, c := range colours {
		fmt.Fprintf(&b, ".c%d{stroke:%s}.area.c%d{fill:%s}", i, c.light, i, c.light)
	}
	for i, d := range dashes {
		if d != "" {
			fmt.Fprintf(&b, ".k%d{stroke-dasharray:%s}", i, d)
		}
	}
	b.WriteString("\n@media (prefers-color-scheme:dark){text{fill:#e6edf3}.soft,.small{fill:#9da7b1}.ground{fill:#0d1117}.axis,.edge{stroke:#9da7b1}.grid{stroke:#e6edf3}" +
		".band{fill:#56b4e9;fill-opacity:.06}.badge{fill:#0d1117}.limit{stroke:#ff7b72}.alarm,.dot{fill:#ff7b72}.spell{fill:#ff8a4c;fill-opacity:.25}.worst{fill:#56b4e9}")
	for i, c := range colours {
		fmt.Fprintf(&b, ".c%d{stroke:%s}.area.c%d{fill:%s}", i, c.dark, i, c.dark)
	}
	b.WriteString("}\n")
	return b.String()
}
