package minder

import (
	"strconv"

	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/process"
	"rota/internal/record"
)

// Death is how a worker ended, as far as that concerns its connections.
type Death struct {
	Name     string // of the worker, for people
	How      string // likewise, of its end
	Stop     string // the stop signal's name
	Killed   bool   // by rota
	Manner   Manner
	Forecast StopForecast
	Cut      map[uint64]bool // by cookie

	unasked          bool // it ended before it was ready or was told to stop
	NeverReady       bool // it was never ready
	Signalled        bool // by the stop signal itself
	StoppedAccepting bool // it was seen before that it had stopped accepting
}

// Manner is how a worker ended, by its exit status.
type Manner int

// The manners.
const (
	EndedInPeace Manner = iota
	EndedAsTold         // as if by the stop signal: a program may handle it and then leave the rest to its runtime
	EndedInError        // by an exit code
	EndedByCrash        // by a signal that is not the stop signal
)

// Failed reports whether nobody wanted it to end, although it did not crash.
func (d Death) Failed() bool { return d.Manner == EndedInError || d.unasked }

// learnFate finds out what became of the connections of a worker of which nothing is left.
func (w *watch) learnFate(status process.ExitStatus, outlived bool) *record.Fate {
	if w.Fate == nil {
		return nil
	}
	return w.Fate(w.Start.Worker, w.death(status, outlived))
}

// death is how the worker ended, as far as that concerns its connections.
func (w *watch) death(status process.ExitStatus, outlived bool) Death {
	stop := unix.SignalName(w.spec.StopSignal)
	how := record.Exit{Code: status.Code, Signal: status.Signal}
	d := Death{
		Name: "worker of slot " + strconv.Itoa(w.Start.Slot), How: how.String(), Stop: stop,
		Killed: w.stage >= stageAborting, Cut: cookies(w.cutOff.list), Forecast: w.stopping.forecast,

		unasked:   w.lived == stageStarting,
		Signalled: status.Signal == stop,
	}
	if !d.Signalled && !w.spec.StopGroup && w.stopping.passed == nil {
		d.Forecast = StopForecast{} // it has learnt to handle it since
	}
	itself := d.Signalled && (d.Forecast.Unhandled || d.Forecast.Unknown)
	asTold := d.Signalled || status.Code == 128+int(w.spec.StopSignal) // which is how shells and the JVM say it
	switch {
	case !outlived && status.Signal != "" && !d.Signalled, itself && d.Forecast.Unknown:
		d.Manner = EndedByCrash
	case outlived || itself: // others of it went on; or doom says which connections it had
	case asTold:
		d.Manner = EndedAsTold
	case status.Code != 0:
		d.Manner = EndedInError
	}
	return d
}

// cookies are the set of the connections' cookies.
func cookies(list []listen.Connection) map[uint64]bool {
	set := map[uint64]bool{}
	for _, c := range list {
		set[c.Cookie] = true
	}
	return set
}
