package master

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/pool"
)

// Closing connections for workers that do not.

// Evicted is what became of the connections that were to be closed.
type Evicted struct {
	Closed []listen.Connection
	Failed []NotClosed
}

// NotClosed is a connection that could not be closed; the error wraps ErrNotClosed.
type NotClosed struct {
	listen.Connection
	Err error
}

// CloseConnection closes one connection of any worker, and says how. Errors: ErrNoConnection; ErrNotClosed,
// with which errors.Is(err, fs.ErrPermission) tells whether it is the master that lacks a right.
func (m *Master) CloseConnection(id string) (listen.Connection, kernel.Manner, error) {
	cookie, ok := listen.CookieOf(id)
	if !ok {
		return listen.Connection{}, "", ErrNoConnection
	}
	listing, err := m.Connections()
	if err != nil {
		return listen.Connection{}, "", err
	}
	for _, c := range listing.Connections {
		if c.Cookie == cookie {
			closing := m.close(c.WorkerID, []listen.Connection{c}, listing.Families)[0]
			return c, closing.How, explainClosing(closing.Err)
		}
	}
	return listen.Connection{}, "", ErrNoConnection
}

// Evict closes the connections of one worker that are idle or half-closed, and on which no data has moved
// for at least so long. Of a unix connection the kernel does not tell how long that is, so it
// only counts as idle if no time is asked for. Those that have ended meanwhile by themselves are left
// out. Errors: ErrNoWorker, ErrUnseen.
func (m *Master) Evict(worker string, idle time.Duration) (Evicted, error) {
	if _, err := m.Worker(worker); err != nil {
		return Evicted{}, err
	}
	listing, err := m.observer.Connections([]string{worker})
	if err != nil {
		return Evicted{}, err
	}
	if slices.Contains(listing.Unseen, worker) {
		return Evicted{}, ErrUnseen
	}
	chosen := slices.DeleteFunc(listing.Connections, func(c listen.Connection) bool {
		return c.State() == listen.ConnectionActive || c.Idle() < idle || m.observer.Own.Has(c.Remote) // a probe's ends by itself, and is no client's
	})
	if chosen, err = m.notYetEvicted(worker, chosen); err != nil {
		return Evicted{}, err
	}
	var e Evicted
	for i, closing := range m.close(worker, chosen, listing.Families) {
		switch err := explainClosing(closing.Err); {
		case err == nil:
			e.Closed = append(e.Closed, chosen[i])
		case !errors.Is(err, ErrNoConnection):
			e.Failed = append(e.Failed, NotClosed{chosen[i], err})
		}
	}
	return e, nil
}

// close tells the loop first: the worker may be gone before its last connection has been counted.
func (m *Master) close(worker string, list []listen.Connection, families map[string]kernel.Family) []kernel.Closing {
	sockets := make([]kernel.Connection, len(list))
	for i, c := range list {
		sockets[i] = c.Connection
	}
	fresh := m.evicting(worker, list)
	closings := kernel.CloseConnections(families[worker], sockets)
	var failed []uint64
	for i, closing := range closings {
		if cookie := list[i].Cookie; closing.Err != nil && fresh[cookie] {
			failed = append(failed, cookie)
		}
	}
	m.notEvicted(worker, failed)
	if len(fresh) > 0 {
		m.options.Log.Info().Str("worker_id", worker).Int("closed", len(fresh)-len(failed)).Int("not_closed", len(failed)).
			Msg("connections of a worker are closed, as somebody has asked")
	}
	return closings
}

// notYetEvicted leaves out those that are closed as far as rota can: their worker keeps them, or their peer.
func (l *loop) notYetEvicted(worker string, list []listen.Connection) []listen.Connection {
	minder := l.minders[worker]
	return slices.DeleteFunc(list, func(c listen.Connection) bool { return minder != nil && minder.evicted[c.Cookie] })
}

// evicting counts the connections, and returns which of them had not been counted before.
func (l *loop) evicting(worker string, list []listen.Connection) map[uint64]bool {
	fresh := make(map[uint64]bool, len(list))
	minder := l.minders[worker]
	if minder == nil {
		return fresh
	}
	for _, c := range list {
		if !minder.evicted[c.Cookie] {
			minder.evicted[c.Cookie], fresh[c.Cookie] = true, true
		}
	}
	if len(fresh) > 0 {
		l.handle(pool.Evicted{Worker: worker, N: len(fresh)})
	}
	return fresh
}

// notEvicted takes back what was counted too soon.
func (l *loop) notEvicted(worker string, failed []uint64) {
	minder := l.minders[worker]
	if minder == nil || len(failed) == 0 {
		return
	}
	for _, cookie := range failed {
		delete(minder.evicted, cookie)
	}
	l.handle(pool.Evicted{Worker: worker, N: -len(failed)})
}

// explainClosing says what to do about a refusal.
func explainClosing(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kernel.ErrClosed):
		return ErrNoConnection
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w; rota needs to be allowed to trace the worker (CAP_SYS_PTRACE, kernel.yama.ptrace_scope "+
			"at most 1, a sandbox that lets pidfd_getfd pass) or, for a TCP connection, CAP_NET_ADMIN", ErrNotClosed, err)
	}
	return fmt.Errorf("%w: %w", ErrNotClosed, err)
}
