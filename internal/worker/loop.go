package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// phase is where a worker's loop is in its life; it only goes forward.
type phase int

const (
	serving  phase = iota
	draining       // accepts nothing, serves the open connections until their clients leave
	leaving        // has said its last word on every connection and lingers to hear their ends
)

// loop serves every connection of the worker on one thread.
type loop struct {
	opts    Options
	log     zerolog.Logger
	poller  *poller
	sockets []inherited
	web     *web
	buf     []byte // what everybody reads into; its content is of no use after the read

	drain, leave context.Context
	phase        phase
	open         int // connections of our own, not those of the web server
	served       int // all there ever were
	drained      int // those of them that were open when draining began or came in the last sweep
}

// newLoop takes over the sockets, and closes them if it fails.
func newLoop(opts Options) (*loop, error) {
	if len(opts.Listeners) == 0 {
		return nil, fmt.Errorf("%w given", ErrNoListeners)
	}
	l := &loop{opts: opts, log: opts.Log, buf: make([]byte, opts.readSize)}
	p, err := newPoller(l.advance)
	if err != nil {
		closeAll(opts.Listeners)
		return nil, err
	}
	l.poller = p
	l.web = newWeb(opts, p.wake)
	for _, given := range opts.Listeners {
		l.sockets = append(l.sockets, inherit(l, given))
	}
	for i, s := range l.sockets {
		if err := s.start(); err != nil {
			l.close()
			return nil, fmt.Errorf("listener %q: %w", opts.Listeners[i].Name, err)
		}
	}
	return l, nil
}

// run returns when draining is over.
func (l *loop) run(drain, leave context.Context) error {
	l.drain, l.leave = drain, leave
	l.web.start()
	defer l.web.stop()
	l.advance() // it may have been told to drain before it could begin
	for l.phase == serving || l.open > 0 || !l.web.gone() {
		if err := l.poller.wait(); err != nil {
			return err
		}
	}
	webServed, webDrained := l.web.counts()
	l.log.Info().Int("connections", l.served+webServed).
		Int("while_draining", l.drained+webDrained).Msg("drained")
	return nil
}

// advance takes the worker to its next phase when that was asked for. Every wake of the poller ends here.
func (l *loop) advance() {
	if l.phase == serving && l.drain.Err() != nil {
		l.phase = draining
		l.startDrain()
	}
	if l.phase == draining && l.leave.Err() != nil {
		l.phase = leaving
		l.startLeave()
	}
}

// startDrain loses nobody: what waits in the accept queues is ours, because at a shutdown no other worker
// will take it. What comes after the sweep stays in the queue for those who still hold the listener.
func (l *loop) startDrain() {
	began := time.Now()
	l.poller.cancelAlarm() // that ended a pause of the sockets
	l.drained = l.open
	before := l.served
	l.web.startDrain()
	for _, s := range l.sockets {
		s.retire()
	}
	l.web.closeIntake()
	l.drained += l.served - before
	l.log.Debug().Int("open", l.drained).Int("swept", l.served-before).
		Dur("took", time.Since(began)).Msg("worker drains")
}

func (l *loop) startLeave() {
	l.log.Debug().Int("open", l.open).Msg("worker leaves its connections")
	l.web.startLeave()
	l.eachConn((*conn).leave)
	l.poller.alarm(l.opts.linger, func() {
		l.web.cut()
		l.eachConn(func(c *conn) { c.close(nil) })
	})
}

// resumeAfter watches the sockets that pause again, after d or already when another pause ends: there is
// one alarm, and moving it would let a socket that often pauses keep the others waiting.
func (l *loop) resumeAfter(d time.Duration) {
	if !l.poller.alarmSet() {
		l.poller.alarm(d, l.resume)
	}
}

func (l *loop) resume() {
	for _, s := range l.sockets {
		if err := s.resume(); err != nil {
			s.pause(err)
			return
		}
	}
}

// eachConn may be used to close connections.
func (l *loop) eachConn(do func(*conn)) {
	for _, s := range l.poller.sources {
		if c, ok := s.(*conn); ok {
			do(c)
		}
	}
}

// close lets go of everything, in whatever state run has left it.
func (l *loop) close() {
	l.eachConn(func(c *conn) { c.close(nil) })
	for _, s := range l.sockets {
		s.close()
	}
	l.poller.close()
}
