// Package doctor examines whether a program is a good worker: one that can be replaced while clients come and
// go, without any of them noticing.
//
// It runs the program several times as the only worker of a master, on a listening socket of its own
// (socket.go), and plays the clients. Each run (run.go) asks another question. How does the program serve
// (serving.go)? What happens at the stop signal to connections that are silent (silence.go), to connections
// that come later (newcomers.go), to requests in flight (in_flight.go), to connections that are kept alive
// (keepalive.go), and to clients that are never idle (busy.go)? After the runs it judges how each of them
// ended (ending.go): nothing may be left behind. To ask anything, the doctor first detects what the program
// answers to (detection.go).
//
// Every wait has a bound, and nothing outlives Examine.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/plan"
)

// Options says what is examined, and how. Spec.Command is required.
type Options struct {
	// Spec is as for a master. The listeners are opened at private addresses, with the same names and networks
	// (but see MayUse). The first stream listener is examined. If there is none, the doctor adds one named tcp.
	Spec  plan.Spec
	Probe plan.ProbeHTTP // as for a master
	Log   zerolog.Logger // of the master, with what the program prints

	Path     string // the path of HTTP requests; "": / is tried
	Request  string // what is sent to a program that does not speak HTTP; "": a line is tried
	SlowPath string // a path with a slow answer; "": a request is left unfinished instead
	Host     string // the host name in HTTP and TLS; "": localhost
	TLS      bool   // the program speaks TLS; its certificate is not verified

	// MayUse permits to examine a program at the addresses in Spec.Listen if it takes no socket at another
	// address. The doctor does not do so if somebody listens there.
	MayUse bool

	Tell func(Result) // called with each result as soon as it is known; may be nil
}

// ErrUsage means that the program cannot be run with these options.
var ErrUsage = errors.New("cannot be examined")

// examination is the state of one Examine.
type examination struct {
	Options
	report  Report
	since   time.Time    // of the latest result
	over    func() error // not nil when the caller has given up
	speech  *speech      // what the program answers to; nil: not known
	why     string       // why it is not known
	endings []ending

	home    bool   // the program is examined at the addresses in Spec.Listen
	note    string // where it is examined, for the report
	guards  guards
	backlog uint32 // of a socket before a program gets it; 0: not known
}

// Examine runs the program several times and reports on every check. The error is the context's, or wraps
// ErrUsage or ErrElsewhere, or says what the doctor itself could not do. The report is then incomplete.
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
			return e.report, ctx.Err() // any other error follows from that
		}
		if err != nil {
			return e.report, err
		}
	}
	e.judgeEndings()
	return e.report, nil
}

// The bounds of the doctor's waits.
const (
	readyBound  = time.Second            // from ready to the first connection accepted
	answerBound = 5 * time.Second        // from a request to its answer, without load
	settled     = 250 * time.Millisecond // after this, an immediate reaction has happened
	pause       = 5 * time.Millisecond   // between two looks
)

// stopBound is how long after the stop signal the program may still accept connections.
func (e *examination) stopBound() time.Duration { return min(e.Spec.DrainTimeout/2, 3*time.Second) }

// idleBound is how long after the stop signal the program may keep an idle connection.
func (e *examination) idleBound() time.Duration { return e.Spec.DrainTimeout * 3 / 4 }

// within calls look until it returns true. It returns false if that takes too long.
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
