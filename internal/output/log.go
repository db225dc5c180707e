package output

import (
	"time"

	"rota/internal/record"
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
	Exit     record.Exit
}

// Close ends the stream. It may be called at any time, more than once.
func (s *LogStream) Close() { s.Cancel() }
