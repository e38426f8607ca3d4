package ui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Table is rows of cells under named columns.
type Table struct {
	Columns []Column
	Rows    [][]string // as many cells as there are columns; missing ones are empty
	Empty   string     // said on standard error if there are no rows, like "no rollouts yet"
}

// Column is one column. Name is its key in JSON and, in capitals, its head; "type"
// is taken, by the kind of the line.
type Column struct {
	Name   string
	Number bool // to the right
	Wide   bool // may be cut where a terminal is too narrow; others never are
}

// Table prints columns as wide as their cells, two spaces apart. On a terminal
// that is too narrow the wide columns give way, the widest first.
func (t *text) Table(table Table) {
	if len(table.Rows) == 0 {
		if table.Empty != "" {
			t.Note(table.Empty)
		}
		return
	}
	lines := make([][]string, len(table.Rows)+1)
	widths := make([]int, len(table.Columns))
	for i := range lines {
		lines[i] = make([]string, len(table.Columns))
		for j, column := range table.Columns {
			if i == 0 {
				lines[i][j] = strings.ToUpper(column.Name)
			} else {
				lines[i][j] = table.cell(i-1, j)
			}
			widths[j] = max(widths[j], ansi.StringWidth(lines[i][j]))
		}
	}
	t.narrow(table.Columns, widths)
	printed := make([]string, len(lines))
	for i, cells := range lines {
		for j, cell := range cells {
			cell = t.cut(cell, widths[j])
			if table.Columns[j].Number {
				cell = padLeft(cell, widths[j])
			} else {
				cell = pad(cell, widths[j])
			}
			cells[j] = cell
		}
		printed[i] = strings.Join(cells, "  ")
	}
	printed[0] = t.bold(printed[0])
	for i := range printed {
		printed[i] = t.cut(printed[i], t.screen.width())
	}
	t.above(printed...)
}

// cell is the cleaned text of a cell, "" if the row ends before it.
func (table Table) cell(row, column int) string {
	if cells := table.Rows[row]; column < len(cells) {
		return clean(cells[column])
	}
	return ""
}

// narrow takes columns from the widest wide column until the table fits.
func (t *text) narrow(columns []Column, widths []int) {
	limit := t.screen.width()
	if limit == 0 {
		return
	}
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	const least = 8
	for ; total > limit; total-- {
		widest := -1
		for j, column := range columns {
			if column.Wide && widths[j] > least && (widest < 0 || widths[j] > widths[widest]) {
				widest = j
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}
