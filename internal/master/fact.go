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
	// checked: a round of checks, begun when so many batches had changed, is over; or that of the generation before, when it
	// serves again.
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
	// proved: the search for a proof of a live reload is over; what was found is in its receipt.
	proved struct{ reload string }
	// awake: a time is over that a rotation waits for.
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
	// startTimedOut: a worker was not ready in time. missing says what it has not done, output is what it last printed.
	startTimedOut struct {
		worker  string
		missing string
		output  []string
	}
	// wentSilent: a worker has missed its watchdog. why is "" or goes on behind that, output is what it last printed.
	wentSilent struct {
		worker  string
		silence time.Duration
		why     string
		output  []string
	}
	// stoppedAccepting: a draining worker was seen to take no more connections from the listeners.
	stoppedAccepting struct {
		worker string
		at     time.Time
		lived  bool // its first process did then, and was not about to end
	}
	// stillAccepts: so long after its stop signal a worker still waits on listeners.
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
	// counted: the open connections of the draining workers; nil when the kernel would not say.
	counted struct {
		connections map[string]int
		some        map[string][]CutConnection // of those; each as if its worker dropped it
	}
	// holds: the open connections of a worker that is about to be told to stop; some of them as if it dropped them.
	holds struct {
		worker  string
		n       int
		some    []CutConnection
		unknown bool // how many could not be found out; n says nothing then
	}
	// evicted: n connections of a worker are being closed for it; below zero, so many of those could not be.
	evicted struct {
		worker string
		n      int
	}
)

func (checked) isFact()          {}
func (measured) isFact()         {}
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
