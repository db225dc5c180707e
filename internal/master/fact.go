package master

import "time"

// A fact is something that happened: a process spoke, a timer ran out. Only facts and commands change the pool.
type fact interface{ isFact() }

type (
	// prepared: the plan of a generation was made, or err says why it can't be.
	prepared struct {
		generation int
		terms      terms
		err        error
	}
	// checked: a round of checks is over, which began when so many batches had changed; or, if back, the
	// check of the previous generation, which serves again.
	checked struct {
		reload  string
		batches int
		back    bool
		result  Result
	}
	// measured: what was found so far about a reload that is under way.
	measured struct {
		reload string
		found  Measured
	}
	// addressed: the canary of a reload has addresses of its own, or no longer.
	addressed struct {
		reload string
		canary []CanaryAddress
	}
	// proved: the search for a proof of a live reload is over. What was found is in its receipt.
	proved struct{ reload string }
	// awake: the time that a rotation waits for is over.
	awake struct {
		reload string
		why    wakeReason
		count  int
	}
	// forked: a worker has a process.
	forked struct {
		worker string
		pid    int
	}
	// becameReady: a worker accepts connections.
	becameReady struct {
		worker string
		how    Readied
	}
	// saidStatus: a worker said STATUS=text.
	saidStatus struct{ worker, text string }
	// startTimedOut: a worker was not ready in time. missing says what it has not done, output is what it
	// last printed.
	startTimedOut struct {
		worker  string
		missing string
		output  []string
	}
	// wentSilent: a worker has missed its watchdog. why is "" or completes that sentence, output is what it
	// last printed.
	wentSilent struct {
		worker  string
		silence time.Duration
		why     string
		output  []string
	}
	// stoppedAccepting: a draining worker was seen to accept no more connections.
	stoppedAccepting struct {
		worker string
		at     time.Time
		lived  bool // its first process was alive then, and not about to end
	}
	// stillAccepts: a worker still waits on listeners, so long after its stop signal.
	stillAccepts struct {
		worker    string
		listeners string
		after     time.Duration
	}
	// drainTimedOut: a draining worker is still there.
	drainTimedOut struct{ worker string }
	// exited: a worker's process is gone, or never came to be.
	exited struct {
		worker string
		exit   Exit
	}
	// retryDue: the back-off of a slot is over.
	retryDue struct{ slot int }
	// counted: the open connections of the draining workers. nil: the kernel did not tell.
	counted struct {
		connections map[string]int
		some        map[string][]CutConnection // some of them, as they are described if the worker drops them
	}
	// holds: how many connections a worker has that is about to be told to stop; and some of them, as in
	// counted.
	holds struct {
		worker  string
		n       int
		some    []CutConnection
		unknown bool // they could not be counted
	}
	// evicted: n connections of a worker were closed for a caller. Below zero: so many could not be closed
	// after all.
	evicted struct {
		worker string
		n      int
	}
)

func (checked) isFact()          {}
func (measured) isFact()         {}
func (addressed) isFact()        {}
func (proved) isFact()           {}
func (awake) isFact()            {}
func (prepared) isFact()         {}
func (forked) isFact()           {}
func (becameReady) isFact()      {}
func (saidStatus) isFact()       {}
func (startTimedOut) isFact()    {}
func (wentSilent) isFact()       {}
func (stoppedAccepting) isFact() {}
func (stillAccepts) isFact()     {}
func (drainTimedOut) isFact()    {}
func (exited) isFact()           {}
func (retryDue) isFact()         {}
func (counted) isFact()          {}
func (holds) isFact()            {}
func (evicted) isFact()          {}
