// Package reach connects to one particular worker of those that share a listener.
//
// The kernel chooses which worker gets a connection to a shared listener. A Search makes several connections and asks
// the kernel who has accepted each (search.go, attempt.go); its schedule says how many and when (schedule.go). A Dialer
// searches until a wanted worker has accepted a connection, and returns that one. The others are closed politely: with
// a FIN first, so that the worker can finish (close.go). A Forwarder listens at an address of its own and passes each
// connection on to the canary of a reload (forwarder.go, relay.go). A GenerationFinder tells which generation has
// accepted a connection (generation_finder.go).
package reach

import (
	"context"
	"errors"
	"net"
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// ErrUnknowable says that the kernel does not tell who has accepted which connection.
var ErrUnknowable = errors.New("cannot tell who accepts connections")

// Dialer connects to workers through the listeners that they share.
type Dialer struct {
	Own     *listen.OwnClients
	Sockets func() ([]kernel.Listener, error) // of all listeners

	// Holders tells which of the workers have accepted connections. The connections are given by the inode of the
	// worker's end.
	Holders func(workers []string, accepted map[uint64]listen.Client) (map[listen.Client]string, error)
}

// Conn is a connection that a worker has accepted, with nothing sent yet. Whoever gets it closes it, and tells the
// Dialer's Own when it ends.
type Conn struct {
	net.Conn
	Client listen.Client
	Worker string
	Counts // of the connections that were made to find it
}

// Dial makes connections to a listener until the kernel shows that one of the workers has accepted one. It closes
// the others politely. It fails if nobody listens, if the kernel does not tell who has accepted what, and when the
// context is over; the counts are right then, too.
func (d Dialer) Dial(ctx context.Context, a listen.Spec, workers []string) (Conn, error) {
	s := d.Search(a)
	defer s.Close()
	for {
		accepted, err := s.next(ctx, Wanted{Workers: workers, Gap: dialGap})
		if err != nil {
			return Conn{Counts: s.counts}, err
		}
		var found *acceptedAttempt
		for i, one := range accepted {
			if found == nil && slices.Contains(workers, one.worker) {
				found = &accepted[i]
			} else {
				d.closePolitely(one.attempt)
			}
		}
		if found != nil {
			return Conn{Conn: found.Conn, Client: found.client, Worker: found.worker, Counts: s.counts}, nil
		}
	}
}
