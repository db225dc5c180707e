package reach

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
)

// salvo is connections to one listener that the master makes to find out who accepts them. Several are made before anybody looks, since
// the kernel may give one after the other to the same worker.
type salvo struct {
	Reacher
	at      listen.ListenAddress
	Waiting []Offer // in the listener's queue
	offered int     // so many were made
	Taken   int     // of which somebody has accepted so many
	Unknown int     // of which nobody can tell who has accepted so many
}

// Offer is one of them. Nothing is said on it.
type Offer struct {
	net.Conn
	client listen.Client
	where  kernel.PeerPlace // at the latest look
	ended  int              // looks at which it was over, and nobody can tell who had accepted it
}

// Acceptance is an offer that somebody has accepted.
type Acceptance struct {
	Offer
	Worker string // of those that are looked for; "" for another, or if nobody can tell
}

// MostOffers is how many may wait at a time.
const MostOffers = 32

// Add makes up to n more, as far as the queue has room: clients are not to find it full because of them. It fails if nobody listens.
//
// How far apart they are is left to chance. Every connection wakes all who wait. If the next one comes at once, who wakes first takes
// that, too; if it comes late, the others sleep again. In between, at a time that depends on the machine, the last to wake gets one.
func (s *salvo) Add(ctx context.Context, n int) error {
	n = min(n, MostOffers-len(s.Waiting), s.room())
	apart := shortestApart << rand.IntN(longerApart)
	for i := range n {
		if i > 0 {
			sleepBriefly(apart)
		}
		c, client, err := listen.DialPatiently(ctx, s.at)
		switch {
		case err == nil:
		case listen.NoAnswer(err):
			return nil // there is no room, or newcomers are turned away for now
		default:
			return err
		}
		s.Own.Add(client)
		s.Waiting = append(s.Waiting, Offer{Conn: c, client: client})
		s.offered++
	}
	return nil
}

// The pauses between them are from 0.03 ms to 2 ms.
const (
	shortestApart = 32 * time.Microsecond
	longerApart   = 7
)

// sleepBriefly sleeps for less time than a timer of the runtime can.
func sleepBriefly(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}

// room is how many connections leave half of the queue to clients, and one if it is fuller, but not full; 1 if that can't be told.
func (s *salvo) room() int {
	endpoints, err := s.Sockets()
	endpoints = slices.DeleteFunc(endpoints, func(e kernel.Listener) bool {
		return e.Network() != s.at.Network || e.Address() != s.at.Address
	})
	queues, err2 := kernel.AcceptQueues(endpoints)
	if err != nil || err2 != nil || len(queues) == 0 {
		return 1
	}
	backlog, depth := 0, 0
	for _, q := range queues {
		backlog, depth = backlog+int(q.Backlog), depth+int(q.Depth)
	}
	return min(max(backlog/2-depth, 1), max(backlog-depth, 0))
}

// Look takes those out that somebody has accepted, one of the workers or another. It fails if the kernel does not tell.
func (s *salvo) Look(workers []string) (accepted []Acceptance, err error) {
	held := map[uint64]listen.Client{}
	for i := range s.Waiting {
		if err := s.Waiting[i].look(held); err != nil {
			return nil, err
		}
	}
	var holders map[listen.Client]string
	if len(held) > 0 {
		if holders, err = s.Holders(workers, held); err != nil {
			return nil, err
		}
	}
	var left []Offer
	for _, o := range s.Waiting {
		if o.where != kernel.PeerHeld && o.ended < 2 {
			left = append(left, o)
			continue
		}
		s.Taken++
		if o.where != kernel.PeerHeld {
			s.Unknown++
		}
		accepted = append(accepted, Acceptance{o, holders[o.client]})
	}
	s.Waiting = left
	return accepted, nil
}

// look finds out how far the connection has come. One that somebody holds is added to held, by the inode.
func (o *Offer) look(held map[uint64]listen.Client) error {
	over := HungUp(*o) // before it is found out who holds it: who has ended it does not
	peer, err := kernel.PeerOf(o.Conn)
	if err != nil {
		return err
	}
	o.where = peer.Where
	switch {
	case o.where == kernel.PeerHeld:
		held[peer.Inode] = o.client
	case over, o.where == kernel.PeerDropped:
		o.ended++ // at the second look, since the first may have come just before it was held
	}
	return nil
}

// Tally counts connections.
type Tally struct{ Offered, Taken, Unknown int }

// Since is what was counted since then.
func (s *salvo) Since(before salvo) Tally {
	return Tally{s.offered - before.offered, s.Taken - before.Taken, s.Unknown - before.Unknown}
}

// End parts from those that still wait.
func (s *salvo) End() {
	for _, o := range s.Waiting {
		s.Part(o)
	}
	s.Waiting = nil
}

// Part ends a connection in peace. A worker that does not react to that is not left with it: it would look like a client's.
func (r Reacher) Part(o Offer) {
	_ = o.Conn.(interface{ CloseWrite() error }).CloseWrite() // of one that is reset already the reading tells
	giveUp := lapse.AfterFunc(partWithin, func() { _ = o.SetReadDeadline(time.Unix(1, 0)) })
	go func() {
		defer r.Own.End(o.client)
		defer o.Close()
		defer giveUp.Stop()
		_, err := io.Copy(io.Discard, io.LimitReader(o, discardAtMost))
		if tcp, ok := o.Conn.(*net.TCPConn); ok && err != nil {
			_ = tcp.SetLinger(0)
		}
	}()
}

const (
	// partWithin is how long a worker may take to notice that a connection is over.
	partWithin = 100 * time.Millisecond
	// discardAtMost bounds what is read of a program that talks on and on.
	discardAtMost = 64 << 10
)

// HungUp reports whether the other side has ended the connection.
func HungUp(o Offer) bool {
	raw, err := o.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return true
	}
	poll := []unix.PollFd{{Events: unix.POLLRDHUP}}
	_ = raw.Control(func(fd uintptr) {
		poll[0].Fd = int32(fd)
		_, _ = unix.Poll(poll, 0) // of one that was interrupted the next look tells
	})
	return poll[0].Revents != 0
}
