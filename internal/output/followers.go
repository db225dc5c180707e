package output

import (
	"slices"

	"rota/internal/record"
)

// followerBuffer is how far a follower may lag behind before it is cut off.
const followerBuffer = 1024

// publish tells the followers the lines that they have not seen. All get the same copy.
func (j *Journal) publish(lines []LogLine) {
	if len(j.followers) == 0 || len(lines) == 0 {
		return
	}
	lines = slices.Clone(lines)
	for s := range j.followers {
		j.tell(s, LogPart{Lines: newer(lines, s.seen)})
		s.seen = max(s.seen, lines[len(lines)-1].Number)
	}
}

func newer(lines []LogLine, than uint64) []LogLine {
	i := slices.IndexFunc(lines, func(l LogLine) bool { return l.Number > than })
	if i < 0 {
		return nil
	}
	return lines[i:]
}

func (j *Journal) tell(s *LogStream, p LogPart) {
	if len(p.Lines) == 0 && p.End == nil {
		return
	}
	select {
	case s.parts <- p:
	default:
		j.Remove(s) // a slow reader is cut off, never waited for
	}
}

// Follow returns what is kept and joins the stream in one step, so that no line is lost in between.
func (j *Journal) Follow() *LogStream {
	s := &LogStream{
		WorkerLog: j.Copy(),
		Gone:      j.end != nil,
		parts:     make(chan LogPart, followerBuffer),
		seen:      j.printed,
	}
	s.C = s.parts
	j.followers[s] = true
	if s.Gone {
		j.tellEnd()
	}
	return s
}

// Remove ends the stream, if it has not ended.
func (j *Journal) Remove(s *LogStream) {
	if j.followers[s] {
		delete(j.followers, s)
		close(s.parts)
	}
}

// Finish tells the followers that the worker is gone.
func (j *Journal) Finish(exit record.Exit) {
	j.Settle()
	j.end = &LogEnd{Printed: j.printed, Unlogged: j.unlogged, Exit: exit}
	j.tellEnd()
}

func (j *Journal) tellEnd() {
	for s := range j.followers {
		j.tell(s, LogPart{End: j.end})
		j.Remove(s)
	}
}
