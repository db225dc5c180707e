package master

import (
	"slices"

	"rota/internal/minder"
	"rota/internal/output"
	"rota/internal/record"
)

// How callers read what workers print. While a worker lives its minder has the journal, later the loop has it.

// WorkerLog returns what a worker printed last. Errors: ErrNoWorker, ErrLogGone.
func (m *Master) WorkerLog(worker string) (output.WorkerLog, error) {
	var log output.WorkerLog
	err := m.askJournal(worker, func(j *output.Journal) { log = j.Copy() })
	return log, err
}

// FollowLog returns what a worker printed last, and what it will print. Errors: ErrNoWorker, ErrLogGone.
func (m *Master) FollowLog(worker string) (*output.LogStream, error) {
	var s *output.LogStream
	err := m.askJournal(worker, func(j *output.Journal) {
		s = j.Follow()
		s.Cancel = func() { _ = m.askJournal(worker, func(j *output.Journal) { j.Remove(s) }) }
	})
	return s, err
}

// askJournal has the owner of the worker's journal call f and returns when it has.
func (b *mailbox) askJournal(worker string, f func(*output.Journal)) error {
	for {
		mind, err := b.readJournal(worker, f)
		if mind == nil {
			return err
		}
		if mind.AskJournal(f, b.done) {
			return nil
		}
	}
}

// keepJournals is for how many workers that are gone it is kept what they printed.
const keepJournals = 64

// pastJournal is the journal of a worker that is gone.
type pastJournal struct {
	worker string
	*output.Journal
}

// inherit takes over the journal of a worker that is gone, and lets go of the oldest.
func (l *loop) inherit(m *minder.Minder, exit record.Exit) {
	j := m.Release()
	j.Finish(exit)
	l.journals = append(l.journals, pastJournal{m.Start.Worker, j})
	if extra := len(l.journals) - keepJournals; extra > 0 {
		l.journals = slices.Delete(l.journals, 0, extra)
	}
}

// withJournal calls f with the journal of a worker that is gone.
func (l *loop) withJournal(worker string, f func(*output.Journal)) error {
	for _, past := range l.journals {
		if past.worker == worker {
			f(past.Journal)
			return nil
		}
	}
	if _, known := l.pool.Worker(worker); known {
		return ErrLogGone
	}
	return record.ErrNoWorker
}

// lastWords are what a worker has printed last.
func (b *mailbox) lastWords(worker string) (lines []string) {
	_ = b.askJournal(worker, func(j *output.Journal) { lines = j.Last() })
	return lines
}
