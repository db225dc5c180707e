// Package doctor examines whether a program is a good worker: one that can be replaced while
// clients come and go, and none of them notices.
//
// It starts the program as the only worker of a master, on a listening socket that is its own
// (socket.go), and plays the clients. One life of the program is a trial (trial.go); each asks
// other questions: how it serves (serving.go), what becomes of connections on which nothing was
// said yet when the stop signal comes (silence.go) and of those that come later (newcomers.go),
// of requests in flight (flight.go), of connections kept alive (keepalive.go) and of clients that are never
// idle (busy.go). What every
// life has to leave behind, which is nothing, is judged at the end (lives.go). To ask anything, the
// doctor first finds out what the program answers to (speech.go).
//
// Nothing here waits without a bound, and nothing that was started outlives Examine.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/plan"
)

// Options is what is examined, and how. Spec.Command is needed.
type Options struct {
	// Spec is as for a master. Of its listeners only name and network count, but for MayUse: they are opened anew
	// where nobody else comes. The first one for streams is examined; none: it is called tcp.
	Spec  plan.Spec
	Probe plan.ProbeHTTP // as for a master
	Log   zerolog.Logger // of the master, and what the program prints

	Path     string // that is asked for over HTTP; "": / is tried
	Request  string // that a program is sent which speaks no HTTP; "": a line is tried
	SlowPath string // that takes a while to be answered; "": a request is left unfinished instead
	Host     string // that the program is asked for, over HTTP and TLS; "": localhost
	TLS      bool   // it speaks TLS. Its certificate is not verified

	// MayUse is whether a program that takes a socket nowhere else is examined at the addresses of Spec.Listen.
	// It is not if anybody listens there.
	MayUse bool

	Tell func(Result) // is told each result as soon as it is known; nil: nobody
}

// ErrUsage is wrapped by errors which say that the program can't even be tried as asked for.
var ErrUsage = errors.New("cannot be examined")

// examination is what is known so far.
type examination struct {
	Options
	report Report
	since  time.Time    // of the latest result
	over   func() error // not nil when nobody wants to know any more
	speech *speech      // what the program answers to; nil: not known
	why    string       // it is not known
	lives  []life

	home    bool   // the program is examined at the addresses of the settings
	note    string // why
	guards  guards
	backlog uint32 // of a socket that no program has had; 0: not known
}

// Examine runs the program several times and reports on every check. The error is the context's, or
// wraps ErrUsage, or says what the doctor itself could not do; the report is then incomplete.
func Examine(ctx context.Context, o Options) (Report, error) {
	o.Host = cmp.Or(o.Host, "localhost")
	o.Spec.StartTimeout = cmp.Or(o.Spec.StartTimeout, plan.DefaultStartTimeout)
	o.Spec.DrainTimeout = cmp.Or(o.Spec.DrainTimeout, plan.DefaultDrainTimeout)
	e := &examination{Options: o, since: time.Now(), over: ctx.Err}
	e.report.Began = e.since
	guards, err := guard(o.Spec.Listen)
	if err != nil {
		return e.report, err
	}
	e.guards = guards
	defer func() { e.guards.close() }()
	for _, look := range []func(context.Context) error{e.serving, e.silence, e.flight, e.keepAlive, e.busy} {
		err := look(ctx)
		if ctx.Err() != nil {
			return e.report, ctx.Err() // whatever else was found is its doing
		}
		if err != nil {
			return e.report, err
		}
	}
	e.judgeLives()
	return e.report, nil
}

// The bounds of what the doctor waits for.
const (
	readyBound  = time.Second            // from ready to the first connection accepted
	answerBound = 5 * time.Second        // from a request to its answer, when there are few
	settled     = 250 * time.Millisecond // after which nothing more is expected to happen at once
	pause       = 5 * time.Millisecond   // between two looks
)

// stopBound is how long after the stop signal new connections may still be accepted.
func (e *examination) stopBound() time.Duration { return min(e.Spec.DrainTimeout/2, 3*time.Second) }

// idleBound is how long after it an idle connection may be kept.
func (e *examination) idleBound() time.Duration { return e.Spec.DrainTimeout * 3 / 4 }

// within looks until there is what is waited for, and is false if that takes too long.
func within(ctx context.Context, bound time.Duration, look func() bool) bool {
	deadline := time.Now().Add(bound)
	for !look() {
		if ctx.Err() != nil || time.Now().After(deadline) {
			return false
		}
		time.Sleep(pause)
	}
	return true
}
