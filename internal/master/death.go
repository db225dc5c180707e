package master

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// death is how a worker ended, as far as that concerns its connections.
type death struct {
	name   string // of the worker, for people
	how    string // likewise, of its end
	stop   string // the stop signal's name
	killed bool   // by rota
	manner manner
	doom   doom
	cut    map[uint64]bool // by cookie

	unasked   bool // it ended before it was ready or was told to stop
	young     bool // it was never ready
	signalled bool // by the stop signal itself
	withdrew  bool // it was seen before that it had stopped accepting
}

// manner is how a worker ended, by its exit status.
type manner int

const (
	endedInPeace manner = iota
	endedAsTold         // as if by the stop signal: a program may handle it and then leave the rest to its runtime
	endedInError        // by an exit code
	endedByCrash        // by a signal that is not the stop signal
)

// failed reports whether nobody wanted it to end, although it did not crash.
func (d death) failed() bool { return d.manner == endedInError || d.unasked }

// learnFate finds out what became of the connections of a worker of which nothing is left.
func (w *watch) learnFate(status exitStatus, outlived bool) *Fate {
	if w.fate == nil {
		return nil
	}
	return w.fate(w.start.worker, w.death(status, outlived))
}

// death is how the worker ended, as far as that concerns its connections.
func (w *watch) death(status exitStatus, outlived bool) death {
	stop := unix.SignalName(w.plan.StopSignal)
	how := Exit{Code: status.code, Signal: status.signal}
	d := death{
		name: "worker of slot " + strconv.Itoa(w.start.slot), how: how.String(), stop: stop,
		killed: w.stage >= stageAborting, cut: cookies(w.severed.list), doom: w.stopping.doom,

		unasked:   w.lived == stageStarting,
		signalled: status.signal == stop,
	}
	if !d.signalled && !w.plan.StopGroup && w.stopping.passed == nil {
		d.doom = doom{} // it has learnt to handle it since
	}
	itself := d.signalled && (d.doom.certain || d.doom.unseen)
	asTold := d.signalled || status.code == 128+int(w.plan.StopSignal) // which is how shells and the JVM say it
	switch {
	case !outlived && status.signal != "" && !d.signalled, itself && d.doom.unseen:
		d.manner = endedByCrash
	case outlived || itself: // others of it went on; or doom says which connections it had
	case asTold:
		d.manner = endedAsTold
	case status.code != 0:
		d.manner = endedInError
	}
	return d
}

// cookies are the set of the connections' cookies.
func cookies(list []Connection) map[uint64]bool {
	set := map[uint64]bool{}
	for _, c := range list {
		set[c.Cookie] = true
	}
	return set
}
