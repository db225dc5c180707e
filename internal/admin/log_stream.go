package admin

import (
	"net/http"

	"rota/internal/output"
	"rota/internal/present"
	"rota/internal/sse"
	"rota/internal/view"
)

// followLogs streams the output of a worker until it is gone.
func (s *Server) followLogs(w http.ResponseWriter, r *http.Request, id string, wanted excerpt) error {
	if r.Method == http.MethodHead {
		if _, err := s.master.WorkerLog(id); err != nil {
			return err
		}
		sse.Headers(w)
		return nil
	}
	leave, err := s.take(s.streams, w, r)
	if err != nil {
		return err
	}
	defer leave()
	lines, err := s.master.FollowLog(id)
	if err != nil {
		return err
	}
	defer lines.Close()
	if lines.Gone && wanted.resumes && wanted.after == lines.Printed {
		w.WriteHeader(http.StatusNoContent) // tells an EventSource not to come back
		return nil
	}
	out, err := s.openStream(w)
	if err != nil {
		return nil // the answer has begun, so an error has no reader
	}
	log := logWriter{Writer: out, worker: id}
	if log.replay(lines.WorkerLog, wanted) == nil {
		pass := func(p output.LogPart) bool { return log.pass(p) == nil && p.End == nil }
		sse.Follow(out, lines.C, pass, s.streamOptions(r))
	}
	return nil
}

// logWriter writes a worker's output as events.
type logWriter struct {
	*sse.Writer
	worker string
	last   uint64 // number of the line before
}

// replay writes the lines that were printed before. A client that resumes is told about a gap; one that
// begins is not.
func (l *logWriter) replay(log output.WorkerLog, wanted excerpt) error {
	if wanted.after > log.Printed {
		if err := l.put("", "log.lost", view.LogLost{Message: noSuchLine, After: wanted.after}); err != nil {
			return err
		}
		wanted.after, wanted.resumes = 0, false
	}
	lines := wanted.of(log.Lines)
	switch {
	case wanted.resumes:
		l.last = wanted.after
	case len(lines) > 0:
		l.last = lines[0].Number - 1
	default:
		l.last = log.Printed
	}
	return l.pass(output.LogPart{Lines: lines})
}

const (
	noSuchLine   = "this worker has not printed a line with that number; here are the lines that are known"
	tooManyLines = "lines are missing here, because the worker printed too many"
)

// pass writes lines, and says where lines are missing.
func (l *logWriter) pass(p output.LogPart) error {
	for _, line := range p.Lines {
		if missing := line.Number - l.last - 1; missing > 0 {
			if err := l.put("", "log.lost", view.LogLost{Message: tooManyLines, After: l.last, Lines: &missing}); err != nil {
				return err
			}
		}
		l.last = line.Number
		if err := l.put(sse.ID(line.Number), "log.line", present.LogLine(line)); err != nil {
			return err
		}
	}
	if p.End != nil {
		end := present.LogEnd(l.worker, *p.End)
		if err := l.put(sse.ID(p.End.Printed), "log.end", end); err != nil {
			return err
		}
	}
	return l.Flush()
}

// mostBuffered is about how many bytes are sent together at most.
const mostBuffered = 32 << 10

func (l *logWriter) put(id, name string, v any) error {
	data, err := view.Encode(v)
	if err != nil {
		return err
	}
	l.Add(id, name, data)
	if l.Buffered() < mostBuffered {
		return nil
	}
	return l.Flush()
}
