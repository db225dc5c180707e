package check

import (
	"context"
	"fmt"
	"net"
	"time"

	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/reach"
)

// visit is one connection to a listener.
type visit struct {
	net.Conn
	client  listen.Client
	worker  string    // that has accepted it; "" for nobody yet, or somebody unknown
	unseen  bool      // nobody can tell who has accepted it, or whether anybody has
	nobodys time.Time // since when it is accepted, but no worker holds it
}

// visit opens n connections to the listener at once, or as many as it can. If it can open none, that is a bad answer.
func (s *sweep) visit(ctx context.Context, n int) (visits []*visit, bad *complaint) {
	ctx, cancel := lapse.WithTimeout(ctx, s.timeout)
	defer cancel()
	made := make(chan *visit, n)
	failed := make(chan error, n)
	for range n {
		go func() {
			c, client, err := s.listener.Dial(ctx)
			if err != nil {
				failed <- err
				return
			}
			made <- &visit{Conn: c, client: client}
		}()
	}
	var err error
	for range n {
		select {
		case v := <-made:
			if s.Opened != nil {
				s.Opened(v.client)
			}
			visits = append(visits, v)
		case err = <-failed:
		}
	}
	if len(visits) == 0 && s.counts("") {
		bad = &complaint{message: fmt.Sprintf("nobody can connect to %s: %s", called(s.listener), cause(err))}
	}
	return visits, bad
}

// accepted reports whether somebody has the connection: the kernel says who, or something came back. If the kernel
// can't say who has it, it counts as accepted; if no worker holds it, only after a while.
func (v *visit) accepted(holders map[listen.Client]string, seen bool, disbelief time.Duration) bool {
	worker, held := holders[v.client]
	switch {
	case !seen:
		v.unseen = true
		return true
	case worker != "":
		v.worker = worker
		return true
	case reach.Readable(v.Conn):
		disbelief = firstPause // it was accepted after the look, or its worker has let go of it
	case !held:
		return false
	}
	if v.nobodys.IsZero() {
		v.nobodys = time.Now()
	}
	return time.Since(v.nobodys) >= disbelief
}

// close ends a connection on which nothing was asked.
func (v *visit) close() { _ = reach.Close(v.Conn) }
