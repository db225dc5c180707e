package master

import (
	"slices"
	"time"
)

// LogLine is one line that a worker printed.
type LogLine struct {
	Number uint64 // 1, 2, 3, …; counts all that the worker printed, to either stream
	Time   time.Time
	Stream string // stdout or stderr
	Text   string // what is not UTF-8 is replaced, and what is longer than 4 KiB is cut and ends in …
}

// WorkerLog is a copy of what is known of a worker's output.
type WorkerLog struct {
	Lines    []LogLine // the last ones, at most KeptLines, oldest first
	Printed  uint64    // lines so far
	Unlogged uint64    // how many of those are not in the master's log, because they were too many
}

// LogStream is a worker's output as it is printed. Its WorkerLog is what was known before.
type LogStream struct {
	WorkerLog
	Gone   bool           // the worker is gone already, and C has only the end
	C      <-chan LogPart // closed after the end, or when the reader is too slow
	Cancel func()         // what Close calls; given by whoever made the stream

	parts chan LogPart
	seen  uint64 // the last number that it was told
}

// LogPart is what was printed at about one moment. A number that does not follow on the one before
// means that the lines between were too many to be told.
type LogPart struct {
	Lines []LogLine
	End   *LogEnd // nil but in the last part
}

// LogEnd says that the worker is gone.
type LogEnd struct {
	Printed  uint64 // lines
	Unlogged uint64
	Exit     Exit
}

// Close ends the stream. It may be called at any time, more than once.
func (s *LogStream) Close() { s.Cancel() }

// WorkerLog returns what a worker printed last. Errors: ErrNoWorker, ErrLogGone.
func (m *Master) WorkerLog(worker string) (WorkerLog, error) {
	var log WorkerLog
	err := m.askJournal(worker, func(j *journal) { log = j.copy() })
	return log, err
}

// FollowLog returns what a worker printed last, and what it will print. Errors: ErrNoWorker, ErrLogGone.
func (m *Master) FollowLog(worker string) (*LogStream, error) {
	var s *LogStream
	err := m.askJournal(worker, func(j *journal) {
		s = j.follow()
		s.Cancel = func() { _ = m.askJournal(worker, func(j *journal) { j.remove(s) }) }
	})
	return s, err
}

// askJournal has the owner of the worker's journal call f and returns when it has.
func (b *mailbox) askJournal(worker string, f func(*journal)) error {
	for {
		var mind *supervised
		var err error
		if stopped := b.ask(func(l *loop) {
			if mind = l.minders[worker]; mind == nil {
				err = l.withJournal(worker, f)
			}
		}); stopped != nil {
			return stopped
		}
		if mind == nil {
			return err
		}
		answered := make(chan struct{})
		select {
		case mind.asks <- func(j *journal) { f(j); close(answered) }:
			<-answered
			return nil
		case <-mind.gone: // the loop has its journal now
		case <-b.done:
			return ErrStopped
		}
	}
}

// keepJournals is for how many workers that are gone it is kept what they printed.
const keepJournals = 64

// pastJournal is the journal of a worker that is gone.
type pastJournal struct {
	worker string
	*journal
}

// inherit takes over the journal of a worker that is gone, and lets go of the oldest.
func (l *loop) inherit(f exited) {
	if m := l.minders[f.worker]; m != nil {
		close(m.gone)
	}
	f.journal.finish(f.exit)
	l.journals = append(l.journals, pastJournal{f.worker, f.journal})
	if extra := len(l.journals) - keepJournals; extra > 0 {
		l.journals = slices.Delete(l.journals, 0, extra)
	}
}

// withJournal calls f with the journal of a worker that is gone.
func (l *loop) withJournal(worker string, f func(*journal)) error {
	for _, past := range l.journals {
		if past.worker == worker {
			f(past.journal)
			return nil
		}
	}
	if _, known := l.pool.worker(worker); known {
		return ErrLogGone
	}
	return ErrNoWorker
}
