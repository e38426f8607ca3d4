package worlds

import (
	"fmt"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
)

// story is the last things that happened. They are put into words only if somebody
// wants to read them.
type story struct {
	ring []line
	next int // where the oldest is, once the ring is full
}

type line struct {
	at      time.Time
	mark    ui.Mark
	subject string
	format  string
	args    []any
}

// storyLines is how many are kept.
const storyLines = 40

// tell adds a line to the story. What args point to must not change.
func (w *watch) tell(mark ui.Mark, subject, format string, args ...any) {
	w.story.add(line{w.p.world().Now(), mark, subject, format, args})
}

func (s *story) add(l line) {
	if len(s.ring) < storyLines {
		s.ring = append(s.ring, l)
		return
	}
	s.ring[s.next] = l
	s.next = (s.next + 1) % storyLines
}

// rows is the story, oldest first.
func (s *story) rows() []ui.Row {
	var rows []ui.Row
	for i := range s.ring {
		l := s.ring[(s.next+i)%len(s.ring)]
		rows = append(rows, ui.Row{Time: l.at, Elapsed: l.at.Sub(stage.Opening), Mark: l.mark, Subject: l.subject, Text: fmt.Sprintf(l.format, l.args...)})
	}
	return rows
}
