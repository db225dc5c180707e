package master

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// What the master looks after although nobody tells it: the files that workers are started
// from, and the sockets that they share.

// watchEvery is the pause between two looks. It is a handful of system calls.
const watchEvery = 500 * time.Millisecond

// watch says what it finds, once, before a crash or a client does. It returns when the loop has ended.
func (m *Master) watch(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var known []string
	for {
		select {
		case <-tick.C:
		case <-m.done:
			return
		}
		missing := m.look()
		for _, what := range missing {
			if !slices.Contains(known, what) {
				m.options.Log.Warn().Str("missing", what).Msg("workers need what is no longer there; a reload takes what is there now")
			}
		}
		known = missing
	}
}

// look finds out what the serving generation's workers would lack if they were started now. The
// disk may be slow, so the loop is not made to wait for it.
func (m *Master) look() (missing []string) {
	var p *plan
	generation := 0
	_ = m.ask(func(l *loop) {
		l.mendListeners()
		generation = l.pool.generation
		missing = l.deadListeners()
		if p = l.plans[generation]; p != nil {
			p.hold()
		}
	})
	if p == nil {
		return nil
	}
	missing = append(p.missing(), missing...)
	p.drop()
	_ = m.ask(func(l *loop) {
		if l.pool.generation == generation {
			l.missing = missing
		}
	})
	return missing
}

func (l *loop) deadListeners() []string {
	var list []string
	if p := l.plans[l.pool.generation]; p != nil {
		for _, listener := range p.listeners {
			if listener.dead {
				list = append(list, fmt.Sprintf("a worker has shut the listener %s down, and nobody can connect to it", listener.Name))
			}
		}
	}
	return list
}

// mendListeners listens again on what a worker has shut down: that ends a socket for every
// process that shares it. A TCP listener can be mended on the spot, another only be
// opened anew, which the next reload does.
func (l *loop) mendListeners() {
	for _, p := range l.plans {
		for _, listener := range p.listeners {
			for _, s := range listener.sockets {
				if ok, err := kernel.Listening(s.fd); ok || err != nil || listener.dead {
					continue
				}
				listener.dead = !s.listenAgain()
				what := "rota listens again"
				if listener.dead {
					what = "a reload opens it anew"
				}
				l.options.Log.Error().Str("listener", listener.Name).Str("address", s.kernel.Address()).Bool("mended", !listener.dead).
					Msg("a worker has shut the listening socket down for all of them, " + what + "; a program that shares it must only close it")
			}
		}
	}
}

// listenAgain reports whether the socket listens where it did.
func (s *socket) listenAgain() bool {
	if s.kernel.Network() != "tcp" || unix.Listen(s.fd, somaxconn) != nil {
		return false
	}
	now, err := kernel.Describe("", s.fd)
	return err == nil && now.Address() == s.kernel.Address() // a port that the kernel chose is another by now
}

// somaxconn asks for as long a queue as the kernel allows.
const somaxconn = 1 << 16
