package admin

import (
	"slices"
	"time"

	"rota/internal/master"
	"rota/internal/output"
	"rota/internal/record"
)

// fakeLog is what a worker of the fake has printed.
type fakeLog struct {
	output.WorkerLog
	end     *output.LogEnd
	readers map[*output.LogStream]chan output.LogPart
}

func (f *fakeMaster) logOf(worker string) (*fakeLog, error) {
	if f.stopped != nil {
		return nil, f.stopped
	}
	if log := f.logs[worker]; log != nil {
		return log, nil
	}
	for _, w := range f.workers {
		if w.ID == worker {
			f.logs[worker] = &fakeLog{readers: map[*output.LogStream]chan output.LogPart{}}
			return f.logs[worker], nil
		}
	}
	for _, w := range f.gone {
		if w.ID == worker {
			return nil, master.ErrLogGone
		}
	}
	return nil, record.ErrNoWorker
}

func (f *fakeMaster) WorkerLog(worker string) (output.WorkerLog, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	log, err := f.logOf(worker)
	if err != nil {
		return output.WorkerLog{}, err
	}
	return log.copy(), nil
}

func (l *fakeLog) copy() output.WorkerLog {
	copied := l.WorkerLog
	copied.Lines = slices.Clone(l.Lines)
	return copied
}

func (f *fakeMaster) FollowLog(worker string) (*output.LogStream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	log, err := f.logOf(worker)
	if err != nil {
		return nil, err
	}
	parts := make(chan output.LogPart, f.buffer)
	s := &output.LogStream{WorkerLog: log.copy(), Gone: log.end != nil, C: parts}
	log.readers[s] = parts
	s.Cancel = func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		log.remove(s)
		f.closed <- struct{}{}
	}
	if log.end != nil {
		log.finish()
	}
	return s, nil
}

func (l *fakeLog) remove(s *output.LogStream) {
	if parts, ok := l.readers[s]; ok {
		delete(l.readers, s)
		close(parts)
	}
}

func (l *fakeLog) finish() {
	for s, parts := range l.readers {
		parts <- output.LogPart{End: l.end}
		l.remove(s)
	}
}

// print has the worker print lines.
func (f *fakeMaster) print(worker string, texts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	log, _ := f.logOf(worker)
	var lines []output.LogLine
	for _, text := range texts {
		log.Printed++
		lines = append(lines, output.LogLine{Number: log.Printed, Time: time.Now(), Stream: "stderr", Text: text})
	}
	log.Lines = append(log.Lines, lines...)
	for s, parts := range log.readers {
		select {
		case parts <- output.LogPart{Lines: lines}:
		default:
			log.remove(s)
		}
	}
}

// flood has the worker print lines of which none is kept.
func (f *fakeMaster) flood(worker string, lines uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.logs[worker]
	log.Printed += lines
	log.Unlogged += lines
	log.Lines = nil
}

// exits ends the worker.
func (f *fakeMaster) exits(worker string, code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.logs[worker]
	log.end = &output.LogEnd{Printed: log.Printed, Unlogged: log.Unlogged, Exit: record.Exit{Code: code}}
	log.finish()
}
