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

// A probe of the gauge: a client that says nothing but goodbye, which any program can answer. It says goodbye when the kernel has
// shown who accepted it: a program that answers is quicker than anybody can look.

// knocked is what became of it.
type knocked struct {
	how  knockResult
	took time.Duration // until it was answered, without the time that it took to find out who had accepted it

	by       holder
	accepted takeUp // of one that was not answered
}

type knockResult int

const (
	knockNotMade    knockResult = iota // for a reason of the master's own, such as no descriptors: it says nothing
	knockAnswered                      // something came back, if only the end
	knockRefused                       // nobody listens
	knockReset                         // broken off
	knockUnanswered                    // no connection, or silence, when the context was over
)

// takeUp is whether somebody has accepted a connection. The zero value is: nobody can tell.
type takeUp int

const (
	acceptedUnseen takeUp = iota
	acceptedNot
	acceptedSilent
)

// holder is who has accepted a connection. The zero value is somebody unknown.
type holder struct {
	generation int // 0: unknown
}

// Knocker makes probes.
type Knocker struct {
	Own *listen.OwnClients

	// Whose tells the generation of the worker that holds a socket; 0: nobody knows. Not found: look again, since a
	// worker that is just accepting a connection does not hold it yet.
	Whose func(inode uint64) (generation int, found bool)
}

// A look at one connection costs tens of microseconds.
const (
	knockFirstLook = 200 * time.Microsecond
	knockLastLook  = 50 * time.Millisecond
	// mostLooks is how often the worker is looked for that has a connection which somebody has accepted.
	mostLooks = 6
)

// visit is a probe that is connected.
type visit struct {
	net.Conn
	Knocker
	client listen.Client
	taken  func(holder) // is told as soon as somebody has accepted it
	watch  *lapse.Watch
	heard  chan knocked // holds one: what came first, be it the end
	ended  chan bool    // holds one, when nothing more comes: in peace, from the other side

	by       holder
	accepted takeUp
	at       time.Duration // when it was seen to be accepted
	bye      time.Duration // when goodbye was said; 0: not yet
	looks    int           // for its holder
	first    *knocked      // that was heard
}

// Knock connects, waits until somebody has accepted it, sends a FIN, and reads to the end; all that until the context is over. A
// connection that nobody has ended by then is reset, so that a worker which does not react is not left with it.
func (n Knocker) Knock(ctx context.Context, a listen.ListenAddress, taken func(holder)) knocked {
	watch := lapse.StartWatch()
	defer watch.Stop()
	c, client, err := listen.DialPatiently(ctx, a)
	if err != nil {
		return knocked{how: notConnected(err), accepted: acceptedNot}
	}
	n.Own.Add(client)
	v := &visit{Conn: c, client: client, Knocker: n, taken: taken, watch: watch, heard: make(chan knocked, 1), ended: make(chan bool, 1)}
	calledOff := context.AfterFunc(ctx, v.giveUp)
	go v.listen()
	v.await(ctx)
	v.goodbye()
	if v.first == nil {
		v.first = new(<-v.heard)
	}
	k := v.judge(*v.first)
	if k.how == knockAnswered {
		go v.part(calledOff) // which may take a while, and is no part of the answer
	} else {
		v.part(calledOff)
	}
	return k
}

// part closes the connection when the other side has, or does not.
func (v *visit) part(calledOff func() bool) {
	defer v.Own.End(v.client)
	defer v.Close()
	defer calledOff()
	defer lapse.AfterFunc(knockTimeout, v.giveUp).Stop()
	inPeace := <-v.ended
	if tcp, ok := v.Conn.(*net.TCPConn); ok && !inPeace {
		_ = tcp.SetLinger(0)
	}
}

// giveUp ends the listening.
func (v *visit) giveUp() { _ = v.SetReadDeadline(time.Unix(1, 0)) }

// await returns when somebody has accepted it, or nobody can tell, or something was heard, or the context is over.
func (v *visit) await(ctx context.Context) {
	for pause := knockFirstLook; !v.look(); pause = min(2*pause, knockLastLook) {
		select {
		case <-time.After(pause):
		case k := <-v.heard:
			v.first = &k
			v.look() // once more: who greets may hold it still
			return
		case <-ctx.Done():
			return
		}
	}
}

// look reports whether there is nothing more to wait for.
func (v *visit) look() bool {
	peer, err := kernel.PeerOf(v.Conn)
	if err != nil {
		v.accepted = acceptedUnseen
		return true
	}
	switch peer.Where {
	case kernel.PeerQueued:
		v.accepted = acceptedNot
		return false
	case kernel.PeerHalf: // nobody accepts it before it has said something
		v.accepted = acceptedNot
		v.goodbye()
		return false
	case kernel.PeerHeld:
		return v.find(peer.Inode)
	case kernel.PeerUnseen, kernel.PeerDropped:
	}
	v.accepted = acceptedUnseen
	return true
}

// find looks for the worker that holds the connection. One that is just accepting it does not hold it yet.
func (v *visit) find(inode uint64) bool {
	if v.looks == 0 {
		v.accepted, v.at = acceptedSilent, v.watch.Took()
	}
	v.looks++
	generation, found := v.Whose(inode)
	if !found && v.looks < mostLooks {
		return false
	}
	v.by = holder{generation}
	v.taken(v.by)
	return true
}

// goodbye sends the FIN, once. Of a connection that is reset already the reading tells.
func (v *visit) goodbye() {
	if v.bye == 0 {
		v.bye = v.watch.Took()
		_ = v.Conn.(interface{ CloseWrite() error }).CloseWrite()
	}
}

// judge adds to what was heard who is to be thanked. While the master looked for the worker that had accepted it, the worker waited for
// the master, and not the other way round.
func (v *visit) judge(k knocked) knocked {
	k.by, k.accepted = v.by, v.accepted
	if waited := min(v.bye, k.took) - v.at; v.looks > 0 && waited > 0 {
		k.took -= waited
	}
	k.took = max(k.took, 1)
	return k
}

// listen reads to the end. Who sends something and holds the connection has answered, too.
func (v *visit) listen() {
	buffer, heard, inPeace := make([]byte, 4<<10), false, false
	for range listenAtMost / len(buffer) {
		n, err := v.Read(buffer)
		inPeace = errors.Is(err, io.EOF)
		if !heard {
			heard = true
			v.heard <- knocked{how: howHeard(n, err), took: v.watch.Took()}
		}
		if err != nil {
			break
		}
	}
	v.ended <- inPeace
}

func howHeard(n int, err error) knockResult {
	switch {
	case n > 0, errors.Is(err, io.EOF):
		return knockAnswered
	case errors.Is(err, os.ErrDeadlineExceeded):
		return knockUnanswered
	}
	return knockReset
}

// listenAtMost bounds what is read of a program that talks on and on.
const listenAtMost = 64 << 10

func notConnected(err error) knockResult {
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOENT): // a unix socket's file is gone
		return knockRefused
	case errors.Is(err, unix.ECONNRESET):
		return knockReset
	case listen.NoAnswer(err):
		return knockUnanswered
	}
	return knockNotMade
}
