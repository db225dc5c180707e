package pool

import (
	"time"

	"rota/internal/record"
)

// Fact is something that happened: a process spoke, a timer ran out. Only facts and commands change the pool.
type Fact interface{ isFact() }

type (
	// Prepared says that the plan of a generation was made, or Err says why it can't be.
	Prepared struct {
		Generation int
		Terms      Terms
		Err        error
	}
	// Checked says that a round of checks is over. It began when so many batches had changed. If Back, it was
	// the check of the previous generation, which serves again.
	Checked struct {
		Reload  string
		Batches int
		Back    bool
		Result  record.Result
	}
	// MeasuredNow is what was found so far about a reload that is under way.
	MeasuredNow struct {
		Reload string
		Found  record.Measured
	}
	// Addressed says that the canary of a reload has addresses of its own, or no longer.
	Addressed struct {
		Reload string
		Canary []record.CanaryAddress
	}
	// Proved says that the search for a proof of a live reload is over. What was found is in its receipt.
	Proved struct{ Reload string }
	// Awake says that the time that a rotation waits for is over.
	Awake struct {
		Reload string
		Why    wakeReason
		Count  int
	}
	// Forked says that a worker has a process.
	Forked struct {
		Worker string
		PID    int
	}
	// BecameReady says that a worker accepts connections.
	BecameReady struct {
		Worker string
		How    record.ReadyProof
	}
	// SaidStatus says that a worker said STATUS=text.
	SaidStatus struct{ Worker, Text string }
	// StartTimedOut says that a worker was not ready in time. Missing says what it has not done, Output is
	// what it last printed.
	StartTimedOut struct {
		Worker  string
		Missing string
		Output  []string
	}
	// WentSilent says that a worker has missed its watchdog. Why is "" or completes that sentence, Output is
	// what it last printed.
	WentSilent struct {
		Worker  string
		Silence time.Duration
		Why     string
		Output  []string
	}
	// StoppedAccepting says that a draining worker was seen to accept no more connections.
	StoppedAccepting struct {
		Worker string
		At     time.Time
		Lived  bool // its first process was alive then, and not about to end
	}
	// StillAccepts says that a worker still waits on listeners, so long after its stop signal.
	StillAccepts struct {
		Worker    string
		Listeners string
		After     time.Duration
	}
	// DrainTimedOut says that a draining worker is still there.
	DrainTimedOut struct{ Worker string }
	// Exited says that a worker's process is gone, or never came to be.
	Exited struct {
		Worker string
		Exit   record.Exit
	}
	// RetryDue says that the backoff of a slot is over.
	RetryDue struct{ Slot int }
	// Counted has the open connections of each draining worker; nil if they could not be counted.
	Counted struct {
		Connections map[string]int
		Some        map[string][]record.CutConnection // some of them, as they are described if the worker drops them
	}
	// Holds says how many connections a worker has that is about to be told to stop, and some of them, as in
	// Counted.
	Holds struct {
		Worker  string
		N       int
		Some    []record.CutConnection
		Unknown bool // they could not be counted
	}
	// Evicted says that N connections of a worker were closed for a caller. Below zero: so many could not be
	// closed after all.
	Evicted struct {
		Worker string
		N      int
	}
)

func (Checked) isFact()          {}
func (MeasuredNow) isFact()      {}
func (Addressed) isFact()        {}
func (Proved) isFact()           {}
func (Awake) isFact()            {}
func (Prepared) isFact()         {}
func (Forked) isFact()           {}
func (BecameReady) isFact()      {}
func (SaidStatus) isFact()       {}
func (StartTimedOut) isFact()    {}
func (WentSilent) isFact()       {}
func (StoppedAccepting) isFact() {}
func (StillAccepts) isFact()     {}
func (DrainTimedOut) isFact()    {}
func (Exited) isFact()           {}
func (RetryDue) isFact()         {}
func (Counted) isFact()          {}
func (Holds) isFact()            {}
func (Evicted) isFact()          {}
