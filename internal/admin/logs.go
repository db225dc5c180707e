package admin

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"rota/internal/output"
	"rota/internal/present"
	"rota/internal/view"
)

// logKeeper keeps the output of workers.
type logKeeper interface {
	WorkerLog(worker string) (output.WorkerLog, error)
	FollowLog(worker string) (*output.LogStream, error)
}

// excerpt says which of the kept lines the client wants.
type excerpt struct {
	tail    int // the latest, at most so many
	after   uint64
	resumes bool // after was given
}

func readExcerpt(r *http.Request, q query) (e excerpt, err error) {
	if e.tail, err = q.number("tail", output.KeptLines, 0, output.KeptLines); err != nil {
		return e, err
	}
	e.after, e.resumes, err = readPlace(r, q)
	return e, err
}

func (e excerpt) of(lines []output.LogLine) []output.LogLine {
	lines = slices.DeleteFunc(lines, func(l output.LogLine) bool { return l.Number <= e.after })
	return lines[max(0, len(lines)-e.tail):]
}

// workerLogs answers with the last lines of a worker, or streams its output.
func (s *Server) workerLogs(w http.ResponseWriter, r *http.Request, q query) error {
	follows, err := q.choice("follow", []string{"true", "false"})
	if err != nil {
		return err
	}
	wanted, err := readExcerpt(r, q)
	if err != nil {
		return err
	}
	id := chi.URLParam(r, "id")
	if follows == "true" {
		return s.followLogs(w, r, id, wanted)
	}
	log, err := s.master.WorkerLog(id)
	if err != nil {
		return err
	}
	v := view.WorkerLog{WorkerID: id, Lines: []view.LogLine{}, Printed: log.Printed, Unlogged: log.Unlogged}
	for _, l := range wanted.of(log.Lines) {
		v.Lines = append(v.Lines, present.LogLine(l))
	}
	return writeJSON(w, http.StatusOK, v)
}
