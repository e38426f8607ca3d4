package ui

import "strings"

// Mark is a kind of event: a glyph, its stand-in where there is only ASCII, the
// word that says the same, and a tone.
type Mark struct {
	Glyph, ASCII string
	Word         string // lower case, at most nine letters
	Tone         Tone
}

// Tone is what a colour says, in words.
type Tone int

const (
	Plain Tone = iota
	Quiet      // routine
	Good       // went well
	Care       // look at this
	Bad        // went wrong
)

// The marks, in the words of the product. Glyphs are one cell wide everywhere.
var (
	Trigger  = Mark{"◆", "*", "trigger", Plain}
	Train    = Mark{"▸", ">", "train", Plain}
	Gate     = Mark{"▪", "#", "gate", Plain}
	Approve  = Mark{"✓", "+", "approve", Good}
	Reject   = Mark{"✗", "x", "reject", Bad}
	Plan     = Mark{"≡", "=", "plan", Plain}
	Prepare  = Mark{"▸", ">", "prepare", Plain}
	Shift    = Mark{"→", ">", "shift", Plain}
	Bake     = Mark{"○", "o", "bake", Quiet}
	Continue = Mark{"·", ".", "continue", Quiet}
	Advance  = Mark{"↑", "^", "advance", Good}
	Hold     = Mark{"‖", "|", "hold", Care}
	Promote  = Mark{"✓", "+", "promote", Good}
	RollBack = Mark{"↩", "<", "roll back", Bad}
	Abort    = Mark{"↩", "<", "abort", Care}
	Halt     = Mark{"■", "!", "halt", Bad}
	Standby  = Mark{"○", "o", "standby", Quiet}
	Ask      = Mark{"?", "?", "approval", Care}
	Command  = Mark{"»", ">", "command", Plain}
	Undo     = Mark{"↩", "<", "undo", Care}
	Alarm    = Mark{"!", "!", "alarm", Bad}
	Fault    = Mark{"×", "x", "fault", Care}
	Wait     = Mark{"…", "~", "wait", Quiet}
	Done     = Mark{"✓", "+", "done", Good}
	Failed   = Mark{"✗", "x", "failed", Bad}
	Info     = Mark{"·", ".", "info", Quiet}
	Refuse   = Mark{"✗", "x", "refused", Bad}
	Warn     = Mark{"!", "!", "warning", Care}
	Remark   = Mark{"·", ".", "note", Quiet}
)

const wordWidth = 9

// text is glyph and WORD.
func (m Mark) text(ascii bool) string {
	glyph := m.Glyph
	if ascii {
		glyph = m.ASCII
	}
	return glyph + " " + strings.ToUpper(m.Word)
}
