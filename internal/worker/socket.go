package worker

import (
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// inherited is a socket that came from the master: a listener, or a datagram socket.
type inherited interface {
	source
	start() error  // makes the socket what the loop needs and watches it
	resume() error // watches it again, if it paused
	pause(why error)
	retire() // takes what another worker can't know of, and closes our copy
	close()
}

func inherit(l *loop, given Listener) inherited {
	if isDatagram(given.FD) {
		return newDatagrams(l, given)
	}
	return newListener(l, given) // which refuses what is no listener either
}

// socket is what the inherited ones have in common. All workers share it: another one can always have been
// quicker, and it is closed but never shut down, which would end it for everybody.
type socket struct {
	loop     *loop
	name     string
	fd       int // -1: closed
	watched  bool
	taken    int            // connections or datagrams, so far
	troubles zerolog.Logger // warns at most once in 10 s
}

func newSocket(l *loop, given Listener) socket {
	return socket{
		loop: l, name: given.Name, fd: given.FD,
		troubles: l.log.Sample(&zerolog.BurstSampler{Burst: 1, Period: 10 * time.Second}),
	}
}

// watch is exclusive, so that a connection or a datagram wakes one worker and not all of them.
func (s *socket) watch(by source) error {
	err := s.loop.poller.add(s.fd, unix.EPOLLIN|unix.EPOLLEXCLUSIVE, by)
	s.watched = err == nil
	return err
}

func (s *socket) unwatch() {
	if !s.watched {
		return
	}
	s.watched = false
	if err := s.loop.poller.remove(s.fd); err != nil {
		s.loop.log.Error().Err(err).Str("listener", s.name).Msg("listener can't be unwatched")
	}
}

// takeTurns makes the shares even. The kernel wakes the exclusive waiter that came first, which would
// for ever be the same worker; by coming anew a worker lets all the others go first.
func (s *socket) takeTurns(by source, every int) error {
	s.taken++
	if s.taken%every != 0 || !s.watched {
		return nil
	}
	s.unwatch()
	return s.watch(by)
}

func (s *socket) close() {
	if s.fd >= 0 {
		s.unwatch()
		unix.Close(s.fd)
		s.fd = -1
	}
}
