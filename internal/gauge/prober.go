package gauge

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
)

// probeFunc makes one probe and returns its outcome. It calls onAccepted as soon as the generation is known that has
// accepted the probe; 0: somebody has, and nobody knows who.
type probeFunc func(ctx context.Context, a listen.Spec, onAccepted func(generation int)) outcome

// prober makes probes: connections on which it sends nothing but a FIN, which any program can answer. It sends the FIN
// only when the kernel has shown who has accepted the connection, since a program may answer sooner than anybody can
// look.
type prober struct {
	own *listen.OwnClients

	// generation tells that of the worker that holds a socket; 0: nobody knows. Not found: look again, since a worker
	// that is just accepting a connection does not hold it yet.
	generation func(inode uint64) (generation int, found bool)
}

const (
	firstPause = 200 * time.Microsecond // between two looks; one costs tens of microseconds
	lastPause  = 50 * time.Millisecond
	mostLooks  = 6 // for the worker that holds an accepted connection
)

// probeConn is a probe that is connected.
type probeConn struct {
	net.Conn
	prober
	client     listen.Client
	onAccepted func(generation int)
	watch      *lapse.Watch
	heard      chan outcome // holds one: what came first, which may be the end
	over       chan bool    // holds one, when nothing more comes: the other side has closed without a reset

	holder     int // the generation that has accepted it; 0: unknown
	acceptance acceptance
	acceptedAt time.Duration // when it was seen to be accepted
	finAt      time.Duration // when the FIN was sent; 0: not yet
	looks      int           // for its holder
	first      *outcome      // that was heard
}

// probe connects, waits until somebody has accepted the connection, sends a FIN, and reads to the end; all that until
// the context is over. A connection that is still open then is reset, so that a worker which does not react is not
// left with it.
func (p prober) probe(ctx context.Context, a listen.Spec, onAccepted func(generation int)) outcome {
	watch := lapse.StartWatch()
	defer watch.Stop()
	conn, client, err := listen.DialPatiently(ctx, a)
	if err != nil {
		return outcome{result: dialResult(err), acceptance: notAccepted}
	}
	p.own.Add(client)
	c := &probeConn{
		Conn: conn, prober: p, client: client, onAccepted: onAccepted, watch: watch,
		heard: make(chan outcome, 1), over: make(chan bool, 1),
	}
	keep := context.AfterFunc(ctx, c.stopReading)
	go c.read()
	c.awaitAcceptance(ctx)
	c.sendFIN()
	if c.first == nil {
		c.first = new(<-c.heard)
	}
	o := c.complete(*c.first)
	if o.result == answered {
		go c.end(keep) // which may take a while, and is no part of the answer
	} else {
		c.end(keep)
	}
	return o
}

// end closes the connection when the other side has, or has had time to.
func (c *probeConn) end(keep func() bool) {
	defer c.own.End(c.client)
	defer c.Close()
	defer keep()
	defer lapse.AfterFunc(shortTimeout, c.stopReading).Stop()
	closed := <-c.over
	if tcp, ok := c.Conn.(*net.TCPConn); ok && !closed {
		_ = tcp.SetLinger(0)
	}
}

func (c *probeConn) stopReading() { _ = c.SetReadDeadline(time.Unix(1, 0)) }

// awaitAcceptance returns when somebody has accepted the connection, or nobody can tell, or something was heard, or
// the context is over.
func (c *probeConn) awaitAcceptance(ctx context.Context) {
	for pause := firstPause; !c.look(); pause = min(2*pause, lastPause) {
		select {
		case <-time.After(pause):
		case o := <-c.heard:
			c.first = &o
			c.look() // a worker that greets may still hold it
			return
		case <-ctx.Done():
			return
		}
	}
}

// look reports whether there is nothing more to wait for.
func (c *probeConn) look() bool {
	peer, err := kernel.PeerOf(c.Conn)
	if err != nil {
		c.acceptance = acceptanceUnknown
		return true
	}
	switch peer.Where {
	case kernel.PeerQueued:
		c.acceptance = notAccepted
		return false
	case kernel.PeerHalf: // nobody accepts it before it has sent something
		c.acceptance = notAccepted
		c.sendFIN()
		return false
	case kernel.PeerHeld:
		return c.findHolder(peer.Inode)
	case kernel.PeerUnseen, kernel.PeerDropped:
	}
	c.acceptance = acceptanceUnknown
	return true
}

// findHolder looks for the worker that holds the connection. One that is just accepting it does not hold it yet.
func (c *probeConn) findHolder(inode uint64) bool {
	if c.looks == 0 {
		c.acceptance, c.acceptedAt = accepted, c.watch.Took()
	}
	c.looks++
	generation, found := c.generation(inode)
	if !found && c.looks < mostLooks {
		return false
	}
	c.holder = generation
	c.onAccepted(generation)
	return true
}

// sendFIN half-closes the connection, once. If it was reset already, reading tells.
func (c *probeConn) sendFIN() {
	if c.finAt == 0 {
		c.finAt = c.watch.Took()
		_ = c.Conn.(interface{ CloseWrite() error }).CloseWrite()
	}
}

// complete adds to what was heard who has accepted the connection. While rota looked for that worker, the worker
// waited for rota and not the other way round, so that time does not count.
func (c *probeConn) complete(o outcome) outcome {
	o.generation, o.acceptance = c.holder, c.acceptance
	if waited := min(c.finAt, o.took) - c.acceptedAt; c.looks > 0 && waited > 0 {
		o.took -= waited
	}
	o.took = max(o.took, 1)
	return o
}

// mostRead bounds what is read from a program that goes on sending.
const mostRead = 64 << 10

// read reads to the end. A worker that sends something and keeps the connection open has answered, too.
func (c *probeConn) read() {
	buffer, heard, closed := make([]byte, 4<<10), false, false
	for range mostRead / len(buffer) {
		n, err := c.Read(buffer)
		closed = errors.Is(err, io.EOF)
		if !heard {
			heard = true
			c.heard <- outcome{result: readResult(n, err), took: c.watch.Took()}
		}
		if err != nil {
			break
		}
	}
	c.over <- closed
}

func readResult(n int, err error) result {
	switch {
	case n > 0, errors.Is(err, io.EOF):
		return answered
	case errors.Is(err, os.ErrDeadlineExceeded):
		return unanswered
	}
	return wasReset
}

// dialResult is the result of a probe that could not connect.
func dialResult(err error) result {
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOENT): // a unix socket's file is gone
		return refused
	case errors.Is(err, unix.ECONNRESET):
		return wasReset
	case listen.NoAnswer(err):
		return unanswered
	}
	return notMade
}
