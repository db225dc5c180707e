package master

import "slices"

// How a journal tells those who follow it.

// followerBuffer is how far a follower may lag behind before it is cut off.
const followerBuffer = 1024

// publish tells the followers those of the lines that they have not seen. The copy is shared.
func (j *journal) publish(lines []LogLine) {
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

func (j *journal) tell(s *LogStream, p LogPart) {
	if len(p.Lines) == 0 && p.End == nil {
		return
	}
	select {
	case s.parts <- p:
	default:
		j.remove(s) // a slow reader is cut off, never waited for
	}
}

// follow takes what is kept and joins the stream in one step, so that nothing falls between.
func (j *journal) follow() *LogStream {
	s := &LogStream{
		WorkerLog: j.copy(),
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

func (j *journal) remove(s *LogStream) {
	if j.followers[s] {
		delete(j.followers, s)
		close(s.parts)
	}
}

// finish says what there is left to say.
func (j *journal) finish(exit Exit) {
	j.settle()
	j.end = &LogEnd{Printed: j.printed, Unlogged: j.unlogged, Exit: exit}
	j.tellEnd()
}

func (j *journal) tellEnd() {
	for s := range j.followers {
		j.tell(s, LogPart{End: j.end})
		j.remove(s)
	}
}
