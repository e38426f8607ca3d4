package picture

import (
	"html/template"
	"strings"
)

// Table is a table of a page. Numeric columns go to the right.
type Table struct {
	Title   string
	Heads   []string
	Numeric []bool
	Rows    [][]string
}

// Page is a drawing and its tables.
type Page struct {
	Title   string
	Lead    []string // paragraphs before the drawing
	SVG     string
	Tables  []Table
	Notes   []string // what the numbers mean and leave out
	Command string   // that made it
}

// HTML is the page as one file that needs no other.
func (p Page) HTML() (string, error) {
	var b strings.Builder
	err := page.Execute(&b, struct {
		Page
		Drawing template.HTML
	}{p, template.HTML(p.SVG)}) // made by this package, which escapes what it is told
	return b.String(), err
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<style>
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;max-width:1240px;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
figure{margin:1.5rem 0;overflow-x:auto}svg{max-width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding-bottom:.3rem}th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #d0d7de;white-space:nowrap}
th{color:#57606a;font-weight:600}.n{text-align:right}li{margin:.2rem 0}code{font-size:13px;white-space:pre-wrap}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}th{color:#9da7b1}}
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{range .Lead}}<p>{{.}}</p>
{{end}}<figure>
{{.Drawing}}</figure>
{{range .Tables}}{{$t := .}}<div class="wide"><table>
<caption>{{.Title}}</caption>
<thead><tr>{{range $i, $h := .Heads}}<th scope="col"{{if index $t.Numeric $i}} class="n"{{end}}>{{$h}}</th>{{end}}</tr></thead>
<tbody>
{{range .Rows}}<tr>{{range $i, $c := .}}<td{{if index $t.Numeric $i}} class="n"{{end}}>{{$c}}</td>{{end}}</tr>
{{end}}</tbody>
</table></div>
{{end}}{{if .Notes}}<h2>How to read this</h2>
<ul>
{{range .Notes}}<li>{{.}}</li>
{{end}}</ul>
{{end}}<p><code>{{.Command}}</code></p>
</main>
</body>
</html>
`))
