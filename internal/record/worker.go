package record

import (
	"strconv"
	"time"
)

// WorkerState is a worker's place in its life: starting, ready, draining, exited; never back.
type WorkerState string

// The states of a worker.
const (
	WorkerStarting WorkerState = "starting" // spawned, not ready yet
	WorkerReady    WorkerState = "ready"    // accepts connections
	WorkerDraining WorkerState = "draining" // told to stop, finishes what it has
	WorkerExited   WorkerState = "exited"   // gone and reaped
)

// Worker is a copy of what the master knows of one worker.
type Worker struct {
	ID         string // UUIDv7
	Slot       int
	Generation int
	Revision   string // of the reload that brought its generation; "" where none was given
	Program    *Program
	PID        int // 0 until it was forked
	State      WorkerState
	Status     string // the latest STATUS= it sent
	StartedAt  time.Time
	ReadyAt    time.Time  // zero until ready
	ReadyProof ReadyProof // zero until ready
	DrainingAt time.Time  // zero until told to drain
	ExitedAt   time.Time  // zero until reaped

	StoppedAcceptingAt time.Time // when it was seen to accept no more while it drained; zero: not known
	Predecessor        string    // id of the worker that died before it, since its slot last changed; "" for none
	Restarts           int       // how many workers died in its slot since that last changed
	Exit               *Exit     // nil until it is gone
}

// Ending says in a few words how the worker ended, or why it was given up if it is not gone yet.
func (w Worker) Ending() string {
	switch {
	case w.Exit != nil:
		return w.Exit.String()
	case w.ReadyAt.IsZero():
		return "was not ready in time"
	}
	return "missed its watchdog"
}

// Exit is how a worker ended.
type Exit struct {
	Code   int      // exit code; -1 when a signal ended it or it never ran
	Signal string   // such as "SIGKILL"; "" for a plain exit
	Error  string   // why it could not be started; "" otherwise
	Output []string // its last lines of output, oldest first
	Cut    int      // connections it still had when it was killed; 0 when it left by itself

	Shortage       string          // what it may have lacked if it ended before it was ready; "" for nothing
	CutUnknown     bool            // it was killed, and the kernel did not tell how many it had
	CutConnections []CutConnection // at most MostCut of those that were cut
	Killed         bool            // by rota
	Fate           *Fate           // of its connections; nil if they were not watched
	Outlived       bool            // its first process ended before others, and how those ended is not known
}

// String says how the worker ended in a few words.
func (e Exit) String() string {
	switch {
	case e.Error != "":
		return "could not be started: " + e.Error
	case e.Signal != "":
		return "was ended by signal " + e.Signal + e.shortage()
	default:
		return "exited with code " + strconv.Itoa(e.Code) + e.shortage()
	}
}

func (e Exit) shortage() string {
	if e.Shortage == "" {
		return ""
	}
	return " (" + e.Shortage + ")"
}
