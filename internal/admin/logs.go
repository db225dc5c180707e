package admin

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"rota/internal/master"
)

// logKeeper is who keeps what workers print.
type logKeeper interface {
	WorkerLog(worker string) (master.WorkerLog, error)
	FollowLog(worker string) (*master.LogStream, error)
}

// logView is what a worker printed last.
type logView struct {
	WorkerID string     `json:"worker_id"`
	Lines    []lineView `json:"lines"`
	Printed  uint64     `json:"printed"`  // lines in all, which is the number of the last
	Unlogged uint64     `json:"unlogged"` // how many of those are not in rota's log, because they were too many
}

// lineView is a line, and the data of log.line.
type lineView struct {
	Number uint64  `json:"number"`
	Time   instant `json:"time"`
	Stream string  `json:"stream"`
	Text   string  `json:"text"`
}

// logLostView is the data of log.lost: lines are missing between the one before and the one behind.
type logLostView struct {
	Message string  `json:"message"`
	After   uint64  `json:"after"` // the last line before the gap
	Lines   *uint64 `json:"lines"` // how many are missing; null if the client's number was wrong
}

// logEndView is the data of log.end: the worker is gone.
type logEndView struct {
	WorkerID string    `json:"worker_id"`
	Printed  uint64    `json:"printed"`
	Unlogged uint64    `json:"unlogged"`
	Exit     *exitView `json:"exit"`
}

func viewLine(l master.LogLine) lineView {
	return lineView{l.Number, instant(l.Time), l.Stream, l.Text}
}

// excerpt is which of the kept lines somebody wants.
type excerpt struct {
	tail    int // at most so many, the latest
	after   uint64
	resumes bool // after was given
}

func readExcerpt(r *http.Request, q query) (e excerpt, err error) {
	if e.tail, err = q.number("tail", master.KeptLines, 0, master.KeptLines); err != nil {
		return e, err
	}
	e.after, e.resumes, err = readPlace(r, q)
	return e, err
}

func (e excerpt) of(lines []master.LogLine) []master.LogLine {
	lines = slices.DeleteFunc(lines, func(l master.LogLine) bool { return l.Number <= e.after })
	return lines[max(0, len(lines)-e.tail):]
}

// workerLogs shows what a worker printed last, or streams it from there on.
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
	view := logView{WorkerID: id, Lines: []lineView{}, Printed: log.Printed, Unlogged: log.Unlogged}
	for _, l := range wanted.of(log.Lines) {
		view.Lines = append(view.Lines, viewLine(l))
	}
	return writeJSON(w, http.StatusOK, view)
}
